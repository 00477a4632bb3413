//! The settings of a channel.

use std::{fmt, sync::Arc, time::Duration};

use http::{HeaderValue, uri::Authority};
use tokio::sync::Notify;

use super::{
    Channel, Endpoint, LoadBalancer, LoadBalancing, OutlierDetection, Resolver,
    backend::Common,
    balance::PreferLocality,
    connector::{Connector, Security},
    core::Core,
    handle::Kind,
    http1::Http1,
    manager::Plan,
    proxy::Proxy,
    random::Random,
    resolve::Dns,
    target::{Place, Target},
};
use crate::{Protocol, client::Settings, http2::Keepalive, json};

/// Builds a [`Channel`].
pub struct ChannelBuilder {
    target: String,
    connect_timeout: Duration,
    keepalive: Option<Keepalive>,
    idle_timeout: Option<Duration>,
    http1_only: bool,
    wait_for_ready: bool,
    max_connections: usize,
    streams_per_connection: usize,
    authority: Option<String>,
    user_agent: Option<String>,
    proxy: ProxySetting,
    resolver: Option<Arc<dyn Resolver>>,
    balancer: Arc<dyn Fn() -> Box<dyn LoadBalancer> + Send + Sync>,
    locality: Option<String>,
    health: Option<Arc<str>>,
    outliers: Option<OutlierDetection>,
    settings: Settings,
    #[cfg(feature = "tls")]
    tls: Option<crate::tls::ClientTls>,
}

enum ProxySetting {
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
            idle_timeout: Some(Duration::from_secs(30 * 60)),
            http1_only: false,
            wait_for_ready: false,
            max_connections: 1,
            streams_per_connection: 100,
            authority: None,
            user_agent: None,
            proxy: ProxySetting::Environment,
            resolver: None,
            balancer: Arc::new(|| LoadBalancing::PickFirst.balancer()),
            locality: None,
            health: None,
            outliers: None,
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

    /// After so long without a call the channel closes its connections and becomes idle, until the next call; it may take
    /// an eighth longer. Default: 30 minutes, as in gRPC. `None` for never.
    #[must_use]
    pub fn idle_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.idle_timeout = timeout.into();
        self
    }

    /// Calls wait until a server can be reached, as long as their deadline allows, instead of failing once an attempt to
    /// connect has failed. Default: off.
    #[must_use]
    pub fn wait_for_ready(mut self, wait: bool) -> Self {
        self.wait_for_ready = wait;
        self
    }

    /// How many connections one server may get. Another is made when all that there are carry
    /// [as many calls as they should](Self::streams_per_connection), or as many as the server allows at a time. Default:
    /// 1, as in gRPC. Calls for which there is no stream wait.
    #[must_use]
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = connections.max(1);
        self
    }

    /// From how many calls on every connection on another is made, where
    /// [`max_connections`](Self::max_connections) allows it. Default: 100.
    #[must_use]
    pub fn streams_per_connection(mut self, streams: usize) -> Self {
        self.streams_per_connection = streams.max(1);
        self
    }

    /// How calls are spread over the servers of the target. Default: all to the first that can be reached.
    #[must_use]
    pub fn load_balancing(mut self, policy: LoadBalancing) -> Self {
        self.balancer = Arc::new(move || policy.balancer());
        self
    }

    /// Spreads calls over the servers by a policy of your own, which is made anew whenever the channel leaves idleness.
    #[must_use]
    pub fn load_balancer<B: LoadBalancer>(mut self, policy: impl Fn() -> B + Send + Sync + 'static) -> Self {
        self.balancer = Arc::new(move || Box::new(policy()));
        self
    }

    /// Sends calls to the servers of this [locality](Endpoint::locality), and to others only while none of it can be
    /// reached. Default: localities do not matter.
    #[must_use]
    pub fn prefer_locality(mut self, locality: impl Into<String>) -> Self {
        self.locality = Some(locality.into());
        self
    }

    /// Watches the health of this service on every server, by `grpc.health.v1.Health/Watch`, and sends calls only to those
    /// that are SERVING; the empty name is the server as a whole. A server that does not know the protocol counts as
    /// healthy. Default: nobody asks.
    #[must_use]
    pub fn health_check(mut self, service: impl Into<Arc<str>>) -> Self {
        self.health = Some(service.into());
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
    /// gRPC-Web and Connect, except that a stream each way sends all before it receives. Default: HTTP/2.
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

    /// What the service asks of its clients; see [`Client::service_config`](crate::Client::service_config). Its policy of
    /// load balancing and the service whose health it asks for, if it names them, take the place of what was set before.
    #[must_use]
    pub fn service_config(mut self, config: crate::client::ServiceConfig) -> Self {
        if let Some(policy) = config.load_balancing().cloned() {
            self = self.load_balancing(policy);
        }
        if let Some(service) = config.health_service() {
            self.health = Some(service.into());
        }
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

    /// How to speak TLS, for a target with `https://` and those that leave it open. Default: with the authorities that the
    /// platform trusts where the target is `https://`, and not at all otherwise.
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
    /// The target is none of those that [`Channel::connect`] lists, or the settings for TLS, the proxy, the authority or
    /// the user agent cannot be used.
    pub fn build(self) -> Result<Channel, ChannelError> {
        let settings = self.settings.clone();
        let transport = self.transport().map_err(|why| ChannelError { target: self.target.clone(), why })?;
        Ok(Channel { transport, settings })
    }

    fn transport(&self) -> Result<Kind, String> {
        let Target { place, authority, tls } = Target::parse(&self.target)?;
        let authority = match &self.authority {
            None => authority,
            Some(other) => other.parse().map_err(|error| format!("the authority {other:?} is none ({error})"))?,
        };
        let proxy = self.proxy_to(&place)?;
        let connector = Connector {
            security: self.security(tls, &authority)?,
            authority,
            connect_timeout: self.connect_timeout,
            keepalive: self.keepalive,
            user_agent: self.user_agent.as_deref().map(agent).transpose()?,
            proxy,
        };
        if self.http1_only {
            return self.http1(connector, place);
        }
        let resolver: Arc<dyn Resolver> = match (&self.resolver, place) {
            (Some(resolver), _) => Arc::clone(resolver),
            (None, Place::Endpoints(endpoints)) => Arc::new(endpoints),
            // The proxy looks it up.
            (None, Place::Host(host, port)) if connector.proxy.is_some() => {
                Arc::new(vec![Endpoint::new(super::Address::Host(host, port))])
            }
            (None, Place::Host(host, port)) => Arc::new(Dns::new(&host, port)),
        };
        let common = Common {
            connector,
            max_connections: self.max_connections,
            streams_per_connection: self.streams_per_connection,
            health: self.health.clone(),
            judges: self.outliers.is_some(),
            random: Random::default(),
            changed: Notify::new(),
            refresh: Arc::default(),
        };
        let plan = Plan {
            resolver,
            balancer: self.balancing(),
            idle_timeout: self.idle_timeout,
            wait_for_ready: self.wait_for_ready,
            outliers: self.outliers.clone(),
        };
        Ok(Kind::Http2(Arc::new(Core::new(Arc::new(common), plan))))
    }

    fn http1(&self, connector: Connector, place: Place) -> Result<Kind, String> {
        if self.settings.protocol == Protocol::Grpc {
            return Err("gRPC needs HTTP/2; choose another protocol, or leave http1_only out".to_owned());
        }
        let endpoint = match place {
            _ if self.resolver.is_some() => return Err("resolvers are for channels over HTTP/2".to_owned()),
            Place::Host(host, port) => Endpoint::new(super::Address::Host(host, port)),
            Place::Endpoints(endpoints) => Endpoint::at(endpoints.into_iter().flat_map(|one| one.addresses)),
        };
        Ok(Kind::Http1(Arc::new(Http1::new(connector, endpoint))))
    }

    fn balancing(&self) -> Box<dyn Fn() -> Box<dyn LoadBalancer> + Send + Sync> {
        let balancer = Arc::clone(&self.balancer);
        match self.locality.clone() {
            None => Box::new(move || balancer()),
            Some(own) => {
                Box::new(move || Box::new(PreferLocality { own: own.clone(), near: balancer(), far: balancer() }))
            }
        }
    }

    fn proxy_to(&self, place: &Place) -> Result<Option<Proxy>, String> {
        match (&self.proxy, place) {
            (ProxySetting::None, _) => Ok(None),
            (ProxySetting::Url(url), _) => Proxy::parse(url).map(Some),
            (ProxySetting::Environment, Place::Host(host, port)) if self.resolver.is_none() => {
                Proxy::of_environment(|name| std::env::var(name).ok(), host, *port)
            }
            // As in gRPC, what the environment says is for names.
            (ProxySetting::Environment, _) => Ok(None),
        }
    }

    #[cfg(feature = "tls")]
    fn security(&self, tls: Option<bool>, authority: &Authority) -> Result<Security, String> {
        match (tls, &self.tls) {
            (Some(false), Some(_)) => {
                Err("there are TLS settings for it, but it does not begin with https://".to_owned())
            }
            (Some(false), None) | (None, None) => Ok(Security::Plain),
            (_, settings) => {
                let settings = settings.clone().unwrap_or_default();
                let connector = settings.connector(super::target::host(authority), self.http1_only);
                Ok(Security::Tls(connector.map_err(|error| error.to_string())?))
            }
        }
    }

    #[cfg(not(feature = "tls"))]
    fn security(&self, tls: Option<bool>, _: &Authority) -> Result<Security, String> {
        match tls {
            Some(true) => Err("TLS is not compiled in; switch on the feature `tls` of rsgrpc".to_owned()),
            _ => Ok(Security::Plain),
        }
    }
}

/// The name of a program, before that of this library.
fn agent(prefix: &str) -> Result<HeaderValue, String> {
    let agent = format!("{prefix} rsgrpc/{}", env!("CARGO_PKG_VERSION"));
    HeaderValue::try_from(agent).map_err(|_| format!("the user agent {prefix:?} is no header value"))
}

impl fmt::Debug for ChannelBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChannelBuilder").field("target", &self.target).finish_non_exhaustive()
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
