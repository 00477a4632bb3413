//! A body that is one message and nothing else.

use bytes::BytesMut;
use tonic::{Code, Status};

use crate::{
    call::{Chunks, Deframe, Item, Reframe},
    codec::too_large,
};

/// Writes a message as it is.
pub(super) struct Bare;

impl Reframe for Bare {
    fn room(&self) -> usize {
        0
    }

    fn prefix(&self, _: &mut BytesMut, _len: usize) -> bool {
        true
    }

    fn open(&self, _: &mut BytesMut, _first: bool) {}

    fn close(&self, _: &mut BytesMut, _start: usize, _compressed: bool) {}
}

/// Reads a body as one message.
pub(super) struct WholeBody;

impl Deframe for WholeBody {
    fn next(&mut self, chunks: &mut Chunks, eof: bool, limit: usize) -> Result<Item, Status> {
        let len = chunks.len();
        if len > limit {
            return Err(too_large("receiving", len, limit));
        }
        Ok(if eof { Item::Whole { len } } else { Item::More })
    }

    fn is_single(&self) -> bool {
        true
    }

    /// Such a body is a request of HTTP, and what its headers say of it is the caller's word.
    fn corrupt(&self) -> Code {
        Code::InvalidArgument
    }
}
