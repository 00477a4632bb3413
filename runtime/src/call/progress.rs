//! Messages that do not arrive, or have begun to and do not go on.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::time::{Instant, Sleep};

use crate::deadline;

/// How long what arrives may stand still.
#[derive(Debug)]
pub(super) struct Progress {
    /// Within a message.
    within: Duration,
    /// From one message to the next.
    between: Option<Duration>,
    waiting: Option<Box<Waiting>>,
}

/// Somebody waits for more. The timer is set anew when it has fired too early, rather than with every byte.
#[derive(Debug)]
struct Waiting {
    timer: Pin<Box<Sleep>>,
    last: Instant,
}

impl Progress {
    pub(super) fn new(within: Duration, between: Option<Duration>) -> Self {
        Self { within, between, waiting: None }
    }

    /// Something has arrived.
    pub(super) fn made(&mut self) {
        if let Some(waiting) = &mut self.waiting {
            waiting.last = Instant::now();
        }
    }

    /// Ready once nothing has arrived for too long, of a message that `has_begun` or of the next.
    pub(super) fn poll_stalled(&mut self, has_begun: bool, cx: &mut Context<'_>) -> Poll<Duration> {
        let Some(limit) = (if has_begun { Some(self.within) } else { self.between }) else {
            self.waiting = None;
            return Poll::Pending;
        };
        let limit = limit.min(deadline::LONGEST);
        let waiting = self.waiting.get_or_insert_with(|| {
            Box::new(Waiting { timer: Box::pin(tokio::time::sleep(limit)), last: Instant::now() })
        });
        if waiting.timer.deadline() > waiting.last + limit {
            waiting.timer.as_mut().reset(waiting.last + limit);
        }
        loop {
            ready!(deadline::poll_timer(&mut waiting.timer, cx));
            if waiting.last.elapsed() >= limit {
                return Poll::Ready(limit);
            }
            waiting.timer.as_mut().reset(waiting.last + limit);
        }
    }
}
