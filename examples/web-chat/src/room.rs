//! Who listens, and what was said.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use futures_util::{Stream, StreamExt as _, stream};
use rsgrpc::Status;
use tokio::sync::broadcast::{self, error::RecvError};

use crate::v1::Message;

/// How many messages a newcomer is told.
const REMEMBERED: usize = 20;

/// How many messages wait for a slow listener before the listener is dropped.
const BACKLOG: usize = 256;

/// A room: who listens hears all that is said, in the same order as everybody.
#[derive(Debug)]
pub struct Room(Mutex<State>);

#[derive(Debug)]
struct State {
    last: VecDeque<Message>,
    /// `None` once the room is closed.
    listeners: Option<broadcast::Sender<Message>>,
}

impl Default for Room {
    fn default() -> Self {
        Self(Mutex::new(State { last: VecDeque::new(), listeners: Some(broadcast::Sender::new(BACKLOG)) }))
    }
}

impl Room {
    /// Says something, and tells how many listen.
    pub(crate) fn say(&self, message: Message) -> usize {
        self.with(|state| {
            state.last.push_back(message.clone());
            if state.last.len() > REMEMBERED {
                state.last.pop_front();
            }
            // Sending fails when nobody listens, which is no failure here.
            state.listeners.as_ref().map_or(0, |listeners| listeners.send(message).unwrap_or(0))
        })
    }

    /// What was said last, then all that is said until the room is closed. A listener who is too slow gets an error.
    pub(crate) fn listen(&self) -> impl Stream<Item = Result<Message, Status>> + Send + use<> {
        let (last, receiver) = self.with(|state| {
            let receiver = state.listeners.as_ref().map(broadcast::Sender::subscribe);
            (state.last.clone(), receiver)
        });
        let live = stream::unfold(receiver, |receiver| async move {
            let mut receiver = receiver?;
            match receiver.recv().await {
                Ok(message) => Some((Ok(message), Some(receiver))),
                Err(RecvError::Lagged(missed)) => {
                    let status = Status::resource_exhausted(format!("too slow: missed {missed} messages"));
                    Some((Err(status), None))
                }
                Err(RecvError::Closed) => None,
            }
        });
        stream::iter(last.into_iter().map(Ok)).chain(live)
    }

    /// Sends all listeners home: a server that stops waits for open calls.
    pub fn close(&self) {
        self.with(|state| state.listeners = None);
    }

    fn with<R>(&self, work: impl FnOnce(&mut State) -> R) -> R {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
