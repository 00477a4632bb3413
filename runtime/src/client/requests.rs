//! Requests that are sent one by one.

use std::{
    any::Any,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use futures_core::Stream;
use tokio::sync::{Semaphore, mpsc};
use tonic::Status;

use crate::call::Upload;

/// A stream of requests, and the handle that sends them: for callers that have no stream at hand, and for talking both
/// ways. Up to `ahead` messages wait for the server; then sending waits. It is at least 1, and at most
/// `usize::MAX >> 3`, which is tokio's bound.
///
/// ```
/// # use futures_core::Stream;
/// # use rsgrpc::{BidiStreamingCall, Status, client::{Requests, requests}};
/// # trait Client {
/// #     fn chat(&self, requests: Requests<String>) -> BidiStreamingCall<'_, Requests<String>, String>;
/// # }
/// # async fn f(client: impl Client) -> Result<(), Status> {
/// let (sender, requests) = requests(8);
/// sender.send("hello".to_owned()).await?;
/// let mut answers = client.chat(requests).await?.into_inner();
/// while let Some(answer) = answers.message().await? {
///     if answer == "bye" {
///         break;
///     }
///     sender.send(answer).await?;
/// }
/// sender.finish();
/// # Ok(()) }
/// ```
///
/// A server may answer only once it has seen a message, so send the first before awaiting the call, or beside it.
pub fn requests<M>(ahead: usize) -> (RequestSender<M>, Requests<M>) {
    let (messages, received) = mpsc::channel(ahead.clamp(1, Semaphore::MAX_PERMITS));
    let upload = Arc::<Upload>::default();
    let sender = RequestSender { last: Arc::new(Last(Arc::clone(&upload))), messages };
    (sender, Requests { received, upload })
}

/// Sends the requests of a call.
///
/// [`finish`](Self::finish) ends them. Dropping all clones without that cancels the call, so that a caller that breaks off
/// half-way is not taken for one that is done.
#[derive(Debug)]
pub struct RequestSender<M> {
    /// Before the messages, so that their end is never seen first.
    last: Arc<Last>,
    messages: mpsc::Sender<M>,
}

/// Is dropped with the last clone.
#[derive(Debug)]
struct Last(Arc<Upload>);

impl Drop for Last {
    fn drop(&mut self) {
        self.0.break_off();
    }
}

impl<M> Clone for RequestSender<M> {
    fn clone(&self) -> Self {
        Self { last: Arc::clone(&self.last), messages: self.messages.clone() }
    }
}

impl<M> RequestSender<M> {
    /// Sends a message, once there is room for it.
    ///
    /// # Errors
    ///
    /// `CANCELLED` when the call is over; how it ended, its answer tells.
    pub async fn send(&self, message: M) -> Result<(), Status> {
        self.messages.send(message).await.map_err(|_| Status::cancelled("the call takes no more requests: it is over"))
    }

    /// Waits until the call is over or takes no more requests.
    pub async fn closed(&self) {
        self.messages.closed().await;
    }

    /// Ends the requests, once all clones are gone.
    pub fn finish(self) {
        self.last.0.finish();
    }
}

/// The requests of a call, as [`requests`] makes it.
#[derive(Debug)]
pub struct Requests<M> {
    received: mpsc::Receiver<M>,
    upload: Arc<Upload>,
}

impl<M> Stream for Requests<M> {
    type Item = M;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<M>> {
        self.received.poll_recv(cx)
    }
}

impl<M> Drop for Requests<M> {
    fn drop(&mut self) {
        // Whoever then gives up sending breaks nothing off: the call may still be answered.
        self.upload.reject();
    }
}

/// What tells whether this stream is all that was to be sent. Of any but [`Requests`] the end is the end.
pub(super) fn upload_of<M: 'static>(stream: &dyn Any) -> Option<Arc<Upload>> {
    stream.downcast_ref::<Requests<M>>().map(|requests| Arc::clone(&requests.upload))
}
