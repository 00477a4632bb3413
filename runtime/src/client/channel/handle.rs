//! What users hold of a channel.

use std::{fmt, sync::Arc};

use super::{
    ChannelBuilder, ChannelError, ChannelFigures, ConnectivityState, core::Core, http1::Http1, manager::Order,
};
use crate::client::{Client, Settings, Transport};

/// Connections to the servers of a target, which are made when the first call needs one, and again when they were lost.
/// Cheap to clone; clones share them.
///
/// ```
/// let channel = rsgrpc::Channel::connect("dns:///greeter.example:50051")?;
/// # Ok::<(), rsgrpc::ChannelError>(())
/// ```
#[derive(Clone)]
pub struct Channel {
    pub(super) transport: Kind,
    pub(super) settings: Settings,
}

#[derive(Clone)]
pub(super) enum Kind {
    Http2(Arc<Core>),
    Http1(Arc<Http1>),
}

impl Channel {
    /// A channel with default settings. It does not connect yet.
    ///
    /// Targets are those of gRPC, and URLs:
    ///
    /// | target | servers |
    /// |---|---|
    /// | `http://host:port`, `https://host:port` | as `dns:`, without and with TLS; the ports are 80 and 443 if left out |
    /// | `dns:///host:port`, `host:port` | all addresses of the host; TLS if the builder has settings for it; port 443 |
    /// | `dns://address:port/host:port` | the same, by that DNS server; needs the feature `dns` |
    /// | `ipv4:address:port,…`, `ipv6:[address]:port,…` | these |
    /// | `unix:///path`, `unix:path` | that which listens there |
    ///
    /// # Errors
    ///
    /// The target is none of these.
    pub fn connect(target: impl AsRef<str>) -> Result<Self, ChannelError> {
        Self::builder(target).build()
    }

    /// A channel to be configured.
    pub fn builder(target: impl AsRef<str>) -> ChannelBuilder {
        ChannelBuilder::new(target.as_ref())
    }

    /// Whether calls can be made. An idle channel begins to connect if this is asked with `connect`, which needs a tokio
    /// runtime. A channel over HTTP/1.1 makes a connection for each call that needs one, and is idle until it is closed.
    pub fn state(&self, connect: bool) -> ConnectivityState {
        let core = match &self.transport {
            Kind::Http2(core) => core,
            Kind::Http1(pool) => return *pool.state().borrow(),
        };
        let state = core.state();
        if connect && state == ConnectivityState::Idle {
            core.connect();
        }
        state
    }

    /// Waits until the state is another than this one, and gives the new one. States that last only for a moment may
    /// pass unseen.
    ///
    /// ```no_run
    /// # use rsgrpc::client::channel::ConnectivityState;
    /// # async fn f(channel: rsgrpc::Channel) {
    /// let mut state = channel.state(true);
    /// while state != ConnectivityState::Ready {
    ///     state = channel.state_changed(state).await;
    /// }
    /// # }
    /// ```
    pub async fn state_changed(&self, from: ConnectivityState) -> ConnectivityState {
        match &self.transport {
            Kind::Http2(core) => core.state_other_than(from).await,
            Kind::Http1(pool) => {
                let mut state = pool.state().subscribe();
                let changed = state.wait_for(|now| *now != from).await;
                // The sender is part of what is borrowed here.
                changed.map_or(ConnectivityState::Shutdown, |now| *now)
            }
        }
    }

    /// Tries again at once to reach the servers that are waited for after a failure, such as when the network is known to
    /// be back.
    pub fn reset_backoff(&self) {
        match &self.transport {
            Kind::Http2(core) => core.order(Order::Hurry),
            Kind::Http1(pool) => pool.hurry(),
        }
    }

    /// Takes no more calls, on any clone: they fail with `UNAVAILABLE`. Calls that run may finish. It is not needed: a
    /// channel that nobody holds any more closes its connections.
    pub fn close(&self) {
        match &self.transport {
            Kind::Http2(core) => core.close(),
            Kind::Http1(pool) => pool.close(),
        }
    }

    /// How many connections and calls there are at the moment.
    pub fn figures(&self) -> ChannelFigures {
        match &self.transport {
            Kind::Http2(core) => core.figures(),
            Kind::Http1(pool) => pool.figures(),
        }
    }
}

impl From<Channel> for Client {
    fn from(channel: Channel) -> Self {
        let transport: Arc<dyn Transport> = match channel.transport {
            Kind::Http2(core) => core,
            Kind::Http1(pool) => pool,
        };
        Self::new(transport, channel.settings)
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel").field("figures", &self.figures()).field("settings", &self.settings).finish()
    }
}
