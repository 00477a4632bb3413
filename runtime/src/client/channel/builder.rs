//! The settings of a channel.

use std::{fmt, io, sync::Arc, time::Duration};

use tokio::io::{AsyncRead, AsyncWrite};

use super::{Address, LoadBalancer, LoadBalancing, OutlierDetection, Resolver, connector::Dial, target::hidden};
use crate::{
    Protocol,
    client::{ServiceConfig, Settings},
    http2::{ANSWER_HEADERS, Keepalive},
    json,
    windows::Windows,
};

/// Builds a [`Channel`](super::Channel).
pub struct ChannelBuilder {
    pub(super) target: String,
    pub(super) connect_timeout: Duration,
    pub(super) keepalive: Option<Keepalive>,
    pub(super) idle_timeout: Option<Option<Duration>>,
    pub(super) http1_only: bool,
    pub(super) wait_for_ready: bool,
    pub(super) max_header_bytes: u32,
    pub(super) windows: Windows,
    pub(super) max_connections: Option<usize>,
    pub(super) streams_per_connection: Option<usize>,
    pub(super) authority: Option<String>,
    pub(super) user_agent: Option<String>,
    pub(super) proxy: ProxySetting,
    pub(super) dial: Option<Dial>,
    pub(super) resolver: Option<Arc<dyn Resolver>>,
    pub(super) balancer: Option<Arc<MakeOwn>>,
    pub(super) locality: Option<String>,
    pub(super) health: Option<Arc<str>>,
    pub(super) outliers: Option<OutlierDetection>,
    pub(super) service_config: Option<ServiceConfig>,
    /// Whether DNS is asked for it.
    pub(super) dns_service_config: bool,
    pub(super) settings: Settings,
    #[cfg(feature = "tls")]
    pub(super) tls: Option<crate::tls::ClientTls>,
}

/// Makes the policy that was set.
pub(super) type MakeOwn = dyn Fn() -> Box<dyn LoadBalancer> + Send + Sync;

/// Fewer bytes of header would not do for the plainest answer with an error.
const LEAST_HEADERS: u32 = 1024;

pub(super) enum ProxySetting {
    Environment,
    None,
    Url(String),
}

impl ChannelBuilder {
    pub(super) fn new(target: &str) -> Self {
        Self {
            target: target.to_owned(),
            connect_timeout: Duration::from_secs(20),
            keepalive: None,
            idle_timeout: None,
            http1_only: false,
            wait_for_ready: false,
            max_header_bytes: ANSWER_HEADERS,
            windows: Windows::new(512 * 1024, 16 * 1024 * 1024),
            max_connections: None,
            streams_per_connection: None,
            authority: None,
            user_agent: None,
            proxy: ProxySetting::Environment,
            dial: None,
            resolver: None,
            balancer: None,
            locality: None,
            health: None,
            outliers: None,
            service_config: None,
            dns_service_config: false,
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
        self.keepalive = Some(Keepalive::new(interval.max(Duration::from_secs(10)), timeout));
        self
    }

    /// After so long without a call the channel closes its connections and becomes idle, until the next call; it may take
    /// an eighth longer. Default: 30 minutes, as in gRPC. `None` for never.
    #[must_use]
    pub fn idle_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.idle_timeout = Some(timeout.into());
        self
    }

    /// Calls wait until a server can be reached, as long as their deadline allows, instead of failing once an attempt to
    /// connect has failed. What a call, its client or the service config says goes before it. Default: off.
    #[must_use]
    pub fn wait_for_ready(mut self, wait: bool) -> Self {
        self.wait_for_ready = wait;
        self
    }

    /// How large the head of an answer may be, and its trailers, in bytes as RFC 9113, 6.5.2 counts them: names and values,
    /// and 32 for each field. The server is told, and a call whose head has more ends with `RESOURCE_EXHAUSTED`. A head
    /// far beyond it, of more than four times as many, ends the connection, since it would cost more than it is worth to
    /// read on; so may one that goes on in further frames with fields that are larger than this. All calls on the
    /// connection then end with `UNAVAILABLE`. Default: 16 KiB; less than 1 KiB counts as 1 KiB. Over HTTP/1.1 the head is
    /// counted as it is sent, up to twice as much may pass by how it arrives, less than 8 KiB counts as 8 KiB, and a head
    /// may have 100 headers.
    ///
    /// Trailers between this and four times as much are cut, since h2 leaves out what is beyond the limit and does not tell:
    /// metadata is missing then, and where the status is, the call ends with `INTERNAL`. Allow more than servers send.
    #[must_use]
    pub fn max_header_bytes(mut self, bytes: u32) -> Self {
        self.max_header_bytes = bytes.max(LEAST_HEADERS);
        self
    }

    /// How much the server may send before it was read, in bytes: on one stream, and on all of an HTTP/2 connection. A
    /// stream gets at most one window for each round trip, so a long way at a high rate needs a wider one; what is unread
    /// stays in memory. As many streams as fit into the connection's may be left unread before they stop the others.
    /// Default: 512 KiB and 16 MiB. The least is 65,535, the most 2^31 - 1 (RFC 9113, 6.9), and a connection has no less
    /// than a stream.
    #[must_use]
    pub fn windows(mut self, stream: u32, connection: u32) -> Self {
        self.windows = Windows::new(stream, connection);
        self
    }

    /// How many connections one server may get. Another is made when all that there are carry
    /// [as many calls as they should](Self::streams_per_connection), or as many as the server allows at a time. Default:
    /// 1, as in gRPC; 256 over HTTP/1.1. Calls for which there is no stream wait.
    #[must_use]
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = Some(connections.max(1));
        self
    }

    /// From how many calls on every connection on another is made, where
    /// [`max_connections`](Self::max_connections) allows it. Default: 100.
    #[must_use]
    pub fn streams_per_connection(mut self, streams: usize) -> Self {
        self.streams_per_connection = Some(streams.max(1));
        self
    }

    /// How calls are spread over the servers of the target. Default: all to the first that can be reached.
    #[must_use]
    pub fn load_balancing(self, policy: LoadBalancing) -> Self {
        self.balanced(Arc::new(move || policy.balancer()))
    }

    /// Spreads calls over the servers by a policy of your own, which is made anew whenever the channel leaves idleness, and
    /// after it has panicked. A panic of its [`Picker`](super::Picker) is one of whoever makes the call.
    #[must_use]
    pub fn load_balancer<B: LoadBalancer>(self, policy: impl Fn() -> B + Send + Sync + 'static) -> Self {
        self.balanced(Arc::new(move || Box::new(policy())))
    }

    fn balanced(mut self, policy: Arc<MakeOwn>) -> Self {
        self.balancer = Some(policy);
        if let Some(config) = &mut self.service_config {
            config.forget_load_balancing();
        }
        self
    }

    /// Sends calls to the servers of this [locality](super::Endpoint::locality), and to others only while none of it can
    /// be reached. Default: localities do not matter.
    #[must_use]
    pub fn prefer_locality(mut self, locality: impl Into<String>) -> Self {
        self.locality = Some(locality.into());
        self
    }

    /// Watches the health of this service on every server, by `grpc.health.v1.Health/Watch`, and sends calls only to those
    /// that are SERVING; the empty name is the server as a whole. A server that does not know the protocol counts as
    /// healthy. The watch takes one of the streams that a server allows at a time, for as long as there is a connection: one
    /// that allows a single stream has none left for calls. Default: nobody asks.
    #[must_use]
    pub fn health_check(mut self, service: impl Into<Arc<str>>) -> Self {
        self.health = Some(service.into());
        if let Some(config) = &mut self.service_config {
            config.forget_health();
        }
        self
    }

    /// Leaves servers out for a while that fail more calls than the others. Default: off.
    #[must_use]
    pub fn outlier_detection(mut self, detection: OutlierDetection) -> Self {
        self.outliers = Some(detection);
        self
    }

    /// Finds the servers by this instead of DNS. The target still says what servers are called and whether they are
    /// spoken to by TLS.
    #[must_use]
    pub fn resolver(mut self, resolver: impl Resolver) -> Self {
        self.resolver = Some(Arc::new(resolver));
        self
    }

    /// What servers are called in requests, and what their certificates are valid for. Default: the host and port of the
    /// target.
    #[must_use]
    pub fn authority(mut self, authority: impl Into<String>) -> Self {
        self.authority = Some(authority.into());
        self
    }

    /// Says this before the name of this library in the header `user-agent`. Default: nothing.
    #[must_use]
    pub fn user_agent(mut self, agent: impl Into<String>) -> Self {
        self.user_agent = Some(agent.into());
        self
    }

    /// Reaches all servers through this HTTP proxy, as `http://[user:password@]host:port`. Default: through that of the
    /// environment variable `https_proxy` or `HTTPS_PROXY`, unless `no_proxy` or `NO_PROXY` names the host of the target
    /// or it is this machine. The proxy looks the host up.
    #[must_use]
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.proxy = ProxySetting::Url(url.into());
        self
    }

    /// Uses no proxy, whatever the environment says.
    #[must_use]
    pub fn no_proxy(mut self) -> Self {
        self.proxy = ProxySetting::None;
        self
    }

    /// Makes connections by this in place of sockets: through a tunnel, over a virtual machine's sockets, or in memory. It
    /// gets each address that is tried, that of a host by its name; TLS is spoken on what it gives where the target asks
    /// for TLS. No proxy is used. A panic is an attempt that failed. A TCP socket should have `TCP_NODELAY` set, or calls wait
    /// for the acknowledgement of what was sent before them.
    ///
    /// ```
    /// # fn f(server: rsgrpc::Server) -> Result<(), rsgrpc::ChannelError> {
    /// let channel = rsgrpc::Channel::builder("http://test").connect_with(move |_address| {
    ///     let (ours, theirs) = tokio::io::duplex(64 * 1024);
    ///     let server = server.clone();
    ///     tokio::spawn(async move { server.serve_connection(theirs).await });
    ///     async { Ok(ours) }
    /// });
    /// # channel.build().map(drop) }
    /// ```
    #[must_use]
    pub fn connect_with<F, IO>(mut self, connect: impl Fn(Address) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = io::Result<IO>> + Send + 'static,
        IO: AsyncRead + AsyncWrite + Send + 'static,
    {
        self.dial = Some(Dial::new(connect));
        self.no_proxy()
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

    /// Calls unary methods without side effects by GET, as [`Client::get`](crate::Client::get) says; which of the two is
    /// set later counts. Default: off.
    #[must_use]
    pub fn get(mut self, get: bool) -> Self {
        self.settings.get = get;
        self
    }

    /// Speaks HTTP/1.1, on as many connections as calls run at a time, 256 at most unless
    /// [`max_connections`](Self::max_connections) says otherwise; further calls wait. It suffices for gRPC-Web and Connect,
    /// except that a stream each way sends all before it receives. Resolvers, load balancing, health, outlier detection,
    /// keepalive and idle timeouts need HTTP/2; with one of them the channel cannot be built. Default: HTTP/2.
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

    /// What the service asks of its clients, unless the resolver [tells](super::Resolution::service_config) something
    /// else; see [`Client::service_config`](crate::Client::service_config). Its policy of load balancing and the service
    /// whose health it asks for, if it names them, take the place of what was set before, and what is set after it takes
    /// theirs. Of two configs the later counts, and nothing of the other.
    #[must_use]
    pub fn service_config(mut self, config: ServiceConfig) -> Self {
        self.service_config = Some(config);
        self
    }

    /// Sets what the config names and nothing that was set after it.
    pub(super) fn apply_config(&mut self) {
        let Some(config) = &self.service_config else { return };
        if let Some(policy) = config.load_balancing().cloned() {
            self.balancer = Some(Arc::new(move || policy.balancer()));
        }
        if let Some(service) = config.health_service() {
            self.health = Some(service.into());
        }
    }

    /// Looks up what the service asks of its clients, too, in the records of text at `_grpc_config.<host>` (gRFC A2), each
    /// time that the host is looked up; it goes before [`service_config`](Self::service_config). Default: off, as in
    /// gRPC's C++ and Java, since it is a look-up more, and whoever writes the record says how calls behave.
    #[cfg(feature = "dns")]
    #[must_use]
    pub fn dns_service_config(mut self, look_up: bool) -> Self {
        self.dns_service_config = look_up;
        self
    }

    /// The largest message the server may send, in bytes. Default: 4 MiB.
    #[must_use]
    pub fn max_receive_message_bytes(mut self, bytes: usize) -> Self {
        self.settings.max_receive_message_bytes = Some(bytes);
        self
    }

    /// The largest message a call may send, in bytes. Default: 4 MiB.
    #[must_use]
    pub fn max_send_message_bytes(mut self, bytes: usize) -> Self {
        self.settings.max_send_message_bytes = Some(bytes);
        self
    }

    /// How to speak TLS, for a target with `https://` and those that leave it open. Default: with the authorities that the
    /// platform trusts where the target is `https://`, and not at all otherwise.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, tls: crate::tls::ClientTls) -> Self {
        self.tls = Some(tls);
        self
    }
}

impl fmt::Debug for ChannelBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChannelBuilder").field("target", &hidden(&self.target)).finish_non_exhaustive()
    }
}
