//! The task of a channel: hears the resolver, keeps the backends, and has the policy say who chooses.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, atomic::Ordering::Relaxed},
    task::Poll,
    time::Duration,
};

use tokio::{
    sync::mpsc,
    time::{Instant, Interval, MissedTickBehavior},
};
use tonic::Status;

use super::{
    Address, Backend, ConnectivityState, Endpoint, OutlierDetection, Resolution, Resolver,
    backend::Common,
    backoff,
    balance::{Balance, Guarded, MakeBalancer},
    core::{Published, Shared},
    resolve::Watch,
};
use crate::{deadline::LONGEST, http2::unavailable, task::discard};

/// What a channel does when it is not idle.
pub(super) struct Plan {
    pub(super) resolver: Arc<dyn Resolver>,
    /// That of a service config, or the channel's own.
    pub(super) balancer: Arc<MakeBalancer>,
    /// The service whose health counts where no service config says.
    pub(super) health: Option<Arc<str>>,
    /// After so long without a call the channel becomes idle.
    pub(super) idle_timeout: Option<Duration>,
    pub(super) outliers: Option<OutlierDetection>,
    /// Whether calls wait while no server can be reached.
    pub(super) wait_for_ready: bool,
}

/// What the manager is asked to do.
#[derive(Debug, Clone, Copy)]
pub(super) enum Order {
    /// Connects to what is idle.
    Connect,
    /// Ends the pauses after failures.
    Hurry,
    /// Ends.
    End,
}

pub(super) struct Manager {
    common: Arc<Common>,
    shared: Arc<Shared>,
    plan: Arc<Plan>,
    orders: mpsc::UnboundedReceiver<Order>,
    balancer: Guarded,
    /// What the resolver has told of servers, if only that there are none.
    endpoints: Option<Vec<Endpoint>>,
    backends: Arc<[Backend]>,
}

/// The idle timeout is looked after this many times in it: by so much later than said it may come.
const LOOKS: u32 = 8;

impl Manager {
    pub(super) fn new(
        common: Arc<Common>,
        shared: Arc<Shared>,
        plan: Arc<Plan>,
        orders: mpsc::UnboundedReceiver<Order>,
    ) -> Self {
        let balancer = Guarded::new(Arc::clone(&plan.balancer));
        Self { common, shared, plan, orders, balancer, endpoints: None, backends: Arc::default() }
    }

    /// Runs until the channel is idle or gone.
    pub(super) async fn run(mut self) {
        if self.shared.panicked.swap(false, Relaxed) {
            let status = unavailable("a part of the channel panicked; see the log");
            self.publish(Published::settled(ConnectivityState::TransientFailure, Some(status)));
            tokio::time::sleep(self.common.random.jitter(backoff::FIRST)).await;
        }
        self.publish(Published::settled(ConnectivityState::Connecting, None));
        let mut resolver = Watch::new(Arc::clone(&self.plan.resolver), Arc::clone(&self.common.refresh));
        let mut idle = Idle::new(self.plan.idle_timeout);
        let mut judging = self.plan.outliers.as_ref().map(|outliers| ticks(outliers.interval));
        loop {
            tokio::select! {
                resolution = resolver.next() => match resolution {
                    Ok(resolution) => self.resolved(resolution),
                    Err(status) => self.unresolved(status),
                },
                () = self.balancer.recovered() => self.replace(),
                () = self.common.changed.notified() => self.rebalance(),
                order = self.orders.recv() => match order {
                    Some(Order::Connect) => self.connect(),
                    Some(Order::Hurry) => self.backends.iter().for_each(Backend::hurry),
                    Some(Order::End) | None => return,
                },
                () = tick(&mut judging) => self.judge(),
                () = tick(&mut idle.ticks) => if idle.look(&self.shared, &self.backends) { return },
            }
        }
    }

    fn resolved(&mut self, resolution: Resolution) {
        match self.shared.asked.hear(resolution.service_config) {
            Ok(()) => self.configure(),
            Err(error) => return self.unresolved(unavailable(error.to_string())),
        }
        self.endpoints = Some(resolution.endpoints);
        self.replace();
    }

    /// Goes by the service config that there is now.
    fn configure(&mut self) {
        let Poll::Ready(plan) = self.shared.asked.plan() else { return };
        let config = plan.as_ref().map(|plan| &plan.config);
        self.balancer.follow(config.and_then(|config| config.load_balancing()));
        let health = config.and_then(|config| config.health_service()).map(Arc::from);
        self.common.ask_health_of(health.or_else(|| self.plan.health.clone()), &self.backends);
    }

    /// Keeps the backends that are still there, and adds those that are new.
    fn replace(&mut self) {
        let Some(endpoints) = self.endpoints.clone() else { return };
        let Some(endpoints) = self.balancer.group(endpoints) else { return self.rebalance() };
        let mut known: HashMap<Vec<Address>, Backend> = HashMap::new();
        let mut connected: HashMap<Address, Backend> = HashMap::new();
        for backend in self.backends.iter() {
            known.insert(backend.endpoint().addresses.clone(), backend.clone());
            connected.extend(backend.address().map(|address| (address, backend.clone())));
        }
        let mut backends: Vec<Backend> = Vec::with_capacity(endpoints.len());
        for endpoint in endpoints {
            // The same list, or one that has the address that is in use; of what is told twice, one is enough.
            let mut used = endpoint.addresses.iter().filter_map(|address| connected.get(address));
            let backend = known.get(&endpoint.addresses).or_else(|| used.next()).cloned();
            match backend {
                Some(backend) if backends.contains(&backend) => {}
                Some(backend) => {
                    backend.set_endpoint(endpoint);
                    backends.push(backend);
                }
                None => {
                    let backend = Backend::new(Arc::clone(&self.common), endpoint);
                    known.insert(backend.endpoint().addresses.clone(), backend.clone());
                    backends.push(backend);
                }
            }
        }
        let gone = mem::replace(&mut self.backends, backends.into());
        self.rebalance();
        // Only now, so that no call is sent to one that has just gone.
        gone.iter().filter(|backend| !self.backends.contains(backend)).for_each(Backend::retire);
    }

    /// Connects, unless the policy does already.
    fn connect(&self) {
        if self.shared.published.borrow().state == ConnectivityState::Idle {
            self.backends.iter().for_each(Backend::connect);
        }
    }

    fn judge(&self) {
        if let Some(outliers) = &self.plan.outliers {
            outliers.look(&self.backends, &self.common.random);
        }
    }

    fn unresolved(&mut self, status: Status) {
        tracing::debug!(%status, "the resolver failed");
        self.shared.asked.failed();
        if self.endpoints.is_none() {
            self.publish(Published::settled(ConnectivityState::TransientFailure, Some(status)));
        }
    }

    fn rebalance(&mut self) {
        if self.endpoints.is_some() {
            let Balance { state, picker } = self.balancer.update(&self.backends);
            self.publish(Published { state, picker, backends: Arc::clone(&self.backends) });
        }
    }

    fn publish(&self, mut published: Published) {
        self.shared.published.send_if_modified(|now| {
            let open = now.state != ConnectivityState::Shutdown;
            if open {
                mem::swap(now, &mut published);
            }
            open
        });
        // The picker may be a user's.
        discard(published);
    }
}

impl Drop for Manager {
    /// Also when the runtime ends.
    fn drop(&mut self) {
        self.shared.panicked.store(std::thread::panicking(), Relaxed);
        // In this order: whoever sees the channel idle finds that nobody takes orders, and wakes the next manager.
        self.orders.close();
        self.publish(Published::settled(ConnectivityState::Idle, None));
        self.backends.iter().for_each(Backend::retire);
    }
}

/// Finds out that there were no calls for a while.
struct Idle {
    ticks: Option<Interval>,
    begun: u64,
    looks: u32,
}

impl Idle {
    fn new(timeout: Option<Duration>) -> Self {
        let ticks = timeout.map(|timeout| ticks(timeout / LOOKS));
        Self { ticks, begun: 0, looks: 0 }
    }

    /// Whether the time is over.
    fn look(&mut self, shared: &Shared, backends: &[Backend]) -> bool {
        let begun = backends.iter().map(|backend| backend.load().begun()).sum();
        let works = |backend: &Backend| backend.active() > 0 || backend.load().waiting() > 0;
        let busy = shared.queued.load(Relaxed) > 0 || backends.iter().any(works);
        self.looks = if busy || begun != self.begun { 0 } else { self.looks + 1 };
        self.begun = begun;
        self.looks >= LOOKS
    }
}

fn ticks(period: Duration) -> Interval {
    let period = period.clamp(Duration::from_millis(1), LONGEST);
    let mut ticks = tokio::time::interval_at(Instant::now() + period, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

async fn tick(ticks: &mut Option<Interval>) {
    match ticks {
        Some(ticks) => drop(ticks.tick().await),
        None => std::future::pending().await,
    }
}
