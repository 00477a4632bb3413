//! A call: prepared by a generated client, refined if need be, then awaited.

use std::{
    future::{Future, IntoFuture, poll_fn},
    marker::PhantomData,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_core::Stream;
use tokio::time::Sleep;
use tonic::{
    Extensions, Request, Response, Status,
    metadata::{AsciiMetadataKey, AsciiMetadataValue, BinaryMetadataKey, BinaryMetadataValue, MetadataMap},
};

use super::{
    Client, Settings,
    interceptor::{Incoming, Messages, Next, Outgoing},
};
use crate::{
    call::{ArrivedCompressed, Body, Compression, EncodeStream, Inbound, Outbound, ResponseExt, Streaming},
    codec::{Erased, Message},
    compress::Encoding,
    deadline,
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
    type IntoFuture = ResponseFuture<'c, R>;

    fn into_future(self) -> ResponseFuture<'c, R> {
        let Self { client, method, request, settings, compression, invalid, .. } = self;
        let (metadata, extensions, message) = request.into_parts();
        let messages = invalid.map_or_else(|| outbound(method, &settings, compression), Err).and_then(|outbound| {
            let messages = match client.chain.is_empty() {
                true => Messages::Encoded(message.into_body(outbound.clone())?),
                false => message.into_messages(),
            };
            Ok((messages, outbound))
        });
        let answer = receive(client, method, settings, metadata, extensions, messages, R::ONE);
        ResponseFuture { answer: Box::pin(answer), response: PhantomData }
    }
}

/// A call that is made. It gives the response once the one message of the answer is there, or the head of its stream.
/// Dropping it cancels the call.
#[must_use = "a call goes on while it is awaited"]
pub struct ResponseFuture<'c, R> {
    answer: Pin<Box<dyn Future<Output = Result<Received, Status>> + Send + 'c>>,
    response: PhantomData<fn() -> R>,
}

impl<R: Receives> Future for ResponseFuture<'_, R> {
    type Output = Result<Response<R::Response>, Status>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.answer.as_mut().poll(cx).map(|received| R::read(received?))
    }
}

impl<R> std::fmt::Debug for ResponseFuture<'_, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

// From here to `One` nothing knows the types of messages, so that a method adds little code.

/// How the messages of a call are written.
fn outbound(
    method: &'static Method,
    settings: &Settings,
    compression: Option<Compression>,
) -> Result<Outbound, Status> {
    let protocol = settings.protocol.speaker();
    let codec = protocol.codec(method, settings.json.as_ref())?;
    let mut outbound = Outbound::new(codec, protocol.framing(method), settings.max_send_message_bytes);
    outbound.encoding = settings.send_encoding.filter(|_| protocol.compresses(method));
    outbound.compression = compression;
    Ok(outbound)
}

/// Makes a call, until there is what its kind waits for: the head of the answer, or the one message too.
async fn receive(
    client: &Client,
    method: &'static Method,
    settings: Settings,
    metadata: MetadataMap,
    extensions: Extensions,
    messages: Result<(Messages, Outbound), Status>,
    one: bool,
) -> Result<Received, Status> {
    let (messages, outbound) = messages?;
    let call = Outgoing {
        method,
        metadata,
        extensions,
        deadline: settings.timeout.map(deadline::after),
        outbound,
        receive_limit: settings.max_receive_message_bytes,
        messages,
    };
    let Incoming { metadata, mut inbound } = start(client, call).await?;
    let message = match one {
        true => match inbound.single().await {
            Ok(message) => message,
            Err(status) => return Err(with_head(status, metadata)),
        },
        false => Bytes::new(),
    };
    Ok(Received { metadata, inbound, message })
}

/// What was received when a call's future is done.
#[doc(hidden)]
#[derive(Debug)]
pub struct Received {
    metadata: MetadataMap,
    inbound: Inbound,
    /// The one message, where the kind has one.
    message: Bytes,
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

/// Makes a call within its deadline, until the head of its answer is there.
async fn start(client: &Client, call: Outgoing) -> Result<Incoming, Status> {
    if call.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
        return Err(deadline::exceeded());
    }
    let timer = call.deadline.map(deadline::timer);
    if client.chain.is_empty() {
        return within(timer, client.send(call)).await;
    }
    within(timer, Next { client: client.clone(), position: 0 }.run(call)).await
}

async fn within(
    mut timer: Option<Pin<Box<Sleep>>>,
    answering: impl Future<Output = Result<Incoming, Status>>,
) -> Result<Incoming, Status> {
    let mut answering = pin!(answering);
    let incoming = poll_fn(|cx| match answering.as_mut().poll(cx) {
        Poll::Pending => match &mut timer {
            Some(timer) => deadline::poll_timer(timer, cx).map(|()| Err(deadline::exceeded())),
            None => Poll::Pending,
        },
        ready => ready,
    })
    .await;
    let mut incoming = incoming.map_err(|status| deadline::broken(status, timer.as_ref()))?;
    incoming.inbound.timer = timer;
    Ok(incoming)
}

/// One message, in a call's type.
#[derive(Debug)]
pub struct One<M>(pub(super) M);

/// Many messages, in a call's type: a stream to send, or the type of those received.
#[derive(Debug)]
pub struct Many<S>(pub(super) S);

/// What a call sends: [`One`] message or [`Many`].
pub trait Sends {
    #[doc(hidden)]
    fn into_body(self, outbound: Outbound) -> Result<Body, Status>;

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
    fn into_body(self, outbound: Outbound) -> Result<Body, Status> {
        outbound.into_body(&self.0)
    }

    fn into_messages(self) -> Messages {
        Messages::One(Arc::new(self.0))
    }
}

impl<S> Sends for Many<S>
where
    S: Stream<Item: Message> + Send + 'static,
{
    fn into_body(self, outbound: Outbound) -> Result<Body, Status> {
        Ok(Body::source(EncodeStream::new(Infallible(Box::pin(self.0)), outbound)))
    }

    fn into_messages(self) -> Messages {
        let stream = Infallible(Box::pin(self.0));
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
        let stream = Streaming::new(received.inbound);
        Ok(Response::from_parts(received.metadata, stream, Extensions::default()))
    }
}

/// The status with the metadata of the head before its own, of which the same may stand in both: of a call without an
/// answer, nobody gets to see the head otherwise.
fn with_head(mut status: Status, head: MetadataMap) -> Status {
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
struct Infallible<S>(Pin<Box<S>>);

impl<S: Stream> Stream for Infallible<S> {
    type Item = Result<S::Item, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx).map(|item| item.map(Ok))
    }
}
