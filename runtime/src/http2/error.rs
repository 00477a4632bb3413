//! What an HTTP/2 error means to a call.

use h2::Reason;
use tonic::{Code, Status};

/// The status of a call that an HTTP/2 error ended, by the table in gRPC's doc/PROTOCOL-HTTP2.md ("Errors"). A lost
/// connection and one that is going away are UNAVAILABLE.
pub(crate) fn status_of(error: &h2::Error) -> Status {
    if error.is_io() || error.is_go_away() || error.reason().is_none() {
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

pub(crate) fn unavailable(message: impl Into<String>) -> Status {
    Status::unavailable(message)
}
