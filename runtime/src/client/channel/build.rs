//! From settings to a channel.

use std::{
    fmt,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use http::{HeaderValue, uri::Authority};
use tokio::sync::{Notify, Semaphore};

use super::{
    Channel, ChannelBuilder, Endpoint, LoadBalancer, LoadBalancing, Resolver,
    asked::Asked,
    backend::Common,
    balance::{MakeBalancer, PreferLocality},
    builder::ProxySetting,
    connector::{Connector, Security},
    core::Core,
    handle::Kind,
    http1::{self, Http1},
    manager::Plan,
    proxy::Proxy,
    random::Random,
    resolve::Dns,
    target::{Place, Target, hidden},
};
use crate::Protocol;

/// After so long without a call a channel becomes idle, unless it says otherwise.
const IDLE: Duration = Duration::from_secs(30 * 60);

impl ChannelBuilder {
    /// Makes the channel. It does not connect yet.
    ///
    /// # Errors
    ///
    /// The target is none of those that [`Channel::connect`] lists, or the settings for TLS, the proxy, the authority or
    /// the user agent cannot be used, or [`http1_only`](Self::http1_only) goes with what needs HTTP/2.
    pub fn build(mut self) -> Result<Channel, ChannelError> {
        self.apply_config();
        let mut settings = self.settings.clone();
        if self.http1_only {
            settings.plan = self.service_config.clone().map(crate::client::Plan::new);
        }
        let transport = self.transport().map_err(|why| ChannelError { target: hidden(&self.target), why })?;
        Ok(Channel { transport, settings })
    }

    fn transport(&self) -> Result<Kind, String> {
        let Target { place, authority, tls } = Target::parse(&self.target)?;
        let authority = match &self.authority {
            None => authority,
            Some(other) => super::target::authority(other)?,
        };
        let proxy = self.proxy_to(&place)?;
        let connector = Connector {
            security: self.security(tls, &authority)?,
            authority,
            connect_timeout: self.connect_timeout,
            keepalive: self.keepalive,
            calls_for_calm: Arc::default(),
            max_header_bytes: self.max_header_bytes,
            windows: self.windows,
            user_agent: self.user_agent.as_deref().map(agent).transpose()?,
            proxy,
            dial: self.dial.clone(),
        };
        if self.http1_only {
            return self.http1(connector, place);
        }
        let resolver: Arc<dyn Resolver> = match (&self.resolver, place) {
            (Some(resolver), _) => Arc::clone(resolver),
            (None, Place::Endpoints(endpoints)) => Arc::new(endpoints),
            // The proxy looks it up, or whoever connects.
            (None, Place::Host(host, port, _)) if connector.proxy.is_some() || connector.dial.is_some() => {
                Arc::new(vec![Endpoint::new(super::Address::Host(host, port))])
            }
            (None, Place::Host(host, port, server)) => Arc::new(self.dns(&host, port, server)),
        };
        let common = Common {
            connector,
            max_connections: self.max_connections.unwrap_or(1),
            streams_per_connection: self.streams_per_connection.unwrap_or(100),
            health: Mutex::new(self.health.clone()),
            judges: self.outliers.is_some(),
            random: Random::default(),
            changed: Notify::new(),
            refresh: Arc::default(),
        };
        let plan = Plan {
            resolver,
            balancer: self.balancing(),
            health: self.health.clone(),
            idle_timeout: self.idle_timeout.unwrap_or(Some(IDLE)),
            wait_for_ready: self.wait_for_ready,
            outliers: self.outliers.clone(),
        };
        let asked = Asked::new(self.service_config.clone(), self.resolver.is_none() && !self.dns_service_config);
        Ok(Kind::Http2(Arc::new(Core::new(Arc::new(common), plan, asked))))
    }

    fn dns(&self, host: &str, port: u16, server: Option<SocketAddr>) -> Dns {
        let dns = Dns::new(host, port, server);
        #[cfg(feature = "dns")]
        if self.dns_service_config {
            return dns.with_service_config();
        }
        dns
    }

    fn http1(&self, connector: Connector, place: Place) -> Result<Kind, String> {
        if self.settings.protocol == Protocol::Grpc {
            return Err(http1::NEEDS_HTTP2.to_owned());
        }
        let refused = [
            (self.resolver.is_some(), "a resolver"),
            (self.dns_service_config, "dns_service_config"),
            (self.balancer.is_some(), "load balancing"),
            (self.locality.is_some(), "prefer_locality"),
            (self.health.is_some(), "health_check"),
            (self.outliers.is_some(), "outlier_detection"),
            (self.keepalive.is_some(), "keepalive"),
            (self.idle_timeout.flatten().is_some(), "idle_timeout"),
            (self.streams_per_connection.is_some(), "streams_per_connection"),
        ];
        if let Some((_, what)) = refused.iter().find(|(is_set, _)| *is_set) {
            return Err(format!("{what} needs HTTP/2; leave it out, or leave http1_only out"));
        }
        let endpoint = match place {
            Place::Host(host, port, _) => Endpoint::new(super::Address::Host(host, port)),
            Place::Endpoints(endpoints) => Endpoint::at(endpoints.into_iter().flat_map(|one| one.addresses)),
        };
        let connections = self.max_connections.unwrap_or(http1::CONNECTIONS).min(Semaphore::MAX_PERMITS);
        Ok(Kind::Http1(Arc::new(Http1::new(connector, endpoint, self.wait_for_ready, connections))))
    }

    fn balancing(&self) -> Arc<MakeBalancer> {
        let (own, locality) = (self.balancer.clone(), self.locality.clone());
        Arc::new(move |policy: Option<&LoadBalancing>| -> Box<dyn LoadBalancer> {
            let one = || match (policy, &own) {
                (Some(named), _) => named.balancer(),
                (None, Some(own)) => own(),
                (None, None) => LoadBalancing::default().balancer(),
            };
            match locality.clone() {
                None => one(),
                Some(own) => Box::new(PreferLocality { own, near: one(), far: one() }),
            }
        })
    }

    fn proxy_to(&self, place: &Place) -> Result<Option<Proxy>, String> {
        match (&self.proxy, place) {
            (ProxySetting::None, _) => Ok(None),
            (ProxySetting::Url(url), _) => Proxy::parse(url).map(Some),
            (ProxySetting::Environment, Place::Host(host, port, _)) if self.resolver.is_none() => {
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
                Err("there are TLS settings for it, but it is spoken to without TLS: begin it with https://, or leave \
                     `tls` out; to speak TLS over a Unix socket, connect to it by `connect_with`"
                    .to_owned())
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
