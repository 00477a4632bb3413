//! Calls with a stream on at least one side.

use std::sync::Arc;

use bytes::BytesMut;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header, request::Parts};
use tonic::Status;

use super::{
    error, headers,
    unary::{self, ACCEPT_POST},
};
use crate::{
    call::Body,
    envelope::{self, Envelope},
    handler::Extra,
    method::MethodKind,
    protocol::{
        Accepted, Known, Media, Negotiated, Opening, Protocol, check_not_encoded_whole, headers as shared, needs_post,
        refuse, unclaimed,
    },
    server::Core,
};

const TYPE: &str = "application/connect";
const PREFIX: &str = "application/connect+";
/// What methods that stream take, as `Accept-Post` lists it.
pub(super) const TYPES: &str = "application/connect+proto, application/connect+json";

/// Marks the frame that ends a stream.
pub(super) const END: u8 = 2;

/// Connect streams as servers speak them.
pub(crate) struct Stream;

impl Protocol for Stream {
    fn claims(&self, _: &Core, _: &Parts, known: &Known<'_>) -> bool {
        known.is_of_type(TYPE) && known.route.is_some()
    }

    fn accept(&self, core: &Core, head: Parts, body: Body, known: Known<'_>) -> Result<Accepted, Response<Body>> {
        let Known { content_type, route: Some(route), peer } = known else {
            return Err(unclaimed());
        };
        if head.method != Method::POST {
            return Err(needs_post(Some(route)));
        }
        if route.method.kind == MethodKind::Unary {
            return Err(refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, ACCEPT_POST, unary::TYPES));
        }
        let media = Media::of_form(content_type, PREFIX)
            .ok_or_else(|| refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, ACCEPT_POST, TYPES))?;
        check_not_encoded_whole(&head.headers)?;
        let read = headers::read(&head.headers, &headers::STREAM);
        let sent = read.as_ref().map_or(None, |read| read.0);
        let answer = headers::answer_encoding(&head.headers, &headers::STREAM.1, sent, core.send_encoding);
        let negotiated = Negotiated {
            encoding: answer,
            content_type: media.content_type,
            json: Some(Arc::clone(&core.json)),
            transcoding: None,
        };
        let failed = |status| self.whole(&negotiated, Err(status));
        let (encoding, timeout) = read.map_err(failed)?;
        let opening = Opening {
            route,
            peer,
            codec: &|message| media.form.codec(&core.json, message),
            deframe: Box::new(Envelope),
            reframe: &Envelope,
            encodings: (encoding, answer),
            timeout,
        };
        let call = opening.call(head, body).map_err(failed)?;
        Ok(Accepted { route: Arc::clone(route), call, negotiated })
    }

    fn head(&self, negotiated: &Negotiated, metadata: Extra) -> Response<()> {
        let mut response = Response::new(());
        *response.headers_mut() = shared::from_extra(metadata);
        response.headers_mut().insert(header::CONTENT_TYPE, negotiated.content_type.clone());
        if let Some(encoding) = negotiated.encoding {
            response.headers_mut().insert(headers::STREAM.0, HeaderValue::from_static(encoding.name()));
        }
        response
    }

    fn end(&self, negotiated: &Negotiated, result: Result<Extra, Status>, buf: &mut BytesMut) -> Option<HeaderMap> {
        let json = error::end_of_stream(result.map(shared::from_extra), negotiated.json.as_deref());
        envelope::append(buf, END, json.as_bytes());
        None
    }
}
