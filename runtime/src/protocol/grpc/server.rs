//! The server's side.

use std::sync::{Arc, LazyLock};

use bytes::BytesMut;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Version, header, request::Parts};
use tonic::Status;

use super::{headers, status};
use crate::{
    call::{Body, Deframe, Reframe},
    deadline,
    envelope::Envelope,
    handler::{Answer, Extra},
    protocol::{
        Accepted, Known, Media, Negotiated, Opening, Protocol, headers as shared, in_one_piece, needs_http2,
        needs_post, refuse,
    },
    server::Core,
};

const TYPE: &str = "application/grpc";

/// The head of an answer that has no metadata.
static HEAD: LazyLock<HeaderMap> =
    LazyLock::new(|| shared::alone(header::CONTENT_TYPE, HeaderValue::from_static(TYPE)));

/// gRPC as servers speak it.
pub(crate) struct Grpc;

impl Protocol for Grpc {
    fn claims(&self, _: &Core, _: &Parts, known: &Known<'_>) -> bool {
        known.is_of_type(TYPE)
    }

    fn accept(&self, core: &Core, head: Parts, body: Body, mut known: Known<'_>) -> Result<Accepted, Response<Body>> {
        if head.version < Version::HTTP_2 {
            return Err(needs_http2());
        }
        if head.method != Method::POST {
            return Err(needs_post(known.route));
        }
        let media = Media::of(known.content_type.take(), TYPE)
            .ok_or_else(|| refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, header::ACCEPT, TYPE))?;
        accept(self, media, (Box::new(Envelope), &Envelope), core, head, body, known)
    }

    fn head(&self, negotiated: &Negotiated, metadata: Extra) -> Response<()> {
        self::head(negotiated, metadata)
    }

    fn end(&self, _: &Negotiated, result: Result<Extra, Status>, _: &mut BytesMut) -> Option<HeaderMap> {
        Some(status::to_trailers(result))
    }

    fn whole(&self, negotiated: &Negotiated, result: Result<Answer, Status>) -> Response<Body> {
        match result {
            Ok(answer) => in_one_piece(self, negotiated, Ok(answer)),
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

/// Reads the head of a request, as gRPC and gRPC-Web write it alike.
pub(in crate::protocol) fn accept(
    protocol: &dyn Protocol,
    media: Media,
    framing: (Box<dyn Deframe>, &'static dyn Reframe),
    core: &Core,
    head: Parts,
    body: Body,
    known: Known<'_>,
) -> Result<Accepted, Response<Body>> {
    let Known { route, peer, .. } = known;
    let accepted = |encoding: &_| shared::accepts(&head.headers, &headers::ACCEPT_ENCODING, *encoding);
    let send_encoding = core.send_encoding.filter(accepted);
    let negotiated =
        Negotiated { encoding: send_encoding, content_type: media.content_type, json: None, transcoding: None };
    let refused = |status| protocol.whole(&negotiated, Err(status));

    let Some(route) = route else {
        return Err(refused(Status::unimplemented(format!("no method {} here", head.uri.path()))));
    };
    let [encoding, timeout] = shared::first_values(&head.headers, [&headers::ENCODING, &deadline::GRPC_TIMEOUT]);
    let encoding = shared::encoding_after(encoding, &head.headers, &headers::ENCODING).map_err(|status| {
        let mut response = refused(status);
        response.headers_mut().insert(headers::ACCEPT_ENCODING, shared::SUPPORTED.clone());
        response
    })?;
    let timeout = timeout.map(deadline::parse).transpose().map_err(refused)?;
    let (deframe, reframe) = framing;
    let encodings = (encoding, send_encoding);
    let codec = &|message| media.form.codec(&core.json, message);
    let opening = Opening { route, peer, codec, deframe, reframe, encodings, timeout };
    let call = opening.call(head, body).map_err(refused)?;
    Ok(Accepted { route: Arc::clone(route), call, negotiated })
}

/// The head of an answer that has a body.
pub(in crate::protocol) fn head(negotiated: &Negotiated, metadata: Extra) -> Response<()> {
    let mut response = Response::new(());
    if metadata.is_none() && negotiated.encoding.is_none() && negotiated.content_type == TYPE {
        *response.headers_mut() = HEAD.clone();
        return response;
    }
    *response.headers_mut() = shared::from_extra(metadata);
    response.headers_mut().insert(header::CONTENT_TYPE, negotiated.content_type.clone());
    if let Some(encoding) = negotiated.encoding {
        response.headers_mut().insert(headers::ENCODING, HeaderValue::from_static(encoding.name()));
    }
    response
}
