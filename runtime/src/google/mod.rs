//! Messages of Google's common protos that have a meaning in gRPC and HTTP.

/// `google.rpc`: the status with its details, and the standard error details.
pub mod rpc {
    include!("google.rpc.rs");
}

/// `google.api`: the raw HTTP body.
pub mod api {
    include!("google.api.rs");
}
