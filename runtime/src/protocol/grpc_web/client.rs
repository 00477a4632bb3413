//! The client's side, in bytes.

use http::{HeaderValue, Request, Response};
use tonic::{Status, metadata::MetadataMap};

use super::trailers::{self, TRAILERS};
use crate::{
    call::{Body, Chunks, Deframe, Ending, Inbound, Item, Reframe},
    client::{ClientProtocol, Head},
    codec::{Codec, Form},
    compress::Encoding,
    envelope::{self, COMPRESSED, Envelope},
    method::Method,
    protocol::grpc,
};

/// gRPC-Web as clients speak it.
pub(crate) struct GrpcWeb;

impl ClientProtocol for GrpcWeb {
    fn framing(&self, _: &Method) -> &'static dyn Reframe {
        &Envelope
    }

    fn request(&self, call: Head, body: Body) -> Request<Body> {
        let content_type = match call.form {
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
        grpc::response(response, "application/grpc-web", Box::new(Messages { encoding, outcome: None }), codec, limit)
    }
}

/// Messages, then a frame with the trailers.
struct Messages {
    encoding: Option<Encoding>,
    outcome: Option<Result<MetadataMap, Status>>,
}

impl Deframe for Messages {
    fn next(&mut self, chunks: &mut Chunks, _: bool, limit: usize) -> Result<Item, Status> {
        if self.outcome.is_some() {
            if chunks.is_empty() {
                return Ok(Item::More);
            }
            return Err(Status::internal("the server sent more behind the trailers, which end a call"));
        }
        match envelope::take(chunks, limit)? {
            None => Ok(Item::More),
            Some((flags, block)) if flags & !COMPRESSED == TRAILERS => {
                let block = match (flags & COMPRESSED, self.encoding) {
                    (0, _) => block,
                    (_, Some(encoding)) => encoding.decompress(&block, limit)?,
                    (_, None) => return Err(Status::internal("the trailers are compressed, but no encoding is named")),
                };
                self.outcome = Some(grpc::from_trailers(trailers::parse(&block)?));
                self.next(chunks, false, limit)
            }
            Some((flags @ (0 | COMPRESSED), payload)) => Ok(Item::Message { payload, compressed: flags == COMPRESSED }),
            Some((flags, _)) => {
                Err(Status::internal(format!("a frame has the flags {flags:#04x}, which the protocol does not define")))
            }
        }
    }

    fn end(&mut self, _: Ending) -> Result<MetadataMap, Status> {
        self.outcome
            .take()
            .unwrap_or_else(|| Err(Status::internal("the server ended the call without a frame of trailers")))
    }
}
