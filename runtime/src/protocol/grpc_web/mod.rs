//! gRPC-Web, as gRPC's doc/PROTOCOL-WEB.md describes it: gRPC whose trailers are the last frame of the body, over any
//! version of HTTP, and in base64 where a browser can only read text.

mod client;
mod server;
mod text;
mod trailers;

pub(crate) use client::GrpcWeb as ClientGrpcWeb;
pub(crate) use server::{BINARY, TEXT};
