//! What messages are written into on their way out.

use std::collections::VecDeque;

use bytes::{Buf, BufMut, Bytes, BytesMut, buf::UninitSlice};

use super::Data;

/// A field that is a `Bytes` of as many bytes is sent as it is. To copy a shorter one costs less than to send one slice more.
const LARGE: usize = 8 * 1024;

/// The room that is made at first for a message in which there may be a large field: for what stands before that.
const HEAD: usize = 64;

/// Messages as they are written: a buffer, behind what is finished of them, in which large fields stand that are shared
/// with their messages.
#[derive(Debug, Default)]
pub struct Output {
    buffer: BytesMut,
    /// In a box, as only large messages need it and all are handed on several times.
    large: Option<Box<Large>>,
}

#[derive(Debug, Default)]
struct Large {
    /// What stands before the buffer.
    before: Slices,
    /// How long all will be once the message that is being written is complete.
    due: usize,
}

/// Slices of bytes, none of which is empty.
#[derive(Debug, Clone, Default)]
pub(crate) struct Slices {
    queue: VecDeque<Bytes>,
    /// Bytes of all.
    len: usize,
}

impl Slices {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn push(&mut self, slice: Bytes) {
        self.len += slice.len();
        self.queue.push_back(slice);
    }

    /// The first slice, of which no more than `most` bytes.
    pub(crate) fn next(&mut self, most: usize) -> Option<Bytes> {
        let slice = match self.queue.front_mut() {
            Some(slice) if slice.len() > most => Some(slice.split_to(most)),
            _ => self.queue.pop_front(),
        };
        self.len -= slice.as_ref().map_or(0, Bytes::len);
        slice
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Bytes> {
        self.queue.iter()
    }
}

impl From<BytesMut> for Output {
    fn from(buffer: BytesMut) -> Self {
        Self { buffer, large: None }
    }
}

impl Output {
    pub(crate) fn len(&self) -> usize {
        self.buffer.len() + self.large.as_ref().map_or(0, |large| large.before.len())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.buffer.is_empty() && !self.is_parted()
    }

    /// Whether it is more than what is in the buffer.
    #[inline]
    pub(super) fn is_parted(&self) -> bool {
        self.large.as_ref().is_some_and(|large| large.before.len() > 0)
    }

    /// Makes room for a message of as many bytes, where there is none, by as many at least as `growth` says of a buffer of its
    /// length. For a message in which a field may be that is not copied, it is made when it turns out to be needed.
    #[inline]
    pub(super) fn expect(&mut self, len: usize, growth: impl FnOnce(usize) -> usize) {
        let mut room = len;
        if len >= LARGE {
            let due = self.len() + len;
            self.large.get_or_insert_default().due = due;
            room = HEAD;
        }
        if self.buffer.capacity() - self.buffer.len() < room {
            self.buffer.reserve(room.max(growth(self.buffer.len())));
        }
    }

    /// Where what is no message of protobuf is appended.
    #[inline]
    pub(crate) fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// All that was written; the rest of the buffer's room stays for what follows.
    #[inline]
    pub(crate) fn split(&mut self) -> Self {
        Self { buffer: self.buffer.split(), large: self.large.take() }
    }

    /// All of it, if there is any.
    #[inline]
    pub(crate) fn into_data(self) -> Option<Data> {
        if self.is_parted() {
            return Some(self.into_parts());
        }
        (!self.buffer.is_empty()).then(|| self.buffer.freeze().into())
    }

    #[cold]
    fn into_parts(mut self) -> Data {
        self.seal();
        let mut data = Data::default();
        while let Some(slice) = self.large.as_mut().and_then(|large| large.before.next(usize::MAX)) {
            data.push(slice);
        }
        data
    }

    /// The buffer, with its room; what stands before it is lost.
    #[inline]
    pub(crate) fn into_buffer(self) -> BytesMut {
        self.buffer
    }

    /// Appends a slice without a copy.
    pub(crate) fn keep(&mut self, slice: Bytes) {
        self.seal();
        if !slice.is_empty() {
            self.large.get_or_insert_default().before.push(slice);
        }
    }

    /// Each slice that has something in it.
    pub(crate) fn slices(&self) -> impl Iterator<Item = &[u8]> {
        let before = self.large.iter().flat_map(|large| large.before.iter()).map(|slice| &slice[..]);
        before.chain([&self.buffer[..]]).filter(|slice| !slice.is_empty())
    }

    /// Drops the first bytes, or all there are.
    pub(crate) fn advance(&mut self, mut len: usize) {
        while len > 0
            && let Some(taken) = self.large.as_mut().and_then(|large| large.before.next(len))
        {
            len -= taken.len();
        }
        self.buffer.advance(len.min(self.buffer.len()));
    }

    /// All in one slice, which is a copy where there are several.
    #[inline]
    pub(crate) fn into_bytes(self) -> Bytes {
        if self.is_parted() { self.joined() } else { self.buffer.freeze() }
    }

    #[cold]
    fn joined(self) -> Bytes {
        let mut all = BytesMut::with_capacity(self.len());
        self.slices().for_each(|slice| all.extend_from_slice(slice));
        all.freeze()
    }

    /// Makes what is in the buffer a slice before it.
    fn seal(&mut self) {
        if !self.buffer.is_empty() {
            self.large.get_or_insert_default().before.push(self.buffer.split().freeze());
        }
    }

    #[cold]
    fn grow(&mut self, len: usize) {
        let due = self.large.as_ref().map_or(0, |large| large.due);
        // Most of the rest may be a field that is not copied.
        let rest = due.saturating_sub(self.len()).min(if len < LARGE { LARGE } else { usize::MAX });
        self.buffer.reserve(rest.max(len));
    }
}

#[expect(unsafe_code, reason = "the trait is unsafe to implement, and prost writes fields by it alone")]
// SAFETY: the chunk is the buffer's, and what is advanced over is advanced over in the buffer.
unsafe impl BufMut for Output {
    fn remaining_mut(&self) -> usize {
        self.buffer.remaining_mut()
    }

    unsafe fn advance_mut(&mut self, len: usize) {
        // SAFETY: as our caller promises.
        unsafe { self.buffer.advance_mut(len) }
    }

    fn chunk_mut(&mut self) -> &mut UninitSlice {
        self.buffer.chunk_mut()
    }

    #[inline]
    fn put_slice(&mut self, bytes: &[u8]) {
        if self.buffer.capacity() - self.buffer.len() < bytes.len() {
            self.grow(bytes.len());
        }
        self.buffer.extend_from_slice(bytes);
    }

    #[inline]
    fn put<T: Buf>(&mut self, mut bytes: T) {
        // What is as large as a `Bytes` is one: fields of bytes are that or a slice. Of anything else, this is a copy.
        if size_of::<T>() == size_of::<Bytes>() && bytes.remaining() >= LARGE {
            self.keep(bytes.copy_to_bytes(bytes.remaining()));
            return;
        }
        while bytes.has_remaining() {
            let chunk = bytes.chunk();
            let len = chunk.len();
            self.put_slice(chunk);
            bytes.advance(len);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slices(output: Output) -> Vec<Bytes> {
        output.into_data().into_iter().flat_map(Data::into_slices).collect()
    }

    #[test]
    fn a_large_field_is_not_copied_and_a_small_one_is() {
        let (large, small) = (Bytes::from(vec![1; LARGE]), Bytes::from(vec![2; LARGE - 1]));
        let mut output = Output::default();
        output.put_slice(b"a");
        output.put(large.clone());
        output.put_slice(b"b");
        output.put(small.clone());
        assert_eq!(output.len(), 2 * LARGE + 1);
        let all = [b"a", &large[..], b"b", &small].concat();
        let got = slices(output);
        assert_eq!(got.concat(), all);
        assert_eq!(got.iter().map(Bytes::len).collect::<Vec<_>>(), [1, LARGE, LARGE]);
        assert_eq!(got[1].as_ptr(), large.as_ptr());
    }

    #[test]
    fn what_is_no_bytes_is_copied_into_the_buffer() {
        let mut output = Output::default();
        output.expect(2 * LARGE, |_| 0);
        output.put(&vec![1; LARGE][..]);
        output.put(&vec![2; LARGE][..]);
        assert_eq!(output.buffer.capacity(), 2 * LARGE, "room for all at once");
        assert_eq!(slices(output), [[vec![1; LARGE], vec![2; LARGE]].concat()]);
    }

    #[test]
    fn what_is_advanced_over_is_gone() {
        for at in 0..=LARGE + 4 {
            let mut output = Output::default();
            output.put_slice(b"ab");
            output.put(Bytes::from(vec![b'x'; LARGE]));
            output.put_slice(b"de");
            let all = output.slices().flatten().copied().collect::<Vec<_>>();
            output.advance(at);
            assert_eq!((output.len(), output.is_empty()), (LARGE + 4 - at, at == LARGE + 4));
            assert_eq!(output.into_bytes(), all[at..]);
        }
    }

    #[test]
    fn what_was_split_off_is_apart_from_what_follows() {
        let mut output = Output::default();
        output.put_slice(b"a");
        output.put(Bytes::from(vec![b'x'; LARGE]));
        let first = output.split();
        output.put_slice(b"b");
        assert_eq!((first.len(), first.into_bytes().last()), (LARGE + 1, Some(&b'x')));
        assert_eq!(output.into_bytes(), "b");
        assert!(Output::default().into_data().is_none());
    }
}
