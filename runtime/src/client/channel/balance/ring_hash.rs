//! Calls with the same key to the same backend.

use std::sync::Arc;

use super::{
    super::{
        Backend, ConnectivityState, Endpoint,
        random::{Random, mix},
    },
    Balance, LoadBalancer, Pick, PickCall, Picker,
};

/// Backends have points on a ring, as many as their weights say; a call goes to the backend of the next point behind the
/// hash of its key (gRFC A42). When a backend joins or leaves, only the keys before its points move.
pub(super) struct RingHash {
    key: Arc<str>,
    sizes: (usize, usize),
    random: Arc<Random>,
    /// The ring of these backends with these weights.
    of: Vec<(Backend, u32)>,
    ring: Arc<[(u64, u32)]>,
}

/// As many take some milliseconds to put in order, whenever a server joins or leaves. gRFC A42 lets a config ask for 8 Mi,
/// of which gRPC's implementations make 4,096 unless they are told otherwise.
const MOST_POINTS: usize = 65_536;

impl RingHash {
    pub(super) fn new(key: &str, min_ring: usize, max_ring: usize, random: Random) -> Self {
        let max_ring = max_ring.clamp(1, MOST_POINTS);
        Self {
            key: key.into(),
            sizes: (min_ring.clamp(1, max_ring), max_ring),
            random: Arc::new(random),
            of: Vec::new(),
            ring: Arc::default(),
        }
    }
}

impl LoadBalancer for RingHash {
    fn update(&mut self, backends: &[Backend]) -> Balance {
        let endpoints: Vec<_> = backends.iter().map(Backend::endpoint).collect();
        let of: Vec<_> = backends
            .iter()
            .zip(&endpoints)
            .map(|(backend, endpoint)| (backend.clone(), endpoint.weight_of()))
            .collect();
        if of != self.of {
            let names = endpoints.iter().map(|endpoint| (name(endpoint), endpoint.weight_of()));
            self.ring = ring(&names.collect::<Vec<_>>(), self.sizes).into();
            self.of = of;
        }
        // One that failed goes on trying, whether calls ask for it or not.
        backends.iter().filter(|backend| backend.cause().is_some()).for_each(Backend::connect);
        let picker = Ring {
            key: Arc::clone(&self.key),
            random: Arc::clone(&self.random),
            backends: backends.to_vec(),
            ring: Arc::clone(&self.ring),
        };
        let all_failed = backends.iter().all(|backend| backend.cause().is_some());
        if all_failed {
            return Balance::unready(backends);
        }
        let any = |state| backends.iter().any(|backend| backend.state() == state);
        let states = [ConnectivityState::Ready, ConnectivityState::Connecting];
        let state = states.into_iter().find(|state| any(*state)).unwrap_or(ConnectivityState::Idle);
        Balance { state, picker: Arc::new(picker) }
    }
}

/// What the points of a backend are made from, in every process alike.
fn name(endpoint: &Endpoint) -> String {
    endpoint.addresses.first().map(ToString::to_string).unwrap_or_default()
}

/// The points in order, each with the index of its backend. The least weight has so many points that all together have
/// at least the smaller size, as far as the larger allows.
fn ring(backends: &[(String, u32)], (min, max): (usize, usize)) -> Vec<(u64, u32)> {
    let sum: f64 = backends.iter().map(|(_, weight)| f64::from(*weight)).sum();
    let Some(least) = backends.iter().map(|(_, weight)| *weight).min() else {
        return Vec::new();
    };
    let least = f64::from(least) / sum;
    let size = ((least * min as f64).ceil() / least).min(max as f64);
    let (mut ring, mut due) = (Vec::with_capacity(size as usize + backends.len()), 0.0);
    for (index, (name, weight)) in backends.iter().enumerate() {
        due += size * f64::from(*weight) / sum;
        let name = hash(name);
        // Everyone has a point, however little it weighs.
        let mut point = 0;
        while point == 0 || (ring.len() as f64) < due {
            ring.push((mix(name.wrapping_add(point)), index as u32));
            point += 1;
        }
    }
    ring.sort_unstable();
    ring
}

/// A hash that is the same in every process: FNV-1a, spread over all bits.
fn hash(text: &str) -> u64 {
    mix(text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)))
}

struct Ring {
    key: Arc<str>,
    random: Arc<Random>,
    backends: Vec<Backend>,
    ring: Arc<[(u64, u32)]>,
}

impl Picker for Ring {
    fn pick(&self, call: &PickCall<'_>) -> Pick<'_> {
        let point = call.metadata(&self.key).map_or_else(|| self.random.next(), hash);
        let begin = self.ring.partition_point(|(at, _)| *at < point);
        let (before, behind) = self.ring.split_at(begin);
        let mut last = None;
        for (_, index) in behind.iter().chain(before) {
            if last == Some(index) {
                continue;
            }
            last = Some(index);
            let backend = &self.backends[*index as usize];
            match backend.state() {
                ConnectivityState::Ready => return Pick::To(backend),
                // Its keys move only while it cannot be reached.
                ConnectivityState::TransientFailure => {}
                _ => {
                    backend.connect();
                    return Pick::Wait;
                }
            }
        }
        Pick::Wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[(&str, u32)]) -> Vec<(String, u32)> {
        names.iter().map(|(name, weight)| ((*name).to_owned(), *weight)).collect()
    }

    fn owner<'b>(backends: &'b [(String, u32)], ring: &[(u64, u32)], key: u64) -> &'b str {
        let point = hash(&format!("user-{key}"));
        let at = ring.partition_point(|(at, _)| *at < point) % ring.len();
        &backends[ring[at].1 as usize].0
    }

    #[test]
    fn keys_are_spread_as_the_weights_say() {
        let backends = named(&[("10.0.0.1:1", 1), ("10.0.0.2:1", 1), ("10.0.0.3:1", 2)]);
        let ring = ring(&backends, (1024, 4096));
        assert_eq!(ring.len(), 1024);
        let mut counts = std::collections::BTreeMap::new();
        for key in 0..20_000 {
            *counts.entry(owner(&backends, &ring, key)).or_insert(0) += 1;
        }
        for (name, share) in [("10.0.0.1:1", 5_000), ("10.0.0.2:1", 5_000), ("10.0.0.3:1", 10_000)] {
            let count = counts[name];
            assert!((share * 8 / 10..share * 12 / 10).contains(&count), "{counts:?}");
        }
    }

    #[test]
    fn only_the_keys_of_one_that_left_move() {
        let three = named(&[("a", 1), ("b", 1), ("c", 1)]);
        let two = named(&[("a", 1), ("c", 1)]);
        // As many points each, which is what keeps the others in place.
        let (before, after) = (ring(&three, (1536, 1536)), ring(&two, (1024, 1024)));
        for key in 0..5_000 {
            let was = owner(&three, &before, key);
            if was != "b" {
                assert_eq!(owner(&two, &after, key), was, "user-{key}");
            }
        }
    }

    #[test]
    fn the_size_of_a_ring_is_bounded() {
        assert_eq!(RingHash::new("a", 8 << 20, 8 << 20, Random::seeded(1)).sizes, (65_536, 65_536));
        assert_eq!(ring(&named(&[("a", 1), ("b", 1)]), (1, 1)).len(), 2);
        assert_eq!(ring(&named(&[("a", 1), ("b", 1_000)]), (1024, 4096)).len(), 2002);
        assert_eq!(ring(&named(&[("a", 1), ("b", 10_000)]), (1024, 4096)).len(), 4096);
        assert!(ring(&[], (1024, 4096)).is_empty());
    }
}
