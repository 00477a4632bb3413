//! The policy of a channel, which may be a user's own and panic.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
};

use tokio::time::Sleep;

use super::{
    super::{Backend, Endpoint, backoff::Backoff, random::Random},
    Balance, LoadBalancer, LoadBalancing,
};
use crate::{http2::unavailable, task::Theirs};

/// Makes the policy that a service config names, or the channel's own.
pub(in super::super) type MakeBalancer = dyn Fn(Option<&LoadBalancing>) -> Box<dyn LoadBalancer> + Send + Sync;

/// A policy. After a panic it is gone, and a new one is made after a pause; calls fail meanwhile.
pub(in super::super) struct Guarded {
    make: Arc<MakeBalancer>,
    /// What a service config has named.
    named: Option<LoadBalancing>,
    policy: Theirs<Box<dyn LoadBalancer>>,
    backoff: Backoff,
    random: Random,
    again: Option<Pin<Box<Sleep>>>,
}

impl Guarded {
    pub(in super::super) fn new(make: Arc<MakeBalancer>) -> Self {
        let (backoff, random) = (Backoff::default(), Random::default());
        let mut this = Self { make, named: None, policy: Theirs::none(), backoff, random, again: None };
        this.begin();
        this
    }

    /// Goes by this one, if it is another than before; without one by the channel's own.
    pub(in super::super) fn follow(&mut self, named: Option<&LoadBalancing>) {
        if self.named.as_ref() != named {
            self.named = named.cloned();
            self.begin();
        }
    }

    /// See [`LoadBalancer::group`]; `None` where there is no policy for now.
    pub(in super::super) fn group(&mut self, endpoints: Vec<Endpoint>) -> Option<Vec<Endpoint>> {
        self.run(|policy| policy.group(endpoints))
    }

    /// See [`LoadBalancer::update`].
    pub(in super::super) fn update(&mut self, backends: &[Backend]) -> Balance {
        match self.run(|policy| policy.update(backends)) {
            Some(balance) => {
                self.backoff = Backoff::default();
                balance
            }
            None => Balance::failed(unavailable("the load balancing policy panicked")),
        }
    }

    /// Waits until there is a policy again, where there is none.
    pub(in super::super) async fn recovered(&mut self) {
        match &mut self.again {
            Some(again) => again.await,
            None => std::future::pending().await,
        }
        self.begin();
    }

    fn begin(&mut self) {
        (self.policy, self.again) = (Theirs::none(), None);
        match catch_unwind(AssertUnwindSafe(|| (self.make)(self.named.as_ref()))) {
            Ok(policy) => self.policy = Theirs::new(policy),
            Err(_) => self.panicked(),
        }
    }

    fn run<T>(&mut self, run: impl FnOnce(&mut dyn LoadBalancer) -> T) -> Option<T> {
        let policy = self.policy.get()?;
        let done = catch_unwind(AssertUnwindSafe(|| run(&mut **policy)));
        if done.is_err() {
            self.panicked();
        }
        done.ok()
    }

    fn panicked(&mut self) {
        tracing::error!("the load balancing policy panicked");
        self.policy = Theirs::none();
        self.again = Some(Box::pin(tokio::time::sleep(self.backoff.next(&self.random))));
    }
}
