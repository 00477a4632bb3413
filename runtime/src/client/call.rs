//! A call: prepared by a generated client, refined if need be, then awaited.

use std::{
    future::{Future, IntoFuture},
    marker::PhantomData,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use futures_core::Stream;
use tonic::{
    Extensions, Request, Response, Status,
    metadata::{AsciiMetadataKey, AsciiMetadataValue, BinaryMetadataKey, BinaryMetadataValue, MetadataMap},
};

use super::{
    Client, Settings,
    interceptor::{ClientInterceptor, Messages},
    making::{Answering, Failure, Making},
    requests::Whole,
};
use crate::{
    call::{ArrivedCompressed, Body, Compression, EncodeStream, Inbound, ResponseExt, Streaming},
    codec::{Erased, Message},
    compress::Encoding,
    method::Method,
    protocol::is_reserved,
};

/// A call with one message each way.
pub type UnaryCall<'c, Q, R> = Call<'c, One<Q>, One<R>>;
/// A call with one request that is answered with a stream.
pub type ServerStreamingCall<'c, Q, R> = Call<'c, One<Q>, Many<R>>;
/// A call that sends a stream and is answered with one message.
pub type ClientStreamingCall<'c, S, R> = Call<'c, Many<S>, One<R>>;
/// A call with a stream each way.
pub type BidiStreamingCall<'c, S, R> = Call<'c, Many<S>, Many<R>>;

/// A call that is prepared. Awaiting it makes it; dropping that future, or the stream it gave, cancels it.
///
/// ```
/// # use std::time::Duration;
/// # use rsgrpc::{Status, UnaryCall};
/// # async fn f(call: UnaryCall<'_, String, String>) -> Result<(), Status> {
/// let response = call.timeout(Duration::from_secs(1)).metadata("request-id", "7").await?;
/// println!("{:?}: {}", response.metadata(), response.get_ref());
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// The status that the server gave, or one of the client's own: `UNAVAILABLE` when the server cannot be reached or the
/// connection breaks, `DEADLINE_EXCEEDED` when the timeout passes first, `RESOURCE_EXHAUSTED` for a message over a size
/// limit, `INVALID_ARGUMENT` for metadata that cannot be sent.
#[must_use = "a call is made when it is awaited"]
#[derive(Debug)]
pub struct Call<'c, Q, R> {
    client: &'c Client,
    /// In its place, where the call has interceptors of its own.
    own: Option<Box<Client>>,
    method: &'static Method,
    request: Request<Q>,
    settings: Settings,
    compression: Option<Compression>,
    /// Metadata that cannot be sent; the call fails with it.
    invalid: Option<Status>,
    response: PhantomData<fn() -> R>,
}

impl<'c, Q, R> Call<'c, Q, R> {
    pub(super) fn new(client: &'c Client, method: &'static Method, request: Request<Q>) -> Self {
        Self {
            client,
            own: None,
            method,
            request,
            settings: client.settings.clone(),
            compression: None,
            invalid: None,
            response: PhantomData,
        }
    }

    /// Allows the call at most this long, its streams included. The server learns it.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = Some(timeout);
        self
    }

    /// Whether the call waits while the server cannot be reached, until its deadline, instead of failing at once (gRPC's
    /// doc/wait-for-ready.md).
    pub fn wait_for_ready(mut self, wait: bool) -> Self {
        self.settings.wait_for_ready = Some(wait);
        self
    }

    /// Whether the call takes over from the call that is being answered where it is made; see
    /// [`Client::inherit`](crate::Client::inherit).
    pub fn inherit(mut self, inherit: bool) -> Self {
        self.settings.inherit = inherit;
        self
    }

    /// Runs this around the call, inside of the client's own interceptors.
    pub fn interceptor(mut self, interceptor: impl ClientInterceptor) -> Self {
        let client = self.own.take().map_or_else(|| self.client.clone(), |own| *own);
        self.own = Some(Box::new(client.interceptor(interceptor)));
        self
    }

    /// Adds metadata. The key consists of lower-case letters, digits, `_`, `-` and `.`, does not end with `-bin` and is none
    /// of HTTP's or the protocols' own, such as `host` or `grpc-timeout`; the value is printable ASCII (gRPC over HTTP/2).
    pub fn metadata(mut self, key: &str, value: &str) -> Self {
        match (key.parse::<AsciiMetadataKey>(), value.parse::<AsciiMetadataValue>()) {
            _ if !value.bytes().all(|b| matches!(b, b' '..=b'~')) => {
                self.refuse(key, "the value is not printable ASCII; send such values by a key that ends with `-bin`");
            }
            (Ok(name), Ok(value)) if is_key(key) => {
                self.request.metadata_mut().append(name, value);
            }
            _ => self.refuse_key(key, "an ASCII value needs a lower-case key without `-bin` at its end"),
        }
        self
    }

    /// Adds binary metadata. The key is lower-case ASCII and ends with `-bin`.
    pub fn metadata_bin(mut self, key: &str, value: &[u8]) -> Self {
        match key.parse::<BinaryMetadataKey>() {
            Ok(name) if is_key(key) => {
                self.request.metadata_mut().append_bin(name, BinaryMetadataValue::from_bytes(value));
            }
            _ => self.refuse_key(key, "a binary value needs a lower-case key with `-bin` at its end"),
        }
        self
    }

    /// Compresses the messages of this call.
    pub fn send_compressed(mut self, encoding: Encoding) -> Self {
        self.settings.send_encoding = Some(encoding);
        self
    }

    /// Compresses message by message as this says, where the call [compresses](Self::send_compressed).
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = Some(compression);
        self
    }

    fn refuse_key(&mut self, key: &str, why: &str) {
        self.refuse(key, if is_reserved(key) { "the key belongs to HTTP or to the protocol" } else { why });
    }

    fn refuse(&mut self, key: &str, why: &str) {
        self.invalid
            .get_or_insert_with(|| Status::invalid_argument(format!("the metadata {key:?} cannot be sent: {why}")));
    }
}

fn is_key(key: &str) -> bool {
    key.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.')) && !is_reserved(key)
}

impl<'c, Q: Sends, R: Receives> IntoFuture for Call<'c, Q, R> {
    type Output = Result<Response<R::Response>, Status>;
    type IntoFuture = ResponseFuture<'c, Q, R>;

    fn into_future(self) -> ResponseFuture<'c, Q, R> {
        let Self { client, own, method, request, settings, compression, invalid, .. } = self;
        let (metadata, extensions, message) = request.into_parts();
        let mut message = Some(message);
        let making = Making { client, own, method, metadata, extensions, settings, compression, invalid };
        let answer = making.start(&mut message, R::ONE);
        ResponseFuture { answer, message, response: PhantomData }
    }
}

/// A call that is made. It gives the response once the one message of the answer is there, or the head of its stream.
/// Dropping it cancels the call.
#[must_use = "a call goes on while it is awaited"]
pub struct ResponseFuture<'c, Q, R> {
    answer: Answering<'c>,
    /// For the case that no server looks at the call.
    message: Option<Q>,
    response: PhantomData<fn() -> R>,
}

// Nothing in it is pinned but what a box holds.
impl<Q, R> Unpin for ResponseFuture<'_, Q, R> {}

impl<Q: Sends, R: Receives> Future for ResponseFuture<'_, Q, R> {
    type Output = Result<Response<R::Response>, Status>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            match ready!(self.answer.as_mut().poll(cx)) {
                Ok(received) => return Poll::Ready(R::read(received)),
                Err(Failure::Final(status)) => return Poll::Ready(Err(status)),
                Err(Failure::Unbegun(begin)) => self.answer = begin(&mut self.message),
            }
        }
    }
}

impl<Q, R> std::fmt::Debug for ResponseFuture<'_, Q, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

/// What was received when a call's future is done.
#[doc(hidden)]
#[derive(Debug)]
pub struct Received {
    pub(super) metadata: MetadataMap,
    pub(super) inbound: Box<Inbound>,
    /// The one message, where the kind has one.
    pub(super) message: Bytes,
}

impl Received {
    /// Reads the one message, and gives the rest of the response.
    fn read(mut self, message: &mut dyn Erased) -> Result<Response<()>, Status> {
        if let Err(status) = self.inbound.read(self.message, message) {
            return Err(with_head(status, self.metadata));
        }
        let mut response = Response::from_parts(self.metadata, (), Extensions::default());
        if self.inbound.compressed {
            response.extensions_mut().insert(ArrivedCompressed);
        }
        let trailers = self.inbound.take_trailers();
        Ok(if trailers.is_empty() { response } else { response.with_trailers(trailers) })
    }
}

/// One message, in a call's type.
#[derive(Debug)]
pub struct One<M>(pub(super) M);

/// Many messages, in a call's type: a stream to send, or the type of those received.
#[derive(Debug)]
pub struct Many<S>(pub(super) S);

/// What a call sends: [`One`] message or [`Many`].
pub trait Sends: Send {
    /// The one message.
    #[doc(hidden)]
    fn message(&self) -> Option<&dyn Erased>;

    #[doc(hidden)]
    fn into_messages(self) -> Messages;
}

/// What a call receives: [`One`] message or [`Many`].
pub trait Receives: Sized {
    /// What the response holds.
    type Response;

    #[doc(hidden)]
    const ONE: bool;

    #[doc(hidden)]
    fn read(received: Received) -> Result<Response<Self::Response>, Status>;
}

impl<M: Message> Sends for One<M> {
    fn message(&self) -> Option<&dyn Erased> {
        Some(&self.0)
    }

    fn into_messages(self) -> Messages {
        Messages::One(Arc::new(self.0))
    }
}

impl<S> Sends for Many<S>
where
    S: Stream<Item: Message> + Send + 'static,
{
    fn message(&self) -> Option<&dyn Erased> {
        None
    }

    fn into_messages(self) -> Messages {
        let whole = Whole::of::<S::Item>(&self.0);
        let stream = Results { stream: Box::pin(self.0), whole, ended: false };
        Messages::Many(Box::new(move |outbound| Body::source(EncodeStream::new(stream, outbound))))
    }
}

impl<M: Message> Receives for One<M> {
    type Response = M;
    const ONE: bool = true;

    fn read(received: Received) -> Result<Response<M>, Status> {
        let mut message = M::default();
        let response = received.read(&mut message)?;
        Ok(response.map(|()| message))
    }
}

impl<M: Message> Receives for Many<M> {
    type Response = Streaming<M>;
    const ONE: bool = false;

    fn read(received: Received) -> Result<Response<Streaming<M>>, Status> {
        let stream = Streaming::new(*received.inbound);
        Ok(Response::from_parts(received.metadata, stream, Extensions::default()))
    }
}

/// The status with the metadata of the head before its own, of which the same may stand in both: of a call without an
/// answer, nobody gets to see the head otherwise.
pub(super) fn with_head(mut status: Status, head: MetadataMap) -> Status {
    if !head.is_empty() {
        let mut all = head.into_headers();
        let own = std::mem::take(status.metadata_mut()).into_headers();
        for (name, value) in &own {
            if all.get_all(name).iter().all(|known| known != value) {
                all.append(name, value.clone());
            }
        }
        *status.metadata_mut() = MetadataMap::from_headers(all);
    }
    status
}

/// A stream of messages as one of results, as the encoder takes them.
struct Results<S> {
    stream: Pin<Box<S>>,
    whole: Whole,
    ended: bool,
}

impl<S: Stream> Stream for Results<S> {
    type Item = Result<S::Item, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        if let Some(message) = ready!(self.stream.as_mut().poll_next(cx)) {
            return Poll::Ready(Some(Ok(message)));
        }
        self.ended = true;
        Poll::Ready(self.whole.check().err().map(Err))
    }
}
