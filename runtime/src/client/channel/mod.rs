//! The network transport: connections to a server.

mod balance;
mod builder;
mod dial;
mod greeting;
mod http1;
mod http2;

use std::{fmt, sync::Arc};

pub use balance::LoadBalancing;
pub use builder::{ChannelBuilder, ChannelError};

use super::{Client, Sending, Settings, Transport};

/// A connection to a server that is made when the first call needs it, and again when it was lost. Cheap to clone;
/// clones share it.
///
/// ```
/// let channel = rsgrpc::Channel::connect("http://127.0.0.1:50051")?;
/// # Ok::<(), rsgrpc::ChannelError>(())
/// ```
#[derive(Clone)]
pub struct Channel {
    transport: Arc<dyn Transport>,
    settings: Settings,
}

impl Channel {
    /// A channel with default settings. It does not connect yet.
    ///
    /// # Errors
    ///
    /// The target is not of the form `http://host:port` (`:port` is 80 if left out), `https://host:port` (443; with the
    /// feature `tls`) or `unix:///path`.
    pub fn connect(target: impl AsRef<str>) -> Result<Self, ChannelError> {
        Self::builder(target).build()
    }

    /// A channel to be configured.
    pub fn builder(target: impl AsRef<str>) -> ChannelBuilder {
        ChannelBuilder::new(target.as_ref())
    }
}

impl From<Channel> for Client {
    fn from(channel: Channel) -> Self {
        Self::new(channel.transport, channel.settings)
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel").field("settings", &self.settings).finish_non_exhaustive()
    }
}
