//! The settings of a channel.

use std::{fmt, sync::Arc, time::Duration};

use http::{Uri, uri::Authority};

#[cfg(feature = "tls")]
use super::dial::host;
use super::{
    Channel, Settings,
    dial::{Address, Dial, Security},
    http1::Http1,
    http2::Http2,
};
use crate::{Protocol, http2::Keepalive, json};

/// Builds a [`Channel`].
#[derive(Debug)]
pub struct ChannelBuilder {
    target: String,
    connect_timeout: Duration,
    keepalive: Option<Keepalive>,
    http1_only: bool,
    settings: Settings,
    #[cfg(feature = "tls")]
    tls: Option<crate::tls::ClientTls>,
}

impl ChannelBuilder {
    pub(super) fn new(target: &str) -> Self {
        Self {
            target: target.to_owned(),
            connect_timeout: Duration::from_secs(20),
            keepalive: None,
            http1_only: false,
            settings: Settings::default(),
            #[cfg(feature = "tls")]
            tls: None,
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

    /// Speaks this protocol. Default: gRPC.
    #[must_use]
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.settings.protocol = protocol;
        self
    }

    /// Sends and asks for messages in JSON, in every protocol. Default: in protobuf.
    #[must_use]
    pub fn json(mut self, options: json::Options) -> Self {
        self.settings.json = Some(Arc::new(options));
        self
    }

    /// Speaks HTTP/1.1, on as many connections as calls run at a time, 256 at most; further calls wait. It suffices for
    /// gRPC-Web and Connect, except that a stream each way sends all before it receives. Default: HTTP/2, on one
    /// connection.
    #[must_use]
    pub fn http1_only(mut self) -> Self {
        self.http1_only = true;
        self
    }

    /// Allows every call at most this long, unless the call says otherwise. Default: no limit.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = Some(timeout);
        self
    }

    /// What the service asks of its clients; see [`Client::service_config`](crate::Client::service_config).
    #[must_use]
    pub fn service_config(mut self, config: crate::client::ServiceConfig) -> Self {
        self.settings.plan = Some(crate::client::Plan::new(config));
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

    /// How to speak TLS, for a target with `https://`. Default: with the authorities that the platform trusts.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, tls: crate::tls::ClientTls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Makes the channel. It does not connect yet.
    ///
    /// # Errors
    ///
    /// The target is not of the form `http://host:port`, `https://host:port` (with the feature `tls`) or
    /// `unix:///path`, or the TLS settings cannot be used.
    pub fn build(self) -> Result<Channel, ChannelError> {
        let malformed =
            |why: &str| self.refuse(format!("{why}; write it as http://host:port, https://host:port or unix:///path"));
        if let Some(path) = self.target.strip_prefix("unix:") {
            return self.unix(path);
        }
        let uri: Uri = self.target.parse().map_err(|error| malformed(&format!("it is no URI ({error})")))?;
        let authority = uri.authority().cloned().ok_or_else(|| malformed("it names no host"))?;
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(malformed("it has a path or a query behind the host"));
        }
        let security = match uri.scheme_str() {
            Some("http") => self.plain()?,
            Some("https") => self.tls_to(&authority)?,
            _ => return Err(malformed("it begins with none of http://, https:// and unix:")),
        };
        self.channel(Address::Host(authority.clone()), security, authority)
    }

    /// `unix:path` and `unix:///absolute/path`, as gRPC's doc/naming.md has them.
    fn unix(&self, path: &str) -> Result<Channel, ChannelError> {
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() || !cfg!(unix) {
            let why = if cfg!(unix) { "it names no path" } else { "this system has no Unix sockets" };
            return Err(self.refuse(why));
        }
        // What grpc-go and grpc-java send as the authority over Unix sockets.
        let authority = Authority::from_static("localhost");
        self.channel(Address::Unix(path.into()), self.plain()?, authority)
    }

    fn plain(&self) -> Result<Security, ChannelError> {
        #[cfg(feature = "tls")]
        if self.tls.is_some() {
            return Err(self.refuse("there are TLS settings for it, but it does not begin with https://"));
        }
        Ok(Security::Plain)
    }

    #[cfg(feature = "tls")]
    fn tls_to(&self, authority: &Authority) -> Result<Security, ChannelError> {
        let tls = self.tls.clone().unwrap_or_default();
        let connector =
            tls.connector(host(authority), self.http1_only).map_err(|error| self.refuse(error.to_string()))?;
        Ok(Security::Tls(connector))
    }

    #[cfg(not(feature = "tls"))]
    fn tls_to(&self, _: &Authority) -> Result<Security, ChannelError> {
        Err(self.refuse("TLS is not compiled in; switch on the feature `tls` of rsgrpc"))
    }

    fn refuse(&self, why: impl Into<String>) -> ChannelError {
        ChannelError { target: self.target.clone(), why: why.into() }
    }

    fn channel(&self, address: Address, security: Security, authority: Authority) -> Result<Channel, ChannelError> {
        let dial = Dial { address, security, authority, connect_timeout: self.connect_timeout };
        let settings = self.settings.clone();
        if !self.http1_only {
            return Ok(Channel { transport: Arc::new(Http2::new(dial, self.keepalive)), settings });
        }
        if self.settings.protocol == Protocol::Grpc {
            return Err(self.refuse("gRPC needs HTTP/2; choose another protocol, or leave http1_only out"));
        }
        Ok(Channel { transport: Arc::new(Http1::new(dial)), settings })
    }
}

/// A channel cannot be made: its target or its TLS settings are wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelError {
    target: String,
    why: String,
}

impl fmt::Display for ChannelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, why } = self;
        write!(f, "the target {target:?} cannot be used: {why}")
    }
}

impl std::error::Error for ChannelError {}
