//! Messages that do not arrive, or have begun to and do not go on.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::time::{Instant, Sleep};

use crate::deadline;

/// How long what arrives may stand still, in milliseconds: each call has its own copy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// Within a message.
    within: u64,
    /// From one message to the next.
    between: u64,
}

/// For ever: longer than any limit that is set.
const FOR_EVER: u64 = u64::MAX;

impl Patience {
    /// From one message to the next it lasts for ever.
    pub(crate) const fn new(within: Duration) -> Self {
        Self { within: within.as_millis() as u64, between: FOR_EVER }
    }

    /// With what of it is set otherwise.
    pub(crate) fn with(self, within: Option<Duration>, between: Option<Duration>) -> Self {
        let millis = |limit: Duration| limit.min(deadline::LONGEST).as_millis() as u64;
        Self { within: within.map_or(self.within, millis), between: between.map_or(self.between, millis) }
    }

    fn limit(self, has_begun: bool) -> Option<Duration> {
        let millis = if has_begun { self.within } else { self.between };
        (millis != FOR_EVER).then(|| Duration::from_millis(millis))
    }
}

/// Whether what is to arrive stands still.
#[derive(Debug)]
pub(super) struct Progress {
    patience: Patience,
    waiting: Option<Box<Waiting>>,
}

/// Somebody waits for more. The timer is set anew when it has fired too early, rather than with every byte.
#[derive(Debug)]
struct Waiting {
    timer: Pin<Box<Sleep>>,
    last: Instant,
}

impl Progress {
    pub(super) fn new(patience: Patience) -> Self {
        Self { patience, waiting: None }
    }

    /// Something has arrived.
    pub(super) fn made(&mut self) {
        if let Some(waiting) = &mut self.waiting {
            waiting.last = Instant::now();
        }
    }

    /// Something arrived then.
    pub(super) fn made_at(&mut self, then: Instant) {
        if let Some(waiting) = &mut self.waiting {
            waiting.last = waiting.last.max(then);
        }
    }

    /// A message is complete: whoever works on it lets nobody wait.
    #[inline]
    pub(super) fn complete(&mut self) {
        self.waiting = None;
    }

    /// Ready once nothing has arrived for too long, of a message that `has_begun` or of the next.
    pub(super) fn poll_stalled(&mut self, has_begun: bool, cx: &mut Context<'_>) -> Poll<Duration> {
        let Some(limit) = self.patience.limit(has_begun) else {
            self.waiting = None;
            return Poll::Pending;
        };
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

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn bytes_without_a_frame_count() {
        const SECOND: Duration = Duration::from_secs(1);
        let mut progress = Progress::new(Patience::new(30 * SECOND));
        let mut cx = Context::from_waker(Waker::noop());
        let mut last = Instant::now();
        for turn in 0..4 {
            progress.made_at(last);
            assert!(progress.poll_stalled(true, &mut cx).is_pending(), "{turn}");
            tokio::time::advance(20 * SECOND).await;
            last = Instant::now();
            tokio::time::advance(5 * SECOND).await;
        }
        progress.made_at(last);
        tokio::time::advance(24 * SECOND).await;
        progress.made_at(last);
        assert!(progress.poll_stalled(true, &mut cx).is_pending());
        tokio::time::advance(SECOND).await;
        assert_eq!(progress.poll_stalled(true, &mut cx), Poll::Ready(30 * SECOND));
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_to_work_on_a_message_is_not_the_peers() {
        const SECOND: Duration = Duration::from_secs(1);
        let mut progress = Progress::new(Patience::new(30 * SECOND).with(None, Some(5 * SECOND)));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(progress.poll_stalled(false, &mut cx).is_pending());
        progress.made();
        progress.complete();
        tokio::time::advance(10 * SECOND).await;
        assert!(progress.poll_stalled(false, &mut cx).is_pending(), "the next is awaited from now on");
        tokio::time::advance(6 * SECOND).await;
        assert_eq!(progress.poll_stalled(false, &mut cx), Poll::Ready(5 * SECOND));
    }
}
