//! Protocols: how an HTTP request becomes a [`Call`](crate::handler::Call), and how its outcome becomes an HTTP response.
//!
//! An answer takes one of two forms. *Whole*: the outcome is known before anything is written, so it can still choose
//! the HTTP status; every method that answers with one message is answered so. *Framed*: head, frames, end, for streams.

mod bare;
mod codes;
pub(crate) mod connect;
mod exchange;
mod failed;
pub(crate) mod grpc;
pub(crate) mod grpc_web;
mod headers;
mod last_frame;
mod media;
mod opening;
pub(crate) mod rest;
mod text;

use std::sync::Arc;

use bytes::BytesMut;
use http::{HeaderMap, HeaderValue, Response, StatusCode, request::Parts};
use tonic::Status;

pub(crate) use codes::{from_name as code_named, name as code_name};
pub(crate) use exchange::Exchange;
pub(crate) use headers::is_reserved;
use media::Media;
#[cfg(any(feature = "net", feature = "tower"))]
pub(crate) use opening::bare_response;
pub(crate) use opening::unclaimed;
use opening::{Opening, check_not_encoded_whole, needs_http2, needs_post, refuse};

use crate::{
    call::{Body, Output, Peer},
    compress::Encoding,
    dispatch::Route,
    handler::{Answer, Call, Extra},
    json,
    server::Core,
};

/// A protocol that servers speak. One value each, without state: what differs from call to call is [`Negotiated`].
pub(crate) trait Protocol: Sync {
    /// Whether this request is of this protocol.
    fn claims(&self, core: &Core, head: &Parts, known: &Known<'_>) -> bool;

    /// Reads the head of a request. The error is a complete response.
    fn accept(&self, core: &Core, head: Parts, body: Body, known: Known<'_>) -> Result<Accepted, Response<Body>>;

    /// Whether the head of a framed answer waits for the first message, so that an error before it can still choose the
    /// HTTP status.
    fn waits(&self) -> bool {
        false
    }

    /// Whether a framed answer has no place for an error. Its body breaks off then, so that a part never looks like all, or, if
    /// nothing was sent yet, the answer is whole.
    fn breaks_off(&self, _: &Negotiated) -> bool {
        false
    }

    /// The head of a framed answer.
    fn head(&self, negotiated: &Negotiated, metadata: Extra) -> Response<()>;

    /// The end of a framed answer: appends its last frame, if it has one, and gives the HTTP trailers, if it has them.
    fn end(&self, negotiated: &Negotiated, result: Result<Extra, Status>, buf: &mut BytesMut) -> Option<HeaderMap>;

    /// The whole answer: a framed one in one piece, unless the protocol has a form of its own for it.
    fn whole(&self, negotiated: &Negotiated, result: Result<Answer, Status>) -> Response<Body> {
        in_one_piece(self, negotiated, result)
    }
}

/// A framed answer in one piece.
fn in_one_piece<P: Protocol + ?Sized>(
    protocol: &P,
    negotiated: &Negotiated,
    result: Result<Answer, Status>,
) -> Response<Body> {
    let (metadata, mut output, result) = match result {
        Ok(mut answer) => (answer.take_metadata(), std::mem::take(&mut answer.message), Ok(answer.into_trailers())),
        Err(status) => (None, Output::default(), Err(status)),
    };
    let trailers = protocol.end(negotiated, result, output.buffer());
    protocol.head(negotiated, metadata).map(|()| Body::written(output, trailers))
}

/// Whether an answer with this status has no body (RFC 9110, 15.3.5, 15.3.6 and 15.4.5).
fn is_bodiless(status: StatusCode) -> bool {
    matches!(status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED)
}

/// A framed answer, without its body where its status has none.
fn without_body(response: Response<Body>) -> Response<Body> {
    if is_bodiless(response.status()) { response.map(|_| Body::empty()) } else { response }
}

/// What is known of a request before it is clear of which protocol it is.
pub(crate) struct Known<'a> {
    pub(crate) content_type: Option<HeaderValue>,
    /// The method that its path names.
    pub(crate) route: Option<&'a Arc<Route>>,
    pub(crate) peer: &'a Arc<Peer>,
}

impl Known<'_> {
    /// Whether the content type is this one, with any form.
    fn is_of_type(&self, r#type: &str) -> bool {
        self.content_type.as_ref().is_some_and(|value| media::names(value.as_bytes(), r#type))
    }
}

/// A request that was understood.
pub(crate) struct Accepted {
    pub(crate) route: Arc<Route>,
    pub(crate) call: Call,
    pub(crate) negotiated: Negotiated,
}

/// What a request settled about its answer.
#[derive(Debug, Clone)]
pub(crate) struct Negotiated {
    /// How messages of the answer are compressed.
    pub(crate) encoding: Option<Encoding>,
    pub(crate) content_type: HeaderValue,
    /// How the JSON is written that is the protocol's own, where it has any.
    pub(crate) json: Option<Arc<json::Options>>,
    /// The call as REST knows it.
    pub(crate) transcoding: Option<Arc<rest::Transcoding>>,
}
