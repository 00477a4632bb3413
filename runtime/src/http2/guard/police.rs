//! The limits of what h2 itself accepts without end.

use tokio::time::Instant;

use super::{
    scan::{
        ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, Head, PADDED, PING, RST_STREAM, SETTINGS, Scan,
        UNKNOWN, WINDOW_UPDATE,
    },
    uploads::Uploads,
};

/// How much of what a peer may send. There is one of these for each connection, so its numbers are narrow.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Laws {
    /// Pings closer than as many milliseconds, while nothing else happens, are strikes.
    pub(crate) ping_interval: u32,
    /// Frames that may come without HEADERS or DATA either way.
    pub(crate) control_frames: u32,
    /// Streams that may end by a reset at once, and how many more each second.
    pub(crate) resets: u32,
    /// What may come unread on a connection, in bytes.
    pub(crate) window: u32,
}

/// Counts the frames of a connection by their kinds, both ways.
#[derive(Debug)]
pub(crate) struct Police {
    laws: Laws,
    inbound: Scan,
    outbound: Scan,
    last_ping: Option<Instant>,
    strikes: u32,
    control_frames: u32,
    fragments: u32,
    resets: Resets,
    uploads: Uploads,
    /// The peer's first frame has come.
    settled: bool,
    /// A block of headers has begun and not ended.
    in_block: bool,
    /// The kind of the last frame that came, and its stream.
    kind: u8,
    stream: u32,
    /// Streams that began since somebody asked.
    opened: u32,
    /// Where the kinds of frames stand that say nothing.
    hollow: Vec<usize>,
}

/// Strikes that a peer may have before its connection is closed, as in gRPC (gRFC A8).
const STRIKES: u32 = 2;

/// What entitles a peer to control frames: a request, a frame of data that it sends, one that it gets (a WINDOW_UPDATE for
/// the stream, one for the connection, and a PING with which it measures the way), and as many bytes of that, for a peer
/// that gives credit for each message that it has read.
const PER_REQUEST: u32 = 100;
const PER_DATA_IN: u32 = 10;
const PER_DATA_OUT: u32 = 4;
const BYTES_OUT: u32 = 64;

/// Fragments, which are DATA frames too small for the smallest message, that may come more than whole ones: h2 keeps
/// some 250 bytes for each frame that waits to be read, while its payload is all that flow control counts.
const FRAGMENTS: u32 = 10_000;

/// What became of a look at received bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    /// What came is still acceptable.
    pub(super) tolerable: bool,
    /// The connection should give way to another.
    pub(super) worn: bool,
    /// The peer has begun something that is no data, and must complete it.
    pub(super) owes: bool,
    /// What it owed before has come.
    pub(super) anew: bool,
    /// Streams that it began.
    pub(super) opened: u32,
    /// The stream of a frame of data that has not come as a whole; 0 if there is none.
    pub(super) arriving: u32,
}

impl Police {
    pub(crate) fn new(laws: Laws) -> Self {
        Self {
            laws,
            inbound: Scan::with_preface(),
            outbound: Scan::new(),
            last_ping: None,
            strikes: 0,
            control_frames: 0,
            fragments: 0,
            resets: Resets::new(),
            uploads: Uploads::default(),
            settled: false,
            in_block: false,
            kind: SETTINGS,
            stream: 0,
            opened: 0,
            hollow: Vec::new(),
        }
    }

    /// Makes the empty DATA frames in what [came](Self::received) frames that are ignored. They say nothing, but h2 ends a
    /// connection after the hundredth, however long it has lasted and whatever else came. As fragments they are bounded here.
    #[inline]
    pub(super) fn silence(&mut self, bytes: &mut [u8]) {
        for at in self.hollow.drain(..) {
            bytes[at] = UNKNOWN;
        }
    }

    /// Looks at what came.
    pub(super) fn received(&mut self, mut bytes: &[u8]) -> Look {
        let (mut anew, all) = (false, bytes.len());
        while let Some(head) = self.inbound.next(&mut bytes) {
            // The frame before this one is complete, and with it what it owed, unless it left a block open.
            anew |= self.settled && !self.in_block;
            self.settled = true;
            (self.kind, self.stream) = (head.kind, head.stream);
            let is_hollow = head.kind == DATA && head.len == 0 && self.is_hollow(&head);
            self.count(&head);
            // One that is cut in its head stays as it is.
            if is_hollow && let Some(start) = (all - bytes.len()).checked_sub(Scan::HEAD) {
                self.hollow.push(start + Scan::KIND);
            }
        }
        let unfinished = self.inbound.inside_head() || (self.inbound.inside() && self.kind != DATA);
        let owes = !self.settled || self.in_block || unfinished;
        let (tolerable, worn) = (self.tolerates(), self.uploads.is_worn(self.laws.window));
        let arriving = if self.inbound.inside() && !unfinished { self.stream } else { 0 };
        Look { tolerable, worn, owes, anew, opened: std::mem::take(&mut self.opened), arriving }
    }

    /// Whether an empty DATA frame is one that the peer may send, but does not end anything.
    fn is_hollow(&self, head: &Head) -> bool {
        head.flags & (END_STREAM | PADDED) == 0 && !self.in_block && self.uploads.expects(head.stream)
    }

    fn count(&mut self, head: &Head) {
        match head.kind {
            HEADERS => {
                if self.uploads.headers(head) {
                    self.control_frames = self.control_frames.saturating_sub(PER_REQUEST);
                    self.resets.opened();
                    self.opened += 1;
                }
            }
            DATA => self.data(head),
            _ => self.control_frames += 1,
        }
        match head.kind {
            HEADERS => self.in_block = head.flags & END_HEADERS == 0,
            CONTINUATION => {
                self.in_block = head.flags & END_HEADERS == 0;
                self.uploads.continuation(head);
            }
            RST_STREAM => self.reset(head),
            PING if head.flags & ACK == 0 => self.ping(),
            _ => {}
        }
        if matches!(head.kind, DATA | HEADERS | WINDOW_UPDATE) {
            self.forgive();
        }
    }

    fn data(&mut self, head: &Head) {
        let wanted = self.uploads.data(head);
        if head.is_fragment() {
            self.fragments += 1;
        } else if wanted {
            self.control_frames = self.control_frames.saturating_sub(PER_DATA_IN);
            self.fragments = self.fragments.saturating_sub(1);
        }
    }

    /// Either side resets a stream; the server also because of what its peer did.
    fn reset(&mut self, head: &Head) {
        self.resets.reset(self.laws.resets);
        self.uploads.end(head.stream);
    }

    /// Looks at what was sent.
    pub(super) fn sent(&mut self, mut bytes: &[u8]) -> bool {
        while let Some(head) = self.outbound.next(&mut bytes) {
            match head.kind {
                DATA => {
                    let entitled = PER_DATA_OUT + head.len as u32 / BYTES_OUT;
                    self.control_frames = self.control_frames.saturating_sub(entitled);
                }
                RST_STREAM => self.reset(&head),
                // It is to be answered by one.
                PING if head.flags & ACK == 0 => self.control_frames = self.control_frames.saturating_sub(1),
                _ => {}
            }
            if matches!(head.kind, DATA | HEADERS) {
                self.forgive();
                if head.flags & END_STREAM != 0 {
                    self.uploads.end(head.stream);
                }
            }
        }
        self.tolerates()
    }

    fn tolerates(&self) -> bool {
        self.strikes <= STRIKES
            && self.control_frames <= self.laws.control_frames
            && self.fragments <= FRAGMENTS
            && self.resets.tolerable(self.laws.resets)
            && self.uploads.tolerable(self.laws.window)
    }

    fn forgive(&mut self) {
        (self.strikes, self.last_ping) = (0, None);
    }

    fn ping(&mut self) {
        let now = Instant::now();
        let early = self
            .last_ping
            .is_some_and(|last| now.duration_since(last).as_millis() < u128::from(self.laws.ping_interval));
        self.strikes += u32::from(early);
        self.last_ping = Some(now);
    }
}

/// Streams that ended by a reset beyond those that ended well: each reset counts two, each new stream takes one back, and
/// in ten seconds as many are forgotten as are allowed at once.
#[derive(Debug)]
struct Resets {
    debt: f64,
    counted: Instant,
}

impl Resets {
    fn new() -> Self {
        Self { debt: 0.0, counted: Instant::now() }
    }

    fn opened(&mut self) {
        self.debt = (self.debt - 1.0).max(0.0);
    }

    fn reset(&mut self, limit: u32) {
        let now = Instant::now();
        let forgotten = f64::from(limit) / 10.0 * now.duration_since(self.counted).as_secs_f64();
        self.debt = (self.debt - forgotten).max(0.0) + 2.0;
        self.counted = now;
    }

    fn tolerable(&self, limit: u32) -> bool {
        self.debt <= f64::from(limit)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// On a stream of its own, or on the first.
    fn frame_of(stream: u32, kind: u8, flags: u8, len: usize) -> Vec<u8> {
        let mut frame = (len as u32).to_be_bytes()[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        frame.resize(9 + len, 0xff);
        frame
    }

    fn frame(kind: u8, flags: u8, len: usize) -> Vec<u8> {
        frame_of(1, kind, flags, len)
    }

    fn open(stream: u32) -> Vec<u8> {
        frame_of(2 * stream + 1, HEADERS, END_HEADERS, 6)
    }

    fn feed(police: &mut Police, frames: &[Vec<u8>], split: usize) -> bool {
        frames.concat().chunks(split).all(|chunk| police.received(chunk).tolerable)
    }

    fn police() -> Police {
        let ping_interval = 10_000;
        let mut police = Police::new(Laws { ping_interval, control_frames: 10_000, resets: 800, window: 1 << 20 });
        police.inbound.skip = 0;
        police.received(&open(0));
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

    #[tokio::test(start_paused = true)]
    async fn pings_that_answer_data_are_welcome() {
        let mut police = police();
        for _ in 0..100 {
            assert!(police.sent(&frame(DATA, 0, 100)));
            assert!(feed(&mut police, &[frame(PING, 0, 8)], 100));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn control_frames_need_work_among_them() {
        assert!(!feed(&mut police(), &vec![frame(2, 0, 5); 10_001], 4096));
        let mut police = police();
        for stream in 1..1000 {
            assert!(feed(&mut police, &vec![frame(4, 0, 6); 100], 4096));
            assert!(feed(&mut police, &[open(stream)], 4096));
        }
        // One request among ten thousand of them does not help, and trailers not at all.
        assert!(feed(&mut police, &vec![frame(4, 0, 6); 10_000], 4096));
        assert!(feed(&mut police, &[open(1000), open(1000), open(1000)], 4096));
        assert!(!feed(&mut police, &vec![frame(4, 0, 6); 101], 4096));
    }

    /// A reader of a long stream sends nothing else.
    #[tokio::test(start_paused = true)]
    async fn credit_for_what_was_sent_is_welcome() {
        let mut police = police();
        for _ in 0..100_000 {
            assert!(police.sent(&frame(DATA, 0, 17)));
            assert!(feed(&mut police, &vec![frame(WINDOW_UPDATE, 0, 4); 2], 26));
        }
    }

    /// Of a stream that is silent for days, kept alive by pings.
    #[tokio::test(start_paused = true)]
    async fn answers_that_were_asked_for_are_welcome() {
        let mut police = police();
        for _ in 0..100_000 {
            assert!(police.sent(&frame(PING, 0, 8)));
            assert!(feed(&mut police, &[frame(PING, ACK, 8)], 17));
        }
        assert!(!feed(&mut police, &vec![frame(PING, ACK, 8); 10_001], 4096));
    }

    #[tokio::test(start_paused = true)]
    async fn fragments_need_messages_among_them() {
        assert!(feed(&mut police(), &vec![frame(DATA, 0, 5); 100_000], 4096));
        assert!(!feed(&mut police(), &vec![frame(DATA, 0, 1); 10_001], 4096));
        assert!(!feed(&mut police(), &vec![frame(DATA, PADDED, 200); 10_001], 4096));
        let halves = [frame(DATA, 0, 2), frame(DATA, 0, 20)].concat();
        assert!(feed(&mut police(), &vec![halves; 100_000], 4096));
    }

    #[tokio::test(start_paused = true)]
    async fn what_says_nothing_is_silenced() {
        let silenced = |police: &mut Police, frames: &[Vec<u8>]| {
            let mut bytes = frames.concat();
            police.received(&bytes);
            police.silence(&mut bytes);
            let mut starts = frames.iter().scan(0, |next, frame| Some(std::mem::replace(next, *next + frame.len())));
            let kinds: Vec<_> = starts.by_ref().map(|start| bytes[start + Scan::KIND]).collect();
            kinds
        };
        let mut police = police();
        let some = [frame(DATA, 0, 5), frame(DATA, 0, 0), frame(DATA, 0, 1), frame(DATA, 0, 0)];
        assert_eq!(silenced(&mut police, &some), [DATA, UNKNOWN, DATA, UNKNOWN]);
        assert_eq!(silenced(&mut police, &[frame(DATA, PADDED, 0), frame(PING, 0, 0)]), [DATA, PING]);
        // Of a stream that is not open, and what ends one.
        assert_eq!(silenced(&mut police, &[frame_of(3, DATA, 0, 0), frame(DATA, END_STREAM, 0)]), [DATA, DATA]);
        assert_eq!(silenced(&mut police, &[frame(DATA, 0, 0)]), [DATA]);
        // Within a block of headers nothing else may stand.
        let inside = [open(1), frame_of(3, HEADERS, 0, 6), frame_of(3, DATA, 0, 0)];
        assert_eq!(silenced(&mut police, &inside), [HEADERS, HEADERS, DATA]);
        assert!(!feed(&mut self::police(), &vec![frame(DATA, 0, 0); 10_001], 4096), "there are fewer than that");
    }

    #[tokio::test(start_paused = true)]
    async fn resets_need_calls_that_end_well_or_time() {
        let cancelled = |stream: u32| [open(stream), frame_of(2 * stream + 1, RST_STREAM, 0, 4)].concat();
        assert!(!feed(&mut police(), &(1..1000).map(cancelled).collect::<Vec<_>>(), 4096));
        // Half of the calls, for ever.
        let half =
            |stream: u32| [cancelled(2 * stream), frame_of(4 * stream + 3, HEADERS, END_HEADERS | END_STREAM, 6)];
        assert!(feed(&mut police(), &(1..100_000).map(|stream| half(stream).concat()).collect::<Vec<_>>(), 4096));
        // All of them, at a pace that a person might have.
        let mut paced = police();
        for stream in 1..100_000 {
            assert!(feed(&mut paced, &[cancelled(stream)], 4096));
            tokio::time::advance(Duration::from_millis(13)).await;
        }
        // Those that the server sends because of what it got.
        let mut provoked = police();
        let reset = |stream: u32| frame_of(2 * stream + 1, RST_STREAM, 0, 4);
        let all = (1..1000).all(|stream| feed(&mut provoked, &[open(stream)], 4096) && provoked.sent(&reset(stream)));
        assert!(!all);
    }

    #[tokio::test(start_paused = true)]
    async fn data_that_nobody_waits_for_is_bounded() {
        let mut late = police();
        let data = frame(DATA, 0, 16_384);
        assert!(feed(&mut late, &vec![data.clone(); 10_000], 1 << 20), "a long upload");
        assert!(late.sent(&frame(RST_STREAM, 0, 4)));
        assert!(feed(&mut late, &vec![data.clone(); 1024], 1 << 20));
        assert!(!feed(&mut late, std::slice::from_ref(&data), 1 << 20));
        let mut answered = police();
        assert!(answered.sent(&frame(HEADERS, END_HEADERS | END_STREAM, 6)));
        assert!(!feed(&mut answered, &vec![data; 1025], 1 << 20));
        // What is on its way when each of many streams is reset.
        let mut many = police();
        let mut refused = |stream: u32| {
            assert!(feed(&mut many, &[open(stream)], 4096));
            assert!(many.sent(&frame_of(2 * stream + 1, RST_STREAM, 0, 4)));
            let look = many.received(&frame_of(2 * stream + 1, DATA, 0, 16_384).repeat(32));
            (look.tolerable, look.worn)
        };
        assert!((1..=8).all(|stream| refused(stream) == (true, false)));
        assert!((9..=32).all(|stream| refused(stream) == (true, true)));
        assert_eq!(refused(33), (false, true));
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_begun_is_owed_until_it_has_come() {
        let mut police = Police::new(Laws { ping_interval: 0, control_frames: 100, resets: 100, window: 1 << 20 });
        let mut look = |bytes: &[u8]| {
            let Look { owes, anew, .. } = police.received(bytes);
            (owes, anew)
        };
        const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        assert_eq!(look(PREFACE), (true, false));
        assert_eq!(look(&frame(SETTINGS, 0, 0)), (false, false));
        // The head of a frame, all of it, and its payload.
        let headers = frame(HEADERS, END_HEADERS, 6);
        assert_eq!(look(&headers[..4]), (true, false));
        assert_eq!(look(&headers[4..10]), (true, true));
        assert_eq!(look(&headers[10..]), (false, false));
        // A block in many frames is owed as one.
        assert_eq!(look(&frame(HEADERS, 0, 6)), (true, true));
        for _ in 0..3 {
            assert_eq!(look(&frame(CONTINUATION, 0, 6)), (true, false));
        }
        assert_eq!(look(&frame(CONTINUATION, END_HEADERS, 6)), (false, false));
        // Data comes as fast as whoever sends it has it.
        assert_eq!(look(&frame(DATA, 0, 60)[..20]), (false, true));
    }
}
