//! Clients: what a generated client calls through, over whichever transport.

mod attempt;
mod call;
#[cfg(feature = "net")]
pub mod channel;
mod config;
mod in_process;
mod interceptor;
mod making;
pub(crate) mod reach;
mod repeat;
mod requests;

use std::{future::Future, pin::Pin, sync::Arc, task::Poll, time::Duration};

use http::{Request, Response, uri::Authority};
use tonic::{IntoRequest, IntoStreamingRequest, Status, metadata::MetadataMap};

pub use call::{
    BidiStreamingCall, Call, ClientStreamingCall, Many, One, Receives, ResponseFuture, Sends, ServerStreamingCall,
    UnaryCall,
};
#[cfg(feature = "net")]
pub use channel::{Channel, ChannelBuilder, ChannelError};
pub use config::{ServiceConfig, ServiceConfigError};
use interceptor::ErasedClientInterceptor;
pub use interceptor::{ClientInterceptor, Incoming, Next, Outgoing};
use making::Making;
use reach::Patience;
use repeat::Throttle;
pub use requests::{RequestSender, Requests, requests};

use crate::{
    call::{Body, Inbound, Reframe},
    codec::{Codec, Form},
    compress::Encoding,
    handler::Service,
    json,
    method::{Method, ServiceDescriptor},
    protocol::{
        connect::ClientConnect,
        grpc::ClientGrpc,
        grpc_web::ClientGrpcWeb,
        rest::{self, ClientRest},
    },
    server::Server,
};

/// What generated clients call through: a transport, and the settings that hold for all calls. Cheap to clone.
///
/// Made from a [`Channel`] for the network, and from a [`Server`] to call it in process.
#[derive(Clone)]
pub struct Client {
    transport: Arc<dyn Transport>,
    chain: Arc<[Arc<dyn ErasedClientInterceptor>]>,
    settings: Settings,
}

/// A protocol that clients speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Protocol {
    /// gRPC, which needs HTTP/2.
    #[default]
    Grpc,
    /// gRPC-Web, over any version of HTTP.
    GrpcWeb,
    /// gRPC-Web in base64 (`application/grpc-web-text`), for what lets only text pass.
    GrpcWebText,
    /// Connect, over any version of HTTP.
    Connect,
    /// REST and JSON by the `google.api.http` rules of methods, over any version of HTTP, for APIs that offer only that.
    ///
    /// Of the bindings of a method, the first is taken that the request fits into. A method without one ends with
    /// `UNIMPLEMENTED`, a request that fits into none with `INVALID_ARGUMENT`: a variable of the path that is empty or not
    /// set, `extensions` of a `google.api.HttpBody` that is the body, or, where it would have to stand in the query, a map
    /// or a message that is set and has no field that is. Fields that this client does not know are ignored, unless
    /// [`json`](Client::json) says otherwise.
    ///
    /// Of a stream of requests, the first message says what stands in path, query and `Content-Type`, and one that says
    /// otherwise ends the call with `INVALID_ARGUMENT`.
    Rest,
}

impl Protocol {
    fn speaker(self) -> &'static dyn ClientProtocol {
        match self {
            Self::Grpc => &ClientGrpc,
            Self::GrpcWeb => &ClientGrpcWeb { text: false },
            Self::GrpcWebText => &ClientGrpcWeb { text: true },
            Self::Connect => &ClientConnect,
            Self::Rest => &ClientRest,
        }
    }
}

/// The settings of a call, or the defaults for all.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) protocol: Protocol,
    /// How JSON is read and written; `None` for protobuf.
    pub(crate) json: Option<Arc<json::Options>>,
    /// Whether methods without side effects are called by GET, where the protocol can.
    pub(crate) get: bool,
    pub(crate) timeout: Option<Duration>,
    pub(crate) send_encoding: Option<Encoding>,
    /// 4 MiB where nothing else is said; of several the smallest counts.
    pub(crate) max_receive_message_bytes: Option<usize>,
    pub(crate) max_send_message_bytes: Option<usize>,
    pub(crate) wait_for_ready: Option<bool>,
    /// In place of the transport's.
    pub(crate) plan: Option<Arc<Plan>>,
    /// Whether a call inside a handler takes over what the handler's call hands on.
    pub(crate) inherit: bool,
}

/// A service config in use.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) config: ServiceConfig,
    throttle: Option<Throttle>,
}

impl Plan {
    pub(crate) fn new(config: ServiceConfig) -> Arc<Self> {
        let throttle = config.throttling().map(Throttle::new);
        Arc::new(Self { config, throttle })
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            protocol: Protocol::Grpc,
            json: None,
            get: false,
            timeout: None,
            send_encoding: None,
            max_receive_message_bytes: None,
            max_send_message_bytes: None,
            wait_for_ready: None,
            plan: None,
            inherit: true,
        }
    }
}

/// Carries requests to a server.
pub(crate) trait Transport: Send + Sync {
    /// Sends one request. Dropping the future, or the body of the response, cancels it.
    fn send<'a>(&'a self, request: Request<Body>, method: &'static Method, patience: Patience) -> Sending<'a>;

    /// What the server is called in requests, where there is one to be reached.
    fn authority(&self) -> Option<&Authority> {
        None
    }

    /// What the service asks of its clients, as this transport has learned; pending while it has not.
    fn plan(&self) -> Poll<Option<Arc<Plan>>> {
        Poll::Ready(None)
    }

    /// Waits until it has learned that, or that it cannot for now.
    fn learn<'a>(&'a self) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(std::future::ready(()))
    }

    /// Waits until it takes no more requests.
    fn closed<'a>(&'a self) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(std::future::pending())
    }
}

pub(crate) type Sending<'a> = Pin<Box<dyn Future<Output = Result<Response<Body>, Status>> + Send + 'a>>;

/// A protocol that clients speak. One value each, without state.
pub(crate) trait ClientProtocol: Sync {
    /// The codec of the requests of a call, with the options for JSON where it is asked for.
    ///
    /// # Errors
    ///
    /// The method cannot be called so.
    fn codec(&self, method: &'static Method, json: Option<&Arc<json::Options>>) -> Result<Codec, Status> {
        match json {
            None => Ok(Codec::Proto),
            Some(options) => Form::Json.codec(options, method.input.as_ref()),
        }
    }

    /// Whether requests of the method can be compressed.
    fn compresses(&self, method: &Method) -> bool {
        let _ = method;
        true
    }

    /// How messages are framed in a request.
    fn framing(&self, method: &Method) -> &'static dyn Reframe;

    /// The request of a call; the transport adds scheme and authority.
    fn request(&self, call: Head, body: Body) -> Request<Body>;

    /// Reads the head of a response: the initial metadata, and the messages to come, in this codec and of at most `limit`
    /// bytes each.
    fn response(
        &self,
        method: &Method,
        response: Response<Body>,
        codec: Codec,
        limit: usize,
    ) -> Result<(MetadataMap, Inbound), Status>;
}

/// What the head of a request says.
pub(crate) struct Head {
    pub(crate) method: &'static Method,
    pub(crate) metadata: MetadataMap,
    pub(crate) timeout: Option<Duration>,
    /// The codec of the answer; that of requests has the same form.
    pub(crate) codec: Codec,
    /// The encoding of messages, and whether the first is in it.
    pub(crate) encoding: Option<Encoding>,
    pub(crate) compressed: bool,
    pub(crate) get: bool,
}

impl Client {
    pub(crate) fn new(transport: Arc<dyn Transport>, settings: Settings) -> Self {
        Self { transport, chain: Arc::default(), settings }
    }

    /// The client of a service: an `Any` in JSON may hold the messages that the service knows.
    #[doc(hidden)]
    #[must_use]
    pub fn of(mut self, service: &'static ServiceDescriptor) -> Self {
        if self.settings.protocol == Protocol::Rest {
            self.settings.json.get_or_insert_with(|| Arc::new(rest::default_options()));
        }
        if let Some(json) = &mut self.settings.json {
            let types = service.message_types.iter();
            *json = Arc::new(types.fold(json::Options::clone(json), |json, types| json.with_types(types)));
        }
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

    /// Calls unary methods whose proto says `idempotency_level = NO_SIDE_EFFECTS` by GET, which caches understand. Only
    /// Connect can; requests that make the URL longer than 8 KiB are sent by POST. Equal requests make equal URLs, unless
    /// they have a `HashMap` (the generator's option `btree_map`). Default: off.
    #[must_use]
    pub fn get(mut self, get: bool) -> Self {
        self.settings.get = get;
        self
    }

    /// Runs this around every call. The first added is the outermost: the first to see a call and the last to see its
    /// answer.
    #[must_use]
    pub fn interceptor(mut self, interceptor: impl ClientInterceptor) -> Self {
        let added: Arc<dyn ErasedClientInterceptor> = Arc::new(interceptor);
        self.chain = self.chain.iter().cloned().chain([added]).collect();
        self
    }

    /// What the service asks of its clients: timeouts, limits, retries and hedging, by method. What this client and its
    /// calls say themselves counts as gRPC has it: of two timeouts and of two limits the smaller, of two ways to wait for
    /// a server that of the call. Default: that of the channel, which may come from its resolver; and where there is none,
    /// a call is sent again only if no server has looked at it. What it says of load balancing and health is for
    /// [channels](ChannelBuilder::service_config), and does not count here.
    #[must_use]
    pub fn service_config(mut self, config: ServiceConfig) -> Self {
        self.settings.plan = Some(Plan::new(config));
        self
    }

    /// Whether calls wait while the server cannot be reached, until their deadline, instead of failing at once (gRPC's
    /// doc/wait-for-ready.md). Default: as the service config says, and else as the channel does.
    #[must_use]
    pub fn wait_for_ready(mut self, wait: bool) -> Self {
        self.settings.wait_for_ready = Some(wait);
        self
    }

    /// Whether a call that is made inside a handler takes over from the call that the handler answers: what is left of its
    /// time, and the metadata that [`PropagateMetadata`](crate::interceptors::PropagateMetadata) chose. (That it is
    /// cancelled with it follows from being inside: both are dropped. What tasks do that a handler starts is not inside.)
    /// Default: yes.
    #[must_use]
    pub fn inherit(mut self, inherit: bool) -> Self {
        self.settings.inherit = inherit;
        self
    }

    /// Allows every call at most this long, unless the call says otherwise. Default: no limit.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = Some(timeout);
        self
    }

    /// Compresses the messages of every call with this encoding. Default: none.
    #[must_use]
    pub fn send_compressed(mut self, encoding: Encoding) -> Self {
        self.settings.send_encoding = Some(encoding);
        self
    }

    /// The largest message a server may send, in bytes, as it arrives and after decompression. Default: 4 MiB. A larger
    /// one ends the call with `RESOURCE_EXHAUSTED`.
    #[must_use]
    pub fn max_receive_message_bytes(mut self, bytes: usize) -> Self {
        self.settings.max_receive_message_bytes = Some(bytes);
        self
    }

    /// The largest message a call may send, in bytes, before compression. Default: 4 MiB. A larger one ends the call
    /// with `RESOURCE_EXHAUSTED`.
    #[must_use]
    pub fn max_send_message_bytes(mut self, bytes: usize) -> Self {
        self.settings.max_send_message_bytes = Some(bytes);
        self
    }

    /// Prepares a call with one message each way.
    #[inline]
    pub fn unary<Q, R>(&self, method: &'static Method, request: impl IntoRequest<Q>) -> UnaryCall<'_, Q, R> {
        let (metadata, extensions, message) = request.into_request().into_parts();
        Call::new(Making::new(self, method, metadata, extensions), One(message))
    }

    /// Prepares a call that is answered with a stream.
    #[inline]
    pub fn server_streaming<Q, R>(
        &self,
        method: &'static Method,
        request: impl IntoRequest<Q>,
    ) -> ServerStreamingCall<'_, Q, R> {
        let (metadata, extensions, message) = request.into_request().into_parts();
        Call::new(Making::new(self, method, metadata, extensions), One(message))
    }

    /// Prepares a call that sends a stream.
    #[inline]
    pub fn client_streaming<S, R>(&self, method: &'static Method, requests: S) -> ClientStreamingCall<'_, S::Stream, R>
    where
        S: IntoStreamingRequest,
    {
        let (metadata, extensions, stream) = requests.into_streaming_request().into_parts();
        Call::new(Making::new(self, method, metadata, extensions), Many(Some(stream)))
    }

    /// Prepares a call with a stream each way.
    #[inline]
    pub fn bidi_streaming<S, R>(&self, method: &'static Method, requests: S) -> BidiStreamingCall<'_, S::Stream, R>
    where
        S: IntoStreamingRequest,
    {
        let (metadata, extensions, stream) = requests.into_streaming_request().into_parts();
        Call::new(Making::new(self, method, metadata, extensions), Many(Some(stream)))
    }
}

impl From<Server> for Client {
    /// Calls the server in process: the same core, interceptors and limits, without a socket.
    fn from(server: Server) -> Self {
        Self::new(Arc::new(in_process::InProcess::new(server)), Settings::default())
    }
}

impl<S: Service> From<S> for Client {
    /// Calls a service in process, with the default settings of a server. It is how tests replace what is behind a
    /// client: `GreeterClient::new(GreeterServer::new(FakeGreeter))`, where the fake implements the methods that the
    /// test needs, and all others answer UNIMPLEMENTED.
    fn from(service: S) -> Self {
        match Server::builder().add_service(service).build() {
            Ok(server) => server.into(),
            Err(error) => Self::new(Arc::new(Broken(Status::internal(error.to_string()))), Settings::default()),
        }
    }
}

/// In place of a server that could not be built: every call learns why.
struct Broken(Status);

impl Transport for Broken {
    fn send<'a>(&'a self, _: Request<Body>, _: &'static Method, _: Patience) -> Sending<'a> {
        Box::pin(std::future::ready(Err(self.0.clone())))
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("settings", &self.settings).finish_non_exhaustive()
    }
}
