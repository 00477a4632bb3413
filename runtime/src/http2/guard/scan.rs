//! Finds the heads of frames in a stream of bytes.

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PING: u8 = 6;
pub(super) const WINDOW_UPDATE: u8 = 8;
pub(super) const CONTINUATION: u8 = 9;
/// A kind that no document names: such frames are ignored (RFC 9113, 4.1).
pub(super) const UNKNOWN: u8 = 0xfb;

pub(super) const END_STREAM: u8 = 1;
pub(super) const ACK: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;
pub(super) const PADDED: u8 = 8;

/// The bytes of an empty message.
const SMALLEST: usize = 5;
/// The most that padding adds, with its length.
const PADDING: usize = 256;

/// One direction of an HTTP/2 connection.
#[derive(Debug)]
pub(super) struct Scan {
    /// Bytes until the next head: first of the preface, then of payloads.
    pub(super) skip: u32,
    head: [u8; Scan::HEAD],
    have: u8,
}

pub(super) struct Head {
    pub(super) len: usize,
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) stream: u32,
}

impl Head {
    /// Whether it is too small for the smallest message.
    pub(super) fn is_fragment(&self) -> bool {
        self.len < if self.flags & PADDED == 0 { SMALLEST } else { SMALLEST + PADDING }
    }
}

impl Scan {
    pub(super) const HEAD: usize = 9;
    /// Where in a head the kind stands.
    pub(super) const KIND: usize = 3;

    /// What a client sends.
    pub(super) fn with_preface() -> Self {
        Self { skip: 24, ..Self::new() }
    }

    /// What a server sends.
    pub(super) fn new() -> Self {
        Self { skip: 0, head: [0; Self::HEAD], have: 0 }
    }

    /// The next head, behind whatever of the last frame is still to come.
    pub(super) fn next(&mut self, bytes: &mut &[u8]) -> Option<Head> {
        let skipped = bytes.len().min(self.skip as usize);
        self.skip -= skipped as u32;
        *bytes = &bytes[skipped..];
        // Hardly ever is a head cut.
        if self.have == 0
            && let Some((head, rest)) = bytes.split_first_chunk()
        {
            *bytes = rest;
            return Some(self.begin(*head));
        }
        if bytes.is_empty() {
            return None;
        }
        let room = &mut self.head[self.have.into()..];
        let taken = room.len().min(bytes.len());
        room[..taken].copy_from_slice(&bytes[..taken]);
        self.have += taken as u8;
        *bytes = &bytes[taken..];
        if usize::from(self.have) < Self::HEAD {
            return None;
        }
        self.have = 0;
        Some(self.begin(self.head))
    }

    /// Begins the frame of this head.
    fn begin(&mut self, [a, b, c, kind, flags, stream @ ..]: [u8; Self::HEAD]) -> Head {
        self.skip = u32::from_be_bytes([0, a, b, c]);
        // The first bit means nothing (RFC 9113, 4.1).
        let stream = u32::from_be_bytes(stream) & (u32::MAX >> 1);
        Head { len: self.skip as usize, kind, flags, stream }
    }

    /// Whether a frame has begun and not ended.
    pub(super) fn inside(&self) -> bool {
        self.skip > 0 || self.have > 0
    }

    /// Whether a head has begun and not ended.
    pub(super) fn inside_head(&self) -> bool {
        self.have > 0
    }
}
