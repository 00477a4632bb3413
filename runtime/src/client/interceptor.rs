//! What runs around every call of a client, whatever its protocol and kind.

use std::{future::Future, pin::Pin, sync::Arc, time::Instant};

use http::uri::Authority;
#[cfg(feature = "otel")]
use tonic::Code;
use tonic::{Extensions, Response, Status, metadata::MetadataMap};

use super::{Client, Plan, attempt::Observer, config::MethodConfig};
#[cfg(feature = "otel")]
use crate::call::Traffic;
use crate::{
    call::{Body, Inbound, Outbound, Payload, ResponseExt, Upload},
    codec::{Erased, Message},
    envelope::Envelope,
    method::Method,
};

/// Runs around the calls of a client: it may look at a call and change it, answer in place of the server, make it more
/// than once, or change how it ends.
///
/// Its future is done when the head of the answer is there. What comes after that is reached through
/// [`Incoming::on_response`] and [`Incoming::on_end`].
///
/// A function of a call and the rest of the chain is an interceptor, too:
///
/// ```
/// use rsgrpc::{Client, Code, client::{Next, Outgoing}};
///
/// # fn f(channel: rsgrpc::Channel) {
/// // Tries calls with one request message once more when the server could not be reached.
/// let client = Client::from(channel).interceptor(|call: Outgoing, next: Next| async move {
///     let again = call.try_clone();
///     match (next.clone().run(call).await, again) {
///         (Err(status), Some(again)) if status.code() == Code::Unavailable => next.run(again).await,
///         (result, _) => result,
///     }
/// });
/// # }
/// ```
pub trait ClientInterceptor: Send + Sync + 'static {
    /// Runs around one call.
    fn intercept(&self, call: Outgoing, next: Next) -> impl Future<Output = Result<Incoming, Status>> + Send;
}

impl<F, R> ClientInterceptor for F
where
    F: Fn(Outgoing, Next) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Incoming, Status>> + Send,
{
    fn intercept(&self, call: Outgoing, next: Next) -> impl Future<Output = Result<Incoming, Status>> + Send {
        self(call, next)
    }
}

/// The rest of a client's chain: the interceptors behind this one, then the server.
#[derive(Clone)]
pub struct Next {
    pub(super) client: Client,
    pub(super) position: usize,
}

impl Next {
    /// What the server is called in requests, such as `greeter.example:50051`; `None` in process, where it has no name.
    pub fn authority(&self) -> Option<&Authority> {
        self.client.transport.authority()
    }

    /// Makes the call, until the head of its answer is there.
    pub fn run(self, call: Outgoing) -> Pin<Box<dyn Future<Output = Result<Incoming, Status>> + Send>> {
        match self.client.chain.get(self.position) {
            None => Box::pin(async move { self.client.send(Box::new(call)).await }),
            Some(interceptor) => {
                let interceptor = Arc::clone(interceptor);
                interceptor.intercept(call, Self { client: self.client, position: self.position + 1 })
            }
        }
    }
}

impl std::fmt::Debug for Next {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Next").field("position", &self.position).finish_non_exhaustive()
    }
}

/// [`ClientInterceptor`] behind a pointer.
pub(super) trait ErasedClientInterceptor: Send + Sync {
    fn intercept(
        self: Arc<Self>,
        call: Outgoing,
        next: Next,
    ) -> Pin<Box<dyn Future<Output = Result<Incoming, Status>> + Send>>;
}

impl<I: ClientInterceptor> ErasedClientInterceptor for I {
    fn intercept(
        self: Arc<Self>,
        call: Outgoing,
        next: Next,
    ) -> Pin<Box<dyn Future<Output = Result<Incoming, Status>> + Send>> {
        Box::pin(async move { ClientInterceptor::intercept(&*self, call, next).await })
    }
}

/// A call on its way to the server.
pub struct Outgoing {
    pub(super) method: &'static Method,
    pub(super) metadata: MetadataMap,
    pub(super) extensions: Extensions,
    pub(super) deadline: Option<Instant>,
    pub(super) outbound: Outbound,
    /// The largest message of the answer in bytes.
    pub(super) receive_limit: usize,
    pub(super) messages: Messages,
    /// Where they are sent one by one.
    pub(super) upload: Option<Arc<Upload>>,
    pub(super) wait_for_ready: Option<bool>,
    pub(super) plan: Option<Arc<Plan>>,
    /// What that says of the method.
    pub(super) config: Option<Arc<MethodConfig>>,
    /// How often it was sent again because no server has looked at it.
    pub(super) resent: u32,
    pub(super) observer: Option<Arc<Observer>>,
}

impl Outgoing {
    /// The method that is called.
    pub fn method(&self) -> &'static Method {
        self.method
    }

    /// The metadata of the request.
    pub fn metadata(&self) -> &MetadataMap {
        &self.metadata
    }

    /// The metadata of the request, to be changed before the server sees it.
    pub fn metadata_mut(&mut self) -> &mut MetadataMap {
        &mut self.metadata
    }

    /// What the caller put into the extensions of its `Request`.
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// What the caller put into the extensions of its `Request`, and room for the interceptors' own.
    pub fn extensions_mut(&mut self) -> &mut Extensions {
        &mut self.extensions
    }

    pub(crate) fn parts_mut(&mut self) -> (&mut MetadataMap, &mut Extensions) {
        (&mut self.metadata, &mut self.extensions)
    }

    /// Is told of each attempt of the call from now on.
    #[cfg(feature = "otel")]
    pub(crate) fn observe_attempts(
        &mut self,
        observer: impl Fn(Arc<Traffic>) -> Box<dyn FnOnce(Code) + Send + Sync> + Send + Sync + 'static,
    ) {
        self.outbound.traffic.get_or_insert_default();
        let others = self.observer.take();
        self.observer = Some(Arc::new(move |traffic| {
            let others = others.as_ref().map(|others| others(Arc::clone(&traffic)));
            let end = observer(traffic);
            Box::new(move |code| {
                end(code);
                if let Some(others) = others {
                    others(code);
                }
            })
        }));
    }

    /// When the call must be answered; `None` when nothing bounds it. The whole chain is dropped then.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Looks at each message of the request before it is sent, after the interceptors in front of this one; it may
    /// [replace](Payload::replace) it. An error ends the call.
    pub fn on_request(&mut self, look: impl Fn(&mut Payload) -> Result<(), Status> + Send + Sync + 'static) {
        self.outbound.hooks.add_last(Arc::new(look));
    }

    /// The same call once more, to be run a second time; `None` where the caller sends a stream, which exists only
    /// once.
    pub fn try_clone(&self) -> Option<Self> {
        let Messages::One(message) = &self.messages else {
            return None;
        };
        Some(Self {
            method: self.method,
            metadata: self.metadata.clone(),
            extensions: self.extensions.clone(),
            deadline: self.deadline,
            outbound: self.outbound.clone(),
            receive_limit: self.receive_limit,
            messages: Messages::One(Arc::clone(message)),
            upload: None,
            wait_for_ready: self.wait_for_ready,
            plan: self.plan.clone(),
            config: self.config.clone(),
            resent: self.resent,
            observer: self.observer.clone(),
        })
    }

    /// Answers in place of the server, with one message.
    ///
    /// # Errors
    ///
    /// The message cannot be encoded in the codec of the call.
    pub fn answer<M: Message>(self, response: Response<M>) -> Result<Incoming, Status> {
        let trailers = response.trailers();
        let (metadata, message, _) = response.into_parts();
        let codec = self.outbound.codec.of(self.method.output.as_ref())?.of_whole();
        let body = Outbound::new(codec.clone(), &Envelope, usize::MAX).into_body(&message)?;
        let inbound = Inbound::new(body, Box::new(Envelope), codec, usize::MAX);
        let mut incoming = Incoming { metadata, inbound: Box::new(inbound) };
        incoming.on_end(move |result| result.map(|_| trailers));
        Ok(incoming)
    }
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { method, metadata, deadline, messages, .. } = self;
        f.debug_struct("Outgoing")
            .field("method", &method.full_name())
            .field("metadata", metadata)
            .field("deadline", deadline)
            .field("messages", messages)
            .finish_non_exhaustive()
    }
}

/// The answer to a call, from when its head is there.
#[derive(Debug)]
pub struct Incoming {
    pub(super) metadata: MetadataMap,
    // Many hands pass it on.
    pub(super) inbound: Box<Inbound>,
}

impl Incoming {
    /// The initial metadata of the answer.
    pub fn metadata(&self) -> &MetadataMap {
        &self.metadata
    }

    /// The initial metadata of the answer, to be changed before the caller sees it.
    pub fn metadata_mut(&mut self) -> &mut MetadataMap {
        &mut self.metadata
    }

    /// Looks at each message of the answer as it arrives, after the interceptors behind this one; it may
    /// [replace](Payload::replace) it. An error ends the call.
    pub fn on_response(&mut self, look: impl Fn(&mut Payload) -> Result<(), Status> + Send + Sync + 'static) {
        self.inbound.hooks.add_last(Arc::new(look));
    }

    /// Has a word on how the call ends: with trailing metadata or with a status. It is dropped unrun where the caller
    /// drops the answer before its end.
    pub fn on_end(
        &mut self,
        end: impl FnOnce(Result<MetadataMap, Status>) -> Result<MetadataMap, Status> + Send + Sync + 'static,
    ) {
        self.inbound.on_end.push(Box::new(end));
    }
}

/// The messages of a request.
#[doc(hidden)]
pub enum Messages {
    /// Encoded already: nobody wants to look at them.
    Encoded(Body),
    One(Arc<dyn Erased>),
    Many(Box<dyn FnOnce(Outbound) -> Body + Send>),
}

impl Messages {
    pub(super) fn into_body(self, outbound: Outbound) -> Result<Body, Status> {
        match self {
            Self::Encoded(body) => Ok(body),
            Self::Many(encode) => Ok(encode(outbound)),
            Self::One(message) => outbound.into_body(&*message),
        }
    }
}

impl std::fmt::Debug for Messages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Encoded(_) => "Encoded",
            Self::One(_) => "One",
            Self::Many(_) => "Many",
        })
    }
}
