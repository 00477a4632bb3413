//! gRPC-Web, as gRPC's doc/PROTOCOL-WEB.md describes it: gRPC whose trailers are the last frame of the body, over any
//! version of HTTP, and in base64 where a browser can only read text.

mod client;
mod server;
mod text;
mod trailers;

pub(crate) use client::GrpcWeb as ClientGrpcWeb;
pub(crate) use server::{BINARY, TEXT};

use crate::codec::Form;

const BINARY_TYPE: &str = "application/grpc-web";
const TEXT_TYPE: &str = "application/grpc-web-text";

fn content_type(text: bool, form: Form) -> &'static str {
    match (text, form) {
        (true, Form::Proto) => "application/grpc-web-text+proto",
        (true, Form::Json) => "application/grpc-web-text+json",
        (false, Form::Proto) => "application/grpc-web+proto",
        (false, Form::Json) => "application/grpc-web+json",
    }
}
