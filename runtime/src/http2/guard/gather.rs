//! Frames that are written together.

use std::{
    cell::Cell,
    io::IoSlice,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::{BufMut, Bytes, BytesMut};

use crate::call::Output;

/// What is written together, in bytes: as much as a pump hands over in a turn, with the heads of its frames.
const ROOM: usize = 264 * 1024;
/// Slices of as many bytes are worth a look for the message that they are a part of.
pub(super) const LARGE: usize = 4 * 1024;
/// The most slices of one write: those of frames of the default size, each with its head.
const SLICES: usize = 40;
/// The most messages to look among.
const LENT: usize = 16;

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
    held: Output,
    /// The socket has taken all of it, and is to pass it on.
    unflushed: bool,
}

impl Gather {
    pub(super) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    pub(super) fn is_done(&self) -> bool {
        self.is_empty() && !self.unflushed
    }

    pub(super) fn flushed(&mut self) {
        self.unflushed = false;
        SPARE.set(std::mem::take(&mut self.held).into_buffer());
    }

    /// Whether a write is to wait for the next. h2 writes each DATA frame by a system call of its own, behind which there
    /// mostly is another, or trailers; to hold it until then costs less. What is small and without a payload of its own is
    /// several frames already.
    pub(super) fn wants(&self, slices: &[IoSlice<'_>], len: usize) -> bool {
        !self.is_empty() || slices.len() > 1 || len >= LARGE
    }

    pub(super) fn has_room(&self, slices: &[IoSlice<'_>], len: usize) -> bool {
        self.is_empty() || self.held.len() + len <= ROOM && self.held.slices().count() + slices.len() <= SLICES
    }

    pub(super) fn add(&mut self, slices: &[IoSlice<'_>], lent: &Lent) {
        if self.is_done() {
            self.held = SPARE.take().into();
        }
        self.unflushed = true;
        for slice in slices {
            let found = if slice.len() < LARGE { None } else { lent.find(slice) };
            match found {
                Some(found) => self.held.keep(found),
                None => self.held.put_slice(slice),
            }
        }
    }

    /// What is to be written next, and how many slices it is.
    pub(super) fn rest(&self) -> ([IoSlice<'_>; SLICES], usize) {
        let (mut rest, mut count) = ([IoSlice::new(&[]); SLICES], 0);
        for (slice, room) in self.held.slices().zip(&mut rest) {
            (*room, count) = (IoSlice::new(slice), count + 1);
        }
        (rest, count)
    }

    pub(super) fn took(&mut self, len: usize) {
        self.held.advance(len);
    }
}
