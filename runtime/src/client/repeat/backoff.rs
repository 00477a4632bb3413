//! When the next attempt is made.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    time::Duration,
};

use tonic::Status;

use crate::client::config::Retry;

/// The pauses between retries: each longer than the last by a factor, up to a maximum, with a jitter of a fifth (gRFC A6,
/// "Exponential Backoff").
pub(super) struct Backoff<'p> {
    policy: &'p Retry,
    current: Duration,
}

impl<'p> Backoff<'p> {
    pub(super) fn new(policy: &'p Retry) -> Self {
        Self { policy, current: policy.initial_backoff }
    }

    pub(super) fn next(&mut self) -> Duration {
        let pause = self.current.min(self.policy.max_backoff);
        let grown = pause.as_secs_f64() * self.policy.multiplier;
        self.current = Duration::try_from_secs_f64(grown).unwrap_or(Duration::MAX);
        pause.mul_f64(0.8 + 0.4 * fraction())
    }

    /// A server that says when starts it anew.
    pub(super) fn reset(&mut self) {
        self.current = self.policy.initial_backoff;
    }
}

/// A random number from 0 to 1.
fn fraction() -> f64 {
    let random = RandomState::new().build_hasher().finish();
    f64::from((random >> 32) as u32) / f64::from(u32::MAX)
}

/// What a server says of the next attempt, in `grpc-retry-pushback-ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pushback {
    /// Nothing.
    None,
    /// After this time.
    After(Duration),
    /// Not at all.
    Never,
}

impl Pushback {
    pub(super) fn of(status: &Status) -> Self {
        let Some(value) = status.metadata().get("grpc-retry-pushback-ms") else {
            return Self::None;
        };
        // Negative, and what is no number, say the same.
        match value.to_str().ok().and_then(|text| text.parse::<u32>().ok()) {
            Some(millis) => Self::After(Duration::from_millis(millis.into())),
            None => Self::Never,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::config::{Repeat, ServiceConfig};

    #[test]
    fn pauses_grow_and_stay_within_their_jitter() {
        let config: ServiceConfig = r#"{"methodConfig": [{"name": [{}], "retryPolicy": {"maxAttempts": 5,
            "initialBackoff": "1s", "maxBackoff": "5s", "backoffMultiplier": 2, "retryableStatusCodes": [14]}}]}"#
            .parse()
            .unwrap();
        let config = config.of(&crate::grpc::health::v1::HEALTH.methods[0]).unwrap();
        let Some(Repeat::Retry(policy)) = &config.repeat else { panic!("{config:?}") };
        for _ in 0..200 {
            let mut backoff = Backoff::new(policy);
            for expected in [1.0, 2.0, 4.0, 5.0, 5.0] {
                let pause = backoff.next().as_secs_f64() / expected;
                assert!((0.799..1.201).contains(&pause), "{pause} of {expected}");
            }
            backoff.reset();
            assert!(backoff.next() <= Duration::from_millis(1201));
        }
    }

    #[test]
    fn what_servers_say() {
        for (value, expected) in [
            ("0", Pushback::After(Duration::ZERO)),
            ("250", Pushback::After(Duration::from_millis(250))),
            ("-1", Pushback::Never),
            ("soon", Pushback::Never),
            ("", Pushback::Never),
            ("99999999999", Pushback::Never),
        ] {
            let mut status = Status::unavailable("");
            status.metadata_mut().insert("grpc-retry-pushback-ms", value.parse().unwrap());
            assert_eq!(Pushback::of(&status), expected, "{value:?}");
        }
        assert_eq!(Pushback::of(&Status::unavailable("")), Pushback::None);
    }
}
