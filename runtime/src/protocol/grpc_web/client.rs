//! The client's side.

use http::{HeaderValue, Request, Response, header};
use tonic::{Code, Status, metadata::MetadataMap};

use super::{
    BINARY_TYPE, TEXT_TYPE, content_type,
    text::{Decoded, Text},
    trailers::{self, TRAILERS},
};
use crate::{
    call::{Body, Inbound, Reframe},
    client::{ClientProtocol, Head},
    codec::Codec,
    envelope::Envelope,
    method::Method,
    protocol::{
        grpc, headers as shared,
        last_frame::{Fields, LastFrame},
        media,
    },
};

/// gRPC-Web as clients speak it, in bytes or in text.
pub(crate) struct GrpcWeb {
    pub(crate) text: bool,
}

impl ClientProtocol for GrpcWeb {
    fn framing(&self, _: &Method) -> &'static dyn Reframe {
        if self.text { &Text } else { &Envelope }
    }

    fn request(&self, call: Head, body: Body) -> Request<Body> {
        let content_type = HeaderValue::from_static(content_type(self.text, call.codec.form()));
        let mut request = grpc::request(call, content_type, body);
        request.headers_mut().insert("x-grpc-web", HeaderValue::from_static("1"));
        if self.text {
            request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static(TEXT_TYPE));
        }
        request
    }

    fn response(
        &self,
        _: &Method,
        response: Response<Body>,
        codec: Codec,
        limit: usize,
    ) -> Result<(MetadataMap, Inbound), Status> {
        // One that we do not have is an error where the answer is one of gRPC-Web.
        let encoding = grpc::encoding(response.headers()).unwrap_or_default();
        let frames = LastFrame::new(TRAILERS, read_trailers, encoding);
        let encoded = shared::check_not_encoded_whole(response.headers());
        // Who has asked for text may still be answered in bytes.
        if self.text && media::is(response.headers(), TEXT_TYPE) {
            let frames = Decoded::new(frames, Code::Internal);
            let answer = grpc::response(response, TEXT_TYPE, frames, codec, limit)?;
            return encoded.map(|()| answer);
        }
        let answer = grpc::response(response, BINARY_TYPE, frames, codec, limit)?;
        encoded.map(|()| answer)
    }
}

/// An error is one whatever else there is; what succeeds has to be read in full.
fn read_trailers(block: &[u8]) -> Result<MetadataMap, Status> {
    let Fields { map, wrong, .. } = trailers::parse(block);
    let has_status = map.contains_key("grpc-status");
    let outcome = grpc::from_trailers(map);
    match wrong {
        Some(wrong) if outcome.is_ok() || !has_status => Err(wrong),
        _ => outcome,
    }
}
