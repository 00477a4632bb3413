//! The frame that ends a body: trailers as an HTTP/1.1 header block, with lower-case names.

use bytes::BytesMut;
use http::HeaderMap;

use crate::envelope;

/// Marks the frame as trailers.
pub(super) const TRAILERS: u8 = 0x80;

/// Appends the frame.
pub(super) fn append(trailers: &HeaderMap, buf: &mut BytesMut) {
    let mut block = Vec::with_capacity(64);
    for (name, value) in trailers {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            block.extend_from_slice(part);
        }
    }
    envelope::append(buf, TRAILERS, &block);
}
