//! How long to wait after what has failed.

use std::time::Duration;

use super::random::Random;

/// The first pause and the longest (gRPC's doc/connection-backoff.md).
pub(super) const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(120);

/// The pauses between attempts that fail, from the beginning of one to that of the next: each is 1.6 times the one before
/// it, within a fifth. It begins anew once one succeeds.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    /// Attempts in a row that failed.
    failures: i32,
}

impl Backoff {
    /// One more has failed; gives the pause.
    pub(super) fn next(&mut self, random: &Random) -> Duration {
        let pause = FIRST.mul_f64(1.6_f64.powi(self.failures)).min(LONGEST);
        self.failures = (self.failures + 1).min(32);
        random.jitter(pause)
    }
}
