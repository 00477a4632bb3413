//! Data of a body.

use std::io::IoSlice;

use bytes::{Buf, Bytes};

use super::Slices;

/// Bytes in slices. h2 makes one DATA frame of them, as far as the frames of the peer are large enough, and has them
/// written as they lie. It takes no more room than one slice, which is all there mostly is.
#[derive(Debug, Clone)]
pub(crate) enum Data {
    One(Bytes),
    Many(Box<Slices>),
}

impl Default for Data {
    fn default() -> Self {
        Self::One(Bytes::new())
    }
}

impl From<Bytes> for Data {
    #[inline]
    fn from(slice: Bytes) -> Self {
        Self::One(slice)
    }
}

impl Data {
    #[inline]
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::One(slice) => slice.len(),
            Self::Many(slices) => slices.len(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether it is more than one slice, as it is with large fields in it that were not copied.
    pub(crate) fn is_parted(&self) -> bool {
        matches!(self, Self::Many(_))
    }

    /// The one slice that it is; otherwise what it is.
    pub(super) fn into_one(self) -> Result<Bytes, Self> {
        match self {
            Self::One(slice) => Ok(slice),
            many => Err(many),
        }
    }

    /// The one slice that it is.
    pub(crate) fn as_slice(&self) -> Option<&[u8]> {
        match self {
            Self::One(slice) => Some(slice),
            Self::Many(_) => None,
        }
    }

    /// Takes the first slice, of which no more than `most` bytes.
    pub(crate) fn next(&mut self, most: usize) -> Bytes {
        match self {
            Self::One(slice) if slice.len() > most => slice.split_to(most),
            Self::One(slice) => std::mem::take(slice),
            Self::Many(slices) => slices.next(most).unwrap_or_default(),
        }
    }

    /// Its slices, one after the other.
    pub(super) fn into_slices(mut self) -> impl Iterator<Item = Bytes> {
        std::iter::from_fn(move || (!self.is_empty()).then(|| self.next(usize::MAX)))
    }

    pub(super) fn push(&mut self, slice: Bytes) {
        match self {
            _ if slice.is_empty() => {}
            Self::One(first) if first.is_empty() => *first = slice,
            Self::One(first) => {
                let mut slices = Box::<Slices>::default();
                slices.push(std::mem::take(first));
                slices.push(slice);
                *self = Self::Many(slices);
            }
            Self::Many(slices) => slices.push(slice),
        }
    }

    /// Takes the first bytes, as many as there are.
    pub(crate) fn split_to(&mut self, mut len: usize) -> Self {
        if len >= self.len() {
            return std::mem::take(self);
        }
        let mut taken = Self::default();
        while len > 0 {
            let slice = self.next(len);
            len -= slice.len();
            taken.push(slice);
        }
        taken
    }

    pub(crate) fn slices(&self) -> impl Iterator<Item = &Bytes> {
        let (one, many) = match self {
            Self::One(slice) => (Some(slice), None),
            Self::Many(slices) => (None, Some(slices)),
        };
        one.into_iter().chain(many.into_iter().flat_map(|slices| slices.iter()))
    }
}

impl Buf for Data {
    #[inline]
    fn remaining(&self) -> usize {
        self.len()
    }

    #[inline]
    fn chunk(&self) -> &[u8] {
        match self {
            Self::One(slice) => slice,
            Self::Many(slices) => slices.iter().next().map_or(&[], |slice| slice),
        }
    }

    fn chunks_vectored<'a>(&'a self, to: &mut [IoSlice<'a>]) -> usize {
        let slices = self.slices().filter(|slice| !slice.is_empty());
        to.iter_mut().zip(slices).map(|(to, slice)| *to = IoSlice::new(slice)).count()
    }

    #[inline]
    fn advance(&mut self, mut len: usize) {
        match self {
            Self::One(slice) => slice.advance(len),
            Self::Many(slices) => {
                while len > 0
                    && let Some(slice) = slices.next(len)
                {
                    len -= slice.len();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &[u8] = b"abcdefghij";

    /// All of it in slices that end at these places.
    fn data(ends: [usize; 3]) -> Data {
        let mut data = Data::default();
        let mut start = 0;
        for end in ends.into_iter().chain([ALL.len()]) {
            data.push(Bytes::from_static(&ALL[start..end]));
            start = end;
        }
        data
    }

    fn vectored(data: &Data) -> Vec<u8> {
        let mut slices = [IoSlice::new(&[]); 8];
        let count = data.chunks_vectored(&mut slices);
        slices[..count].iter().flat_map(|slice| slice.to_vec()).collect()
    }

    #[test]
    fn it_is_the_same_bytes_however_it_is_read() {
        for ends in [[0, 0, 0], [1, 1, 4], [3, 5, 9], [10, 10, 10]] {
            for at in 0..=ALL.len() {
                let (mut front, mut whole) = (data(ends), data(ends));
                let taken = front.split_to(at);
                assert_eq!((vectored(&taken), vectored(&front)), (ALL[..at].to_vec(), ALL[at..].to_vec()));
                assert_eq!((taken.len(), front.len()), (at, ALL.len() - at));
                whole.advance(at);
                assert_eq!((whole.remaining(), vectored(&whole)), (ALL.len() - at, ALL[at..].to_vec()));
                assert_eq!(whole.chunk().is_empty(), at == ALL.len());
                assert_eq!(whole.copy_to_bytes(ALL.len() - at), ALL[at..]);
            }
        }
    }

    #[test]
    fn no_more_slices_are_given_than_there_is_room_for() {
        let data = data([1, 2, 3]);
        let mut slices = [IoSlice::new(&[]); 2];
        assert_eq!(data.chunks_vectored(&mut slices), 2);
        assert_eq!((&*slices[0], &*slices[1]), (&b"a"[..], &b"b"[..]));
    }

    #[test]
    fn it_takes_no_more_room_than_one_slice() {
        assert_eq!(size_of::<Data>(), size_of::<Bytes>());
    }
}
