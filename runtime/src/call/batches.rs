//! Messages in batches.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use futures_core::Stream;
use tokio::time::{Sleep, sleep};
use tonic::Status;

use super::Streaming;
use crate::codec::Message;

/// The messages of a [`Streaming`] in batches; [`Streaming::chunks_timeout`] makes it.
#[derive(Debug)]
#[must_use = "a stream does nothing until it is read"]
pub struct ChunksTimeout<T> {
    messages: Streaming<T>,
    max: usize,
    wait: Duration,
    /// What there is of the next batch, and when it is given at the latest.
    batch: Vec<T>,
    timer: Option<Pin<Box<Sleep>>>,
    ended: Option<Result<(), Status>>,
}

impl<T: Message> ChunksTimeout<T> {
    pub(super) fn new(messages: Streaming<T>, max: usize, wait: Duration) -> Self {
        Self { messages, max: max.max(1), wait, batch: Vec::new(), timer: None, ended: None }
    }

    /// The next batch, which has a message at least; `None` at the end.
    ///
    /// # Errors
    ///
    /// As of [`Streaming::message`], once what came before is given.
    pub async fn batch(&mut self) -> Result<Option<Vec<T>>, Status> {
        poll_fn(|cx| self.poll_batch(cx)).await.transpose()
    }

    /// The stream behind, for its trailers.
    pub fn into_inner(self) -> Streaming<T> {
        self.messages
    }

    fn poll_batch(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Vec<T>, Status>>> {
        while self.ended.is_none() && self.batch.len() < self.max {
            match Pin::new(&mut self.messages).poll_next(cx) {
                Poll::Ready(Some(Ok(message))) => self.batch.push(message),
                Poll::Ready(Some(Err(status))) => self.ended = Some(Err(status)),
                Poll::Ready(None) => self.ended = Some(Ok(())),
                Poll::Pending if self.batch.is_empty() => return Poll::Pending,
                Poll::Pending => {
                    let wait = self.wait;
                    let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(wait)));
                    if timer.as_mut().poll(cx).is_pending() {
                        return Poll::Pending;
                    }
                    break;
                }
            }
        }
        self.timer = None;
        if !self.batch.is_empty() {
            return Poll::Ready(Some(Ok(std::mem::take(&mut self.batch))));
        }
        match self.ended.replace(Ok(())) {
            Some(Err(status)) => Poll::Ready(Some(Err(status))),
            _ => Poll::Ready(None),
        }
    }
}

impl<T: Message + Unpin> Stream for ChunksTimeout<T> {
    type Item = Result<Vec<T>, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_batch(cx)
    }
}
