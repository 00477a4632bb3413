//! The settings of a server.

use std::{fmt, sync::Arc, time::Duration};

use super::{CallLimits, ConnectionLimits, Core, Cors, Limits, Server};
use crate::{
    compress::Encoding,
    dispatch::Registry,
    handler::Service,
    health::Health,
    interceptor::{Chain, ErasedInterceptor, Interceptor},
    json,
    method::{Method, ServiceDescriptor},
    protocol::rest::{self, Rest},
    reflection::{self, Index},
};

/// Builds a [`Server`].
pub struct ServerBuilder {
    services: Vec<Arc<dyn Service>>,
    #[cfg(feature = "tower")]
    foreign: Vec<(&'static str, Arc<dyn crate::tower::Foreign>)>,
    #[cfg(feature = "tower")]
    layers: Vec<crate::tower::Wrap>,
    health: Option<Health>,
    reflection: bool,
    interceptors: Vec<Arc<dyn ErasedInterceptor>>,
    interceptors_for: Vec<(String, Arc<dyn ErasedInterceptor>)>,
    limits: CallLimits,
    limits_for: Vec<(String, CallLimits)>,
    send_encoding: Option<Encoding>,
    cors: Option<Cors>,
    json: json::Options,
    rest: Rest,
    shutdown_grace: Duration,
    keepalive: (Duration, Duration),
    keepalive_min_interval: Duration,
    connection_limits: ConnectionLimits,
    #[cfg(feature = "tls")]
    tls: Option<crate::tls::ServerTls>,
}

impl Default for ServerBuilder {
    fn default() -> Self {
        Self {
            services: Vec::new(),
            #[cfg(feature = "tower")]
            foreign: Vec::new(),
            #[cfg(feature = "tower")]
            layers: Vec::new(),
            health: None,
            reflection: false,
            interceptors: Vec::new(),
            interceptors_for: Vec::new(),
            limits: CallLimits::default(),
            limits_for: Vec::new(),
            send_encoding: None,
            cors: None,
            json: json::Options::new().ignore_unknown_fields(true),
            rest: Rest::new(),
            shutdown_grace: Duration::from_secs(30),
            keepalive: (Duration::from_secs(300), Duration::from_secs(20)),
            keepalive_min_interval: Duration::from_secs(10),
            connection_limits: ConnectionLimits::new(),
            #[cfg(feature = "tls")]
            tls: None,
        }
    }
}

impl ServerBuilder {
    /// Serves this service as well.
    #[must_use]
    pub fn add_service(mut self, service: impl Service) -> Self {
        self.services.push(Arc::new(service));
        self
    }

    /// Serves a service that tonic's generator made as well, by gRPC. It answers by itself: the interceptors and limits
    /// of this server do not concern it. Its calls have the deadline of `grpc-timeout`, and end with a status when the
    /// grace of a shutdown or of their connection does; health counts it, reflection does not know it.
    #[cfg(feature = "tower")]
    #[must_use]
    pub fn add_tonic_service<S, B>(mut self, service: S) -> Self
    where
        S: tower_service::Service<
                http::Request<tonic::body::Body>,
                Response = http::Response<B>,
                Error = std::convert::Infallible,
                Future: Send,
            >,
        S: tonic::server::NamedService + Clone + Send + Sync + 'static,
        B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.foreign.push((S::NAME, Arc::new(crate::tower::Mounted(service))));
        self
    }

    /// Puts a layer of tower around all that this server answers, as HTTP requests and responses, whichever way they come;
    /// the first added is the outermost. The [`Peer`](crate::Peer) is in the extensions of a request, as an `Arc`. An
    /// error of a layer is answered with 503, a panic with 500, and what waits in a layer when the grace of a shutdown ends
    /// with 503.
    ///
    /// A layer sees paths, not methods, and bytes, not messages: what decides about calls is an
    /// [interceptor](Self::interceptor).
    #[cfg(feature = "tower")]
    #[must_use]
    pub fn layer<L, S, B>(mut self, layer: L) -> Self
    where
        L: tower_layer::Layer<crate::tower::HttpService, Service = S> + Send + 'static,
        S: tower_service::Service<http::Request<crate::Body>, Response = http::Response<B>>,
        S: Clone + Send + Sync + 'static,
        S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
        S::Future: Send,
        B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.layers.push(crate::tower::wrap(layer));
        self
    }

    /// Answers `grpc.health.v1` from these states. Every service that has none yet is reported as SERVING, and all as
    /// NOT_SERVING once a shutdown begins. Default: not answered.
    #[must_use]
    pub fn health(mut self, health: Health) -> Self {
        self.health = Some(health);
        self
    }

    /// Answers `grpc.reflection`, versions 1 and 1alpha, from the descriptors that the generator embedded in the
    /// services. Default: not answered, since it tells strangers all there is.
    #[must_use]
    pub fn reflection(mut self) -> Self {
        self.reflection = true;
        self
    }

    /// Runs this around every call of every service. The first added is the outermost.
    #[must_use]
    pub fn interceptor(mut self, interceptor: impl Interceptor) -> Self {
        self.interceptors.push(Arc::new(interceptor));
        self
    }

    /// Runs this around every call of one service (`example.v1.UserService`) or one method
    /// (`example.v1.UserService/GetUser`), behind those for [every service](Self::interceptor). Those of a service stand
    /// before those of its methods, and among each the first added is the outermost.
    #[must_use]
    pub fn interceptor_for(mut self, name: impl Into<String>, interceptor: impl Interceptor) -> Self {
        self.interceptors_for.push((name.into(), Arc::new(interceptor)));
        self
    }

    /// The largest message a caller may send, in bytes, as it arrives and after decompression. Default: 4 MiB. A larger
    /// one ends the call with `RESOURCE_EXHAUSTED`.
    #[must_use]
    pub fn max_receive_message_bytes(mut self, bytes: usize) -> Self {
        self.limits.max_receive_message_bytes = Some(bytes);
        self
    }

    /// What the elements of a message from a caller may take in memory once it is read, in bytes: those of its repeated
    /// fields and maps, wherever they are. Default: eight times
    /// [`max_receive_message_bytes`](Self::max_receive_message_bytes), so 32 MiB. More ends the call with
    /// `RESOURCE_EXHAUSTED`, before a message of protobuf is read and while one of JSON is.
    ///
    /// An element may take two bytes on the wire and hundreds in memory. What it takes is told from the descriptors of
    /// the service; without them (`descriptor_set=false` of the generator, or a service written by hand) the limit holds
    /// for JSON only.
    #[must_use]
    pub fn max_decoded_message_bytes(mut self, bytes: usize) -> Self {
        self.limits.max_decoded_message_bytes = Some(bytes);
        self
    }

    /// The largest message a handler may send, in bytes, before compression. Default: 4 MiB. A larger one ends the call
    /// with `RESOURCE_EXHAUSTED`.
    #[must_use]
    pub fn max_send_message_bytes(mut self, bytes: usize) -> Self {
        self.limits.max_send_message_bytes = Some(bytes);
        self
    }

    /// The longest any call may take, streams included; a caller's own deadline counts where it is earlier. Default:
    /// none, since a stream may be meant to stay open; the [age of its connection](ConnectionLimits::age) bounds it.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.limits.timeout = Some(timeout);
        self
    }

    /// How long a caller may let the rest of a message wait without a byte of it, or of a request that is one message;
    /// then the call ends with `DEADLINE_EXCEEDED`. Between the messages of a stream
    /// [another limit](Self::stream_idle_timeout) holds. Default: 30 seconds.
    #[must_use]
    pub fn receive_timeout(mut self, limit: Duration) -> Self {
        self.limits.receive_timeout = Some(limit);
        self
    }

    /// How long a caller may send nothing between two messages of a stream while the handler waits for the next; then
    /// that ends with `DEADLINE_EXCEEDED`. Default: none, since a stream may be silent for long and its caller be known to
    /// live by [`keepalive`](Self::keepalive); the [age of its connection](ConnectionLimits::age) bounds it.
    #[must_use]
    pub fn stream_idle_timeout(mut self, limit: Duration) -> Self {
        self.limits.stream_idle_timeout = Some(limit);
        self
    }

    /// Other limits for one service (`example.v1.UserService`) or one method (`example.v1.UserService/GetUser`). Those
    /// of a method count before those of its service.
    #[must_use]
    pub fn limits_for(mut self, name: impl Into<String>, limits: CallLimits) -> Self {
        self.limits_for.push((name.into(), limits));
        self
    }

    /// Compresses responses with this encoding, to callers that accept it. Default: none. Compressed requests are
    /// accepted in every encoding that is compiled in.
    ///
    /// Streams over REST are sent as they are: a body of HTTP is compressed as one, so each message would have to be
    /// flushed through a compressor that stays as long as the stream, with a window of some 300 KiB.
    #[must_use]
    pub fn send_compressed(mut self, encoding: Encoding) -> Self {
        self.send_encoding = Some(encoding);
        self
    }

    /// How messages are read and written as JSON. Default: as ProtoJSON has it, except that fields which a message does
    /// not have are ignored, so that newer clients can call. The messages of the services are added to the
    /// [registry](json::Registry).
    #[must_use]
    pub fn json(mut self, options: json::Options) -> Self {
        self.json = options;
        self
    }

    /// How the methods that have a `google.api.http` rule are answered over REST. Default: as [`Rest::new`] says.
    #[must_use]
    pub fn rest(mut self, rest: Rest) -> Self {
        self.rest = rest;
        self
    }

    /// Lets web pages of other origins call. Default: none may.
    #[must_use]
    pub fn cors(mut self, cors: Cors) -> Self {
        self.cors = Some(cors);
        self
    }

    /// How long calls may go on after a shutdown began. Default: 30 seconds. What still runs then ends with
    /// `UNAVAILABLE`.
    #[must_use]
    pub fn shutdown_grace(mut self, grace: Duration) -> Self {
        self.shutdown_grace = grace;
        self
    }

    /// Asks a caller that was silent for `interval` whether it lives (an HTTP/2 PING), and drops its connection when
    /// it does not answer within `timeout`. Default: 5 minutes and 20 seconds.
    #[must_use]
    pub fn keepalive(mut self, interval: Duration, timeout: Duration) -> Self {
        self.keepalive = (interval, timeout);
        self
    }

    /// How often a caller may ping while nothing else happens on its connection; whoever does so more often, three
    /// times, is told to go (GOAWAY with ENHANCE_YOUR_CALM). Default: 10 seconds, the least interval that clients are
    /// allowed to set (gRFC A8).
    #[must_use]
    pub fn keepalive_min_interval(mut self, interval: Duration) -> Self {
        self.keepalive_min_interval = interval;
        self
    }

    /// What bounds each connection, and all of them. Default: as [`ConnectionLimits::new`] says.
    #[must_use]
    pub fn connection_limits(mut self, limits: ConnectionLimits) -> Self {
        self.connection_limits = limits;
        self
    }

    /// Speaks TLS on its TCP sockets, and nothing else. Default: no encryption. Unix sockets, which the permissions of
    /// their files guard, stay as they are.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, tls: crate::tls::ServerTls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Makes the server.
    ///
    /// # Errors
    ///
    /// Two services have the same name or routes that match the same requests, [limits](Self::limits_for) or [interceptors](Self::interceptor_for) are for a
    /// name that no service or method has, or the CORS or TLS settings cannot be used.
    pub fn build(mut self) -> Result<Server, BuildError> {
        self.add_own_services();
        #[cfg(feature = "tower")]
        if let Some(name) = self.named_twice() {
            return Err(added_twice(name));
        }
        let mut registry = Registry::default();
        let all: Chain = Arc::from(self.interceptors);
        let chain = |method: &Method| chain_of(method, &all, &self.interceptors_for);
        let descriptors: Vec<_> = self.services.iter().map(|service| service.descriptor()).collect();
        for service in self.services {
            let ServiceDescriptor { name, message_types, .. } = service.descriptor();
            self.json = message_types.iter().fold(self.json, |json, types| json.with_types(types));
            if !registry.add(service, chain, |method| limits_of(method, &self.limits, &self.limits_for)) {
                return Err(added_twice(name));
            }
        }
        let unknown = |name: &&String| !registry.methods().any(|method| is_named(method, name));
        let named =
            self.limits_for.iter().map(|(name, _)| name).chain(self.interceptors_for.iter().map(|(name, _)| name));
        if let Some(name) = named.into_iter().find(unknown) {
            return Err(BuildError(format!(
                "limits or interceptors are set for {name:?}, but no service and no method has that name; write `package.Service` or \
                 `package.Service/Method`"
            )));
        }
        #[cfg(feature = "net")]
        if let Some(why) = self.rest.misfit(self.connection_limits.header_bytes) {
            return Err(BuildError(why));
        }
        let rest = rest::Site::new(self.rest, descriptors.into_iter(), &registry, &self.json).map_err(BuildError)?;
        let core = Core {
            rest: Arc::new(rest),
            registry,
            #[cfg(feature = "tower")]
            foreign: self.foreign.into_iter().collect(),
            send_encoding: self.send_encoding,
            health: self.health,
            json: Arc::new(self.json),
            cors: self.cors.map(Cors::policy).transpose()?,
            shutdown_grace: self.shutdown_grace,
            #[cfg(feature = "net")]
            keepalive: crate::http2::Keepalive::new(self.keepalive.0, self.keepalive.1),
            #[cfg(feature = "net")]
            connection_limits: self.connection_limits,
            #[cfg(feature = "net")]
            census: Arc::default(),
            keepalive_min_interval: self.keepalive_min_interval,
            #[cfg(feature = "tls")]
            tls: self
                .tls
                .map(|tls| super::tls::Current::new(&tls))
                .transpose()
                .map_err(|error| BuildError(error.to_string()))?,
        };
        let server = Server {
            core: Arc::new(core),
            #[cfg(feature = "tower")]
            layers: None,
        };
        #[cfg(feature = "tower")]
        let server = Server { layers: crate::tower::HttpService::new(server.clone(), self.layers), ..server };
        Ok(server)
    }
}

/// Those of all, then those of the method's service, then its own.
fn chain_of(method: &Method, all: &Chain, some: &[(String, Arc<dyn ErasedInterceptor>)]) -> Chain {
    let of = |name: &str| {
        let name = name.to_owned();
        some.iter().filter(move |(other, _)| *other == name).map(|(_, interceptor)| interceptor)
    };
    let own: Vec<_> = of(method.service()).chain(of(method.full_name())).collect();
    if own.is_empty() { Arc::clone(all) } else { all.iter().chain(own).cloned().collect() }
}

fn limits_of(method: &Method, all: &CallLimits, some: &[(String, CallLimits)]) -> Limits {
    let of = |name: &str| some.iter().find(|(other, _)| other == name).map(|(_, limits)| limits);
    let chosen = [Some(all), of(method.service()), of(method.full_name())];
    chosen.into_iter().flatten().fold(Limits::default(), Limits::with)
}

fn is_named(method: &Method, name: &str) -> bool {
    name == method.service() || name == method.full_name()
}

impl ServerBuilder {
    /// A service of tonic's that has the name of another of any kind.
    #[cfg(feature = "tower")]
    fn named_twice(&self) -> Option<&'static str> {
        let ours = self.services.iter().map(|service| service.descriptor().name);
        let mut seen: std::collections::HashSet<_> = ours.collect();
        self.foreign.iter().map(|(name, _)| *name).find(|name| !seen.insert(name))
    }

    fn add_own_services(&mut self) {
        let mut index = Index::default();
        if let Some(health) = &self.health {
            let own = Arc::new(health.clone().server());
            self.services.iter().for_each(|service| health.introduce(service.descriptor().name));
            #[cfg(feature = "tower")]
            self.foreign.iter().for_each(|(name, _)| health.introduce(name));
            self.services.push(own);
        }
        if self.reflection {
            let [v1, v1alpha] = reflection::descriptors();
            self.services.iter().map(|service| service.descriptor()).chain([v1, v1alpha]).for_each(|d| index.add(d));
            self.services.extend(reflection::services(index));
        }
    }
}

impl fmt::Debug for ServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerBuilder").field("services", &self.services.len()).finish_non_exhaustive()
    }
}

fn added_twice(name: &str) -> BuildError {
    BuildError(format!("the service {name} was added twice; add each service once"))
}

/// A server cannot be built; it says why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildError(pub(super) String);

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BuildError {}
