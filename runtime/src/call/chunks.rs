//! Received bytes that no message has claimed yet.

use std::collections::VecDeque;

use bytes::{Buf, Bytes, BytesMut};

/// Chunks below this size are copied behind their neighbour: a slice keeps the whole read buffer it came from alive, and
/// a peer that sends one byte a frame must not make us keep one handle a byte.
const SMALL: usize = 1024;

/// Behind as much that waits, what comes is joined with it at once: a large message is not there twice when it is complete.
const LARGE: usize = 256 * 1024;

/// A queue of received chunks that hands out contiguous slices: without a copy when the slice lies within one chunk, with
/// one of each chunk when it does not. What it keeps grows with what was received, to no more than twice as much.
#[derive(Debug, Default)]
pub(crate) struct Chunks {
    /// The chunk that is read from; apart from the queue so that the common case (one chunk) allocates nothing.
    front: Bytes,
    queue: VecDeque<Bytes>,
    /// Chunks on their way into one.
    tail: BytesMut,
    len: usize,
}

impl Chunks {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn push(&mut self, chunk: Bytes) {
        let waiting = self.len;
        self.len += chunk.len();
        if waiting == 0 {
            self.front = chunk;
        } else if waiting >= LARGE {
            self.tail = self.join(waiting, 2 * waiting);
            self.tail.extend_from_slice(&chunk);
        } else if chunk.len() < SMALL {
            self.tail.extend_from_slice(&chunk);
        } else {
            self.seal_tail();
            self.queue.push_back(chunk);
        }
    }

    /// What has come in one piece, from the first byte on.
    #[inline]
    pub(crate) fn front(&self) -> &[u8] {
        &self.front
    }

    /// Copies the first `N` bytes without consuming them, if there are as many.
    #[inline]
    pub(crate) fn peek<const N: usize>(&self) -> Option<[u8; N]> {
        match self.front.first_chunk() {
            Some(bytes) => Some(*bytes),
            None if self.len < N => None,
            None => Some(self.peek_across()),
        }
    }

    #[cold]
    fn peek_across<const N: usize>(&self) -> [u8; N] {
        let mut out = [0; N];
        out.iter_mut().zip(self.slices_from(0).flatten()).for_each(|(to, from)| *to = *from);
        out
    }

    /// The bytes behind the first `n`, in slices.
    pub(crate) fn slices_from(&self, n: usize) -> impl Iterator<Item = &[u8]> {
        let parts = std::iter::once(&self.front[..]).chain(self.queue.iter().map(|c| &c[..])).chain([&self.tail[..]]);
        parts.scan(n, |skip, part| {
            let skipped = part.len().min(*skip);
            *skip -= skipped;
            Some(&part[skipped..])
        })
    }

    /// Drops the first `n` bytes, or all there are.
    #[inline]
    pub(crate) fn skip(&mut self, n: usize) {
        let n = n.min(self.len);
        self.len -= n;
        if n < self.front.len() && n < LARGE {
            self.front.advance(n);
        } else {
            self.skip_across(n);
        }
    }

    #[cold]
    fn skip_across(&mut self, mut n: usize) {
        while n > self.front.len() {
            n -= self.front.len();
            self.front.clear();
            self.refill();
        }
        self.front.advance(n);
        self.let_go(n);
    }

    /// What is left behind the first `n` bytes does not keep the buffer that they were in.
    #[inline]
    fn let_go(&mut self, n: usize) {
        if self.front.is_empty() {
            self.front = Bytes::new();
        } else if n >= LARGE && self.front.len() < LARGE {
            self.front = Bytes::copy_from_slice(&self.front);
        }
    }

    /// Takes the first `n` bytes as one slice; `None` while fewer have arrived.
    pub(crate) fn take(&mut self, n: usize) -> Option<Bytes> {
        if self.len < n {
            return None;
        }
        self.len -= n;
        if self.front.len() < n {
            self.refill();
        }
        if self.front.len() < n {
            return Some(self.join(n, n).freeze());
        }
        let taken = self.front.split_to(n);
        self.let_go(n);
        Some(taken)
    }

    /// Puts bytes before the first.
    pub(crate) fn put_back(&mut self, bytes: Bytes) {
        self.len += bytes.len();
        let front = std::mem::replace(&mut self.front, bytes);
        if !front.is_empty() {
            self.queue.push_front(front);
        }
    }

    /// The first `n` bytes, or all there are, as one slice.
    pub(crate) fn first(&mut self, n: usize) -> &[u8] {
        let n = n.min(self.len);
        &self.gathered(n)[..n]
    }

    /// Hands the first `n` bytes, or all there are, to a reader without taking them out: it is given the chunk that they
    /// begin. They are gone then, and all else too if it used up more of the chunk.
    #[inline]
    pub(crate) fn read<T>(&mut self, n: usize, read: impl FnOnce(&mut Bytes, usize) -> T) -> T {
        let n = n.min(self.len);
        let front = self.gathered(n);
        let rest = front.len() - n;
        let result = read(front, n);
        match front.len().checked_sub(rest) {
            Some(left) => front.advance(left),
            None => {
                *self = Self::default();
                return result;
            }
        }
        self.len -= n;
        self.let_go(n);
        result
    }

    /// The chunk that begins with the first `n` bytes, of which there are as many.
    #[inline]
    fn gathered(&mut self, n: usize) -> &mut Bytes {
        if self.front.len() < n {
            self.gather(n);
        }
        &mut self.front
    }

    #[cold]
    fn gather(&mut self, n: usize) {
        if let Some(joined) = self.take(n) {
            self.put_back(joined);
        }
    }

    /// Takes the first `n` bytes, of which there are as many, into one slice: the tail, if that is all there is, or one with
    /// this room.
    #[cold]
    fn join(&mut self, n: usize, room: usize) -> BytesMut {
        debug_assert!(n <= self.front.len() + self.queue.iter().map(Bytes::len).sum::<usize>() + self.tail.len());
        if self.front.is_empty() && self.queue.is_empty() && self.tail.len() == n {
            return std::mem::take(&mut self.tail);
        }
        let mut joined = BytesMut::with_capacity(room);
        while joined.len() < n {
            self.refill();
            let step = (n - joined.len()).min(self.front.len());
            joined.extend_from_slice(&self.front[..step]);
            self.front.advance(step);
        }
        self.refill();
        joined
    }

    /// Goes on to the next chunk, if there is one, where the front is used up.
    #[inline]
    fn refill(&mut self) {
        if !self.front.is_empty() {
            return;
        }
        self.front = match self.queue.pop_front() {
            Some(next) => next,
            None => self.take_tail(),
        };
    }

    fn seal_tail(&mut self) {
        if !self.tail.is_empty() {
            let sealed = self.take_tail();
            self.queue.push_back(sealed);
        }
    }

    fn take_tail(&mut self) -> Bytes {
        let tail = std::mem::take(&mut self.tail);
        if tail.len() < LARGE {
            return tail.freeze();
        }
        // Whoever keeps a field of the message would keep the room behind it.
        let mut tail = Vec::from(tail);
        tail.shrink_to_fit();
        tail.into()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// A chunk with a count of those that are kept.
    fn counted(bytes: &[u8], alive: &Arc<()>) -> Bytes {
        struct Chunk(Vec<u8>, #[expect(dead_code, reason = "counts")] Arc<()>);
        impl AsRef<[u8]> for Chunk {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }
        Bytes::from_owner(Chunk(bytes.to_vec(), Arc::clone(alive)))
    }

    #[test]
    fn a_slice_within_one_chunk_is_not_copied() {
        let chunk = Bytes::from(vec![7; 100]);
        let at = chunk.as_ptr();
        let mut chunks = Chunks::default();
        chunks.push(chunk);
        assert_eq!(chunks.take(10).unwrap().as_ptr(), at);
        assert_eq!(chunks.len(), 90);
    }

    #[test]
    fn order_survives_any_split() {
        let data: Vec<u8> = (0..10_000u32).map(|i| i as u8).collect();
        for size in [1, 3, 1000, 1024, 4096] {
            let mut chunks = Chunks::default();
            data.chunks(size).for_each(|part| chunks.push(Bytes::copy_from_slice(part)));
            assert_eq!(chunks.peek::<5>().unwrap(), data[..5]);
            chunks.skip(5);
            assert_eq!(chunks.take(5000).unwrap(), data[5..5005]);
            assert_eq!(chunks.peek::<3>().unwrap(), data[5005..5008]);
            assert!(chunks.take(5000).is_none());
            assert_eq!(chunks.take(4995).unwrap(), data[5005..]);
            assert!(chunks.is_empty());
        }
    }

    #[test]
    fn a_large_message_is_not_there_twice() {
        let (mut chunks, alive, size) = (Chunks::default(), Arc::new(()), 16 * 1024);
        let data: Vec<u8> = (0..4 * LARGE as u32).map(|i| (i % 251) as u8).collect();
        for part in data.chunks(size) {
            chunks.push(counted(part, &alive));
            assert!(Arc::strong_count(&alive) <= 1 + LARGE / size);
        }
        assert_eq!(Arc::strong_count(&alive), 1);
        assert_eq!(chunks.peek::<5>().unwrap(), data[..5]);
        chunks.skip(5);
        let last = data.len() - 7;
        assert!(chunks.take(last - 5).unwrap() == data[5..last]);
        assert_eq!(chunks.len(), 7);
        assert_eq!(chunks.first(10), &data[last..]);
    }

    #[test]
    fn what_was_behind_a_large_message_does_not_keep_it() {
        type Taking = fn(&mut Chunks, usize);
        let ways: [Taking; 3] = [
            |chunks, n| drop(chunks.take(n).unwrap()),
            |chunks, n| chunks.skip(n),
            |chunks, n| chunks.read(n, |bytes, n| bytes.advance(n)),
        ];
        for take in ways {
            for rest in [0, 1, 100] {
                let (mut chunks, alive) = (Chunks::default(), Arc::new(()));
                chunks.push(counted(&vec![7; LARGE + rest], &alive));
                take(&mut chunks, LARGE);
                assert_eq!((chunks.len(), Arc::strong_count(&alive)), (rest, 1));
            }
        }
    }

    /// Beside a vector of all bytes, with steps by chance, whose sizes lie around the limits.
    #[test]
    fn it_is_what_was_pushed_whatever_is_done() {
        const SIZES: [usize; 8] = [0, 1, 5, SMALL - 1, SMALL, 16 * 1024, LARGE - 1, LARGE + 1];
        for seed in 0..40_u64 {
            let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
            let mut chance = |most: usize| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 33) as usize % most
            };
            let (mut chunks, mut all, mut next) = (Chunks::default(), Vec::new(), 0_u8);
            let mut fresh = |size: usize| {
                let bytes: Vec<u8> = (0..size).map(|i| next.wrapping_add((i % 251) as u8)).collect();
                next = next.wrapping_add(31);
                bytes
            };
            for _ in 0..60 {
                let size = SIZES[chance(SIZES.len())];
                let n = size.min(all.len());
                match chance(9) {
                    0..=3 => {
                        let chunk = fresh(size);
                        all.extend_from_slice(&chunk);
                        chunks.push(chunk.into());
                    }
                    4 => assert!(chunks.take(size).as_deref() == all.get(..size).map(|_| &all[..size])),
                    5 => chunks.skip(size),
                    6 => assert!(chunks.read(size, |bytes, n| bytes.split_to(n)) == all[..n]),
                    7 => assert!(chunks.first(size) == &all[..n]),
                    _ => {
                        let bytes = fresh(size % 100);
                        all.splice(..0, bytes.iter().copied());
                        chunks.put_back(bytes.into());
                    }
                }
                all.drain(..all.len() - chunks.len());
                let from = all.len().saturating_sub(size);
                assert!(chunks.slices_from(from).flatten().eq(&all[from..]));
                assert_eq!(chunks.peek::<5>(), all.first_chunk().copied());
            }
        }
    }
}
