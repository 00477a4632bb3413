//! One attempt after the other.

use tonic::Status;

use super::{
    Repeated,
    backoff::{Backoff, Pushback},
};
use crate::{
    client::{Incoming, config::Retry},
    deadline,
};

impl Repeated<'_> {
    pub(super) async fn retry(&self, policy: Option<&Retry>) -> Result<Incoming, Status> {
        let mut backoff = policy.map(Backoff::new);
        let mut previous = 0;
        loop {
            let status = match self.attempt(previous).await {
                (number, Ok(incoming)) => {
                    return Ok(self.commit(number, incoming, policy.map(|policy| policy.codes).unwrap_or_default()));
                }
                (_, Err(status)) => status,
            };
            previous += 1;
            let (Some(policy), Some(backoff)) = (policy, &mut backoff) else { return Err(status) };
            if Self::is_closed(&status) {
                return Err(status);
            }
            let pushback = Pushback::of(&status);
            let retryable = policy.codes.contains(status.code());
            if retryable || pushback == Pushback::Never {
                self.count_failure();
            }
            if !retryable || previous >= policy.attempts || !self.may_repeat() {
                return Err(status);
            }
            let pause = match pushback {
                Pushback::Never => return Err(status),
                Pushback::None => backoff.next(),
                Pushback::After(pause) => {
                    backoff.reset();
                    pause
                }
            };
            let resting = async {
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    // The next attempt says so.
                    () = self.client.transport.closed() => {}
                }
            };
            self.call.patience.wait_or(resting, || deadline::exceeded_waiting_again(&status)).await?;
        }
    }
}
