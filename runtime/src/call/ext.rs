//! What rsgrpc adds to tonic's `Request` and `Response`.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tonic::{Request, Response, metadata::MetadataMap};

use super::context::{CallContext, Peer};
use crate::{HttpStatus, method::Method};

/// What a handler may ask of the call behind a request.
pub trait RequestExt {
    /// When the call must be answered: the caller's deadline or the server's own limit, whichever comes first.
    ///
    /// `None` when there is neither. At the deadline the handler is dropped and the caller gets `DEADLINE_EXCEEDED`.
    fn deadline(&self) -> Option<Instant>;

    /// The time that is left until the deadline; zero once it has passed.
    fn time_remaining(&self) -> Option<Duration> {
        let deadline = self.deadline()?;
        Some(deadline.saturating_duration_since(crate::deadline::now()))
    }

    /// Who calls; `None` for a request that did not come through a server.
    fn peer(&self) -> Option<&Peer>;

    /// The method that is called; `None` for a request that did not come through a server.
    fn method(&self) -> Option<&'static Method>;

    /// Whether the one message of the request arrived compressed. For streams ask
    /// [`Streaming::was_compressed`](crate::Streaming::was_compressed).
    fn was_compressed(&self) -> bool;
}

impl<T> RequestExt for Request<T> {
    fn deadline(&self) -> Option<Instant> {
        self.extensions().get::<CallContext>()?.deadline
    }

    fn peer(&self) -> Option<&Peer> {
        self.extensions().get::<CallContext>().map(|context| &*context.peer)
    }

    fn method(&self) -> Option<&'static Method> {
        self.extensions().get::<CallContext>().map(|context| context.method)
    }

    fn was_compressed(&self) -> bool {
        self.extensions().get::<CallContext>().is_some_and(|context| context.compressed)
    }
}

/// Switches compression on and off between the messages of a call, where the call compresses at all: give one clone to
/// [`ResponseExt::with_compression`] on the server or to [`client::Call::compression`](crate::client::Call::compression)
/// on the client, and switch the other before the stream gives a message. It begins switched on.
///
/// Messages that mix secrets with what a peer chooses should not be compressed: their length would give the secret away.
#[derive(Debug, Clone)]
pub struct Compression {
    on: Arc<AtomicBool>,
}

impl Default for Compression {
    fn default() -> Self {
        Self { on: Arc::new(AtomicBool::new(true)) }
    }
}

impl Compression {
    /// Whether the next message is compressed.
    pub fn set(&self, on: bool) {
        self.on.store(on, Ordering::Release);
    }

    pub(crate) fn is_on(&self) -> bool {
        self.on.load(Ordering::Acquire)
    }
}

/// Trailing metadata of a response, and its compression.
pub trait ResponseExt: Sized {
    /// Server: sends these as trailing metadata when the call ends well. (An error brings its own:
    /// [`Status::with_metadata`](tonic::Status::with_metadata).)
    fn with_trailers(self, trailers: impl Into<Trailers>) -> Self;

    /// Server: compresses message by message as this says, where the server
    /// [compresses](crate::ServerBuilder::send_compressed) and the caller accepts it.
    fn with_compression(self, compression: Compression) -> Self;

    /// Server: the HTTP status of the answer over REST. Other protocols have no such thing.
    fn with_http_status(self, status: HttpStatus) -> Self;

    /// Client: the trailing metadata of a call that was answered with one message. After a stream of messages, ask
    /// [`Streaming::trailers`](crate::Streaming::trailers).
    fn trailers(&self) -> MetadataMap;

    /// Client: whether the one message of the answer arrived compressed. For streams ask
    /// [`Streaming::was_compressed`](crate::Streaming::was_compressed).
    fn was_compressed(&self) -> bool;
}

impl<T> ResponseExt for Response<T> {
    fn with_trailers(mut self, trailers: impl Into<Trailers>) -> Self {
        self.extensions_mut().insert(trailers.into());
        self
    }

    fn with_compression(mut self, compression: Compression) -> Self {
        self.extensions_mut().insert(compression);
        self
    }

    fn with_http_status(mut self, status: HttpStatus) -> Self {
        self.extensions_mut().insert(status);
        self
    }

    fn trailers(&self) -> MetadataMap {
        self.extensions().get::<Trailers>().map(Trailers::snapshot).unwrap_or_default()
    }

    fn was_compressed(&self) -> bool {
        self.extensions().get::<ArrivedCompressed>().is_some()
    }
}

/// In the extensions of a response whose one message was compressed.
#[derive(Clone)]
pub(crate) struct ArrivedCompressed;

/// A handle to the trailing metadata of a response, for streams that learn it only while they run: give one clone to
/// [`ResponseExt::with_trailers`] and keep the other.
///
/// Over REST on HTTP/1.1, a stream ends with those trailers whose names are in it when the stream begins, and for callers
/// that say `TE: trailers` (RFC 9110, 6.5.1 and 6.6.2).
#[derive(Debug, Clone, Default)]
pub struct Trailers {
    map: Arc<Mutex<MetadataMap>>,
}

impl Trailers {
    /// Changes the metadata. It is read when the call ends.
    pub fn update(&self, change: impl FnOnce(&mut MetadataMap)) {
        change(&mut self.map.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// What it holds now.
    pub fn snapshot(&self) -> MetadataMap {
        self.map.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl From<MetadataMap> for Trailers {
    fn from(map: MetadataMap) -> Self {
        Self { map: Arc::new(Mutex::new(map)) }
    }
}
