//! How status codes are written over HTTP: their names, and the HTTP status of an error (google/rpc/code.proto).

use http::StatusCode;
use tonic::Code;

/// One code: its name in google.rpc.Code, its name in Connect, its HTTP status.
const CODES: [(Code, &str, &str, u16); 16] = [
    (Code::Cancelled, "CANCELLED", "canceled", 499),
    (Code::Unknown, "UNKNOWN", "unknown", 500),
    (Code::InvalidArgument, "INVALID_ARGUMENT", "invalid_argument", 400),
    (Code::DeadlineExceeded, "DEADLINE_EXCEEDED", "deadline_exceeded", 504),
    (Code::NotFound, "NOT_FOUND", "not_found", 404),
    (Code::AlreadyExists, "ALREADY_EXISTS", "already_exists", 409),
    (Code::PermissionDenied, "PERMISSION_DENIED", "permission_denied", 403),
    (Code::ResourceExhausted, "RESOURCE_EXHAUSTED", "resource_exhausted", 429),
    (Code::FailedPrecondition, "FAILED_PRECONDITION", "failed_precondition", 400),
    (Code::Aborted, "ABORTED", "aborted", 409),
    (Code::OutOfRange, "OUT_OF_RANGE", "out_of_range", 400),
    (Code::Unimplemented, "UNIMPLEMENTED", "unimplemented", 501),
    (Code::Internal, "INTERNAL", "internal", 500),
    (Code::Unavailable, "UNAVAILABLE", "unavailable", 503),
    (Code::DataLoss, "DATA_LOSS", "data_loss", 500),
    (Code::Unauthenticated, "UNAUTHENTICATED", "unauthenticated", 401),
];

/// The name of an error's code in google.rpc.Code.
pub(crate) fn name(code: Code) -> &'static str {
    CODES.iter().find(|row| row.0 == code).map_or("UNKNOWN", |row| row.1)
}

/// The code of this name in google.rpc.Code.
pub(crate) fn from_name(name: &str) -> Option<Code> {
    CODES.iter().find(|row| row.1 == name).map(|row| row.0)
}

/// The name of an error's code in Connect.
pub(super) fn connect_name(code: Code) -> &'static str {
    CODES.iter().find(|row| row.0 == code).map_or("unknown", |row| row.2)
}

/// The code of this name in Connect.
pub(super) fn from_connect_name(name: &str) -> Option<Code> {
    CODES.iter().find(|row| row.2 == name).map(|row| row.0)
}

/// The HTTP status of an error.
pub(super) fn http_status(code: Code) -> StatusCode {
    let row = CODES.iter().find(|row| row.0 == code);
    row.and_then(|row| StatusCode::from_u16(row.3).ok()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
