//! What is known of a connection from outside of it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Notify, futures::OwnedNotified},
    time::Instant,
};

use super::gather::{LARGE, Lent};
use crate::call::Data;

/// When bytes last came, whether the peer plays fair, and since when it has been in which of the states that may not
/// last. Written by the [`Guard`](super::Guard), by whoever runs the connection, and by its calls as they end.
#[derive(Debug)]
pub(crate) struct Vitals {
    opened: Instant,
    /// When bytes last arrived, in milliseconds since the connection was opened; not noted over HTTP/1.1.
    last_read: AtomicU64,
    /// The stream of which a frame of data has begun to come then, and not ended; 0 if there is none.
    arriving: AtomicU32,
    abused: AtomicBool,
    worn: AtomicBool,
    /// No call runs; and since when, for all that is known.
    quiet: AtomicBool,
    quiet_since: Since,
    /// There is more to read of the body of a request over HTTP/1.1.
    unread: AtomicBool,
    /// Bytes of the head of a request over HTTP/1.1 have come that nobody has worked on yet.
    in_head: AtomicBool,
    /// The peer has begun what it must complete soon: its preface, or the head of a request.
    owing: Since,
    /// The peer does not take what is sent.
    blocked: Since,
    /// The peer did not take all that was there to send, and who waits until it has.
    stuck: AtomicBool,
    flushed: Arc<Notify>,
    /// Something is written that the socket was not given yet.
    held: AtomicBool,
    /// What is written of it is a slice of this.
    lent: Lent,
    /// Bytes that were handed to h2 since the connection had its turn and could write all.
    ahead: AtomicU32,
    /// Streams that the peer has begun and h2 has not given out.
    awaited: AtomicU32,
    /// What the headers of the requests that are open take.
    pub(crate) open_header_bytes: AtomicUsize,
}

/// Since when something has been so, in milliseconds since the connection was opened.
#[derive(Debug)]
struct Since(AtomicU64);

impl Since {
    const NEVER: u64 = u64::MAX;

    fn begin(&self, now: u64) {
        // Only ever written by the task that runs the connection.
        if self.0.load(Ordering::Relaxed) == Self::NEVER {
            self.0.store(now, Ordering::Relaxed);
        }
    }

    fn end(&self) {
        self.0.store(Self::NEVER, Ordering::Relaxed);
    }

    fn millis(&self) -> Option<u64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|&since| since != Self::NEVER)
    }
}

/// What a peer lets its connection wait for, and whether that should give way to another.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Pressing {
    owing: bool,
    blocked: bool,
    worn: bool,
}

impl Pressing {
    /// Whether there is something that was not there before.
    pub(crate) fn exceeds(self, before: Self) -> bool {
        // Without branches, as it is asked after every request.
        (self.owing & !before.owing) | (self.blocked & !before.blocked) | (self.worn & !before.worn)
    }
}

impl Vitals {
    pub(super) fn new(opened: Instant) -> Self {
        let never = || Since(AtomicU64::new(Since::NEVER));
        Self {
            opened,
            last_read: AtomicU64::new(0),
            arriving: AtomicU32::new(0),
            abused: AtomicBool::new(false),
            worn: AtomicBool::new(false),
            quiet: AtomicBool::new(true),
            quiet_since: Since(AtomicU64::new(0)),
            unread: AtomicBool::new(false),
            in_head: AtomicBool::new(false),
            owing: never(),
            blocked: never(),
            stuck: AtomicBool::new(false),
            flushed: Arc::default(),
            held: AtomicBool::new(false),
            lent: Lent::default(),
            ahead: AtomicU32::new(0),
            awaited: AtomicU32::new(0),
            open_header_bytes: AtomicUsize::new(0),
        }
    }

    /// How long nothing has arrived.
    pub(crate) fn silence(&self) -> Duration {
        self.opened.elapsed().saturating_sub(Duration::from_millis(self.last_read.load(Ordering::Relaxed)))
    }

    /// Whether the peer has sent more of something than any honest one does.
    pub(crate) fn abused(&self) -> bool {
        self.abused.load(Ordering::Relaxed)
    }

    pub(super) fn abuse(&self) {
        self.abused.store(true, Ordering::Relaxed);
    }

    /// Whether so much came for nothing that the connection should give way to another.
    pub(crate) fn worn(&self) -> bool {
        self.worn.load(Ordering::Relaxed)
    }

    pub(super) fn wears(&self, worn: bool) {
        self.worn.store(worn, Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        self.opened.elapsed().as_millis() as u64
    }

    pub(super) fn read(&self) -> u64 {
        let now = self.now();
        self.last_read.store(now, Ordering::Relaxed);
        now
    }

    pub(super) fn arrives(&self, stream: u32) {
        self.arriving.store(stream, Ordering::Relaxed);
    }

    /// When bytes last came of a frame of this stream's data that has not come as a whole.
    pub(crate) fn last_arrival(&self, stream: u32) -> Option<Instant> {
        let arrives = self.arriving.load(Ordering::Relaxed) == stream;
        arrives.then(|| self.opened + Duration::from_millis(self.last_read.load(Ordering::Relaxed)))
    }

    /// Notes whether the peer owes the rest of something, as of a moment given by [`read`](Self::read). `anew` says that
    /// what it owed before has come.
    pub(super) fn owes(&self, owes: bool, anew: bool, now: u64) {
        if anew || !owes {
            self.owing.end();
        }
        if owes {
            self.owing.begin(now);
        }
    }

    /// Notes bytes of HTTP/1.1, which without a running call are the head of a request. Most heads come as a whole, and
    /// are [`headed`](Self::headed) before anybody asks when they began.
    pub(super) fn received_head(&self) {
        if self.quiet.load(Ordering::Relaxed) {
            self.in_head.store(true, Ordering::Relaxed);
        }
    }

    pub(super) fn wrote(&self, blocked: bool) {
        if blocked {
            self.blocked.begin(self.now());
            self.stuck.store(true, Ordering::Relaxed);
        } else {
            self.blocked.end();
        }
    }

    pub(super) fn holds(&self, held: bool) {
        self.held.store(held, Ordering::Relaxed);
    }

    /// Whether something is written that the socket could take and was not given yet: the connection has to be polled
    /// once more before its task waits.
    pub(crate) fn is_held(&self) -> bool {
        self.held.load(Ordering::Relaxed) && self.blocked.millis().is_none()
    }

    /// Whether the peer has not taken all that was there to send.
    pub(crate) fn is_stuck(&self) -> bool {
        self.stuck.load(Ordering::Relaxed)
    }

    /// Notes data that h2 is handed, to be written at the connection's next turn. What is small does not matter.
    #[inline]
    pub(crate) fn hands_over(&self, data: &Data) {
        if data.len() >= LARGE {
            self.hands_over_large(data);
        }
    }

    fn hands_over_large(&self, data: &Data) {
        // A narrow number, as there is one for each connection; more than fits is not handed over in one turn.
        self.ahead.fetch_add(data.len() as u32, Ordering::Relaxed);
        data.slices().for_each(|slice| self.lent.add(slice));
    }

    /// Bytes of all streams that were handed over since the connection could write all.
    pub(crate) fn ahead(&self) -> usize {
        self.ahead.load(Ordering::Relaxed) as usize
    }

    pub(super) fn lent(&self) -> &Lent {
        &self.lent
    }

    /// Notes that the connection has written what it could, by the task that runs it.
    pub(crate) fn wrote_all(&self) {
        self.lent.clear();
        if self.blocked.millis().is_some() {
            return;
        }
        self.ahead.store(0, Ordering::Relaxed);
        if self.is_stuck() {
            self.stuck.store(false, Ordering::Relaxed);
            // By its lock, whoever waits from here on sees what was stored.
            self.flushed.notify_waiters();
        }
    }

    /// Waits until the connection has written what it could.
    pub(crate) fn flushed(&self) -> OwnedNotified {
        Arc::clone(&self.flushed).notified_owned()
    }

    pub(super) fn opened(&self, streams: u32) {
        self.awaited.store(self.awaited.load(Ordering::Relaxed).saturating_add(streams), Ordering::Relaxed);
    }

    /// Notes that h2 gave a stream out; whether it is known to have another.
    pub(crate) fn took_one(&self) -> bool {
        let awaited = self.awaited.load(Ordering::Relaxed).saturating_sub(1);
        self.awaited.store(awaited, Ordering::Relaxed);
        awaited > 0
    }

    /// Notes that h2 has no more of them.
    pub(crate) fn took_all(&self) {
        self.awaited.store(0, Ordering::Relaxed);
    }

    /// Notes whether calls run. It costs no look at the clock, which is what [`quiet_since`](Self::quiet_since) does.
    pub(crate) fn busy(&self, busy: bool) {
        self.quiet.store(!busy, Ordering::Relaxed);
        if busy {
            self.quiet_since.end();
        }
    }

    /// Notes that a call began over HTTP/1.1: the head that was owed has come.
    pub(crate) fn headed(&self) {
        self.in_head.store(false, Ordering::Relaxed);
        self.owing.end();
        self.busy(true);
    }

    /// Notes whether there is more to read of the body of a request over HTTP/1.1.
    pub(crate) fn unread(&self, unread: bool) {
        self.unread.store(unread, Ordering::Release);
    }

    pub(crate) fn has_unread(&self) -> bool {
        self.unread.load(Ordering::Acquire)
    }

    pub(super) fn is_busy(&self) -> bool {
        !self.quiet.load(Ordering::Relaxed)
    }

    /// What the peer does to its connection, once that has worked on all that came.
    pub(crate) fn pressing(&self) -> Pressing {
        if self.in_head.swap(false, Ordering::Relaxed) {
            self.owing.begin(self.now());
        }
        Pressing { owing: self.owing.millis().is_some(), blocked: self.blocked.millis().is_some(), worn: self.worn() }
    }

    /// Since when no call has run, as far as this was asked: since then none has, and one may have when it was asked
    /// before.
    pub(crate) fn quiet_since(&self) -> Option<Instant> {
        if self.quiet.load(Ordering::Relaxed) {
            self.quiet_since.begin(self.now());
        }
        self.at(&self.quiet_since)
    }

    /// Since when the peer has owed the rest of its preface or of a head.
    pub(crate) fn owing_since(&self) -> Option<Instant> {
        self.at(&self.owing)
    }

    /// Since when the peer has taken none of what is sent.
    pub(crate) fn blocked_since(&self) -> Option<Instant> {
        self.at(&self.blocked)
    }

    fn at(&self, since: &Since) -> Option<Instant> {
        since.millis().map(|millis| self.opened + Duration::from_millis(millis))
    }
}
