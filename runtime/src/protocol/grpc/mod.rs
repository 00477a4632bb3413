//! gRPC over HTTP/2, as its doc/PROTOCOL-HTTP2.md describes it.

mod client;
mod headers;
mod server;
mod status;

pub(crate) use client::Grpc as ClientGrpc;
pub(super) use client::{encoding, request, response};
pub(crate) use server::Grpc as ServerGrpc;
pub(super) use server::{accept, head};
#[cfg(feature = "tower")]
pub(crate) use status::to_trailers;
#[cfg(not(feature = "tower"))]
pub(super) use status::to_trailers;
pub(super) use status::{from_http, from_trailers};
