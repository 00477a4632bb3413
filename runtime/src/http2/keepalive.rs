//! Finds out whether a silent peer still lives.

use std::{sync::Arc, time::Duration};

use h2::{Ping, PingPong};

use super::Vitals;

/// When to ask a silent peer, and how long to wait for its answer (gRFC A8, A9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Keepalive {
    pub(crate) interval: Duration,
    pub(crate) timeout: Duration,
}

impl Keepalive {
    /// Runs until the peer is found dead. Asks only while `wanted`, and only after an interval without a byte from it.
    pub(crate) async fn until_dead(self, mut pings: PingPong, vitals: Arc<Vitals>, wanted: impl Fn() -> bool) {
        loop {
            let left = self.interval.saturating_sub(vitals.silence());
            if !left.is_zero() {
                tokio::time::sleep(left).await;
            } else if !wanted() {
                tokio::time::sleep(self.interval).await;
            } else if !matches!(tokio::time::timeout(self.timeout, pings.ping(Ping::opaque())).await, Ok(Ok(_))) {
                return;
            }
        }
    }
}
