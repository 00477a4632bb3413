//! What an HTTP/2 error means to a call.

use h2::Reason;
use tonic::{Code, Status};

/// The bytes that head and trailers of an answer may have, each, unless a channel says otherwise.
pub(crate) const ANSWER_HEADERS: u32 = 16 * 1024;

/// The status of a call that an HTTP/2 error ended, by the table in gRPC's doc/PROTOCOL-HTTP2.md ("Errors"). A lost
/// connection and one that is going away are UNAVAILABLE.
pub(crate) fn status_of(error: &h2::Error) -> Status {
    if is_lost(error) {
        return unavailable(format!("the connection broke: {error}"));
    }
    let code = match error.reason() {
        Some(Reason::REFUSED_STREAM) => Code::Unavailable,
        Some(Reason::CANCEL) => Code::Cancelled,
        Some(Reason::ENHANCE_YOUR_CALM) => Code::ResourceExhausted,
        Some(Reason::INADEQUATE_SECURITY) => Code::PermissionDenied,
        _ => Code::Internal,
    };
    Status::new(code, format!("the peer reset the stream: {error}"))
}

/// The cause of a broken connection, in words.
pub(crate) fn in_words(error: &h2::Error) -> String {
    let text = error.to_string();
    let Some(reason) = error.reason().filter(|_| error.is_go_away() && error.is_remote()) else { return text };
    // What else the server has said of it stands behind.
    let rest = text.strip_prefix(&format!("connection error received: {reason}")).unwrap_or_default();
    format!("the server said that it goes away (GOAWAY, {reason:?}){rest}")
}

/// Whether the connection is gone or going, and not just the stream.
pub(super) fn is_lost(error: &h2::Error) -> bool {
    error.is_io() || error.is_go_away() || error.reason().is_none()
}

/// Why a connection broke, where this side ended it over a head that is far too large: h2 reads on behind the limit to
/// keep its state, but not for ever.
pub(super) fn far_too_large(error: &h2::Error, limit: u32) -> Option<String> {
    let own = error.is_go_away() && error.is_library();
    let than = match error.reason() {
        Some(Reason::ENHANCE_YOUR_CALM) if own && error.to_string().contains("header_list_way_too_large") => {
            "larger than four times"
        }
        // Which is also what HPACK that breaks the rules comes to, which no known server sends.
        Some(Reason::COMPRESSION_ERROR) if own => "much larger than",
        _ => return None,
    };
    let takes = format!("the {limit} bytes that the channel takes (max_header_bytes)");
    Some(format!("a head or trailers of the server are {than} {takes}"))
}

/// The status of a call whose answer this side refused to read. h2 does not tell heads that are too large from those
/// that break the rules, which no known server sends.
pub(super) fn refused_answer(error: &h2::Error, limit: u32) -> Option<Status> {
    let refused = error.is_reset() && error.is_library() && error.reason() == Some(Reason::PROTOCOL_ERROR);
    refused.then(|| {
        Status::resource_exhausted(format!(
            "the answer cannot be read: its head or its trailers are larger than the {limit} bytes that the channel \
             takes (max_header_bytes), or they break the rules of HTTP/2"
        ))
    })
}

pub(crate) fn unavailable(message: impl Into<String>) -> Status {
    Status::unavailable(message)
}
