//! What is done to have connections.

use std::{
    mem,
    sync::{Arc, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::oneshot, time::Instant};
use tonic::Status;

use super::{
    super::{
        Address, Endpoint,
        backoff::{self, Backoff},
        health,
        http2::{Connection, Opened, open},
    },
    Backend, Health, Now, Phase,
};
use crate::{
    client::reach::Unprocessed,
    http2::{Slots, unavailable},
    task::AbortOnDrop,
};

impl Backend {
    /// Attempts to connect; after a failure, rests before the next attempt may begin.
    pub(super) fn spawn_attempt(&self, now: &Now) -> AbortOnDrop {
        let (common, load) = (Arc::clone(&self.0.common), Arc::clone(&self.0.load));
        let (endpoint, backend) = (Arc::clone(&now.endpoint), Arc::downgrade(&self.0));
        let begin = Instant::now();
        AbortOnDrop::new(&tokio::spawn(async move {
            let connecting =
                common.connector.open(&endpoint, |io, address| open(io, address, &common.connector, Arc::clone(&load)));
            let result = connecting.await;
            let Some(this) = backend.upgrade().map(Self) else { return };
            match result {
                Ok((opened, address)) => this.connected(this.now(), opened, Some(address)),
                Err(cause) => {
                    let pause = this.failed(cause);
                    drop(this);
                    tokio::time::sleep_until(begin + pause).await;
                    if let Some(this) = backend.upgrade().map(Self) {
                        this.rested();
                    }
                }
            }
        }))
    }

    /// Makes a further connection, to the address of the others. Where that fails, they have to do for a while.
    pub(super) fn spawn_growth(&self, now: &Now) -> AbortOnDrop {
        let (common, load) = (Arc::clone(&self.0.common), Arc::clone(&self.0.load));
        let endpoint = now.address.clone().map_or_else(|| Endpoint::clone(&now.endpoint), Endpoint::new);
        let backend = Arc::downgrade(&self.0);
        AbortOnDrop::new(&tokio::spawn(async move {
            let connecting =
                common.connector.open(&endpoint, |io, address| open(io, address, &common.connector, Arc::clone(&load)));
            let result = connecting.await;
            if let Err(error) = &result {
                tracing::debug!(%error, "a further connection could not be made");
                tokio::time::sleep(common.random.jitter(backoff::FIRST)).await;
            }
            let Some(this) = backend.upgrade().map(Self) else { return };
            let mut now = this.now();
            now.growing = None;
            if let Ok((opened, _)) = result {
                this.connected(now, opened, None);
            }
        }))
    }

    /// There is a connection more. Whoever asks has the lock, so that nobody counts it neither as made nor as to come.
    fn connected(&self, mut now: MutexGuard<'_, Now>, opened: Opened, address: Option<Address>) {
        let Opened { connection, ended } = opened;
        let connection = Arc::new(connection);
        self.watch(&connection, ended);
        if now.phase != Phase::Ready {
            self.ask_health(&mut now);
        }
        now.phase = Phase::Ready;
        now.address = address.or(now.address.take());
        now.cause = None;
        now.connections.push(connection);
        drop(now);
        self.0.load.changed();
        self.0.common.changed.notify_one();
    }

    pub(super) fn ask_health(&self, now: &mut Now) {
        let service = self.0.common.health.lock().unwrap_or_else(PoisonError::into_inner).clone();
        now.health = if service.is_some() { Health::Unknown } else { Health::Good };
        now.watching = service.map(|service| AbortOnDrop::new(&tokio::spawn(health::watch(self.downgrade(), service))));
    }

    /// Forgets the connection once it takes no further calls.
    fn watch(&self, connection: &Connection, ended: oneshot::Receiver<String>) {
        let (backend, slots, opened) = (self.downgrade(), Arc::clone(&connection.slots), connection.opened);
        tokio::spawn(async move {
            let cause = ended.await.unwrap_or_else(|_| "the runtime is shutting down".to_owned());
            if let Some(this) = backend.upgrade() {
                this.lost(&slots, opened, &cause);
            }
        });
    }

    fn lost(&self, slots: &Arc<Slots>, opened: Instant, cause: &str) {
        let mut now = self.now();
        // A call may have found out first.
        now.connections.retain(|other| !Arc::ptr_eq(&other.slots, slots));
        if !now.connections.is_empty() || now.phase != Phase::Ready {
            return;
        }
        (now.address, now.watching) = (None, None);
        // A server that is gone as soon as it is there would be asked without a pause.
        let flaps = opened.elapsed() < backoff::FIRST && !slots.was_used();
        if flaps {
            let cause = unavailable(format!("the connection to {} broke: {cause}", now.endpoint));
            let pause = self.rest(&mut now, cause);
            let backend = Arc::downgrade(&self.0);
            now.task = Some(AbortOnDrop::new(&tokio::spawn(async move {
                tokio::time::sleep(pause).await;
                if let Some(this) = backend.upgrade().map(Self) {
                    this.rested();
                }
            })));
        } else {
            (now.phase, now.backoff) = (Phase::Idle, Backoff::default());
        }
        drop(now);
        self.0.load.changed();
        self.0.common.refresh.notify_one();
        self.0.common.changed.notify_one();
    }

    /// Notes a failed attempt; gives the pause from its beginning.
    fn failed(&self, cause: Status) -> Duration {
        let pause = self.rest(&mut self.now(), cause);
        self.0.common.refresh.notify_one();
        self.0.common.changed.notify_one();
        pause
    }

    fn rest(&self, now: &mut Now, cause: Status) -> Duration {
        now.phase = Phase::Resting;
        now.cause = Some(Unprocessed::Unsent.mark(cause));
        now.backoff.next(&self.0.common.random)
    }

    fn rested(&self) {
        let mut now = self.now();
        if now.phase == Phase::Resting {
            now.phase = Phase::Idle;
            drop(now);
            self.0.common.changed.notify_one();
        }
    }

    /// Closes its connections after their calls, and makes no other.
    pub(in super::super) fn retire(&self) {
        let mut now = self.now();
        now.phase = Phase::Idle;
        (now.task, now.growing, now.watching) = (None, None, None);
        let connections = mem::take(&mut now.connections);
        drop(now);
        drop(connections);
        self.0.load.changed();
    }
}
