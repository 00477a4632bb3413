//! Messages that have begun to arrive and do not go on.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::time::{Instant, Sleep};

use crate::deadline;

/// How long what has begun to arrive may stand still. Its timer is made when somebody first has to wait, and set anew
/// when it has fired too early rather than with every byte.
#[derive(Debug)]
pub(super) struct Progress {
    limit: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    last: Instant,
}

impl Progress {
    pub(super) fn new(limit: Duration) -> Self {
        Self { limit, timer: None, last: Instant::now() }
    }

    /// Something has arrived.
    pub(super) fn made(&mut self) {
        if self.timer.is_some() {
            self.last = Instant::now();
        }
    }

    /// Ready once nothing has arrived for too long, of a thing that `has_begun`.
    pub(super) fn poll_stalled(&mut self, has_begun: bool, cx: &mut Context<'_>) -> Poll<Duration> {
        if !has_begun {
            self.timer = None;
            return Poll::Pending;
        }
        let timer = self.timer.get_or_insert_with(|| {
            self.last = Instant::now();
            Box::pin(tokio::time::sleep(self.limit))
        });
        loop {
            ready!(deadline::poll_timer(timer, cx));
            if self.last.elapsed() >= self.limit {
                return Poll::Ready(self.limit);
            }
            timer.as_mut().reset(self.last + self.limit);
        }
    }
}
