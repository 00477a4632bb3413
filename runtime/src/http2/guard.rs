//! A look at the bytes of an HTTP/2 connection on their way in: whether the peer lives, and whether it plays fair.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Instant,
};

/// What is known of a connection from outside of it.
#[derive(Debug)]
pub(crate) struct Vitals {
    opened: Instant,
    /// When bytes last arrived, in milliseconds since the connection was opened.
    last_read: AtomicU64,
    abused: AtomicBool,
}

impl Vitals {
    /// How long nothing has arrived.
    pub(crate) fn silence(&self) -> Duration {
        self.age().saturating_sub(Duration::from_millis(self.last_read.load(Ordering::Relaxed)))
    }

    fn age(&self) -> Duration {
        self.opened.elapsed()
    }

    /// Whether the peer has sent more control frames than any honest one does.
    pub(crate) fn abused(&self) -> bool {
        self.abused.load(Ordering::Relaxed)
    }
}

/// The limits of what h2 itself accepts without end.
#[derive(Debug)]
pub(crate) struct Police {
    scan: Scan,
    /// Pings closer than this, while nothing else happens, are strikes.
    ping_interval: Duration,
    last_ping: Option<Instant>,
    strikes: u32,
    control_frames: u32,
    fragments: u32,
}

/// Strikes that a peer may have before its connection is closed, as in gRPC (gRFC A8).
const STRIKES: u32 = 2;
/// Control frames that may come without a single HEADERS or DATA frame among them.
const CONTROL_FRAMES: u32 = 10_000;

/// Fragments, which are DATA frames too small for the smallest message, that may come more than whole ones: h2 keeps
/// some 250 bytes for each frame that waits to be read, while its payload is all that flow control counts.
const FRAGMENTS: u32 = 10_000;
/// The bytes of an empty message.
const SMALLEST: usize = 5;
/// The most that padding adds, with its length.
const PADDING: usize = 256;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PING: u8 = 6;
const WINDOW_UPDATE: u8 = 8;
const ACK: u8 = 1;
const PADDED: u8 = 8;

impl Police {
    pub(crate) fn new(ping_interval: Duration) -> Self {
        Self { scan: Scan::default(), ping_interval, last_ping: None, strikes: 0, control_frames: 0, fragments: 0 }
    }

    /// Whether what came since the last look is still acceptable.
    fn tolerates(&mut self, bytes: &[u8]) -> bool {
        let mut rest = bytes;
        while let Some(head) = self.scan.next(&mut rest) {
            match head.kind {
                // An empty DATA frame achieves nothing; h2 bounds those itself.
                DATA | HEADERS => self.control_frames = 0,
                _ => self.control_frames += 1,
            }
            match head.kind {
                DATA if head.is_fragment() => self.fragments += 1,
                DATA => self.fragments = self.fragments.saturating_sub(1),
                _ => {}
            }
            match head.kind {
                DATA | HEADERS | WINDOW_UPDATE => (self.strikes, self.last_ping) = (0, None),
                PING if head.flags & ACK == 0 => self.ping(),
                _ => {}
            }
        }
        self.strikes <= STRIKES && self.control_frames <= CONTROL_FRAMES && self.fragments <= FRAGMENTS
    }

    fn ping(&mut self) {
        let now = Instant::now();
        let early = self.last_ping.is_some_and(|last| now.duration_since(last) < self.ping_interval);
        self.strikes += u32::from(early);
        self.last_ping = Some(now);
    }
}

/// Finds the heads of frames in a stream of bytes.
#[derive(Debug)]
struct Scan {
    /// Bytes until the next head: first of the preface, then of payloads.
    skip: usize,
    head: [u8; Scan::HEAD],
    have: usize,
}

struct Head {
    len: usize,
    kind: u8,
    flags: u8,
}

impl Head {
    fn is_fragment(&self) -> bool {
        self.len < if self.flags & PADDED == 0 { SMALLEST } else { SMALLEST + PADDING }
    }
}

impl Default for Scan {
    fn default() -> Self {
        Self { skip: 24, head: [0; Self::HEAD], have: 0 }
    }
}

impl Scan {
    const HEAD: usize = 9;

    fn next(&mut self, bytes: &mut &[u8]) -> Option<Head> {
        let skipped = self.skip.min(bytes.len());
        self.skip -= skipped;
        *bytes = &bytes[skipped..];
        let taken = (Self::HEAD - self.have).min(bytes.len());
        self.head[self.have..self.have + taken].copy_from_slice(&bytes[..taken]);
        self.have += taken;
        *bytes = &bytes[taken..];
        if self.have < Self::HEAD {
            return None;
        }
        let [a, b, c, kind, flags, ..] = self.head;
        self.skip = u32::from_be_bytes([0, a, b, c]) as usize;
        self.have = 0;
        Some(Head { len: self.skip, kind, flags })
    }
}

/// An IO that is looked at.
pub(crate) struct Guard<IO> {
    io: IO,
    vitals: Arc<Vitals>,
    police: Option<Police>,
}

impl<IO> Guard<IO> {
    pub(crate) fn new(io: IO, police: Option<Police>) -> (Self, Arc<Vitals>) {
        let (last_read, abused) = (AtomicU64::new(0), AtomicBool::new(false));
        let vitals = Arc::new(Vitals { opened: Instant::now(), last_read, abused });
        (Self { io, vitals: Arc::clone(&vitals), police }, vitals)
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Guard<IO> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = std::task::ready!(Pin::new(&mut self.io).poll_read(cx, buf));
        let read = &buf.filled()[before..];
        if !read.is_empty() {
            self.vitals.last_read.store(self.vitals.age().as_millis() as u64, Ordering::Relaxed);
            if self.police.as_mut().is_some_and(|police| !police.tolerates(read)) {
                self.vitals.abused.store(true, Ordering::Relaxed);
            }
        }
        Poll::Ready(result)
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Guard<IO> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, len: usize) -> Vec<u8> {
        let mut frame = (len as u32).to_be_bytes()[1..].to_vec();
        frame.extend([kind, flags, 0, 0, 0, 0]);
        frame.resize(9 + len, 0xff);
        frame
    }

    fn feed(police: &mut Police, frames: &[Vec<u8>], split: usize) -> bool {
        frames.concat().chunks(split).all(|chunk| police.tolerates(chunk))
    }

    fn police() -> Police {
        let mut police = Police::new(Duration::from_secs(10));
        police.scan.skip = 0;
        police
    }

    #[tokio::test(start_paused = true)]
    async fn fast_pings_are_strikes_however_they_are_cut() {
        for split in [1, 8, 9, 10, 1000] {
            assert!(feed(&mut police(), &vec![frame(PING, 0, 8); 3], split));
            assert!(!feed(&mut police(), &vec![frame(PING, 0, 8); 4], split));
            assert!(feed(&mut police(), &vec![frame(PING, ACK, 8); 100], split));
            let working = [frame(PING, 0, 8), frame(DATA, 0, 100)].concat();
            assert!(feed(&mut police(), &vec![working; 100], split));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn patient_pings_are_welcome() {
        let mut police = police();
        for _ in 0..100 {
            assert!(feed(&mut police, &[frame(PING, 0, 8)], 100));
            tokio::time::advance(Duration::from_secs(10)).await;
        }
    }

    #[test]
    fn control_frames_need_work_among_them() {
        assert!(!feed(&mut police(), &vec![frame(2, 0, 5); 10_001], 4096));
        let mut police = police();
        for _ in 0..10 {
            assert!(feed(&mut police, &vec![frame(4, 0, 6); 9_000], 4096));
            assert!(feed(&mut police, &[frame(HEADERS, 0, 6)], 4096));
        }
    }

    #[test]
    fn fragments_need_messages_among_them() {
        assert!(feed(&mut police(), &vec![frame(DATA, 0, 5); 100_000], 4096));
        assert!(!feed(&mut police(), &vec![frame(DATA, 0, 1); 10_001], 4096));
        assert!(!feed(&mut police(), &vec![frame(DATA, PADDED, 200); 10_001], 4096));
        let halves = [frame(DATA, 0, 2), frame(DATA, 0, 20)].concat();
        assert!(feed(&mut police(), &vec![halves; 100_000], 4096));
    }
}
