//! The backend with the fewest calls among a few.

use std::sync::Arc;

use super::{
    super::{Backend, random::Random},
    Balance, LoadBalancer, Pick, PickCall, Picker,
    balancer::balance_all,
};

/// Compares a few that are taken at random, which spreads nearly as well as comparing all, without every client running to
/// the same one (gRFC A48).
#[derive(Debug)]
pub(super) struct LeastRequest {
    choices: usize,
    random: Arc<Random>,
}

impl LeastRequest {
    pub(super) fn new(choices: usize, random: Random) -> Self {
        Self { choices: choices.clamp(2, 10), random: Arc::new(random) }
    }
}

impl LoadBalancer for LeastRequest {
    fn update(&mut self, backends: &[Backend]) -> Balance {
        balance_all(backends, |ready| Fewest { ready, choices: self.choices, random: Arc::clone(&self.random) })
    }
}

struct Fewest {
    ready: Vec<Backend>,
    choices: usize,
    random: Arc<Random>,
}

impl Picker for Fewest {
    fn pick(&self, _: &PickCall<'_>) -> Pick<'_> {
        Pick::To(fewest(&self.ready, self.choices, &self.random, Backend::active))
    }
}

/// Of so many taken at random, with repetition, that with the fewest; the list is not empty.
fn fewest<'l, T>(list: &'l [T], choices: usize, random: &Random, active: impl Fn(&T) -> usize) -> &'l T {
    let mut best = &list[random.below(list.len())];
    for _ in 1..choices {
        let other = &list[random.below(list.len())];
        if active(other) < active(best) {
            best = other;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_backend_is_chosen_only_against_itself() {
        let random = Random::seeded(7);
        let active = [100_usize, 0, 0, 0];
        let mut counts = [0; 4];
        for _ in 0..10_000 {
            let chosen = fewest(&[0_usize, 1, 2, 3], 2, &random, |at| active[*at]);
            counts[*chosen] += 1;
        }
        // It is taken where both choices are it: one time in 16.
        assert!((525..725).contains(&counts[0]), "{counts:?}");
        assert!(counts[1..].iter().all(|count| (2_925..3_325).contains(count)), "{counts:?}");
    }

    #[test]
    fn calls_that_stay_are_spread_evenly() {
        let random = Random::seeded(11);
        let mut active = vec![0_usize; 10];
        for _ in 0..10_000 {
            let chosen = *fewest(&(0..10).collect::<Vec<_>>(), 2, &random, |at| active[*at]);
            active[chosen] += 1;
        }
        assert!(active.iter().all(|active| (990..=1_010).contains(active)), "{active:?}");
    }
}
