//! All calls to one backend.

use super::{
    super::{Backend, ConnectivityState, Endpoint, random::Random},
    Balance, LoadBalancer, Pick, PickCall, Picker,
};

/// One backend that is reached by any of all the addresses. It connects when a call needs it.
#[derive(Debug, Default)]
pub(super) struct PickFirst {
    /// Shuffles the addresses.
    pub(super) shuffle: Option<Random>,
    /// Whether a first connection was asked for.
    begun: bool,
}

impl PickFirst {
    pub(super) fn shuffled() -> Self {
        Self { shuffle: Some(Random::default()), begun: false }
    }
}

impl LoadBalancer for PickFirst {
    fn group(&mut self, mut endpoints: Vec<Endpoint>) -> Vec<Endpoint> {
        if let Some(random) = &self.shuffle {
            random.shuffle(&mut endpoints);
        }
        let mut all = endpoints.into_iter();
        let Some(mut one) = all.next() else {
            return Vec::new();
        };
        one.addresses.extend(all.flat_map(|other| other.addresses));
        vec![one]
    }

    fn update(&mut self, backends: &[Backend]) -> Balance {
        let [backend] = backends else {
            return Balance::unready(backends);
        };
        let failed = backend.cause().is_some();
        // After a failure it goes on trying; after a lost connection it waits for a call.
        if failed || !self.begun {
            self.begun = true;
            backend.connect();
        }
        match backend.state() {
            ConnectivityState::Ready => Balance::ready(Only(backend.clone())),
            ConnectivityState::Idle => {
                Balance { state: ConnectivityState::Idle, picker: std::sync::Arc::new(Wake(backend.clone())) }
            }
            _ => Balance::unready(backends),
        }
    }
}

struct Only(Backend);

impl Picker for Only {
    fn pick(&self, _: &PickCall<'_>) -> Pick<'_> {
        Pick::To(&self.0)
    }
}

/// Connects once a call comes.
struct Wake(Backend);

impl Picker for Wake {
    fn pick(&self, _: &PickCall<'_>) -> Pick<'_> {
        self.0.connect();
        Pick::Wait
    }
}
