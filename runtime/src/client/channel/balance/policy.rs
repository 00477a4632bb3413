//! The policies that come along, as a value.

use super::{
    super::random::Random, LoadBalancer, least_request::LeastRequest, pick_first::PickFirst, ring_hash::RingHash,
    round_robin::RoundRobin, weighted::Weighted,
};

/// How calls are spread over the backends of a channel. The names in brackets are those of gRPC's service config.
///
/// ```
/// use rsgrpc::client::channel::LoadBalancing;
///
/// let by_user = LoadBalancing::ring_hash("user-id");
/// let least = LoadBalancing::LeastRequest { choices: 2 };
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum LoadBalancing {
    /// All calls to one backend: the first in the list that can be reached (`pick_first`). The default.
    #[default]
    PickFirst,
    /// [`PickFirst`](Self::PickFirst) with the list shuffled whenever it arrives (`shuffleAddressList`), so that many
    /// clients spread.
    PickRandom,
    /// One after the other (`round_robin`).
    RoundRobin,
    /// One after the other, each as often as its weight says (`weighted_round_robin` by weights of the addresses).
    WeightedRoundRobin,
    /// Of this many backends taken at random, 2 to 10, that with the fewest calls (`least_request_experimental`, gRFC A48).
    LeastRequest {
        /// How many are compared (`choiceCount`).
        choices: usize,
    },
    /// Calls with the same value of a metadata key to the same backend, as long as the backends are the same
    /// (`ring_hash_experimental`, gRFC A42 and A76). Calls without the key go to a random one.
    RingHash {
        /// The key (`requestHashHeader`), in lower case and without `-bin`.
        key: String,
        /// The least number of points on the ring (`minRingSize`), 1,024 by default.
        min_ring: usize,
        /// The largest number of points on the ring (`maxRingSize`), 4,096 by default; more than 65,536 count as so many.
        max_ring: usize,
    },
}

impl LoadBalancing {
    /// [`RingHash`](Self::RingHash) by this metadata key, on a ring of the default size.
    pub fn ring_hash(key: impl Into<String>) -> Self {
        Self::RingHash { key: key.into(), min_ring: 1024, max_ring: 4096 }
    }
}

impl LoadBalancing {
    pub(in super::super) fn balancer(&self) -> Box<dyn LoadBalancer> {
        match self {
            Self::PickFirst => Box::new(PickFirst::default()),
            Self::PickRandom => Box::new(PickFirst::shuffled()),
            Self::RoundRobin => Box::new(RoundRobin::default()),
            Self::WeightedRoundRobin => Box::new(Weighted::default()),
            Self::LeastRequest { choices } => Box::new(LeastRequest::new(*choices, Random::default())),
            Self::RingHash { key, min_ring, max_ring } => {
                Box::new(RingHash::new(key, *min_ring, *max_ring, Random::default()))
            }
        }
    }
}
