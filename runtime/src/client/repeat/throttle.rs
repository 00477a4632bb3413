//! The tokens that bound what a client sends again (gRFC A6, "Throttling Configuration").

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use crate::client::config::Throttling;

/// In thousandths of a token.
const TOKEN: u32 = 1000;

/// The tokens of a client. Clones share them.
#[derive(Debug, Clone)]
pub(in crate::client) struct Throttle {
    tokens: Arc<AtomicU32>,
    settings: Throttling,
}

impl Throttle {
    pub(in crate::client) fn new(settings: Throttling) -> Self {
        Self { tokens: Arc::new(AtomicU32::new(settings.max)), settings }
    }

    /// A call succeeded.
    pub(super) fn succeeded(&self) {
        let Throttling { max, ratio } = self.settings;
        self.change(|tokens| tokens.saturating_add(ratio).min(max));
    }

    /// An attempt failed in a way that asks for another.
    pub(super) fn failed(&self) {
        self.change(|tokens| tokens.saturating_sub(TOKEN));
    }

    /// Whether calls may be sent again.
    pub(super) fn allows(&self) -> bool {
        self.tokens.load(Ordering::Relaxed) > self.settings.max / 2
    }

    fn change(&self, change: impl Fn(u32) -> u32) {
        let _ = self.tokens.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |tokens| Some(change(tokens)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_tokens_are_a_reserve() {
        let throttle = Throttle::new(Throttling { max: 4000, ratio: 500 });
        throttle.succeeded();
        throttle.failed();
        assert!(throttle.allows(), "3 of 4, and no more than 4 before");
        throttle.failed();
        assert!(!throttle.allows(), "2 of 4");
        throttle.succeeded();
        assert!(throttle.allows(), "2.5 of 4");
        (0..10).for_each(|_| throttle.failed());
        (0..4).for_each(|_| throttle.succeeded());
        assert!(!throttle.allows(), "2 of 4, from none");
    }
}
