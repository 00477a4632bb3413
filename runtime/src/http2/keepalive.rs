//! Finds out whether a silent peer still lives.

use std::{
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use h2::{Ping, PingPong};
use tokio::time::Instant;

use super::Vitals;
use crate::deadline::{LONGEST, poll_timer};

/// When to ask a silent peer, and how long to wait for its answer (gRFC A8, A9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Keepalive {
    interval: Duration,
    timeout: Duration,
}

impl Keepalive {
    pub(crate) fn new(interval: Duration, timeout: Duration) -> Self {
        Self { interval: interval.min(LONGEST), timeout: timeout.min(LONGEST) }
    }

    /// With the interval doubled so many times.
    pub(crate) fn slower(self, times: u32) -> Self {
        Self::new(self.interval.saturating_mul(2_u32.saturating_pow(times)), self.timeout)
    }
}

/// Asks the peer of one connection.
pub(crate) struct Pulse {
    pings: PingPong,
    /// Since when an answer is awaited.
    asked: Option<Instant>,
}

/// The peer of a connection does not answer.
#[derive(Debug)]
pub(crate) struct Dead;

impl Pulse {
    pub(crate) fn new(pings: PingPong) -> Self {
        Self { pings, asked: None }
    }

    /// Tells when to feel for it next; an answer wakes the task before. Asks only while that is `wanted`, and only after an
    /// interval without a byte from the peer.
    pub(crate) fn feel(
        &mut self,
        keepalive: Keepalive,
        vitals: &Vitals,
        wanted: bool,
        cx: &mut Context<'_>,
    ) -> Result<Instant, Dead> {
        let now = Instant::now();
        if self.asked.is_none() {
            let left = keepalive.interval.saturating_sub(vitals.silence());
            if !left.is_zero() || !wanted {
                return Ok(now + if left.is_zero() { keepalive.interval } else { left });
            }
            self.pings.send_ping(Ping::opaque()).map_err(|_| Dead)?;
        }
        let asked = *self.asked.get_or_insert(now);
        match self.pings.poll_pong(cx) {
            Poll::Ready(Ok(_)) => {
                self.asked = None;
                Ok(now + keepalive.interval)
            }
            Poll::Ready(Err(_)) => Err(Dead),
            Poll::Pending if now < asked + keepalive.timeout => Ok(asked + keepalive.timeout),
            Poll::Pending => Err(Dead),
        }
    }

    /// Runs until the peer is found dead.
    pub(crate) async fn until_dead(mut self, keepalive: Keepalive, vitals: Arc<Vitals>, wanted: impl Fn() -> bool) {
        let mut timer = Box::pin(tokio::time::sleep(keepalive.interval));
        poll_fn(|cx| {
            while let Ok(next) = self.feel(keepalive, &vitals, wanted(), cx) {
                timer.as_mut().reset(next);
                ready!(poll_timer(&mut timer, cx));
            }
            Poll::Ready(())
        })
        .await;
    }
}
