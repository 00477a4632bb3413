//! The stream of messages that a handler or a caller reads.

use std::{
    future::poll_fn,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_core::Stream;
use tonic::{Status, metadata::MetadataMap};

use super::{ChunksTimeout, Inbound};
use crate::codec::{Message, fresh};

/// The messages that the other side of a call sends, in order.
///
/// It pulls: nothing is read from the peer, beyond what flow control lets it send ahead, until a message is asked for.
/// Dropping it on the client cancels the call.
///
/// ```
/// # async fn f(mut users: rsgrpc::Streaming<String>) -> Result<(), rsgrpc::Status> {
/// while let Some(user) = users.message().await? {
///     println!("{user}");
/// }
/// let trailers = users.trailers().await?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "a stream does nothing until it is read"]
pub struct Streaming<T> {
    inbound: Inbound,
    message: PhantomData<fn() -> T>,
}

impl<T: Message> Streaming<T> {
    pub(crate) fn new(inbound: Inbound) -> Self {
        Self { inbound, message: PhantomData }
    }

    /// The next message; `None` after the last.
    ///
    /// # Errors
    ///
    /// On the client the status of the call, where it is not OK. On the server `CANCELLED` when the caller went away.
    /// On both sides `RESOURCE_EXHAUSTED` for a message over the size limit and `INTERNAL` for one that does not
    /// decode. After an error the stream is at its end.
    pub async fn message(&mut self) -> Result<Option<T>, Status> {
        poll_fn(|cx| self.poll_decoded(cx)).await.transpose()
    }

    /// The messages in batches of at most `max` (at least 1): each is given when it is full, when `wait` has passed since
    /// it was asked for and has a message, or when the stream ends. An error comes behind the messages before it.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # async fn f(events: rsgrpc::Streaming<String>) -> Result<(), rsgrpc::Status> {
    /// let mut batches = events.chunks_timeout(100, Duration::from_millis(50));
    /// while let Some(batch) = batches.batch().await? {
    ///     println!("{} events at once", batch.len());
    /// }
    /// # Ok(()) }
    /// ```
    pub fn chunks_timeout(self, max: usize, wait: Duration) -> ChunksTimeout<T> {
        ChunksTimeout::new(self, max, wait)
    }

    /// The trailing metadata that ends a call (client). It reads to the end first, past messages not asked for, and
    /// gives the metadata once.
    ///
    /// # Errors
    ///
    /// The same as [`message`](Self::message).
    pub async fn trailers(&mut self) -> Result<MetadataMap, Status> {
        self.inbound.finish().await
    }

    /// Whether the last message arrived compressed.
    pub fn was_compressed(&self) -> bool {
        self.inbound.compressed
    }

    fn poll_decoded(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, Status>>> {
        let mut message = T::default();
        Poll::Ready(match ready!(self.inbound.poll_read(&mut message, fresh::<T>, cx)) {
            Ok(true) => Some(Ok(message)),
            Ok(false) => None,
            Err(status) => Some(Err(status)),
        })
    }
}

impl<T: Message> Stream for Streaming<T> {
    type Item = Result<T, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_decoded(cx)
    }
}
