//! What every protocol does alike to open a call.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Response, StatusCode,
    header::{self, HeaderName},
    request,
};
use tonic::Status;

use super::{connect, headers};
use crate::{
    call::{Body, CallContext, Deframe, Inbound, Outbound, Peer, Reframe},
    codec::Codec,
    compress::Encoding,
    dispatch::{self, Route},
    handler::{Call, OnHead, Parts},
    json,
};

/// What a protocol read from the head of a request.
pub(super) struct Opening<'a> {
    pub(super) route: &'a Route,
    pub(super) peer: &'a Arc<Peer>,
    /// What reads and writes messages of which this is known.
    pub(super) codec: &'a dyn Fn(Option<&'static json::Type>) -> Result<Codec, Status>,
    pub(super) deframe: Box<dyn Deframe>,
    pub(super) reframe: &'static dyn Reframe,
    /// How messages arrive compressed, and how they leave.
    pub(super) encodings: (Option<Encoding>, Option<Encoding>),
    /// What the caller allows.
    pub(super) timeout: Option<Duration>,
}

impl Opening<'_> {
    /// The call, with the headers that are its metadata.
    pub(super) fn call(self, head: request::Parts, body: Body) -> Result<Call, Status> {
        let metadata = headers::request_metadata(head.headers)?;
        let Route { service, method, limits, room, .. } = self.route;
        let (input, output) = ((self.codec)(method.input.as_ref())?, (self.codec)(method.output.as_ref())?);
        let deadline = dispatch::deadline_of(self.timeout, limits.timeout);
        let mut parts = Box::new(Parts {
            metadata: Some(metadata),
            extensions: head.extensions,
            context: CallContext { service, method, deadline, peer: Arc::clone(self.peer), compressed: false },
            inbound: Inbound::new(body, self.deframe, input, limits.max_receive_message_bytes),
            outbound: Outbound::new(output, self.reframe, limits.max_send_message_bytes),
            pipe: None,
            on_head: OnHead::default(),
        });
        parts.inbound.room = *room;
        parts.inbound.set_patience(limits.patience);
        parts.inbound.encoding = self.encodings.0;
        parts.outbound.encoding = self.encodings.1;
        Ok(Call { parts })
    }
}

/// The answer to a request of no protocol we speak.
pub(crate) fn unclaimed() -> Response<Body> {
    bare_response(StatusCode::NOT_FOUND)
}

/// An answer of which there is no more than an HTTP status; clients of each protocol make one of their own of it, such as
/// UNAVAILABLE of 503.
pub(crate) fn bare_response(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// The answer to gRPC over HTTP/1.1.
pub(super) fn needs_http2() -> Response<Body> {
    let why = "gRPC needs HTTP/2, over TLS by ALPN (`h2`)\n";
    let mut response = bare_response(StatusCode::HTTP_VERSION_NOT_SUPPORTED);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response.map(|_| Body::whole(Some(Bytes::from_static(why.as_bytes())), None))
}

/// The answer to frames that are compressed as a whole, if they are (RFC 9110, 15.5.16).
pub(super) fn check_not_encoded_whole(fields: &HeaderMap) -> Result<(), Response<Body>> {
    headers::encoded_whole(fields)
        .map_or(Ok(()), |_| Err(refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, header::ACCEPT_ENCODING, "identity")))
}

/// The answer to another verb than a protocol has: what the method may be called by in any (RFC 9110, 10.2.1).
pub(super) fn needs_post(route: Option<&Arc<Route>>) -> Response<Body> {
    let by_get = route.is_some_and(|route| connect::may_get(route.method));
    refuse(StatusCode::METHOD_NOT_ALLOWED, header::ALLOW, if by_get { "GET, POST" } else { "POST" })
}

/// An answer to what is no call at all: an HTTP status and the one header that goes with it.
pub(super) fn refuse(status: StatusCode, name: HeaderName, value: &'static str) -> Response<Body> {
    let mut response = bare_response(status);
    response.headers_mut().insert(name, HeaderValue::from_static(value));
    response
}
