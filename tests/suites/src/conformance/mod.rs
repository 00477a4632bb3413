//! The conformance suite of Connect: the service that its reference client calls, and the calls that our client makes
//! to its reference server.

mod caller;
mod headers;
mod service;
mod stdio;

pub use caller::call;
pub use service::Conformance;
pub use stdio::{read, write};

/// What our generator makes of `connectrpc/conformance/v1`.
#[expect(missing_docs, reason = "generated from protos with few comments")]
pub mod proto {
    rsgrpc::include_proto!("connectrpc.conformance.v1");
}
