//! The own place before all others.

use super::{
    super::{Backend, ConnectivityState, Endpoint},
    Balance, LoadBalancer,
};

/// Uses the backends of one locality as long as one of them is ready or may become so, and the others only when none is.
pub(in super::super) struct PreferLocality {
    pub(in super::super) own: String,
    pub(in super::super) near: Box<dyn LoadBalancer>,
    pub(in super::super) far: Box<dyn LoadBalancer>,
}

impl PreferLocality {
    fn is_near(&self, endpoint: &Endpoint) -> bool {
        endpoint.locality_of() == Some(&self.own)
    }
}

impl LoadBalancer for PreferLocality {
    fn group(&mut self, endpoints: Vec<Endpoint>) -> Vec<Endpoint> {
        let (near, far) = endpoints.into_iter().partition(|endpoint| self.is_near(endpoint));
        let mut all = self.near.group(near);
        all.extend(self.far.group(far));
        all
    }

    fn update(&mut self, backends: &[Backend]) -> Balance {
        let (near, far): (Vec<_>, Vec<_>) =
            backends.iter().cloned().partition(|backend| self.is_near(&backend.endpoint()));
        if near.is_empty() {
            return self.far.update(&far);
        }
        let balance = self.near.update(&near);
        if balance.state != ConnectivityState::TransientFailure || far.is_empty() {
            return balance;
        }
        self.far.update(&far)
    }
}
