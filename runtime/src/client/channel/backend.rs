//! One backend of a channel: its connections, and what it tells of itself.

mod connecting;

use std::{
    fmt, mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use tokio::sync::Notify;
use tonic::Status;

use super::{
    Address, BackendFigures, ConnectivityState, Endpoint,
    backoff::Backoff,
    connector::Connector,
    health::Health,
    http2::{Connection, Lease},
    outlier::Record,
    random::Random,
};
use crate::{
    http2::{Load, unavailable},
    task::AbortOnDrop,
};

/// A server among those of a channel, to be chosen by a [`LoadBalancer`](super::LoadBalancer) and its
/// [`Picker`](super::Picker). Cheap to clone.
#[derive(Clone)]
pub struct Backend(Arc<Inner>);

struct Inner {
    common: Arc<Common>,
    load: Arc<Load>,
    /// The part that changes.
    now: Mutex<Now>,
}

/// What the backends of a channel have in common.
#[derive(Debug)]
pub(super) struct Common {
    pub(super) connector: Connector,
    /// Connections that one backend may have.
    pub(super) max_connections: usize,
    /// Calls on every connection from which on another is made.
    pub(super) streams_per_connection: usize,
    /// The service whose health the servers are asked about.
    pub(super) health: Mutex<Option<Arc<str>>>,
    /// Whether the outcomes of calls are counted.
    pub(super) judges: bool,
    pub(super) random: Random,
    /// Wakes the manager: a backend has changed.
    pub(super) changed: Notify,
    /// Wakes the resolver: a server could not be reached, or is gone.
    pub(super) refresh: Arc<Notify>,
}

impl Common {
    /// Asks about the health of this service from now on.
    pub(super) fn ask_health_of(&self, service: Option<Arc<str>>, backends: &[Backend]) {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        if *health == service {
            return;
        }
        *health = service;
        drop(health);
        for backend in backends {
            let mut now = backend.now();
            if now.phase == Phase::Ready {
                backend.ask_health(&mut now);
            }
        }
    }
}

#[derive(Debug)]
struct Now {
    endpoint: Arc<Endpoint>,
    phase: Phase,
    connections: Vec<Arc<Connection>>,
    /// The address of the connections.
    address: Option<Address>,
    /// How long it rests after an attempt that fails.
    backoff: Backoff,
    /// Why the last attempt failed, until one succeeds.
    cause: Option<Status>,
    /// What it says of its health, where that is asked.
    health: Health,
    watching: Option<AbortOnDrop>,
    /// Whether it is left out for what it did.
    record: Record,
    /// Makes the first connection, or waits until it may be tried.
    task: Option<AbortOnDrop>,
    /// Makes a further connection.
    growing: Option<AbortOnDrop>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Idle,
    Connecting,
    Ready,
    /// The last attempt failed, and the next must wait.
    Resting,
}

/// What comes of asking for room.
pub(super) enum Room {
    Leased(Lease),
    /// All streams of all connections are in use.
    Full,
    /// There is no connection any more.
    Gone,
}

impl Backend {
    pub(super) fn new(common: Arc<Common>, endpoint: Endpoint) -> Self {
        let now = Now {
            endpoint: Arc::new(endpoint),
            phase: Phase::Idle,
            connections: Vec::new(),
            address: None,
            backoff: Backoff::default(),
            cause: None,
            health: Health::Good,
            watching: None,
            record: Record::default(),
            task: None,
            growing: None,
        };
        let load = Arc::<Load>::default();
        if common.judges {
            load.judge();
        }
        Self(Arc::new(Inner { common, load, now: Mutex::new(now) }))
    }

    /// Whether it takes calls. After a failed attempt it stays at `TransientFailure` until one succeeds.
    pub fn state(&self) -> ConnectivityState {
        self.now().state()
    }

    /// Why it takes no calls, where its state is `TransientFailure`.
    pub fn cause(&self) -> Option<Status> {
        let now = self.now();
        match &now.health {
            Health::Bad(status) if now.phase == Phase::Ready => Some(status.clone()),
            _ if now.phase == Phase::Ready && now.record.is_ejected() => {
                Some(unavailable(format!("{} is left out because it fails too many calls", now.endpoint)))
            }
            _ => now.cause.clone(),
        }
    }

    /// Begins to connect, unless it is connected, or connecting, or pausing after a failure.
    pub fn connect(&self) {
        let mut now = self.now();
        if now.phase == Phase::Idle {
            now.phase = Phase::Connecting;
            now.task = Some(self.spawn_attempt(&now));
            drop(now);
            self.0.common.changed.notify_one();
        }
    }

    /// What the resolver told of it.
    pub fn endpoint(&self) -> Arc<Endpoint> {
        Arc::clone(&self.now().endpoint)
    }

    /// How many calls run on it.
    pub fn active(&self) -> usize {
        self.0.load.active()
    }

    /// What it does at the moment.
    pub fn figures(&self) -> BackendFigures {
        let state = self.state();
        let now = self.now();
        let load = &self.0.load;
        BackendFigures {
            name: now.endpoint.to_string(),
            state,
            connections: now.connections.len(),
            streams: load.active(),
            queued: load.waiting(),
            begun: load.begun(),
        }
    }

    pub(super) fn load(&self) -> &Arc<Load> {
        &self.0.load
    }

    /// The address of its connections, if it has any.
    pub(super) fn address(&self) -> Option<Address> {
        self.now().address.clone()
    }

    /// Takes over what a resolver tells anew.
    pub(super) fn set_endpoint(&self, endpoint: Endpoint) {
        let mut now = self.now();
        if now.phase == Phase::Resting && now.endpoint.addresses != endpoint.addresses {
            // New addresses deserve an attempt at once.
            (now.phase, now.task, now.backoff) = (Phase::Idle, None, Backoff::default());
        }
        now.endpoint = Arc::new(endpoint);
    }

    /// Ends the pause after a failure.
    pub(super) fn hurry(&self) {
        let mut now = self.now();
        now.backoff = Backoff::default();
        if now.phase == Phase::Resting {
            (now.phase, now.task) = (Phase::Idle, None);
            drop(now);
            self.0.common.changed.notify_one();
        }
    }

    pub(super) fn set_health(&self, health: Health) {
        self.now().health = health;
        self.0.common.changed.notify_one();
    }

    pub(super) fn record(&self) -> Record {
        self.now().record
    }

    pub(super) fn set_record(&self, record: Record) {
        let was = mem::replace(&mut self.now().record, record);
        if was.is_ejected() != record.is_ejected() {
            self.0.common.changed.notify_one();
        }
    }

    pub(super) fn connector(&self) -> &Connector {
        &self.0.common.connector
    }

    pub(super) fn downgrade(&self) -> WeakBackend {
        WeakBackend(Arc::downgrade(&self.0))
    }

    /// Room for a call that is none of the user's.
    pub(super) fn room_aside(&self) -> Option<Lease> {
        self.now().connections.first().map(|connection| connection.lease_aside())
    }

    /// Room for a call; waits while all streams are in use.
    pub(super) async fn wait_for_room(&self) -> Option<Lease> {
        loop {
            let room = self.0.load.wait_unless(|| match self.room() {
                Room::Leased(lease) => Some(Some(lease)),
                Room::Full => None,
                Room::Gone => Some(None),
            });
            if let Some(settled) = room.await {
                return settled;
            }
        }
    }

    /// Room for a call, on the connection that has the fewest.
    pub(super) fn room(&self) -> Room {
        let mut now = self.now();
        let (connection, room) = loop {
            let fewest = now.connections.iter().min_by_key(|connection| connection.slots.active());
            let Some(connection) = fewest.cloned() else {
                return Room::Gone;
            };
            if !connection.has_room() {
                break (connection, Room::Full);
            }
            let mut lease = connection.lease();
            if lease.is_open() {
                break (connection, Room::Leased(lease));
            }
            // It has just gone; the rest follows when its task says so.
            now.connections.retain(|other| !Arc::ptr_eq(other, &connection));
        };
        let common = &self.0.common;
        if now.connections.len() < common.max_connections
            && now.growing.is_none()
            && (matches!(room, Room::Full) || connection.slots.active() > common.streams_per_connection)
        {
            now.growing = Some(self.spawn_growth(&now));
        }
        room
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.0.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Now {
    fn state(&self) -> ConnectivityState {
        match (self.phase, &self.health) {
            (Phase::Ready, Health::Bad(_)) => ConnectivityState::TransientFailure,
            (Phase::Ready, Health::Unknown) => ConnectivityState::Connecting,
            (Phase::Ready, Health::Good) if self.record.is_ejected() => ConnectivityState::TransientFailure,
            (Phase::Ready, Health::Good) => ConnectivityState::Ready,
            (Phase::Resting, _) => ConnectivityState::TransientFailure,
            _ if self.cause.is_some() => ConnectivityState::TransientFailure,
            (Phase::Connecting, _) => ConnectivityState::Connecting,
            (Phase::Idle, _) => ConnectivityState::Idle,
        }
    }
}

/// A backend that may be gone.
#[derive(Clone)]
pub(super) struct WeakBackend(Weak<Inner>);

impl WeakBackend {
    pub(super) fn upgrade(&self) -> Option<Backend> {
        self.0.upgrade().map(Backend)
    }
}

impl PartialEq for Backend {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Backend").field(&self.figures()).finish()
    }
}
