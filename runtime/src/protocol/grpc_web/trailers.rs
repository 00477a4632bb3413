//! The frame that ends a body: trailers as an HTTP/1.1 header block, with lower-case names.

use bytes::BytesMut;
use http::{HeaderMap, HeaderName, HeaderValue};
use tonic::Status;

use crate::{envelope, protocol::last_frame::Fields};

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

/// Reads the frame. Lines may end without a carriage return, as some servers write them.
pub(super) fn parse(block: &[u8]) -> Fields {
    let mut trailers = Fields::default();
    for line in block.split(|&b| b == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty()) {
        let colon = line.iter().position(|&b| b == b':');
        let field = colon.and_then(|colon| {
            let name = HeaderName::from_bytes(&line[..colon]).ok()?;
            Some((name, HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?))
        });
        trailers.add(field, || {
            Status::internal(format!("the trailers have a line that is no field: {:?}", String::from_utf8_lossy(line)))
        });
    }
    trailers
}
