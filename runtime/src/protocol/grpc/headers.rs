//! The headers that gRPC defines.

use std::sync::LazyLock;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use tonic::{Status, metadata::MetadataMap};

use crate::compress::Encoding;

pub(super) const STATUS: HeaderName = HeaderName::from_static("grpc-status");
pub(super) const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
pub(super) const DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");
pub(super) const ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
pub(super) const ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");
const MESSAGE_TYPE: HeaderName = HeaderName::from_static("grpc-message-type");

pub(super) const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
const GRPC_PROTO: HeaderValue = HeaderValue::from_static("application/grpc+proto");

/// The content type to answer with, if this is one of gRPC with a codec we have.
pub(super) fn content_type(value: &HeaderValue) -> Option<HeaderValue> {
    let essence = value.as_bytes().split(|&b| b == b';').next()?.trim_ascii_end();
    match essence {
        b"application/grpc" => Some(GRPC),
        b"application/grpc+proto" => Some(GRPC_PROTO),
        _ => None,
    }
}

/// The metadata of a call as headers, without what the protocol itself writes there.
pub(super) fn from_metadata(metadata: MetadataMap) -> HeaderMap {
    let mut headers = metadata.into_headers();
    if !headers.is_empty() {
        strip(&mut headers);
    }
    headers
}

/// Removes what belongs to the protocol and to HTTP framing.
pub(super) fn strip(headers: &mut HeaderMap) {
    const RESERVED: [HeaderName; 9] = [
        header::CONTENT_TYPE,
        header::TE,
        ENCODING,
        ACCEPT_ENCODING,
        MESSAGE_TYPE,
        crate::deadline::GRPC_TIMEOUT,
        STATUS,
        MESSAGE,
        DETAILS,
    ];
    RESERVED.iter().for_each(|name| drop(headers.remove(name)));
}

/// Refuses a `-bin` value that is not base64, so that nobody behind this point meets one.
pub(super) fn check_binary(headers: &HeaderMap) -> Result<(), Status> {
    for (name, value) in headers {
        // Several binary values may be joined by commas (gRPC over HTTP/2).
        let valid = || value.as_bytes().split(|&b| b == b',').all(|part| is_base64(part.trim_ascii()));
        if name.as_str().ends_with("-bin") && !valid() {
            return Err(Status::invalid_argument(format!("the value of the metadata {name} is not base64")));
        }
    }
    Ok(())
}

fn is_base64(value: &[u8]) -> bool {
    let digits = value.iter().rposition(|&b| b != b'=').map_or(0, |last| last + 1);
    let padding = value.len() - digits;
    let shaped = if padding == 0 { digits % 4 != 1 } else { padding <= 2 && value.len().is_multiple_of(4) };
    shaped && value[..digits].iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
}

/// The encoding that a header names: `None` for identity.
pub(super) fn encoding(headers: &HeaderMap) -> Result<Option<Encoding>, Status> {
    let Some(value) = headers.get(ENCODING) else {
        return Ok(None);
    };
    match value.as_bytes() {
        b"identity" => Ok(None),
        name => Encoding::from_name(name).map(Some).ok_or_else(|| {
            Status::unimplemented(format!("messages are compressed with {value:?}; supported are: {}", supported()))
        }),
    }
}

/// The first of our encodings that the peer accepts.
pub(super) fn accepted(headers: &HeaderMap, ours: Option<Encoding>) -> Option<Encoding> {
    let ours = ours?;
    let names = headers.get_all(ACCEPT_ENCODING);
    let mut names = names.iter().flat_map(|value| value.as_bytes().split(|&b| b == b','));
    names.any(|name| name.trim_ascii() == ours.name().as_bytes()).then_some(ours)
}

/// All encodings we read, as `grpc-accept-encoding` lists them.
fn supported() -> String {
    Encoding::ALL.iter().map(|encoding| encoding.name()).chain(["identity"]).collect::<Vec<_>>().join(",")
}

/// [`supported`] as a header.
pub(super) static SUPPORTED: LazyLock<HeaderValue> =
    LazyLock::new(|| HeaderValue::try_from(supported()).unwrap_or(HeaderValue::from_static("identity")));
