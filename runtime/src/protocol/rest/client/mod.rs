//! REST as clients speak it, for APIs that offer only that: the mirror of the server's side.
//!
//! A message is taken apart where it is written ([`request`]): path and query are noted for the head of the request, what
//! is left goes into the body. An answer is put together where it is read ([`answer`]).

mod answer;
mod error;
mod events;
mod request;
mod target;

use std::sync::Arc;

use http::{HeaderValue, Request, Response, header};
use tonic::{Status, metadata::MetadataMap};

pub(crate) use self::request::default_options;
use self::{
    answer::{Answers, Reading},
    request::Taken,
};
use super::{accept::Shape, headers};
use crate::{
    call::{Body, Inbound, Reframe},
    client::{ClientProtocol, Head},
    codec::Codec,
    deadline, json,
    method::{BodySelector, Content, Method},
    protocol::{bare::Bare, failed::Failed, headers as shared},
};

/// What a stream is asked for, the simplest to read first.
const STREAMS: HeaderValue =
    HeaderValue::from_static("application/x-ndjson, text/event-stream;q=0.9, application/json;q=0.8");

/// REST and JSON by `google.api.http`.
pub(crate) struct Rest;

impl ClientProtocol for Rest {
    fn codec(&self, method: &'static Method, json: Option<&Arc<json::Options>>) -> Result<Codec, Status> {
        Taken::codec(method, json)
    }

    fn framing(&self, method: &Method) -> &'static dyn Reframe {
        let lines = method.kind.streams_requests() && method.http.iter().all(|rule| rule.request == Content::Json);
        if lines { Shape::Lines.reframe() } else { &Bare }
    }

    /// A stream would have to be compressed as one, and what has no body has nothing to compress.
    fn compresses(&self, method: &Method) -> bool {
        !method.kind.streams_requests() && method.http.iter().all(|rule| rule.body != BodySelector::None)
    }

    fn request(&self, call: Head, body: Body) -> Request<Body> {
        let mut request = Request::new(body);
        let mut fields = shared::from_metadata(call.metadata);
        fields.entry(header::USER_AGENT).or_insert(shared::USER_AGENT);
        if let Some((line, _)) = Taken::sent(&call.codec) {
            *request.method_mut() = line.verb.clone();
            *request.uri_mut() = line.target.clone().into();
            if line.rule.body == BodySelector::None {
                *request.body_mut() = Body::empty();
            } else if let Some(content_type) = &line.content_type {
                fields.insert(header::CONTENT_TYPE, content_type.clone());
            }
            let accept = match (line.rule.response, call.method.kind.streams_responses()) {
                (Content::HttpBody, _) => HeaderValue::from_static("*/*"),
                (Content::Json, true) => STREAMS,
                (Content::Json, false) => HeaderValue::from_static("application/json"),
            };
            fields.insert(header::ACCEPT, accept);
        }
        if let Some(timeout) = call.timeout {
            fields.insert(deadline::GRPC_TIMEOUT, deadline::format(timeout));
        }
        if let Some(encoding) = call.encoding.filter(|_| call.compressed) {
            fields.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding.name()));
        }
        // An answer that is compressed as a whole would hold a stream back to its end.
        let streams = call.method.kind.streams_responses();
        if streams {
            // Over HTTP/1.1 trailers are sent to those only who say so (RFC 9110, 6.5.1).
            fields.insert(header::TE, HeaderValue::from_static("trailers"));
        }
        let accepted = if streams { HeaderValue::from_static("identity") } else { shared::SUPPORTED.clone() };
        fields.insert(header::ACCEPT_ENCODING, accepted);
        *request.headers_mut() = fields;
        request
    }

    fn response(
        &self,
        method: &Method,
        response: Response<Body>,
        codec: Codec,
        limit: usize,
    ) -> Result<(MetadataMap, Inbound), Status> {
        let (head, body) = response.into_parts();
        let mut fields = head.headers;
        let encoding = shared::encoding(&fields, &header::CONTENT_ENCODING);
        let content_type = fields.remove(header::CONTENT_TYPE);
        let (metadata, trailers) = headers::parted(fields);
        let Some((line, options)) = Taken::sent(&codec) else {
            return Err(Status::internal("an answer came to a request that was not sent"));
        };
        // What 3xx lead to is another resource.
        if !head.status.is_success() {
            let all = headers::joined(metadata, trailers);
            let read = move |body: &[u8]| error::of_answer(body, head.status, all, &options);
            // What cannot be undone leaves what HTTP says.
            let failed = Failed::new(encoding.unwrap_or_default(), read);
            return Ok((MetadataMap::new(), Inbound::new(body, Box::new(failed), codec, limit)));
        }
        let encoding = encoding.map_err(|status| Status::internal(status.message()))?;
        let by = Arc::clone(&options);
        let framing = Answers::new(method, line.rule, content_type.as_ref(), encoding, trailers, by)?;
        let codec = Reading::codec(line.rule, options, content_type, codec);
        let mut inbound = Inbound::new(body, Box::new(framing), codec, limit);
        inbound.encoding = encoding;
        Ok((metadata, inbound))
    }
}
