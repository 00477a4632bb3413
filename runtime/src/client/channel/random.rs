//! Numbers that spread load; nothing that must be secret hangs on them.

use std::{
    hash::{BuildHasher, RandomState},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// A generator that many threads share (Steele, Lea, Flood: SplitMix64).
#[derive(Debug)]
pub(super) struct Random(AtomicU64);

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

impl Default for Random {
    fn default() -> Self {
        // Keyed anew in each process and for each value.
        Self::seeded(RandomState::new().hash_one(()))
    }
}

impl Random {
    pub(super) fn seeded(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    pub(super) fn next(&self) -> u64 {
        mix(self.0.fetch_add(GOLDEN, Relaxed).wrapping_add(GOLDEN))
    }

    /// A number below `end`, which is at least 1.
    pub(super) fn below(&self, end: usize) -> usize {
        scale(self.next(), end as u64) as usize
    }

    /// The duration, as much as a fifth longer or shorter.
    pub(super) fn jitter(&self, duration: Duration) -> Duration {
        duration.mul_f64(0.8 + 0.4 * (self.next() as f64 / u64::MAX as f64))
    }

    pub(super) fn shuffle<T>(&self, items: &mut [T]) {
        for end in (2..=items.len()).rev() {
            items.swap(end - 1, self.below(end));
        }
    }
}

/// Spreads what differs little over all bits.
pub(super) fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The part of `end` that `number` is of all numbers.
pub(super) fn scale(number: u64, end: u64) -> u64 {
    ((u128::from(number) * u128::from(end)) >> 64) as u64
}

/// The n-th point of a sequence that fills the range of numbers evenly, however far it goes (a Weyl sequence).
pub(super) fn weyl(n: u64) -> u64 {
    n.wrapping_mul(GOLDEN)
}
