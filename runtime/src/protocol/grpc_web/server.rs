//! The server's side.

use std::sync::Arc;

use bytes::BytesMut;
use http::{HeaderMap, Method, Response, StatusCode, header, request::Parts};
use tonic::{Status, metadata::MetadataMap};

use super::{
    text::{self, Text, TextEnvelope},
    trailers,
};
use crate::{
    call::{Body, Peer},
    envelope::Envelope,
    protocol::{Accepted, Media, Negotiated, Protocol, grpc, media, refuse},
    server::Core,
};

/// gRPC-Web as servers speak it, in bytes or in text.
pub(crate) struct GrpcWeb {
    r#type: &'static str,
    text: bool,
}

pub(crate) static BINARY: GrpcWeb = GrpcWeb { r#type: "application/grpc-web", text: false };
pub(crate) static TEXT: GrpcWeb = GrpcWeb { r#type: "application/grpc-web-text", text: true };

impl Protocol for GrpcWeb {
    fn claims(&self, _: &Core, head: &Parts) -> bool {
        media::is(&head.headers, self.r#type)
    }

    fn accept(&self, core: &Core, mut head: Parts, body: Body, peer: &Arc<Peer>) -> Result<Accepted, Response<Body>> {
        if head.method != Method::POST {
            return Err(refuse(StatusCode::METHOD_NOT_ALLOWED, header::ALLOW, "POST"));
        }
        let media = Media::take(&mut head.headers, self.r#type)
            .ok_or_else(|| refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, header::ACCEPT, self.r#type))?;
        if self.text {
            grpc::accept(self, media, (Box::<TextEnvelope>::default(), &Text), core, head, body, peer)
        } else {
            grpc::accept(self, media, (Box::new(Envelope), &Envelope), core, head, body, peer)
        }
    }

    fn head(&self, negotiated: &Negotiated, metadata: MetadataMap) -> Response<()> {
        grpc::head(negotiated, metadata)
    }

    /// An error of a whole answer stands here, too: a browser shows a page all of the body, but of the headers only those
    /// that CORS exposes.
    fn end(&self, _: &Negotiated, result: Result<MetadataMap, Status>, buf: &mut BytesMut) -> Option<HeaderMap> {
        let start = buf.len();
        trailers::append(&grpc::to_trailers(result), buf);
        if self.text {
            text::encode(buf, start);
        }
        None
    }
}
