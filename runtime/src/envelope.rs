//! The five-byte prefix of gRPC, gRPC-Web and Connect streams: one byte of flags, then the length, big-endian.

use bytes::{BufMut, BytesMut};
use tonic::Status;

use crate::{
    call::{Chunks, Deframe, Item, Reframe},
    codec::too_large,
};

pub(crate) const PREFIX: usize = 5;
/// The payload is compressed with the encoding that the headers name.
pub(crate) const COMPRESSED: u8 = 1;

/// Reads the prefix of the next frame as `(flags, length)`, behind which its payload lies then; `None` while it is
/// incomplete. `limit` bounds the payload in bytes and is applied to the prefix, before anything behind it has arrived.
#[inline]
pub(crate) fn next(chunks: &mut Chunks, limit: usize) -> Result<Option<(u8, usize)>, Status> {
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
    Ok(Some((flags, length)))
}

/// Reads the prefix of the next frame where its flags are zero and it has come whole, in one chunk; its payload, which has
/// fewer bytes than `end`, lies behind it then.
#[inline]
pub(crate) fn next_plain(chunks: &mut Chunks, end: usize) -> Option<usize> {
    let [0, length @ ..] = *chunks.front().first_chunk::<PREFIX>()? else {
        return None;
    };
    let length = u32::from_be_bytes(length) as usize;
    if length >= end || chunks.front().len() < PREFIX + length {
        return None;
    }
    chunks.skip(PREFIX);
    Some(length)
}

/// Appends a frame with these flags.
pub(crate) fn append(buf: &mut BytesMut, flags: u8, payload: &[u8]) {
    let start = buf.len();
    buf.reserve(PREFIX + payload.len());
    buf.put_bytes(0, PREFIX);
    buf.extend_from_slice(payload);
    seal(&mut buf[start..], flags);
}

/// Fills in the prefix of a frame.
fn seal(frame: &mut [u8], flags: u8) {
    let length = length(frame.len() - PREFIX);
    frame[0] = flags;
    frame[1..PREFIX].copy_from_slice(&length.to_be_bytes());
}

/// Limits are far below 4 GiB; `Outbound` refuses longer messages before they come here.
fn length(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

/// Prefixes each message.
pub(crate) struct Envelope;

impl Reframe for Envelope {
    fn room(&self) -> usize {
        PREFIX
    }

    fn prefix(&self, buf: &mut BytesMut, len: usize) -> bool {
        let [a, b, c, d] = length(len).to_be_bytes();
        buf.extend_from_slice(&[0, a, b, c, d]);
        true
    }

    fn open(&self, buf: &mut BytesMut, _first: bool) {
        buf.put_bytes(0, PREFIX);
    }

    fn close(&self, buf: &mut BytesMut, start: usize, compressed: bool) {
        seal(&mut buf[start..], if compressed { COMPRESSED } else { 0 });
    }
}

impl Deframe for Envelope {
    fn next(&mut self, chunks: &mut Chunks, _eof: bool, limit: usize) -> Result<Item, Status> {
        match next(chunks, limit)? {
            Some((flags @ (0 | COMPRESSED), len)) => Ok(Item::Message { len, compressed: flags == COMPRESSED }),
            Some((flags, _)) => Err(Status::internal(format!(
                "a message has the flags {flags:#04x}, which the protocol does not define"
            ))),
            None => Ok(Item::More),
        }
    }

    fn has_envelopes(&self) -> bool {
        true
    }

    fn ends_silently(&self) -> bool {
        true
    }
}
