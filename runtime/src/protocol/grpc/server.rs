//! The server's side.

use std::sync::Arc;

use bytes::BytesMut;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Version, header, request::Parts};
use tonic::{Status, metadata::MetadataMap};

use super::{headers, status};
use crate::{
    call::{Body, CallContext, Chunks, Deframe, Inbound, Item, Outbound, Peer},
    codec::Codec,
    deadline, dispatch,
    envelope::{self, COMPRESSED, Envelope},
    handler::{Answer, Call},
    protocol::{Accepted, Negotiated, Protocol},
    server::Core,
};

/// gRPC as servers speak it.
pub(crate) struct Grpc;

impl Protocol for Grpc {
    fn claims(&self, head: &Parts) -> bool {
        let Some(content_type) = head.headers.get(header::CONTENT_TYPE) else {
            return false;
        };
        let rest = content_type.as_bytes().strip_prefix(b"application/grpc");
        rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';' | b' ')))
    }

    fn accept(&self, core: &Core, mut head: Parts, body: Body, peer: &Arc<Peer>) -> Result<Accepted, Response<Body>> {
        if head.version < Version::HTTP_2 {
            return Err(refuse(
                StatusCode::HTTP_VERSION_NOT_SUPPORTED,
                header::UPGRADE,
                HeaderValue::from_static("h2c"),
            ));
        }
        if head.method != Method::POST {
            return Err(refuse(StatusCode::METHOD_NOT_ALLOWED, header::ALLOW, HeaderValue::from_static("POST")));
        }
        let content_type = head.headers.remove(header::CONTENT_TYPE).and_then(|value| headers::content_type(&value));
        let Some(content_type) = content_type else {
            return Err(refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, header::ACCEPT, headers::GRPC));
        };
        let negotiated = Negotiated { encoding: headers::accepted(&head.headers, core.send_encoding), content_type };
        let refused = |status| self.whole(&negotiated, Err(status));

        let Some(route) = core.registry.find(head.uri.path()) else {
            return Err(refused(Status::unimplemented(format!("no method {} here", head.uri.path()))));
        };
        let encoding = headers::encoding(&head.headers).map_err(|status| {
            let mut response = refused(status);
            response.headers_mut().insert(headers::ACCEPT_ENCODING, headers::SUPPORTED.clone());
            response
        })?;
        let timeout = head.headers.remove(deadline::GRPC_TIMEOUT);
        let timeout = timeout.as_ref().map(deadline::parse).transpose().map_err(refused)?;
        headers::strip(&mut head.headers);
        headers::check_binary(&head.headers).map_err(refused)?;

        let limits = &route.limits;
        let mut inbound = Inbound::new(body, Box::new(Envelope), Codec::Proto, limits.max_receive_message_bytes);
        inbound.encoding = encoding;
        let mut outbound = Outbound::new(Codec::Proto, &Envelope, limits.max_send_message_bytes);
        outbound.encoding = negotiated.encoding;
        let deadline = dispatch::deadline_of(timeout, limits.timeout);
        let call = Call {
            metadata: MetadataMap::from_headers(head.headers),
            extensions: head.extensions,
            context: CallContext { method: route.method, deadline, peer: Arc::clone(peer), compressed: false },
            inbound,
            outbound,
            pipe: None,
        };
        Ok(Accepted { route: Arc::clone(route), call, negotiated })
    }

    fn head(&self, negotiated: &Negotiated, metadata: MetadataMap) -> Response<()> {
        let mut response = Response::new(());
        *response.headers_mut() = headers::from_metadata(metadata);
        response.headers_mut().insert(header::CONTENT_TYPE, negotiated.content_type.clone());
        if let Some(encoding) = negotiated.encoding {
            response.headers_mut().insert(headers::ENCODING, HeaderValue::from_static(encoding.name()));
        }
        response
    }

    fn end(&self, _: &Negotiated, result: Result<MetadataMap, Status>, _: &mut BytesMut) -> Option<HeaderMap> {
        Some(status::to_trailers(result))
    }

    fn whole(&self, negotiated: &Negotiated, result: Result<Answer, Status>) -> Response<Body> {
        match result {
            Ok(answer) => {
                let data = (!answer.message.is_empty()).then(|| answer.message.freeze());
                let trailers = status::to_trailers(Ok(answer.trailers));
                self.head(negotiated, answer.metadata).map(|()| Body::whole(data, Some(trailers)))
            }
            // Trailers-Only: the status stands in the head.
            Err(error) => {
                let mut response = Response::new(Body::empty());
                status::write(&error, response.headers_mut());
                response.headers_mut().insert(header::CONTENT_TYPE, negotiated.content_type.clone());
                response
            }
        }
    }
}

/// An answer to what is no gRPC call at all.
fn refuse(status: StatusCode, name: header::HeaderName, value: HeaderValue) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response.headers_mut().insert(name, value);
    response
}

impl Deframe for Envelope {
    fn next(&mut self, chunks: &mut Chunks, _eof: bool, limit: usize) -> Result<Item, Status> {
        match envelope::take(chunks, limit)? {
            Some((flags @ (0 | COMPRESSED), payload)) => Ok(Item::Message { payload, compressed: flags == COMPRESSED }),
            Some((flags, _)) => {
                Err(Status::internal(format!("a message has the flags {flags:#04x}, which gRPC does not define")))
            }
            None => Ok(Item::More),
        }
    }
}
