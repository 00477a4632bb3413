//! A call: prepared by a generated client, refined if need be, then awaited.

use std::{
    future::{Future, IntoFuture},
    marker::PhantomData,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_core::Stream;
use http::{HeaderName, HeaderValue};
use tonic::{Extensions, Response, Status, metadata::MetadataMap};

use super::{
    interceptor::{ClientInterceptor, Messages},
    making::{Answering, Making, poll_answer},
    requests::upload_of,
};
use crate::{
    call::{ArrivedCompressed, Body, Compression, EncodeStream, Inbound, ResponseExt, Streaming, Upload},
    codec::{Erased, Message},
    compress::Encoding,
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
    making: Making<'c>,
    sends: Q,
    receives: PhantomData<fn() -> R>,
}

impl<'c, Q, R> Call<'c, Q, R> {
    pub(super) fn new(making: Making<'c>, sends: Q) -> Self {
        Self { making, sends, receives: PhantomData }
    }

    /// Allows the call at most this long, its streams included. The server learns it.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.making.settings.timeout = Some(timeout);
        self
    }

    /// Whether the call waits while the server cannot be reached, until its deadline, instead of failing at once (gRPC's
    /// doc/wait-for-ready.md).
    pub fn wait_for_ready(mut self, wait: bool) -> Self {
        self.making.settings.wait_for_ready = Some(wait);
        self
    }

    /// Whether the call takes over from the call that is being answered where it is made; see
    /// [`Client::inherit`](crate::Client::inherit).
    pub fn inherit(mut self, inherit: bool) -> Self {
        self.making.settings.inherit = inherit;
        self
    }

    /// Runs this around the call, inside of the client's own interceptors.
    pub fn interceptor(mut self, interceptor: impl ClientInterceptor) -> Self {
        let client = self.making.own.take().map_or_else(|| self.making.client.clone(), |own| *own);
        self.making.own = Some(Box::new(client.interceptor(interceptor)));
        self
    }

    /// Adds metadata. The key consists of lower-case letters, digits, `_`, `-` and `.`, does not end with `-bin` and is none
    /// of HTTP's or the protocols' own, such as `host` or `grpc-timeout`; the value is printable ASCII (gRPC over HTTP/2).
    pub fn metadata(mut self, key: &str, value: &str) -> Self {
        self.making.add(key, value);
        self
    }

    /// Adds binary metadata. The key is lower-case ASCII and ends with `-bin`.
    pub fn metadata_bin(mut self, key: &str, value: &[u8]) -> Self {
        self.making.add_bin(key, value);
        self
    }

    /// Compresses the messages of this call.
    pub fn send_compressed(mut self, encoding: Encoding) -> Self {
        self.making.settings.send_encoding = Some(encoding);
        self
    }

    /// Compresses message by message as this says, where the call [compresses](Self::send_compressed).
    pub fn compression(mut self, compression: Compression) -> Self {
        self.making.compression = Some(compression);
        self
    }
}

impl<'c, Q: Sends, R: Receives> IntoFuture for Call<'c, Q, R> {
    type Output = Result<Response<R::Response>, Status>;
    type IntoFuture = ResponseFuture<'c, Q, R>;

    fn into_future(self) -> ResponseFuture<'c, Q, R> {
        let Self { making, mut sends, .. } = self;
        ResponseFuture { answer: making.start(&mut sends, R::ONE), sends, receives: PhantomData }
    }
}

/// A call that is made. It gives the response once the one message of the answer is there, or the head of its stream.
/// Dropping it cancels the call.
#[must_use = "a call goes on while it is awaited"]
pub struct ResponseFuture<'c, Q, R> {
    answer: Answering<'c>,
    /// For the case that no server looks at the call.
    sends: Q,
    receives: PhantomData<fn() -> R>,
}

// Nothing in it is pinned but what a box holds.
impl<Q, R> Unpin for ResponseFuture<'_, Q, R> {}

impl<Q: Sends, R: Receives> Future for ResponseFuture<'_, Q, R> {
    type Output = Result<Response<R::Response>, Status>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { answer, sends, .. } = &mut *self;
        Poll::Ready(match ready!(poll_answer(answer, sends, cx)) {
            Ok(received) => R::read(received),
            Err(status) => Err(status),
        })
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
    /// Its one message has come, where the kind has one.
    pub(super) inbound: Box<Inbound>,
}

impl Received {
    /// Reads the one message, and gives the rest of the response.
    fn read(mut self, message: &mut dyn Erased) -> Result<(MetadataMap, Extensions), Status> {
        if let Err(status) = self.inbound.take(message) {
            return Err(with_head(status, self.metadata));
        }
        let mut response = Response::from_parts(self.metadata, (), Extensions::default());
        if self.inbound.compressed {
            response.extensions_mut().insert(ArrivedCompressed);
        }
        let trailers = self.inbound.take_trailers();
        let response = if trailers.is_empty() { response } else { response.with_trailers(trailers) };
        let (metadata, (), extensions) = response.into_parts();
        Ok((metadata, extensions))
    }
}

/// One message, in a call's type.
#[derive(Debug)]
pub struct One<M>(pub(super) M);

/// Many messages, in a call's type: a stream to send, or the type of those received.
#[derive(Debug)]
pub struct Many<S>(pub(super) Option<S>);

/// What a call sends: [`One`] message or [`Many`].
pub trait Sends: Send {
    /// The one message.
    #[doc(hidden)]
    fn message(&self) -> Option<&dyn Erased>;

    /// What tells whether its messages are all, where they are sent one by one.
    #[doc(hidden)]
    fn upload(&self) -> Option<Arc<Upload>> {
        None
    }

    /// Hands it over, once.
    #[doc(hidden)]
    fn take(&mut self) -> Messages;
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

    fn take(&mut self) -> Messages {
        Messages::One(Arc::new(std::mem::take(&mut self.0)))
    }
}

impl<S> Sends for Many<S>
where
    S: Stream<Item: Message> + Send + 'static,
{
    fn message(&self) -> Option<&dyn Erased> {
        None
    }

    fn upload(&self) -> Option<Arc<Upload>> {
        upload_of::<S::Item>(self.0.as_ref()?)
    }

    fn take(&mut self) -> Messages {
        let upload = self.upload();
        let Some(stream) = self.0.take() else {
            return Messages::Encoded(Body::empty());
        };
        let stream = Results { stream: Box::pin(stream), upload, ended: false };
        Messages::Many(Box::new(move |outbound| Body::source(EncodeStream::new(stream, outbound))))
    }
}

impl<M: Message> Receives for One<M> {
    type Response = M;
    const ONE: bool = true;

    fn read(received: Received) -> Result<Response<M>, Status> {
        let mut message = M::default();
        let (metadata, extensions) = received.read(&mut message)?;
        Ok(Response::from_parts(metadata, message, extensions))
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
        // Values that its own have twice, they have twice.
        let is_known =
            |(name, value): &(&HeaderName, &HeaderValue)| all.get_all(*name).iter().any(|known| known == *value);
        let new: Vec<_> = own.iter().filter(|field| !is_known(field)).collect();
        for (name, value) in new {
            all.append(name, value.clone());
        }
        *status.metadata_mut() = MetadataMap::from_headers(all);
    }
    status
}

/// A stream of messages as one of results, as the encoder takes them.
struct Results<S> {
    stream: Pin<Box<S>>,
    /// Says at the end of the stream whether it is all that was to be sent.
    upload: Option<Arc<Upload>>,
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
        Poll::Ready(self.upload.as_ref().and_then(|upload| upload.check().err()).map(Err))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_a_failed_call_stands_before_its_own_metadata() {
        let metadata = |fields: &[(&'static str, &str)]| {
            let mut metadata = MetadataMap::new();
            for (name, value) in fields {
                metadata.append(*name, value.parse().expect("a value"));
            }
            metadata
        };
        let head = metadata(&[("a", "1"), ("b", "2")]);
        let mut status = Status::aborted("m");
        *status.metadata_mut() = metadata(&[("b", "2"), ("b", "3"), ("b", "3"), ("c", "4"), ("c", "4")]);
        let joined = with_head(status, head);
        let values =
            |name| joined.metadata().get_all(name).iter().map(|v| v.to_str().expect("text")).collect::<Vec<_>>();
        assert_eq!((values("a"), values("b"), values("c")), (vec!["1"], vec!["2", "3", "3"], vec!["4", "4"]));
    }
}
