//! The settings of a channel.

use std::{fmt, sync::Arc, time::Duration};

use http::{Uri, uri::Scheme};

use super::{Channel, Settings, connection::Endpoint};

/// Builds a [`Channel`].
#[derive(Debug)]
pub struct ChannelBuilder {
    target: String,
    connect_timeout: Duration,
    settings: Settings,
}

impl ChannelBuilder {
    pub(super) fn new(target: &str) -> Self {
        Self { target: target.to_owned(), connect_timeout: Duration::from_secs(20), settings: Settings::default() }
    }

    /// How long one attempt to connect may take. Default: 20 seconds, as gRPC's connection backoff document asks.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Allows every call at most this long, unless the call says otherwise. Default: no limit.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = Some(timeout);
        self
    }

    /// The largest message the server may send, in bytes. Default: 4 MiB.
    #[must_use]
    pub fn max_receive_message_bytes(mut self, bytes: usize) -> Self {
        self.settings.max_receive_message_bytes = bytes;
        self
    }

    /// The largest message a call may send, in bytes. Default: 4 MiB.
    #[must_use]
    pub fn max_send_message_bytes(mut self, bytes: usize) -> Self {
        self.settings.max_send_message_bytes = bytes;
        self
    }

    /// Makes the channel. It does not connect yet.
    ///
    /// # Errors
    ///
    /// The target is not of the form `http://host:port`.
    pub fn build(self) -> Result<Channel, ChannelError> {
        let refuse = |why: &str| ChannelError { target: self.target.clone(), why: why.to_owned() };
        let uri: Uri = self.target.parse().map_err(|error| refuse(&format!("it is no URI ({error})")))?;
        if uri.scheme() != Some(&Scheme::HTTP) {
            return Err(refuse("it does not begin with http://"));
        }
        let authority = uri.authority().cloned().ok_or_else(|| refuse("it names no host"))?;
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(refuse("it has a path or a query behind the host"));
        }
        let endpoint = Endpoint::new(Scheme::HTTP, authority, self.connect_timeout);
        Ok(Channel { endpoint: Arc::new(endpoint), settings: self.settings })
    }
}

/// A channel cannot be made: its target is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelError {
    target: String,
    why: String,
}

impl fmt::Display for ChannelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, why } = self;
        write!(f, "the target {target:?} cannot be used: {why}; write it as http://host:port")
    }
}

impl std::error::Error for ChannelError {}
