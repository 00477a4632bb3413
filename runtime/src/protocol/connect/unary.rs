//! Calls with one message each way, as POST.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header, request::Parts};
use tonic::Status;

use super::{error, headers, stream};
use crate::{
    call::Body,
    codec::Form,
    handler::{Answer, Extra},
    json,
    method::MethodKind,
    protocol::{
        Accepted, Known, Media, Negotiated, Opening, Protocol,
        bare::{Bare, WholeBody},
        codes, headers as shared, needs_post, refuse, unclaimed,
    },
    server::Core,
};

const PREFIX: &str = "application/";
/// What unary methods take, as `Accept-Post` lists it (W3C Linked Data Platform, 7.1).
pub(super) const TYPES: &str = "application/proto, application/json";
/// The content type of a message.
pub(super) fn content_type(form: Form) -> &'static str {
    match form {
        Form::Proto => "application/proto",
        Form::Json => "application/json",
    }
}

pub(super) const ACCEPT_POST: HeaderName = HeaderName::from_static("accept-post");

/// Unary calls as POST. What names a method and is of no other protocol counts as an attempt at one.
pub(crate) struct Unary;

impl Protocol for Unary {
    fn claims(&self, _: &Core, _: &Parts, known: &Known<'_>) -> bool {
        known.route.is_some()
    }

    fn accept(&self, core: &Core, head: Parts, body: Body, known: Known<'_>) -> Result<Accepted, Response<Body>> {
        let Known { content_type, route: Some(route), peer } = known else {
            return Err(unclaimed());
        };
        if head.method != Method::POST {
            return Err(needs_post(Some(route)));
        }
        if route.method.kind != MethodKind::Unary {
            return Err(refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, ACCEPT_POST, stream::TYPES));
        }
        let media = Media::of_form(content_type, PREFIX)
            .ok_or_else(|| refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, ACCEPT_POST, TYPES))?;
        let failed = |status| failed(&status, Some(&core.json));
        let (encoding, timeout) = headers::read(&head.headers, &headers::UNARY).map_err(failed)?;
        let answer = headers::answer_encoding(&head.headers, &headers::UNARY.1, encoding, core.send_encoding);
        let opening = Opening {
            route,
            peer,
            codec: &|message| media.form.codec(&core.json, message),
            deframe: Box::new(WholeBody),
            reframe: &Bare,
            encodings: (encoding, answer),
            timeout,
        };
        let call = opening.call(head, body).map_err(failed)?;
        let negotiated = Negotiated {
            encoding: answer,
            content_type: media.content_type,
            json: Some(Arc::clone(&core.json)),
            transcoding: None,
        };
        Ok(Accepted { route: Arc::clone(route), call, negotiated })
    }

    fn head(&self, negotiated: &Negotiated, metadata: Extra) -> Response<()> {
        let mut response = Response::new(());
        *response.headers_mut() = shared::from_extra(metadata);
        response.headers_mut().insert(header::CONTENT_TYPE, negotiated.content_type.clone());
        response
    }

    fn end(&self, _: &Negotiated, _: Result<Extra, Status>, _: &mut BytesMut) -> Option<HeaderMap> {
        None
    }

    fn whole(&self, negotiated: &Negotiated, result: Result<Answer, Status>) -> Response<Body> {
        match result {
            Ok(mut answer) => {
                let message = std::mem::take(&mut answer.message);
                let mut response = self.head(negotiated, answer.take_metadata()).map(|()| Body::written(message, None));
                if let Some(encoding) = negotiated.encoding.filter(|_| answer.compressed) {
                    response.headers_mut().insert(headers::UNARY.0, HeaderValue::from_static(encoding.name()));
                }
                add_trailers(shared::from_extra(answer.into_trailers()), response.headers_mut());
                response
            }
            Err(status) => failed(&status, negotiated.json.as_deref()),
        }
    }
}

/// Trailers stand in the head, under a prefix.
fn add_trailers(trailers: HeaderMap, headers: &mut HeaderMap) {
    for name in trailers.keys() {
        let Ok(prefixed) = HeaderName::try_from(format!("{}{name}", headers::TRAILER)) else {
            continue;
        };
        for value in trailers.get_all(name) {
            headers.append(&prefixed, value.clone());
        }
    }
}

/// The answer that is an error. Its metadata stands among the headers.
pub(super) fn failed(status: &Status, options: Option<&json::Options>) -> Response<Body> {
    let mut response = Response::new(Body::whole(Some(Bytes::from(error::to_json(status, options))), None));
    *response.status_mut() = codes::http_status(status.code());
    *response.headers_mut() = shared::from_metadata(status.metadata().clone());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
