//! What a policy is.

use std::{fmt, sync::Arc};

use http::HeaderMap;
use tonic::Status;

use super::super::{Backend, ConnectivityState, Endpoint};
use crate::{http2::unavailable, method::Method};

/// A policy of load balancing: it sees the backends of a channel and says who chooses among them.
///
/// It runs in the channel's own task, once a list of backends has come and whenever the state of one has changed. What
/// happens to each call is up to the [`Picker`] that it leaves behind. When the policy panics, calls fail with `UNAVAILABLE`
/// until another is made, after a pause of 1 s × 1.6ⁿ, at most 120 s.
///
/// ```
/// use std::sync::Arc;
/// use rsgrpc::client::channel::{Backend, Balance, ConnectivityState, LoadBalancer, Pick, PickCall, Picker};
///
/// /// Gives all calls to the last of the backends that are connected.
/// struct Last;
///
/// impl LoadBalancer for Last {
///     fn update(&mut self, backends: &[Backend]) -> Balance {
///         backends.iter().for_each(Backend::connect);
///         let ready = backends.iter().rfind(|backend| backend.state() == ConnectivityState::Ready);
///         match ready {
///             Some(backend) => Balance::ready(Only(backend.clone())),
///             None => Balance::unready(backends),
///         }
///     }
/// }
///
/// struct Only(Backend);
///
/// impl Picker for Only {
///     fn pick(&self, _: &PickCall<'_>) -> Pick<'_> {
///         Pick::To(&self.0)
///     }
/// }
///
/// let channel = rsgrpc::Channel::builder("ipv4:10.0.0.1:50051,10.0.0.2:50051").load_balancer(|| Last).build()?;
/// # Ok::<(), rsgrpc::ChannelError>(())
/// ```
pub trait LoadBalancer: Send + 'static {
    /// What counts as one backend: each endpoint that the resolver tells of, unless the policy says otherwise.
    fn group(&mut self, endpoints: Vec<Endpoint>) -> Vec<Endpoint> {
        endpoints
    }

    /// Looks at the backends, [connects](Backend::connect) to those that it wants, and says who chooses from now on.
    fn update(&mut self, backends: &[Backend]) -> Balance;
}

/// What a policy has come to.
pub struct Balance {
    /// The state of the channel.
    pub state: ConnectivityState,
    /// Who chooses.
    pub picker: Arc<dyn Picker>,
}

impl Balance {
    /// Calls can be made, where this picker says.
    pub fn ready(picker: impl Picker) -> Self {
        Self { state: ConnectivityState::Ready, picker: Arc::new(picker) }
    }

    /// Calls wait for one of these backends, none of which is ready; or they fail with the cause of one, where all have
    /// failed.
    pub fn unready(backends: &[Backend]) -> Self {
        let mut cause = None;
        for backend in backends {
            match backend.cause() {
                Some(status) => cause = Some(status),
                None => return Self { state: ConnectivityState::Connecting, picker: Arc::new(Settled(None)) },
            }
        }
        Self::failed(cause.unwrap_or_else(|| unavailable("the resolver found no server")))
    }

    /// All calls fail with this status, except those that wait for a better one.
    pub fn failed(status: Status) -> Self {
        Self { state: ConnectivityState::TransientFailure, picker: Arc::new(Settled(Some(status))) }
    }
}

impl fmt::Debug for Balance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Balance").field("state", &self.state).finish_non_exhaustive()
    }
}

/// Chooses the backend of each call. It runs within the call, so it must be quick and must not block, and a panic is one of
/// whoever makes the call.
pub trait Picker: Send + Sync + 'static {
    /// Chooses.
    fn pick(&self, call: &PickCall<'_>) -> Pick<'_>;
}

/// What a picker says about a call.
#[derive(Debug)]
pub enum Pick<'p> {
    /// It goes to this backend. Where that has no connection any more, the next picker is asked.
    To(&'p Backend),
    /// It waits for the next picker.
    Wait,
    /// It fails with this status, unless it is to wait until the channel is ready. Codes that only servers may give, such
    /// as `OK` and `NOT_FOUND`, become `INTERNAL` (gRFC A54).
    Fail(Status),
}

/// What a picker sees of a call.
#[derive(Debug, Clone, Copy)]
pub struct PickCall<'c> {
    pub(in super::super) headers: &'c HeaderMap,
    pub(in super::super) method: &'static Method,
}

impl PickCall<'_> {
    /// The method that is called.
    pub fn method(&self) -> &'static Method {
        self.method
    }

    /// The value of a metadata key, in printable ASCII; the first, where there are several.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.headers.get(key)?.to_str().ok()
    }
}

/// Says the same about every call.
pub(in super::super) struct Settled(pub(in super::super) Option<Status>);

impl Picker for Settled {
    fn pick(&self, _: &PickCall<'_>) -> Pick<'_> {
        self.0.clone().map_or(Pick::Wait, Pick::Fail)
    }
}

/// The backends that take calls.
pub(super) fn ready(backends: &[Backend]) -> Vec<Backend> {
    backends.iter().filter(|backend| backend.state() == ConnectivityState::Ready).cloned().collect()
}

/// What policies have in common that want a connection to every backend: connects, and has this made of those that are
/// ready, if any is.
pub(super) fn balance_all<P: Picker>(backends: &[Backend], picker: impl FnOnce(Vec<Backend>) -> P) -> Balance {
    backends.iter().for_each(Backend::connect);
    let ready = ready(backends);
    if ready.is_empty() { Balance::unready(backends) } else { Balance::ready(picker(ready)) }
}
