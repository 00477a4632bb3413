//! Messages from anyone to everyone who listens.

use std::sync::{Mutex, PoisonError};

use futures_util::{Stream, stream};
use rsgrpc::Status;
use tokio::sync::broadcast::{self, error::RecvError};

/// How many messages wait for a slow listener before the listener is dropped.
const BACKLOG: usize = 256;

/// Delivers every published message to all who are subscribed at that moment, until it is closed.
#[derive(Debug)]
pub(crate) struct Topic<T> {
    sender: Mutex<Option<broadcast::Sender<T>>>,
}

impl<T: Clone + Send + 'static> Topic<T> {
    pub(crate) fn new() -> Self {
        Self { sender: Mutex::new(Some(broadcast::Sender::new(BACKLOG))) }
    }

    pub(crate) fn publish(&self, message: T) {
        self.with_sender(|sender| {
            // Fails when nobody listens, which is no failure here.
            sender.as_ref().map(|sender| sender.send(message).ok());
        });
    }

    /// All messages from now on. Ends when the topic is closed, or with an error when the listener is too slow.
    pub(crate) fn subscribe(&self) -> impl Stream<Item = Result<T, Status>> + Send + use<T> {
        let receiver = self.with_sender(|sender| sender.as_ref().map(broadcast::Sender::subscribe));
        stream::unfold(receiver, |receiver| async move {
            let mut receiver = receiver?;
            match receiver.recv().await {
                Ok(message) => Some((Ok(message), Some(receiver))),
                Err(RecvError::Lagged(missed)) => {
                    let status = Status::resource_exhausted(format!("too slow: missed {missed} messages"));
                    Some((Err(status), None))
                }
                Err(RecvError::Closed) => None,
            }
        })
    }

    /// Ends all subscriptions: the server waits for open calls when it stops.
    pub(crate) fn close(&self) {
        self.with_sender(|sender| sender.take());
    }

    fn with_sender<R>(&self, work: impl FnOnce(&mut Option<broadcast::Sender<T>>) -> R) -> R {
        work(&mut self.sender.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
