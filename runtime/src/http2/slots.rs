//! Who has how many streams.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{
            AtomicBool, AtomicU64, AtomicUsize,
            Ordering::{Relaxed, SeqCst},
        },
    },
    task::Context,
};

use futures_util::task::AtomicWaker;
use tokio::sync::Notify;
use tonic::Status;

use super::{
    Vitals,
    error::{far_too_large, in_words, is_lost, refused_answer, status_of, unavailable},
};

/// The calls on all connections to one peer.
#[derive(Debug, Default)]
pub(crate) struct Load {
    /// Calls that run.
    active: AtomicUsize,
    /// Calls that were ever begun.
    begun: AtomicU64,
    /// Calls that wait for a stream.
    waiting: AtomicUsize,
    freed: Notify,
    /// Whether the outcomes of calls are counted.
    judged: AtomicBool,
    succeeded: AtomicU64,
    failed: AtomicU64,
}

impl Load {
    pub(crate) fn active(&self) -> usize {
        self.active.load(Relaxed)
    }

    pub(crate) fn begun(&self) -> u64 {
        self.begun.load(Relaxed)
    }

    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(SeqCst)
    }

    /// Waits once for what [`changed`](Self::changed) and ended calls tell. It is counted as a waiting call meanwhile.
    pub(crate) async fn wait_unless<T>(&self, ready: impl FnOnce() -> Option<T>) -> Option<T> {
        let _counted = Waiting::new(&self.waiting);
        let mut freed = std::pin::pin!(self.freed.notified());
        // Whatever ends from here on wakes this call.
        freed.as_mut().enable();
        let ready = ready();
        if ready.is_none() {
            freed.await;
        }
        ready
    }

    /// Wakes all that wait, to look again.
    pub(crate) fn changed(&self) {
        self.freed.notify_waiters();
    }

    pub(crate) fn judge(&self) {
        self.judged.store(true, Relaxed);
    }

    /// How many calls succeeded and failed since the last look.
    pub(crate) fn take_outcomes(&self) -> (u64, u64) {
        (self.succeeded.swap(0, Relaxed), self.failed.swap(0, Relaxed))
    }
}

/// One more in a count, for a while.
pub(crate) struct Waiting<'c>(&'c AtomicUsize);

impl<'c> Waiting<'c> {
    pub(crate) fn new(count: &'c AtomicUsize) -> Self {
        count.fetch_add(1, SeqCst);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// The streams of one connection.
#[derive(Debug)]
pub(crate) struct Slots {
    active: AtomicUsize,
    /// Those of them that were cancelled, of which the peer may not have heard.
    cancelled: AtomicUsize,
    connection: AtomicWaker,
    /// How many the peer allows at a time.
    limit: AtomicUsize,
    used: AtomicBool,
    /// What errors call the server.
    server: String,
    /// The bytes that head and trailers of an answer may have, each.
    header_bytes: u32,
    /// Why the connection was given up, where this side did.
    cause: OnceLock<&'static str>,
    load: Arc<Load>,
    vitals: Arc<Vitals>,
}

impl Slots {
    pub(crate) fn new(
        server: String,
        load: Arc<Load>,
        limit: usize,
        header_bytes: u32,
        vitals: Arc<Vitals>,
    ) -> Arc<Self> {
        Arc::new(Self {
            active: AtomicUsize::new(0),
            cancelled: AtomicUsize::new(0),
            connection: AtomicWaker::new(),
            limit: AtomicUsize::new(limit),
            used: AtomicBool::new(false),
            server,
            header_bytes,
            cause: OnceLock::new(),
            load,
            vitals,
        })
    }

    /// Those of the connection.
    pub(crate) fn vitals(&self) -> &Arc<Vitals> {
        &self.vitals
    }

    pub(crate) fn active(&self) -> usize {
        self.active.load(SeqCst)
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit.load(Relaxed)
    }

    pub(crate) fn set_limit(&self, limit: usize) {
        if self.limit() != limit && self.limit.swap(limit, Relaxed) < limit {
            self.load.changed();
        }
    }

    /// Whether it ever carried a call.
    pub(crate) fn was_used(&self) -> bool {
        self.used.load(Relaxed)
    }

    /// Says why all calls on the connection are about to break.
    pub(crate) fn give_up(&self, cause: &'static str) {
        // The first cause is the cause.
        let _ = self.cause.set(cause);
    }

    /// The status of a call that this error ended.
    pub(crate) fn explain(&self, error: &h2::Error) -> Status {
        let broke = |cause: &str| unavailable(format!("the connection to {} broke: {cause}", self.server));
        match self.cause.get() {
            Some(cause) if !error.is_reset() => broke(cause),
            _ if is_lost(error) => broke(&far_too_large(error, self.header_bytes).unwrap_or_else(|| in_words(error))),
            _ => refused_answer(error, self.header_bytes).unwrap_or_else(|| status_of(error)),
        }
    }

    /// One stream. Whoever asks makes sure that there is room.
    pub(crate) fn take(self: &Arc<Self>) -> Slot {
        self.used.store(true, Relaxed);
        self.active.fetch_add(1, Relaxed);
        self.load.active.fetch_add(1, Relaxed);
        self.load.begun.fetch_add(1, Relaxed);
        Slot { slots: Arc::clone(self), counts: true, ended: false }
    }

    /// One stream for a call that does not count as one.
    pub(crate) fn take_aside(self: &Arc<Self>) -> Slot {
        self.active.fetch_add(1, Relaxed);
        Slot { slots: Arc::clone(self), counts: false, ended: false }
    }

    /// The cancelled streams, for the task of the connection, which is woken when there are more. Once it has let the
    /// connection write, the peer has heard of them, and it gives them [back](Self::give_back). A stream that took the
    /// place of one before that would arrive before the reset, and be refused.
    pub(crate) fn take_cancelled(&self, cx: &mut Context<'_>) -> usize {
        self.connection.register(cx.waker());
        self.cancelled.swap(0, SeqCst)
    }

    pub(crate) fn give_back(&self, streams: usize) {
        if streams == 0 {
            return;
        }
        // Ordered with the look at who waits: whoever waits looked for room after it was counted.
        self.active.fetch_sub(streams, SeqCst);
        for _ in 0..streams.min(self.load.waiting()) {
            self.load.freed.notify_one();
        }
    }
}

/// A stream in use.
#[derive(Debug)]
pub(crate) struct Slot {
    slots: Arc<Slots>,
    /// Whether it is one of the calls on the peer.
    counts: bool,
    /// Whether the peer knows that it is over.
    ended: bool,
}

impl Slot {
    pub(crate) fn slots(&self) -> &Slots {
        &self.slots
    }

    /// The stream is over on both sides; notes how the call ended, if somebody counts that.
    pub(crate) fn end(mut self, succeeded: impl FnOnce() -> bool) {
        let load = &self.slots.load;
        if self.counts && load.judged.load(Relaxed) {
            let count = if succeeded() { &load.succeeded } else { &load.failed };
            count.fetch_add(1, Relaxed);
        }
        self.ended = true;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if self.counts {
            self.slots.load.active.fetch_sub(1, Relaxed);
        }
        if self.ended {
            self.slots.give_back(1);
        } else {
            self.slots.cancelled.fetch_add(1, SeqCst);
            self.slots.connection.wake();
        }
    }
}
