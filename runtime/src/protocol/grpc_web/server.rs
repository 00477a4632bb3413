//! The server's side.

use bytes::BytesMut;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header, request::Parts};
use tonic::{Code, Status};

use super::{
    content_type,
    text::{self, Decoded, Text},
    trailers,
};
use crate::{
    call::{Body, Deframe, Reframe},
    envelope::Envelope,
    handler::Extra,
    protocol::{
        Accepted, Known, Media, Negotiated, Protocol, check_not_encoded_whole, grpc, media, needs_post, refuse,
    },
    server::Core,
};

/// gRPC-Web as servers speak it, with requests in bytes or in text. An answer is what its request is, unless `Accept` names
/// the other.
pub(crate) struct GrpcWeb {
    r#type: &'static str,
    text: bool,
}

pub(crate) static BINARY: GrpcWeb = GrpcWeb { r#type: super::BINARY_TYPE, text: false };
pub(crate) static TEXT: GrpcWeb = GrpcWeb { r#type: super::TEXT_TYPE, text: true };

impl Protocol for GrpcWeb {
    fn claims(&self, _: &Core, _: &Parts, known: &Known<'_>) -> bool {
        known.is_of_type(self.r#type)
    }

    fn accept(&self, core: &Core, head: Parts, body: Body, mut known: Known<'_>) -> Result<Accepted, Response<Body>> {
        if head.method != Method::POST {
            return Err(needs_post(known.route));
        }
        let mut media = Media::of(known.content_type.take(), self.r#type)
            .ok_or_else(|| refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, header::ACCEPT, self.r#type))?;
        check_not_encoded_whole(&head.headers)?;
        let text = accepts_text(&head.headers).unwrap_or(self.text);
        if text != self.text {
            media.content_type = HeaderValue::from_static(content_type(text, media.form));
        }
        let deframe = Box::new(Envelope);
        let deframe =
            if self.text { Decoded::new(deframe, Code::InvalidArgument) } else { deframe as Box<dyn Deframe> };
        let reframe: &dyn Reframe = if text { &Text } else { &Envelope };
        grpc::accept(self, media, (deframe, reframe), core, head, body, known)
    }

    fn head(&self, negotiated: &Negotiated, metadata: Extra) -> Response<()> {
        grpc::head(negotiated, metadata)
    }

    /// An error of a whole answer stands here, too: a browser shows a page all of the body, but of the headers only those
    /// that CORS exposes.
    fn end(&self, negotiated: &Negotiated, result: Result<Extra, Status>, buf: &mut BytesMut) -> Option<HeaderMap> {
        let start = buf.len();
        trailers::append(&grpc::to_trailers(result), buf);
        if media::names(negotiated.content_type.as_bytes(), TEXT.r#type) {
            text::encode(buf, start);
        }
        None
    }
}

/// Whether `Accept` asks for text; `None` where it does not say.
fn accepts_text(headers: &HeaderMap) -> Option<bool> {
    let values = headers.get_all(header::ACCEPT).into_iter();
    let mut types = values.flat_map(|value| value.as_bytes().split(|&b| b == b',')).map(<[u8]>::trim_ascii);
    types.find_map(|named| [&TEXT, &BINARY].into_iter().find(|web| media::names(named, web.r#type)).map(|web| web.text))
}
