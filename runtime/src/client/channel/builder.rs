//! The settings of a channel.

use std::{fmt, sync::Arc, time::Duration};

use http::{
    Uri,
    uri::{Authority, Scheme},
};

use super::{
    Channel, Settings,
    connection::{Address, Endpoint},
};
use crate::http2::Keepalive;

/// Builds a [`Channel`].
#[derive(Debug)]
pub struct ChannelBuilder {
    target: String,
    connect_timeout: Duration,
    keepalive: Option<Keepalive>,
    settings: Settings,
}

impl ChannelBuilder {
    pub(super) fn new(target: &str) -> Self {
        Self {
            target: target.to_owned(),
            connect_timeout: Duration::from_secs(20),
            keepalive: None,
            settings: Settings::default(),
        }
    }

    /// How long one attempt to connect may take. Default: 20 seconds, as gRPC's connection backoff document asks.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// While calls run, asks a server that was silent for `interval` whether it lives (an HTTP/2 PING), and gives its
    /// connection up when it does not answer within `timeout`; the calls then fail with `UNAVAILABLE`. Default: off.
    /// Servers police pings: the interval is raised to 10 seconds where it is less (gRFC A8).
    #[must_use]
    pub fn keepalive(mut self, interval: Duration, timeout: Duration) -> Self {
        self.keepalive = Some(Keepalive { interval: interval.max(Duration::from_secs(10)), timeout });
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
    /// The target is neither of the form `http://host:port` nor `unix:///path`.
    pub fn build(self) -> Result<Channel, ChannelError> {
        let refuse = |why: &str| ChannelError { target: self.target.clone(), why: why.to_owned() };
        if let Some(path) = self.target.strip_prefix("unix:") {
            return self.unix(path);
        }
        let uri: Uri = self.target.parse().map_err(|error| refuse(&format!("it is no URI ({error})")))?;
        if uri.scheme() != Some(&Scheme::HTTP) {
            return Err(refuse("it does not begin with http://"));
        }
        let authority = uri.authority().cloned().ok_or_else(|| refuse("it names no host"))?;
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(refuse("it has a path or a query behind the host"));
        }
        let address = Address::Host(authority.clone());
        Ok(self.channel(Endpoint::new(address, Scheme::HTTP, authority, self.connect_timeout, self.keepalive)))
    }

    /// `unix:path` and `unix:///absolute/path`, as gRPC's doc/naming.md has them.
    fn unix(&self, path: &str) -> Result<Channel, ChannelError> {
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() || !cfg!(unix) {
            let why = if cfg!(unix) { "it names no path" } else { "this system has no Unix sockets" };
            return Err(ChannelError { target: self.target.clone(), why: why.to_owned() });
        }
        // What grpc-go and grpc-java send as the authority over Unix sockets.
        let authority = Authority::from_static("localhost");
        let address = Address::Unix(path.into());
        Ok(self.channel(Endpoint::new(address, Scheme::HTTP, authority, self.connect_timeout, self.keepalive)))
    }

    fn channel(&self, endpoint: Endpoint) -> Channel {
        Channel { endpoint: Arc::new(endpoint), settings: self.settings.clone() }
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
        write!(f, "the target {target:?} cannot be used: {why}; write it as http://host:port or unix:///path")
    }
}

impl std::error::Error for ChannelError {}
