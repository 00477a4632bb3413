//! The phases of a server and of its connections.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use tokio::sync::Notify;

/// The life of a server, in the order of its phases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Serving,
    /// No new connections. The listeners are closed before anybody is told to go, so that whoever connects again finds
    /// the successor.
    Closing,
    /// No new calls; those that run go on.
    Draining,
    /// The grace is over: calls end with a status.
    Aborting,
    /// Connections are dropped.
    Closed,
}

/// How long a connection that was just made may take to say what it is, once the server takes no more.
const LATECOMERS: Duration = Duration::from_secs(1);

/// Leads something through its phases; without it that is closed.
#[derive(Debug)]
pub(super) struct Lead(Phases);

/// The phases of something, for all that go along with them; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Phases(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    phase: AtomicU8,
    changed: Notify,
}

impl Lead {
    /// Of something that serves.
    pub(super) fn new() -> Self {
        Self(Phases(Arc::new(Inner { phase: AtomicU8::new(Phase::Serving as u8), changed: Notify::new() })))
    }

    pub(super) fn phases(&self) -> Phases {
        self.0.clone()
    }

    /// Moves on to this phase.
    pub(super) fn reach(&self, phase: Phase) {
        self.0.0.phase.store(phase as u8, Ordering::SeqCst);
        self.0.0.changed.notify_waiters();
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        self.reach(Phase::Closed);
    }
}

impl Phases {
    /// Whether it is in this phase, or in a later one.
    pub(super) fn reached(&self, phase: Phase) -> bool {
        self.0.phase.load(Ordering::SeqCst) >= phase as u8
    }

    /// Waits for this phase, or a later one.
    pub(super) async fn until(&self, phase: Phase) {
        loop {
            // Made before the look at the phase, so that it hears of all that changes from then on.
            let changed = self.0.changed.notified();
            if self.reached(phase) {
                return;
            }
            changed.await;
        }
    }

    /// Waits until a connection that is not yet open is not waited for any more.
    pub(super) async fn until_unopened_close(&self) {
        self.until(Phase::Draining).await;
        let _ = tokio::time::timeout(LATECOMERS, self.until(Phase::Aborting)).await;
    }

    /// [`until`](Self::until), for those who have nothing to keep it in.
    pub(super) async fn into_until(self, phase: Phase) {
        self.until(phase).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_waits_hears_of_a_phase_and_of_later_ones() {
        let lead = Lead::new();
        let waiting = [Phase::Draining, Phase::Aborting].map(|phase| tokio::spawn(lead.phases().into_until(phase)));
        tokio::task::yield_now().await;
        lead.reach(Phase::Closing);
        tokio::task::yield_now().await;
        assert!(waiting.iter().all(|task| !task.is_finished()));
        lead.reach(Phase::Draining);
        tokio::task::yield_now().await;
        assert_eq!(waiting.each_ref().map(|task| task.is_finished()), [true, false]);
        let phases = lead.phases();
        drop(lead);
        for task in waiting {
            task.await.expect("it has ended");
        }
        assert!(phases.reached(Phase::Closed));
        phases.until(Phase::Closed).await;
    }
}
