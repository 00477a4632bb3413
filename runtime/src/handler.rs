//! The seam between typed services and the untyped rest: the only file that knows the four kinds of RPC.
//!
//! A generated service turns each call into one boxed future. Messages come in as one or as many, and go out as one or
//! as many; a kind of RPC is a choice of the two. The future *pushes*: a stream of answers is driven here, into a buffer
//! that the transport draws from, so a stream may borrow from its service and needs no task and no channel.

use std::{
    future::{Future, poll_fn},
    marker::PhantomData,
    pin::{Pin, pin},
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use futures_core::Stream;
use tonic::{Extensions, Request, Response, Status, metadata::MetadataMap};

#[cfg(feature = "otel")]
use crate::call::Traffic;
use crate::{
    call::{Body, CallContext, Inbound, Outbound, Output, Payload, Peer, Streaming, Trailers, fill},
    codec::{Codec, Erased, Fresh, Message, fresh},
    method::{Method, ServiceDescriptor},
};

/// A service that a [`Server`](crate::Server) can serve. Generated servers implement it.
pub trait Service: Send + Sync + 'static {
    /// The service's name and methods.
    fn descriptor(&self) -> &'static ServiceDescriptor;

    /// Runs one call of the method at this index of the descriptor.
    fn call(&self, method: usize, call: Call) -> Reply;
}

/// A call that runs. It is done when the whole call is, streams included.
pub type Reply = Pin<Box<dyn Future<Output = Result<Answer, Status>> + Send>>;

/// Metadata of an answer. In a box, as an answer is handed on several times, and hardly any has some: to drop a map costs
/// more than to see that there is none, even where it is empty.
pub(crate) type Extra = Option<Box<MetadataMap>>;

/// How a call ended well.
#[derive(Debug, Default)]
pub struct Answer {
    /// The initial metadata, where there is any and it was not sent ahead of a stream.
    metadata: Extra,
    /// The one message, framed. The messages of a stream went into its [`Pipe`].
    pub(crate) message: Output,
    /// Whether it is compressed.
    pub(crate) compressed: bool,
    trailers: Extra,
}

static NONE: LazyLock<MetadataMap> = LazyLock::new(MetadataMap::new);

impl Answer {
    /// The trailing metadata.
    pub fn trailers(&self) -> &MetadataMap {
        self.some_trailers().unwrap_or_else(|| &*NONE)
    }

    /// The trailing metadata, where there may be some.
    pub(crate) fn some_trailers(&self) -> Option<&MetadataMap> {
        self.trailers.as_deref()
    }

    /// The trailing metadata, to be changed before the caller sees it.
    pub fn trailers_mut(&mut self) -> &mut MetadataMap {
        self.trailers.get_or_insert_default()
    }

    /// The initial metadata, once.
    pub(crate) fn take_metadata(&mut self) -> Extra {
        self.metadata.take()
    }

    /// The trailing metadata, at last.
    pub(crate) fn into_trailers(self) -> Extra {
        self.trailers
    }
}

/// A call on its way to its handler.
#[derive(Debug)]
pub struct Call {
    /// In a box, since it is handed on several times before it arrives.
    pub(crate) parts: Box<Parts>,
}

/// What a call consists of.
#[derive(Debug)]
pub(crate) struct Parts {
    /// The caller's metadata, until the handler has it.
    pub(crate) metadata: Option<MetadataMap>,
    pub(crate) extensions: Extensions,
    pub(crate) context: CallContext,
    pub(crate) inbound: Inbound,
    pub(crate) outbound: Outbound,
    pub(crate) pipe: Option<Arc<Pipe>>,
    pub(crate) on_head: OnHead,
}

impl Call {
    /// The service that is called.
    pub fn service(&self) -> &'static ServiceDescriptor {
        self.parts.context.service
    }

    /// The method that is called.
    pub fn method(&self) -> &'static Method {
        self.parts.context.method
    }

    /// The caller's metadata.
    pub fn metadata(&self) -> &MetadataMap {
        self.parts.metadata.as_ref().unwrap_or_else(|| &*NONE)
    }

    /// The caller's metadata, to be changed before the handler sees it.
    pub fn metadata_mut(&mut self) -> &mut MetadataMap {
        self.parts.metadata.get_or_insert_default()
    }

    /// What travels with the request to its handler, such as what an interceptor found out about the caller.
    pub fn extensions(&self) -> &Extensions {
        &self.parts.extensions
    }

    /// What travels with the request to its handler.
    pub fn extensions_mut(&mut self) -> &mut Extensions {
        &mut self.parts.extensions
    }

    /// When the call must be answered; `None` when nothing bounds it.
    pub fn deadline(&self) -> Option<std::time::Instant> {
        self.parts.context.deadline
    }

    /// Who calls.
    pub fn peer(&self) -> &Peer {
        &self.parts.context.peer
    }

    /// Looks at each message of the caller before the handler gets it, after the interceptors in front of this one; it
    /// may [replace](Payload::replace) it. An error goes to the handler in place of the message.
    pub fn on_request(&mut self, look: impl Fn(&mut Payload) -> Result<(), Status> + Send + Sync + 'static) {
        self.parts.inbound.hooks.add_last(Arc::new(look));
    }

    /// Looks at each message of the answer before it is sent, after the interceptors behind this one; it may
    /// [replace](Payload::replace) it. An error ends the call.
    pub fn on_response(&mut self, look: impl Fn(&mut Payload) -> Result<(), Status> + Send + Sync + 'static) {
        self.parts.outbound.hooks.add_first(Arc::new(look));
    }

    /// Changes the initial metadata of the answer before it is sent, after the interceptors behind this one. An answer
    /// that is an error has none; its metadata is in its status.
    pub fn on_head(&mut self, change: impl FnOnce(&mut MetadataMap) + Send + Sync + 'static) {
        self.parts.on_head.0.push(Box::new(change));
    }

    /// Messages in: waits for the one that the kind promises.
    #[doc(hidden)]
    pub fn arrival<M: Message>(&mut self) -> Arrival<'_, M> {
        Arrival { waiting: Waiting { call: Some(self), fresh: fresh::<M> }, message: PhantomData }
    }

    /// Messages in: as many as come.
    #[doc(hidden)]
    #[inline]
    pub fn many<M: Message>(&mut self) -> Request<Streaming<M>> {
        let empty = Inbound::new(Body::empty(), Box::new(crate::envelope::Envelope), Codec::default(), 0);
        let inbound = std::mem::replace(&mut self.parts.inbound, empty);
        self.request(Streaming::new(inbound))
    }

    /// The bytes of messages from now on.
    #[cfg(feature = "otel")]
    pub(crate) fn traffic(&mut self) -> Arc<Traffic> {
        let traffic = Arc::clone(self.parts.inbound.traffic.get_or_insert_default());
        self.parts.outbound.traffic = Some(Arc::clone(&traffic));
        traffic
    }

    /// Answers with one message. An interceptor that does so answers in place of the handler.
    ///
    /// # Errors
    ///
    /// The message cannot be encoded, or is over the size limit (`RESOURCE_EXHAUSTED`).
    #[inline]
    pub fn reply<M: Message>(&mut self, response: Response<M>) -> Result<Answer, Status> {
        let (metadata, message, extensions) = response.into_parts();
        self.write(metadata, &message, &extensions)
    }

    fn write(
        &mut self,
        mut metadata: MetadataMap,
        message: &dyn Erased,
        extensions: &Extensions,
    ) -> Result<Answer, Status> {
        self.parts.outbound.attached(extensions);
        let message = self.parts.outbound.one(message)?;
        let compressed = self.parts.outbound.compressed;
        self.parts.on_head.run(&mut metadata);
        Ok(Answer { metadata: extra(metadata), message, compressed, trailers: trailers(extensions) })
    }

    /// What became of a call that is answered with one message.
    #[doc(hidden)]
    #[inline]
    pub fn outcome<M: Message>(&mut self, result: Result<Response<M>, Status>) -> Result<Answer, Status> {
        match result {
            Ok(response) => self.reply(response),
            Err(status) => Err(status),
        }
    }

    /// Answers with as many messages as the stream gives. An interceptor that does so answers in place of the handler.
    ///
    /// # Errors
    ///
    /// The first error of the stream, or of a message that cannot be encoded.
    pub async fn stream<S, M>(&mut self, response: Response<S>) -> Result<Answer, Status>
    where
        S: Stream<Item = Result<M, Status>>,
        M: Message,
    {
        let (mut metadata, stream, extensions) = response.into_parts();
        let Some(pipe) = self.parts.pipe.clone() else {
            return Err(Status::internal("a method that answers with one message was driven as a stream"));
        };
        self.parts.outbound.attached(&extensions);
        self.parts.on_head.run(&mut metadata);
        pipe.open(extra(metadata));
        let mut stream = pin!(stream);
        poll_fn(|cx| {
            let mut state = pipe.lock();
            let result = fill(stream.as_mut(), &mut self.parts.outbound, &mut state.output, cx);
            if result.is_pending() {
                state.producer = Some(cx.waker().clone());
            }
            result
        })
        .await?;
        Ok(Answer { trailers: trailers(&extensions), ..Answer::default() })
    }

    /// The answer to an index that the descriptor does not have.
    #[doc(hidden)]
    pub fn unknown_method(self) -> Reply {
        Box::pin(async move { Err(unimplemented(self.parts.context.method)) })
    }

    #[inline]
    fn request<T>(&mut self, message: T) -> Request<T> {
        let (metadata, extensions) = self.head();
        Request::from_parts(metadata, extensions, message)
    }

    fn head(&mut self) -> (MetadataMap, Extensions) {
        let mut extensions = std::mem::take(&mut self.parts.extensions);
        extensions.insert(self.parts.context.clone());
        (self.parts.metadata.take().unwrap_or_default(), extensions)
    }
}

/// Waits for the one message of a request. It has nothing to drop and does next to nothing by type, so it adds little to
/// the future of each method.
#[doc(hidden)]
#[derive(Debug)]
pub struct Arrival<'c, M> {
    waiting: Waiting<'c>,
    message: PhantomData<fn() -> M>,
}

#[derive(Debug)]
struct Waiting<'c> {
    call: Option<&'c mut Call>,
    fresh: Fresh,
}

impl<'c> Waiting<'c> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Came<'c>> {
        let Some(call) = self.call.take() else { return Poll::Pending };
        match call.parts.inbound.poll_single_read(self.fresh, cx) {
            Poll::Ready(outcome) => Poll::Ready(Came { call, outcome }),
            Poll::Pending => {
                self.call = Some(call);
                Poll::Pending
            }
        }
    }
}

impl<'c, M> Future for Arrival<'c, M> {
    type Output = One<'c, M>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<One<'c, M>> {
        self.waiting.poll(cx).map(|came| One { came, message: PhantomData })
    }
}

/// The one message of a request, or why there is none.
#[doc(hidden)]
pub struct One<'c, M> {
    came: Came<'c>,
    message: PhantomData<fn() -> M>,
}

impl<M: Message> One<'_, M> {
    /// The request, as its method takes it.
    #[inline]
    pub fn one(self) -> Result<Request<M>, Status> {
        let mut message = M::default();
        let (metadata, extensions) = self.came.read(&mut message)?;
        Ok(Request::from_parts(metadata, extensions, message))
    }
}

impl<M> std::fmt::Debug for One<'_, M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("One").finish_non_exhaustive()
    }
}

struct Came<'c> {
    call: &'c mut Call,
    outcome: Result<(), Status>,
}

impl Came<'_> {
    fn read(self, message: &mut dyn Erased) -> Result<(MetadataMap, Extensions), Status> {
        let Self { call, outcome } = self;
        outcome?;
        call.parts.context.compressed = call.parts.inbound.compressed;
        call.parts.inbound.take(message)?;
        Ok(call.head())
    }
}

/// What changes the initial metadata of an answer, the outermost first.
#[derive(Default)]
pub(crate) struct OnHead(Vec<Box<ChangeHead>>);

type ChangeHead = dyn FnOnce(&mut MetadataMap) + Send + Sync;

impl OnHead {
    fn run(&mut self, metadata: &mut MetadataMap) {
        for change in self.0.drain(..).rev() {
            change(metadata);
        }
    }
}

impl std::fmt::Debug for OnHead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OnHead({})", self.0.len())
    }
}

/// The answer of a method that the service does not implement.
pub(crate) fn unimplemented(method: &Method) -> Status {
    Status::unimplemented(format!("method {} is not implemented", method.path))
}

fn extra(metadata: MetadataMap) -> Extra {
    (!metadata.is_empty()).then(|| Box::new(metadata))
}

fn trailers(extensions: &Extensions) -> Extra {
    extensions.get::<Trailers>().map(|trailers| Box::new(trailers.snapshot()))
}

/// Where a handler leaves the messages of a stream for the transport.
#[derive(Debug, Default)]
pub(crate) struct Pipe {
    state: Mutex<PipeState>,
}

#[derive(Debug, Default)]
pub(crate) struct PipeState {
    /// The initial metadata, from when the handler gives it until the head is written.
    pub(crate) head: Option<Extra>,
    /// Framed messages.
    pub(crate) output: Output,
    /// The handler, when it waits: for its own stream or for room in the buffer.
    producer: Option<Waker>,
}

impl Pipe {
    pub(crate) fn lock(&self) -> MutexGuard<'_, PipeState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self, metadata: Extra) {
        self.lock().head = Some(metadata);
    }

    /// Takes what is buffered, which makes room for more.
    pub(crate) fn take(&self) -> Option<Output> {
        let mut state = self.lock();
        if state.output.is_empty() {
            return None;
        }
        let taken = state.output.split();
        let producer = state.producer.take();
        drop(state);
        if let Some(producer) = producer {
            producer.wake();
        }
        Some(taken)
    }
}
