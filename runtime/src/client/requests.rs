//! Requests that are sent one by one.

use std::{
    any::Any,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use futures_core::Stream;
use tokio::sync::mpsc;
use tonic::Status;

/// A stream of requests, and the handle that sends them: for callers that have no stream at hand, and for talking both
/// ways. Up to `ahead` messages (at least 1) wait for the server; then sending waits.
///
/// ```
/// # use futures_core::Stream;
/// # use rsgrpc::{BidiStreamingCall, Status, client::{Requests, requests}};
/// # struct Client;
/// # impl Client {
/// #     fn chat(&self, _: Requests<String>) -> BidiStreamingCall<'static, Requests<String>, String> { unimplemented!() }
/// # }
/// # async fn f(client: Client) -> Result<(), Status> {
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
    let (messages, received) = mpsc::channel(ahead.max(1));
    let finished = Arc::new(AtomicBool::new(false));
    let sender = RequestSender { messages, finished: Arc::clone(&finished) };
    (sender, Requests { received, finished })
}

/// Sends the requests of a call.
///
/// [`finish`](Self::finish) ends them. Dropping all clones without that cancels the call, so that a caller that breaks off
/// half-way is not taken for one that is done.
#[derive(Debug)]
pub struct RequestSender<M> {
    messages: mpsc::Sender<M>,
    finished: Arc<AtomicBool>,
}

impl<M> Clone for RequestSender<M> {
    fn clone(&self) -> Self {
        Self { messages: self.messages.clone(), finished: Arc::clone(&self.finished) }
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
        self.finished.store(true, Ordering::Release);
    }
}

/// The requests of a call, as [`requests`] makes it.
#[derive(Debug)]
pub struct Requests<M> {
    received: mpsc::Receiver<M>,
    finished: Arc<AtomicBool>,
}

impl<M> Stream for Requests<M> {
    type Item = M;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<M>> {
        self.received.poll_recv(cx)
    }
}

/// Says at the end of a stream whether it is all that was to be sent.
pub(super) struct Whole(Option<Arc<AtomicBool>>);

impl Whole {
    /// Of any stream but [`Requests`] the end is the end.
    pub(super) fn of<M: 'static>(stream: &dyn Any) -> Self {
        Self(stream.downcast_ref::<Requests<M>>().map(|requests| Arc::clone(&requests.finished)))
    }

    pub(super) fn check(&self) -> Result<(), Status> {
        match &self.0 {
            Some(finished) if !finished.load(Ordering::Acquire) => {
                Err(Status::cancelled("the requests were broken off: their sender was dropped before it finished"))
            }
            _ => Ok(()),
        }
    }
}
