//! The five-byte prefix of gRPC, gRPC-Web and Connect streams: one byte of flags, then the length, big-endian.

use bytes::{BufMut, Bytes, BytesMut};
use tonic::Status;

use crate::{
    call::{Chunks, Reframe},
    codec::too_large,
};

pub(crate) const PREFIX: usize = 5;
/// The payload is compressed with the encoding that the headers name.
pub(crate) const COMPRESSED: u8 = 1;

/// Takes the next frame as `(flags, payload)`; `None` while it is incomplete. `limit` bounds the payload in bytes and is
/// applied to the prefix, before anything behind it has arrived.
pub(crate) fn take(chunks: &mut Chunks, limit: usize) -> Result<Option<(u8, Bytes)>, Status> {
    let Some([flags, length @ ..]) = chunks.peek::<PREFIX>() else {
        return Ok(None);
    };
    let length = u32::from_be_bytes(length) as usize;
    if length > limit {
        return Err(too_large("receiving", length, limit));
    }
    if chunks.len() < PREFIX + length {
        return Ok(None);
    }
    chunks.skip(PREFIX);
    Ok(chunks.take(length).map(|payload| (flags, payload)))
}

/// Prefixes each message.
pub(crate) struct Envelope;

impl Reframe for Envelope {
    fn open(&self, buf: &mut BytesMut, _first: bool) {
        buf.reserve(PREFIX);
        buf.put_bytes(0, PREFIX);
    }

    fn close(&self, frame: &mut [u8], compressed: bool) {
        // Limits are far below 4 GiB; `Outbound` refuses longer messages before they come here.
        let length = u32::try_from(frame.len() - PREFIX).unwrap_or(u32::MAX);
        frame[0] = if compressed { COMPRESSED } else { 0 };
        frame[1..PREFIX].copy_from_slice(&length.to_be_bytes());
    }

    fn tail(&self) -> &'static [u8] {
        b""
    }
}
