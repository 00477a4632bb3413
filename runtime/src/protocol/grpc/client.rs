//! The client's side.

use http::{HeaderValue, Request, Response, StatusCode, Uri, header, uri::PathAndQuery};
use tonic::{Status, metadata::MetadataMap};

use super::{headers, status};
use crate::{
    call::{Body, Chunks, Deframe, Ending, Inbound, Item},
    client::{ClientProtocol, Head},
    codec::Codec,
    deadline,
    envelope::Envelope,
    protocol::{headers as shared, media},
};

const USER_AGENT: HeaderValue = HeaderValue::from_static(concat!("rsgrpc/", env!("CARGO_PKG_VERSION")));

/// gRPC as clients speak it.
pub(crate) struct Grpc;

impl ClientProtocol for Grpc {
    fn framing(&self) -> &'static dyn crate::call::Reframe {
        &Envelope
    }

    fn request(&self, call: Head<'_>, body: Body) -> Request<Body> {
        let mut request = Request::new(body);
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = Uri::from(PathAndQuery::from_static(call.method.path));
        *request.version_mut() = http::Version::HTTP_2;
        let mut fields = shared::from_metadata(call.metadata);
        fields.insert(header::TE, HeaderValue::from_static("trailers"));
        fields.insert(header::CONTENT_TYPE, headers::GRPC);
        fields.entry(header::USER_AGENT).or_insert(USER_AGENT);
        if let Some(timeout) = call.timeout {
            fields.insert(deadline::GRPC_TIMEOUT, deadline::format(timeout));
        }
        if let Some(encoding) = call.send_encoding {
            fields.insert(headers::ENCODING, HeaderValue::from_static(encoding.name()));
        }
        fields.insert(headers::ACCEPT_ENCODING, shared::SUPPORTED.clone());
        *request.headers_mut() = fields;
        request
    }

    fn response(&self, response: Response<Body>, limit: usize) -> Result<(MetadataMap, Inbound), Status> {
        let (mut head, body) = response.into_parts();
        // Trailers-Only, or an error that a proxy wrote.
        if head.headers.contains_key(headers::STATUS) {
            let ending = status::from_trailers(head.headers)?;
            let inbound = Inbound::new(Body::empty(), Box::new(TrailersOnly(Some(ending))), Codec::Proto, limit);
            return Ok((MetadataMap::new(), inbound));
        }
        let content_type = head.headers.get(header::CONTENT_TYPE);
        if head.status != StatusCode::OK {
            return Err(status::from_http(head.status));
        }
        if !media::is(&head.headers, "application/grpc") {
            return Err(Status::unknown(format!(
                "the server answered with content-type {content_type:?}, not with gRPC"
            )));
        }
        let encoding =
            shared::encoding(&head.headers, &headers::ENCODING).map_err(|status| Status::internal(status.message()))?;
        shared::strip(&mut head.headers);
        shared::part_binary(&mut head.headers);
        let mut inbound = Inbound::new(body, Box::new(Messages), Codec::Proto, limit);
        inbound.encoding = encoding;
        Ok((MetadataMap::from_headers(head.headers), inbound))
    }
}

/// Messages, then trailers with the status.
struct Messages;

impl Deframe for Messages {
    fn next(&mut self, chunks: &mut Chunks, eof: bool, limit: usize) -> Result<Item, Status> {
        Envelope.next(chunks, eof, limit)
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
