//! The client's side.

use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use tonic::{Status, metadata::MetadataMap};

use super::{headers, status};
use crate::{
    call::{Body, Chunks, Deframe, Ending, Inbound, Item, Reframe},
    client::{ClientProtocol, Head},
    codec::{Codec, Form},
    compress::Encoding,
    deadline,
    envelope::Envelope,
    method::Method,
    protocol::{headers as shared, media},
};

/// gRPC as clients speak it.
pub(crate) struct Grpc;

impl ClientProtocol for Grpc {
    fn framing(&self, _: &Method) -> &'static dyn Reframe {
        &Envelope
    }

    fn request(&self, call: Head, body: Body) -> Request<Body> {
        let content_type = match call.codec.form() {
            Form::Proto => headers::GRPC,
            Form::Json => headers::GRPC_JSON,
        };
        let mut request = self::request(call, content_type, body);
        *request.version_mut() = http::Version::HTTP_2;
        request.headers_mut().insert(header::TE, HeaderValue::from_static("trailers"));
        request
    }

    fn response(
        &self,
        _: &Method,
        response: Response<Body>,
        codec: Codec,
        limit: usize,
    ) -> Result<(MetadataMap, Inbound), Status> {
        self::response(response, "application/grpc", Box::new(Messages), codec, limit)
    }
}

/// The request of a call, as gRPC and gRPC-Web write it alike.
pub(in crate::protocol) fn request(call: Head, content_type: HeaderValue, body: Body) -> Request<Body> {
    let mut request = shared::post(call.method, call.metadata, content_type, body);
    let fields = request.headers_mut();
    if let Some(timeout) = call.timeout {
        fields.insert(deadline::GRPC_TIMEOUT, deadline::format(timeout));
    }
    if let Some(encoding) = call.encoding {
        fields.insert(headers::ENCODING, HeaderValue::from_static(encoding.name()));
    }
    fields.insert(headers::ACCEPT_ENCODING, shared::SUPPORTED.clone());
    request
}

/// Reads the head of a response, as gRPC and gRPC-Web write it alike.
pub(in crate::protocol) fn response(
    response: Response<Body>,
    r#type: &str,
    messages: Box<dyn Deframe>,
    codec: Codec,
    limit: usize,
) -> Result<(MetadataMap, Inbound), Status> {
    let (head, body) = response.into_parts();
    if head.headers.contains_key(headers::STATUS) {
        // Trailers-Only, or an error that a proxy wrote; with a body of gRPC, what ends the body counts.
        let is_grpc = head.status == StatusCode::OK && media::check(&head.headers, r#type, codec.form()).is_ok();
        if body.at_end() || !is_grpc {
            let ending = status::from_trailers(head.headers)?;
            let inbound = Inbound::new(Body::empty(), Box::new(TrailersOnly(Some(ending))), codec, limit);
            return Ok((MetadataMap::new(), inbound));
        }
        let encoding = encoding(&head.headers)?;
        let metadata = shared::into_metadata(head.headers.clone());
        let head = Some(status::from_trailers(head.headers));
        let mut inbound = Inbound::new(body, Box::new(UnlessEmpty { messages, head }), codec, limit);
        inbound.encoding = encoding;
        return Ok((metadata, inbound));
    }
    if head.status != StatusCode::OK {
        return Err(status::from_http(head.status));
    }
    media::check(&head.headers, r#type, codec.form())?;
    let encoding = encoding(&head.headers)?;
    let mut inbound = Inbound::new(body, messages, codec, limit);
    inbound.encoding = encoding;
    Ok((shared::into_metadata(head.headers), inbound))
}

/// The encoding that the answer names. A server must not use one that it was not offered.
pub(in crate::protocol) fn encoding(fields: &HeaderMap) -> Result<Option<Encoding>, Status> {
    shared::encoding(fields, &headers::ENCODING).map_err(|status| Status::internal(status.message()))
}

/// Messages, unless there is nothing at all: then the status stands in the head.
struct UnlessEmpty {
    messages: Box<dyn Deframe>,
    head: Option<Result<MetadataMap, Status>>,
}

impl Deframe for UnlessEmpty {
    fn next(&mut self, chunks: &mut Chunks, eof: bool, limit: usize) -> Result<Item, Status> {
        if !chunks.is_empty() {
            self.head = None;
        }
        self.messages.next(chunks, eof, limit)
    }

    fn end(&mut self, ending: Ending) -> Result<MetadataMap, Status> {
        match self.head.take() {
            Some(head) if ending.trailers.is_none() => head,
            _ => self.messages.end(ending),
        }
    }
}

/// Messages, then trailers with the status.
struct Messages;

impl Deframe for Messages {
    fn next(&mut self, chunks: &mut Chunks, eof: bool, limit: usize) -> Result<Item, Status> {
        Envelope.next(chunks, eof, limit)
    }

    fn has_envelopes(&self) -> bool {
        true
    }

    fn end(&mut self, ending: Ending) -> Result<MetadataMap, Status> {
        status::from_trailers(ending.trailers.unwrap_or_default())
    }
}

/// A call that ended well without a message.
struct TrailersOnly(Option<MetadataMap>);

impl Deframe for TrailersOnly {
    fn next(&mut self, _: &mut Chunks, _: bool, _: usize) -> Result<Item, Status> {
        Ok(Item::More)
    }

    fn end(&mut self, _: Ending) -> Result<MetadataMap, Status> {
        Ok(self.0.take().unwrap_or_default())
    }
}
