//! gRPC's interop tests: the service that the clients of others call, and the cases that our client runs.

mod cases;
mod compressed;
mod expect;
mod flags;
mod service;

pub use cases::run;
pub use flags::{ClientFlags, ServerFlags};
pub use service::Interop;

/// What our generator makes of `grpc/testing/test.proto`.
#[expect(missing_docs, reason = "generated from a proto without comments")]
pub mod proto {
    rsgrpc::include_proto!("grpc.testing");
}
