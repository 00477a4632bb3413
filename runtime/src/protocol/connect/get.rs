//! Unary calls without side effects, as GET.

use std::{
    borrow::Cow,
    sync::Arc,
    task::{Context, Poll, ready},
};

use base64::{
    Engine as _,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Response, StatusCode, header, request::Parts};
use percent_encoding::percent_decode;
use tonic::Status;

use super::{
    headers,
    unary::{self, Unary, failed},
};
use crate::{
    call::{Body, Frame, Source},
    codec::Form,
    handler::{Answer, Extra},
    method::{Idempotency, Method, MethodKind},
    protocol::{
        Accepted, Known, Negotiated, Opening, Protocol,
        bare::{Bare, WholeBody},
        headers as shared, refuse, unclaimed,
    },
    server::Core,
};

/// The alphabet of URLs, with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Unary calls as GET.
pub(crate) struct Get;

/// Whether a method may be called by GET, which any web page can make a browser do: it must promise to change nothing.
pub(in crate::protocol) fn is_allowed(method: &Method) -> bool {
    method.kind == MethodKind::Unary && method.idempotency == Idempotency::NoSideEffects
}

impl Protocol for Get {
    fn claims(&self, _: &Core, head: &Parts, known: &Known<'_>) -> bool {
        head.method == http::Method::GET && known.route.is_some_and(|route| is_allowed(route.method))
    }

    fn accept(&self, core: &Core, head: Parts, body: Body, known: Known<'_>) -> Result<Accepted, Response<Body>> {
        let Known { route: Some(route), peer, .. } = known else {
            return Err(unclaimed());
        };
        let failed = |status| failed(&status, Some(&core.json));
        let query = Query::parse(head.uri.query().unwrap_or_default()).map_err(failed)?;
        let Some(form) = Form::from_name(&query.encoding) else {
            return Err(refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, unary::ACCEPT_POST, unary::TYPES));
        };
        let encoding = shared::named_encoding(Some(&query.compression)).map_err(failed)?;
        let answer = headers::answer_encoding(&head.headers, &headers::UNARY.1, encoding, core.send_encoding);
        let opening = Opening {
            route,
            peer,
            codec: &|message| form.codec(&core.json, message),
            deframe: Box::new(WholeBody),
            reframe: &Bare,
            encodings: (encoding, answer),
            timeout: head.headers.get(headers::TIMEOUT).map(headers::timeout).transpose().map_err(failed)?,
        };
        let message = Body::whole(Some(query.message), None);
        let message = if body.at_end() { message } else { Body::source(AfterBody { body, message }) };
        let call = opening.call(head, message).map_err(failed)?;
        let content_type = HeaderValue::from_static(unary::content_type(form));
        Ok(Accepted {
            route: Arc::clone(route),
            call,
            negotiated: Negotiated {
                encoding: answer,
                content_type,
                json: Some(Arc::clone(&core.json)),
                transcoding: None,
            },
        })
    }

    fn head(&self, negotiated: &Negotiated, metadata: Extra) -> Response<()> {
        Unary.head(negotiated, metadata)
    }

    fn end(&self, _: &Negotiated, _: Result<Extra, Status>, _: &mut BytesMut) -> Option<HeaderMap> {
        None
    }

    fn whole(&self, negotiated: &Negotiated, result: Result<Answer, Status>) -> Response<Body> {
        let mut response = Unary.whole(negotiated, result);
        // Caches may keep the answer, but not for callers that cannot read it.
        response.headers_mut().append(header::VARY, HeaderValue::from_static("accept-encoding"));
        response
    }
}

/// The message of a request whose body has yet to end. It has to be empty, and a caller that breaks off before its end
/// has called nothing.
struct AfterBody {
    body: Body,
    message: Body,
}

impl Source for AfterBody {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Status>>> {
        while let Some(frame) = ready!(self.body.poll_next(cx)).transpose()? {
            if frame.data_ref().is_some_and(|data| !data.is_empty()) {
                return Poll::Ready(Some(Err(Status::invalid_argument("a GET has no body"))));
            }
        }
        self.body = Body::empty();
        self.message.poll_next(cx)
    }
}

/// The parameters of a call.
struct Query {
    message: Bytes,
    encoding: Vec<u8>,
    compression: Vec<u8>,
}

impl Query {
    /// Reads the parameters in any order; of one that is repeated the first counts, unknown ones do not.
    fn parse(query: &str) -> Result<Self, Status> {
        let find = |name: &str| {
            let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
            pairs.into_iter().find(|(key, _)| decode(key) == name.as_bytes()).map(|(_, value)| decode(value))
        };
        let missing = |name| Status::invalid_argument(format!("the query has no parameter {name}"));
        if let Some(version) = find("connect") {
            headers::check_version(&version, b"v1")?;
        }
        let message = find("message").ok_or_else(|| missing("message"))?;
        let message = match find("base64").as_deref() {
            Some(b"1") => BASE64
                .decode(message)
                .map_err(|error| Status::invalid_argument(format!("the parameter message is not base64: {error}")))?,
            _ => message.into_owned(),
        };
        Ok(Self {
            message: Bytes::from(message),
            encoding: find("encoding").ok_or_else(|| missing("encoding"))?.into_owned(),
            compression: find("compression").unwrap_or_default().into_owned(),
        })
    }
}

/// Decodes a name or value of a query (application/x-www-form-urlencoded).
fn decode(text: &str) -> Cow<'_, [u8]> {
    match text.contains('+') {
        true => percent_decode(text.replace('+', " ").as_bytes()).collect::<Vec<u8>>().into(),
        false => percent_decode(text.as_bytes()).into(),
    }
}
