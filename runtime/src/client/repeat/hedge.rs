//! Several attempts at a time.

use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::time::{Instant, sleep_until};
use tonic::Status;

use super::{Repeated, backoff::Pushback};
use crate::client::{Incoming, config::Hedging};

impl Repeated<'_> {
    pub(super) async fn hedge(&self, policy: &Hedging) -> Result<Incoming, Status> {
        let mut running = FuturesUnordered::new();
        let mut sent = 0;
        // When the next is sent; `None` once there is to be no other.
        let mut next = Some(Instant::now());
        loop {
            if sent >= policy.attempts || (sent > 0 && !self.may_repeat()) {
                next = None;
            }
            if next.is_some_and(|at| at <= Instant::now()) {
                running.push(self.attempt(sent));
                sent += 1;
                next = Some(Instant::now() + policy.delay);
                continue;
            }
            let due = async {
                match next {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            let status = tokio::select! {
                biased;
                ended = running.next(), if !running.is_empty() => match ended {
                    Some((number, Ok(incoming))) => return Ok(self.commit(number, incoming, policy.codes)),
                    // Its body was cut off, because that of another is too large to be kept.
                    Some((number, Err(_))) if self.body.is_of_another(number) => continue,
                    Some((_, Err(status))) => status,
                    None => continue,
                },
                () = due => continue,
            };
            if Self::is_closed(&status) {
                return Err(status);
            }
            let pushback = Pushback::of(&status);
            let fatal = !policy.codes.contains(status.code());
            if !fatal || pushback == Pushback::Never {
                self.count_failure();
            }
            if fatal {
                return Err(status);
            }
            next = match (pushback, next) {
                (Pushback::Never, _) | (_, None) => None,
                (Pushback::None, _) => Some(Instant::now()),
                (Pushback::After(pause), _) => Some(Instant::now() + pause),
            };
            let over = next.is_none() || sent >= policy.attempts || !self.may_repeat();
            if running.is_empty() && over {
                return Err(status);
            }
        }
    }
}
