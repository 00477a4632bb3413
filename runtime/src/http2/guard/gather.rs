//! Frames that are written together.

use std::{
    cell::Cell,
    collections::VecDeque,
    io::IoSlice,
    ops::Range,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::{Buf, Bytes, BytesMut};

/// A write of as many bytes is a whole DATA frame of the default size, behind which there is mostly another: h2 writes
/// each by a system call of its own, which costs more than to hold it until the next has come. Larger ones, to peers that
/// take larger frames, are worth their call.
const WHOLE: Range<usize> = 16 * 1024..18 * 1024;
/// What is written together, in bytes: a message of 64 KiB, with the heads of its frames.
const ROOM: usize = 68 * 1024;
/// Slices of as many bytes are worth a look for the message that they are a part of.
const LARGE: usize = 4 * 1024;
/// The most slices of one write.
const SLICES: usize = 16;
/// The most messages to look among.
const LENT: usize = 8;

thread_local! {
    /// Copies are needed while a connection is polled, so one buffer a thread is enough.
    static SPARE: Cell<BytesMut> = Cell::new(BytesMut::new());
}

/// Data that was handed to h2 since the connection had its turn: what h2 writes of it is a slice of it, and can be held
/// without a copy.
#[derive(Debug, Default)]
pub(crate) struct Lent {
    data: Mutex<Vec<Bytes>>,
    some: AtomicBool,
}

impl Lent {
    pub(crate) fn add(&self, data: &Bytes) {
        let mut lent = self.data.lock().unwrap_or_else(PoisonError::into_inner);
        if data.len() >= LARGE && lent.len() < LENT {
            lent.push(data.clone());
            self.some.store(true, Ordering::Relaxed);
        }
    }

    /// The slice, if it is a part of something lent.
    fn find(&self, slice: &[u8]) -> Option<Bytes> {
        let lent = self.data.lock().unwrap_or_else(PoisonError::into_inner);
        let part = slice.as_ptr_range();
        let is_whole = |data: &&Bytes| {
            let all = data.as_ptr_range();
            all.start <= part.start && part.end <= all.end
        };
        lent.iter().find(is_whole).map(|data| data.slice_ref(slice))
    }

    /// Lets go of all, so that buffers can be filled again.
    pub(super) fn clear(&self) {
        if self.some.load(Ordering::Relaxed) {
            self.some.store(false, Ordering::Relaxed);
            self.data.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }
}

/// What h2 has written and the socket has not been given yet.
#[derive(Default)]
pub(super) struct Gather {
    parts: VecDeque<Bytes>,
    /// Bytes of all parts.
    len: usize,
    /// The socket has taken all of it, and is to pass it on.
    unflushed: bool,
}

impl Gather {
    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    pub(super) fn is_done(&self) -> bool {
        self.is_empty() && !self.unflushed
    }

    pub(super) fn flushed(&mut self) {
        self.unflushed = false;
    }

    /// Whether a write is to wait for the next.
    pub(super) fn wants(&self, len: usize) -> bool {
        !self.is_empty() || WHOLE.contains(&len)
    }

    pub(super) fn has_room(&self, len: usize) -> bool {
        self.is_empty() || self.len + len <= ROOM && self.parts.len() + 2 <= SLICES
    }

    pub(super) fn add(&mut self, slices: &[IoSlice<'_>], lent: &Lent) {
        self.unflushed = true;
        for slice in slices.iter().filter(|slice| !slice.is_empty()) {
            let found = if slice.len() < LARGE { None } else { lent.find(slice) };
            self.parts.push_back(found.unwrap_or_else(|| copied(slice)));
            self.len += slice.len();
        }
    }

    /// What is to be written next, and how many slices it is.
    pub(super) fn rest(&self) -> ([IoSlice<'_>; SLICES], usize) {
        let mut parts = self.parts.iter();
        let slices = std::array::from_fn(|_| IoSlice::new(parts.next().map_or(&[], |part| part)));
        (slices, self.parts.len().min(SLICES))
    }

    pub(super) fn took(&mut self, mut len: usize) {
        self.len -= len;
        while let Some(first) = self.parts.front_mut() {
            let taken = len.min(first.len());
            first.advance(taken);
            len -= taken;
            if !first.is_empty() {
                break;
            }
            self.parts.pop_front();
        }
    }
}

fn copied(slice: &[u8]) -> Bytes {
    let mut spare = SPARE.take();
    if spare.capacity() < slice.len() {
        spare.reserve(slice.len().max(ROOM));
    }
    spare.extend_from_slice(slice);
    let copy = spare.split().freeze();
    SPARE.set(spare);
    copy
}
