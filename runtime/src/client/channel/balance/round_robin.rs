//! One backend after the other.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use super::{
    super::{Backend, random::Random},
    Balance, LoadBalancer, Pick, PickCall, Picker,
    balancer::balance_all,
};

/// Each backend in turn, beginning anywhere, so that many clients do not begin with the same.
#[derive(Debug)]
pub(super) struct RoundRobin(Arc<AtomicUsize>);

impl Default for RoundRobin {
    fn default() -> Self {
        Self(Arc::new(AtomicUsize::new(Random::default().below(1 << 16))))
    }
}

impl LoadBalancer for RoundRobin {
    fn update(&mut self, backends: &[Backend]) -> Balance {
        balance_all(backends, |ready| Turns { ready, turn: Arc::clone(&self.0) })
    }
}

struct Turns {
    ready: Vec<Backend>,
    turn: Arc<AtomicUsize>,
}

impl Picker for Turns {
    fn pick(&self, _: &PickCall<'_>) -> Pick<'_> {
        Pick::To(&self.ready[self.turn.fetch_add(1, Relaxed) % self.ready.len()])
    }
}
