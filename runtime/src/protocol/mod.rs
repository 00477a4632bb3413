//! Protocols: how an HTTP request becomes a [`Call`](crate::handler::Call), and how its outcome becomes an HTTP response.
//!
//! An answer takes one of two forms. *Whole*: the outcome is known before anything is written, so it can still choose
//! the HTTP status; every method that answers with one message is answered so. *Framed*: head, frames, end, for streams.

mod exchange;
pub(crate) mod grpc;

use std::sync::Arc;

use bytes::BytesMut;
use http::{HeaderMap, HeaderValue, Response, request::Parts};
use tonic::{Status, metadata::MetadataMap};

pub(crate) use exchange::Exchange;

use crate::{
    call::{Body, Peer},
    compress::Encoding,
    dispatch::Route,
    handler::{Answer, Call},
    server::Core,
};

/// A protocol that servers speak. One value each, without state: what differs from call to call is [`Negotiated`].
pub(crate) trait Protocol: Sync {
    /// Whether this request is of this protocol.
    fn claims(&self, head: &Parts) -> bool;

    /// Reads the head of a request. The error is a complete response.
    fn accept(&self, core: &Core, head: Parts, body: Body, peer: &Arc<Peer>) -> Result<Accepted, Response<Body>>;

    /// The head of a framed answer.
    fn head(&self, negotiated: &Negotiated, metadata: MetadataMap) -> Response<()>;

    /// The end of a framed answer: appends its last frame, if it has one, and gives the HTTP trailers, if it has them.
    fn end(
        &self,
        negotiated: &Negotiated,
        result: Result<MetadataMap, Status>,
        buf: &mut BytesMut,
    ) -> Option<HeaderMap>;

    /// The whole answer.
    fn whole(&self, negotiated: &Negotiated, result: Result<Answer, Status>) -> Response<Body>;
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
}
