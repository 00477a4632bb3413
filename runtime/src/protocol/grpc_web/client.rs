//! The client's side, in bytes.

use http::{HeaderValue, Request, Response};
use tonic::{Status, metadata::MetadataMap};

use super::trailers::{self, TRAILERS};
use crate::{
    call::{Body, Inbound, Reframe},
    client::{ClientProtocol, Head},
    codec::{Codec, Form},
    envelope::Envelope,
    method::Method,
    protocol::{grpc, last_frame::LastFrame},
};

/// gRPC-Web as clients speak it.
pub(crate) struct GrpcWeb;

impl ClientProtocol for GrpcWeb {
    fn framing(&self, _: &Method) -> &'static dyn Reframe {
        &Envelope
    }

    fn request(&self, call: Head, body: Body) -> Request<Body> {
        let content_type = match call.codec.form() {
            Form::Proto => "application/grpc-web+proto",
            Form::Json => "application/grpc-web+json",
        };
        let mut request = grpc::request(call, HeaderValue::from_static(content_type), body);
        request.headers_mut().insert("x-grpc-web", HeaderValue::from_static("1"));
        request
    }

    fn response(
        &self,
        _: &Method,
        response: Response<Body>,
        codec: Codec,
        limit: usize,
    ) -> Result<(MetadataMap, Inbound), Status> {
        let encoding = grpc::encoding(response.headers())?;
        grpc::response(
            response,
            "application/grpc-web",
            LastFrame::new(TRAILERS, read_trailers, encoding),
            codec,
            limit,
        )
    }
}

fn read_trailers(block: &[u8]) -> Result<MetadataMap, Status> {
    grpc::from_trailers(trailers::parse(block)?)
}
