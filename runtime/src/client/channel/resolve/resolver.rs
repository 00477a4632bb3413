//! What a resolver is.

use std::{fmt, pin::Pin, sync::Arc};

use futures_core::Stream;
use futures_util::stream;
use tokio::sync::Notify;
use tonic::Status;

use super::super::Endpoint;
use crate::client::{ServiceConfig, ServiceConfigError};

/// Finds the servers of a channel, and goes on telling when they change: the way to Kubernetes, Consul, etcd or a file.
///
/// ```
/// use std::{net::SocketAddr, time::Duration};
/// use futures_util::stream;
/// use rsgrpc::client::channel::{Endpoint, Refresh, Resolution, Resolutions, Resolver};
///
/// /// Asks a registry now and then, and at once when a server is gone.
/// struct Registry;
///
/// impl Resolver for Registry {
///     fn watch(&self, refresh: Refresh) -> Resolutions {
///         Box::pin(stream::unfold((refresh, false), |(refresh, asked)| async move {
///             if asked {
///                 let _ = tokio::time::timeout(Duration::from_secs(60), refresh.requested()).await;
///             }
///             let servers = vec![Endpoint::new(SocketAddr::from(([10, 0, 0, 1], 50051))).locality("zone-a")];
///             Some((Ok(Resolution::from(servers)), (refresh, true)))
///         }))
///     }
/// }
///
/// let channel = rsgrpc::Channel::builder("http://greeter").resolver(Registry).build()?;
/// # Ok::<(), rsgrpc::ChannelError>(())
/// ```
///
/// A list of [`Endpoint`]s is a resolver, too, that never has any news.
pub trait Resolver: Send + Sync + 'static {
    /// Begins to watch. The stream is dropped when the channel is, and while it is idle.
    ///
    /// An error counts only while no servers are known; then calls fail with it, by `INTERNAL` where its code is one that
    /// only servers may give, such as `OK` and `NOT_FOUND` (gRFC A54). When the stream ends, the servers stay
    /// as they are. The first calls wait until the stream has given something. A panic, and an end before servers were
    /// named with a service config that can be used, counts as an error, and the watch is begun anew after a pause of
    /// 1 s × 1.6ⁿ, at most 120 s.
    fn watch(&self, refresh: Refresh) -> Resolutions;
}

/// What a [`Resolver`] finds, one time after the other.
pub type Resolutions = Pin<Box<dyn Stream<Item = Result<Resolution, Status>> + Send>>;

/// What a [`Resolver`] has found.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Resolution {
    /// All servers that there are now, those first that are to be tried first.
    pub endpoints: Vec<Endpoint>,
    /// What the service asks of its clients from now on: `Some(text.parse())`. It goes before the config of the
    /// [builder](super::super::ChannelBuilder::service_config), which holds again with `None`. One that cannot be used is
    /// told in the log and changes nothing; where there was none before, that of the builder holds, and without one the
    /// channel fails until there is a better one (gRFC A21).
    pub service_config: Option<Result<ServiceConfig, ServiceConfigError>>,
}

impl From<Vec<Endpoint>> for Resolution {
    fn from(endpoints: Vec<Endpoint>) -> Self {
        Self { endpoints, service_config: None }
    }
}

/// Tells a [`Resolver`] that its servers may have changed.
pub struct Refresh(pub(in super::super) Arc<Notify>);

impl Refresh {
    /// Waits until a server could not be reached, or closed its connection. It is up to the resolver not to ask too
    /// often because of that.
    pub async fn requested(&self) {
        self.0.notified().await;
    }
}

impl fmt::Debug for Refresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Refresh")
    }
}

impl Resolver for Vec<Endpoint> {
    fn watch(&self, _: Refresh) -> Resolutions {
        Box::pin(stream::iter([Ok(Resolution::from(self.clone()))]))
    }
}
