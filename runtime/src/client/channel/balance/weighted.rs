//! One backend after the other, each as often as its weight says.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use super::{
    super::{
        Backend,
        random::{Random, scale, weyl},
    },
    Balance, LoadBalancer, Pick, PickCall, Picker,
    balancer::balance_all,
};

/// Goes through the sum of the weights by a sequence that fills it evenly: in every stretch of calls each backend has its
/// share to within a few, and heavy ones do not come in a row.
#[derive(Debug)]
pub(super) struct Weighted(Arc<AtomicU64>);

impl Default for Weighted {
    fn default() -> Self {
        Self(Arc::new(AtomicU64::new(Random::default().next() >> 32)))
    }
}

impl LoadBalancer for Weighted {
    fn update(&mut self, backends: &[Backend]) -> Balance {
        balance_all(backends, |ready| {
            let weights = ready.iter().map(|backend| backend.endpoint().weight_of());
            Shares { ends: ends(weights), ready, turn: Arc::clone(&self.0) }
        })
    }
}

/// Where the part of each ends on the line of all.
fn ends(weights: impl Iterator<Item = u32>) -> Vec<u64> {
    let mut sum = 0;
    weights
        .map(|weight| {
            sum += u64::from(weight.max(1));
            sum
        })
        .collect()
}

struct Shares {
    ready: Vec<Backend>,
    ends: Vec<u64>,
    turn: Arc<AtomicU64>,
}

impl Picker for Shares {
    fn pick(&self, _: &PickCall<'_>) -> Pick<'_> {
        Pick::To(&self.ready[share(&self.ends, self.turn.fetch_add(1, Relaxed))])
    }
}

/// Whose turn it is.
fn share(ends: &[u64], turn: u64) -> usize {
    let point = scale(weyl(turn), ends.last().copied().unwrap_or(1));
    ends.partition_point(|end| *end <= point)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_as_the_weights_in_every_stretch() {
        for weights in [vec![1, 1], vec![1, 2, 7], vec![1000, 1, 500], vec![3; 17], vec![5]] {
            let ends = ends(weights.iter().copied());
            let sum = u64::from(weights.iter().sum::<u32>());
            for begin in [0, 12_345, u64::from(u32::MAX)] {
                let mut counts = vec![0_i64; weights.len()];
                for turn in 1..=10_000 {
                    counts[share(&ends, begin + turn)] += 1;
                    for (count, weight) in counts.iter().zip(&weights) {
                        let due = (turn * u64::from(*weight) / sum) as i64;
                        assert!((count - due).abs() <= 6, "{weights:?} from {begin}: {counts:?} after {turn}");
                    }
                }
            }
        }
    }
}
