//! The network transport: HTTP/2 connections to a server.

mod builder;
mod connection;
mod greeting;

use std::sync::Arc;

use http::{Request, Response};

pub use builder::{ChannelBuilder, ChannelError};

use super::{Client, Sending, Settings, Transport};
use crate::{call::Body, method::Method};
use connection::Endpoint;

/// A connection to a server that is made when the first call needs it, and again when it was lost. Cheap to clone;
/// clones share it.
///
/// ```
/// let channel = rsgrpc::Channel::connect("http://127.0.0.1:50051")?;
/// # Ok::<(), rsgrpc::ChannelError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Channel {
    endpoint: Arc<Endpoint>,
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
        Self::new(channel.endpoint, channel.settings)
    }
}

impl Transport for Endpoint {
    fn send<'a>(&'a self, request: Request<Body>, _method: &'static Method) -> Sending<'a> {
        Box::pin(async move {
            let connection = self.ready().await?;
            let response: Response<Body> = connection.send(self.absolute(request)).await?;
            Ok(response)
        })
    }
}
