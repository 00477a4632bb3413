//! Servers: services behind one dispatch core, and the sockets they are reached by.

#[cfg(feature = "net")]
mod bell;
mod builder;
#[cfg(feature = "net")]
mod census;
#[cfg(feature = "net")]
mod connection;
mod connection_limits;
mod cors;
#[cfg(all(feature = "net", feature = "tower"))]
pub(crate) mod ending;
#[cfg(feature = "net")]
mod heads;
#[cfg(feature = "net")]
mod http1;
#[cfg(feature = "net")]
mod http2;
#[cfg(feature = "net")]
mod life;
mod limits;
#[cfg(feature = "net")]
mod listen;
#[cfg(feature = "net")]
mod listener;
#[cfg(all(unix, feature = "net"))]
mod per_core;
#[cfg(feature = "net")]
pub(crate) mod phase;
#[cfg(feature = "net")]
mod signals;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "net")]
mod unread;

use std::{sync::Arc, time::Duration};

use http::{header, request::Parts};

pub use builder::{BuildError, ServerBuilder};
pub use connection_limits::ConnectionLimits;
pub use cors::Cors;
#[cfg(feature = "net")]
pub(crate) use http1::LEAST_BUFFER;
pub use limits::CallLimits;
pub(crate) use limits::{DEFAULT_MESSAGE_BYTES, Limits};
#[cfg(feature = "net")]
pub use listener::Listener;
#[cfg(feature = "net")]
pub use signals::shutdown_signal;
#[cfg(feature = "net")]
pub(crate) use unread::Unread;

use crate::{
    call::{Body, Peer},
    compress::Encoding,
    dispatch::Registry,
    health::Health,
    method::{HttpRule, Method},
    protocol::{Exchange, Known, Protocol, connect, grpc::ServerGrpc, grpc_web, rest, unclaimed},
};

/// Services, ready to be served; cheap to clone.
///
/// ```
/// # fn f(greeter: impl rsgrpc::Service) -> Result<(), Box<dyn std::error::Error>> {
/// let server = rsgrpc::Server::builder().add_service(greeter).build()?;
/// # Ok(()) }
/// ```
///
/// [`serve`](Self::serve) listens on a socket. A generated client made from a clone of it
/// (`GreeterClient::new(server.clone())`) calls it in process.
#[derive(Clone)]
pub struct Server {
    core: Arc<Core>,
    /// What stands in front of it.
    #[cfg(feature = "tower")]
    layers: Option<crate::tower::HttpService>,
}

/// What the calls of a server share.
pub(crate) struct Core {
    pub(crate) registry: Registry,
    /// Services of others, by name.
    #[cfg(feature = "tower")]
    pub(crate) foreign: std::collections::HashMap<&'static str, Arc<dyn crate::tower::Foreign>>,
    /// Compresses responses to callers that accept it.
    pub(crate) send_encoding: Option<Encoding>,
    /// Learns of the shutdown.
    pub(crate) health: Option<Health>,
    pub(crate) cors: Option<cors::Policy>,
    /// How messages are read and written as JSON.
    pub(crate) json: Arc<crate::json::Options>,
    /// The HTTP rules of all methods, and how they are answered.
    pub(crate) rest: Arc<rest::Site>,
    pub(crate) shutdown_grace: Duration,
    #[cfg(feature = "net")]
    pub(crate) keepalive: crate::http2::Keepalive,
    #[cfg(feature = "net")]
    pub(crate) connection_limits: ConnectionLimits,
    #[cfg(feature = "net")]
    census: Arc<census::Census>,
    /// How often callers may ping while nothing else happens.
    pub(crate) keepalive_min_interval: Duration,
    #[cfg(feature = "tls")]
    tls: Option<tls::Current>,
}

/// The protocols, in the order in which they are asked whether a request is theirs: first those that tell by the content
/// type, then those that tell by the path.
const PROTOCOLS: [&dyn Protocol; 7] = [
    &ServerGrpc,
    &grpc_web::BINARY,
    &grpc_web::TEXT,
    &connect::Stream,
    &connect::Get,
    &connect::Unary,
    &rest::ServerRest,
];

#[cfg(feature = "tower")]
impl Core {
    /// The service of others that answers this path, if one does.
    fn foreign_to(&self, path: &str) -> Option<&Arc<dyn crate::tower::Foreign>> {
        if self.foreign.is_empty() {
            return None;
        }
        let (service, _) = path.strip_prefix('/')?.split_once('/')?;
        self.foreign.get(service)
    }
}

impl Server {
    /// A server with default settings and without services.
    pub fn builder() -> ServerBuilder {
        ServerBuilder::default()
    }

    /// All routes of REST, with the methods that they call, in the order of the services and of their protos.
    ///
    /// ```
    /// # fn f(server: rsgrpc::Server) {
    /// for (method, rule) in server.routes() {
    ///     println!("{} {} calls {}", rule.verb, rule.template.text, method.full_name());
    /// }
    /// # }
    /// ```
    pub fn routes(&self) -> impl Iterator<Item = (&'static Method, &'static HttpRule)> {
        self.core.rest.routes()
    }

    /// Starts to answer a request of a connection. Within layers, where that connection cannot end a call, the call
    /// learns the phases by itself.
    #[cfg(feature = "net")]
    #[cfg_attr(not(feature = "tower"), expect(unused_variables, unused_mut, reason = "only layers need them"))]
    fn exchange_within(&self, phases: &phase::Phases, mut head: Parts, body: Body, peer: &Arc<Peer>) -> Exchange {
        #[cfg(feature = "tower")]
        if self.layers.is_some() {
            head.extensions.insert(phases.clone());
        }
        self.exchange(head, body, peer)
    }

    /// Starts to answer a request.
    pub(crate) fn exchange(&self, head: Parts, body: Body, peer: &Arc<Peer>) -> Exchange {
        #[cfg(feature = "tower")]
        if let Some(layers) = &self.layers {
            let mut request = http::Request::from_parts(head, body);
            request.extensions_mut().insert(Arc::clone(peer));
            return Exchange::foreign(layers.answer(request));
        }
        let Some(cors) = &self.core.cors else {
            return self.answer(head, body, peer);
        };
        match cors.preflight(&head) {
            Some(answer) => Exchange::answered(answer),
            None => {
                let headers = cors.headers(&head);
                self.answer(head, body, peer).with_headers(headers)
            }
        }
    }

    fn answer(&self, head: Parts, body: Body, peer: &Arc<Peer>) -> Exchange {
        #[cfg(feature = "tower")]
        if let Some(foreign) = self.core.foreign_to(head.uri.path()) {
            return Exchange::foreign(foreign.answer(http::Request::from_parts(head, body)));
        }
        let bodiless = head.method == http::Method::HEAD;
        let content_type = head.headers.get(header::CONTENT_TYPE).cloned();
        let route = self.core.registry.find(head.uri.path());
        let known = Known { content_type, route, peer };
        let exchange = match PROTOCOLS.into_iter().find(|protocol| protocol.claims(&self.core, &head, &known)) {
            Some(protocol) => Exchange::new(protocol, protocol.accept(&self.core, head, body, known)),
            None => Exchange::answered(unclaimed()),
        };
        if bodiless { exchange.without_body() } else { exchange }
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").finish_non_exhaustive()
    }
}
