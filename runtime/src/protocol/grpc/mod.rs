//! gRPC over HTTP/2, as its doc/PROTOCOL-HTTP2.md describes it.

mod client;
mod headers;
mod server;
mod status;

pub(crate) use client::Grpc as ClientGrpc;
pub(super) use client::{encoding, request, response};
pub(crate) use server::Grpc as ServerGrpc;
pub(super) use server::{accept, head};
pub(super) use status::{from_http, from_trailers, to_trailers};
