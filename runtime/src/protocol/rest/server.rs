//! REST as servers speak it.

use std::sync::Arc;

use bytes::BytesMut;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header, request::Parts};
use tonic::{Code, Status};

use super::{
    accept::{self, Sent, Shape},
    decompressed::Decompressed,
    elements::{Elements, Pieces, Unreadable},
    error::{self, refusal},
    headers,
    percent::{Piece, decode},
    query::shortened,
    router::{Found, Unmatched},
    site::Site,
    transcoding::{Transcoding, Upload, Written},
};
use crate::{
    call::{Body, Deframe},
    codec::{Codec, without_json},
    compress::Encoding,
    deadline,
    dispatch::Route,
    handler::{Answer, Extra},
    method::{BodySelector, Content},
    protocol::{
        Accepted, Known, Negotiated, Opening, Protocol, bare::WholeBody, headers as shared, in_one_piece, is_bodiless,
        unclaimed, without_body,
    },
    server::Core,
};

/// REST and JSON by `google.api.http`. What is of no other protocol counts as an attempt at it, on servers that have
/// routes.
pub(crate) struct Rest;

impl Protocol for Rest {
    fn claims(&self, core: &Core, _: &Parts, _: &Known<'_>) -> bool {
        !core.rest.is_empty()
    }

    fn accept(&self, core: &Core, head: Parts, body: Body, known: Known<'_>) -> Result<Accepted, Response<Body>> {
        let site = &core.rest;
        let target_bytes = head.uri.path_and_query().map_or(0, |target| target.as_str().len());
        if target_bytes > site.settings.max_target_bytes {
            let message = format!("the path and query are longer than {} bytes", site.settings.max_target_bytes);
            let status = refusal(StatusCode::URI_TOO_LONG, Code::InvalidArgument, message);
            return Err(error::response(&status, site));
        }
        let found = match site.router.find(head.method.as_str(), head.uri.path()) {
            Ok(found) => found,
            Err(unmatched) => return Err(not_found(&unmatched, &head, site)),
        };
        open(core, found, head, body, known).map_err(|status| error::response(&status, site))
    }

    fn waits(&self) -> bool {
        true
    }

    fn breaks_off(&self, negotiated: &Negotiated) -> bool {
        negotiated.transcoding.as_ref().is_some_and(|call| call.shape == Shape::Bytes)
    }

    fn head(&self, negotiated: &Negotiated, metadata: Extra) -> Response<()> {
        let mut response = Response::new(());
        if let Some(metadata) = metadata {
            *response.headers_mut() = headers::from_metadata(*metadata);
        }
        let Some(call) = &negotiated.transcoding else {
            return response;
        };
        *response.status_mut() = call.written.status();
        if is_bodiless(response.status()) {
            return response;
        }
        if let Some(content_type) = call.shape.content_type().or_else(|| call.written.content_type()) {
            response.headers_mut().insert(header::CONTENT_TYPE, content_type);
        }
        if call.is_stream {
            of_stream(call, response.headers_mut());
        }
        response
    }

    fn end(&self, negotiated: &Negotiated, result: Result<Extra, Status>, buf: &mut BytesMut) -> Option<HeaderMap> {
        let call = negotiated.transcoding.as_ref()?;
        let error = result.as_ref().err().map(|status| error::to_json(status, &call.site));
        call.shape.end(call.written.begun(), error.as_deref(), buf);
        let mut trailers = HeaderMap::new();
        match &result {
            Ok(metadata) => metadata.iter().for_each(|metadata| headers::trailing(metadata, &mut trailers)),
            Err(status) => headers::trailing(status.metadata(), &mut trailers),
        }
        (!trailers.is_empty()).then_some(trailers)
    }

    fn whole(&self, negotiated: &Negotiated, result: Result<Answer, Status>) -> Response<Body> {
        let Some(call) = &negotiated.transcoding else {
            return unclaimed();
        };
        match result {
            Err(status) => error::response(&status, &call.site),
            Ok(answer) if call.is_stream => without_body(in_one_piece(self, negotiated, Ok(answer))),
            Ok(answer) => self.one(negotiated, answer),
        }
    }
}

impl Rest {
    fn one(&self, negotiated: &Negotiated, mut answer: Answer) -> Response<Body> {
        let mut response = self.head(negotiated, answer.take_metadata());
        if let Some(trailers) = answer.some_trailers() {
            headers::trailing(trailers, response.headers_mut());
        }
        if is_bodiless(response.status()) {
            return response.map(|()| Body::empty());
        }
        if let Some(encoding) = negotiated.encoding {
            if answer.compressed {
                response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding.name()));
            }
            response.headers_mut().append(header::VARY, HeaderValue::from_static("accept-encoding"));
        }
        // A text is one slice.
        let data = answer.message.into_bytes();
        let data = (!data.is_empty()).then_some(data);
        response.map(|()| Body::whole(data, None))
    }
}

/// Adds what only the head of a stream has.
fn of_stream(call: &Transcoding, head: &mut HeaderMap) {
    // HTTP/1.1 sends the trailers that the head has announced.
    if let Some(names) = call.written.trailers() {
        head.insert(header::TRAILER, names);
    }
    if call.shape != Shape::Bytes {
        head.append(header::VARY, HeaderValue::from_static("accept"));
    }
    if call.shape == Shape::Events {
        head.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-cache"));
    }
}

/// The answer to a request that no rule matches.
fn not_found(unmatched: &Unmatched, head: &Parts, site: &Site) -> Response<Body> {
    if let Err(error) = decode(head.uri.path(), Piece::Segments) {
        return error::response(&Status::invalid_argument(format!("the path: {error}")), site);
    }
    let Unmatched::Method(methods) = unmatched else {
        return error::response(&Status::not_found("no route has this path"), site);
    };
    let mut response = if head.method == Method::OPTIONS {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        response
    } else {
        let wanted = shortened(head.method.as_str());
        let message = format!("the path has no route for {wanted}; it has for {}", methods.join(", "));
        error::response(&refusal(StatusCode::METHOD_NOT_ALLOWED, Code::Unimplemented, message), site)
    };
    if let Ok(allow) = HeaderValue::try_from(methods.join(", ")) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}

fn open(
    core: &Core,
    found: Found<'_, Arc<Route>>,
    mut head: Parts,
    body: Body,
    known: Known<'_>,
) -> Result<Accepted, Status> {
    let Known { content_type, peer, .. } = known;
    let (rule, route) = (found.rule, found.target);
    let kind = route.method.kind;
    let has_body = rule.body != BodySelector::None;
    let sent = if has_body && rule.request == Content::Json { accept::sent(content_type.as_ref()) } else { Sent::Json };
    if sent == Sent::Other || (sent == Sent::Lines && !kind.streams_requests()) {
        let sent = content_type.as_ref().map(|value| String::from_utf8_lossy(value.as_bytes())).unwrap_or_default();
        let sent = shortened(&sent);
        return Err(unsupported(&format!("the content type {sent} is not JSON; send application/json in UTF-8")));
    }
    let encoding = if has_body { request_encoding(&head.headers)? } else { None };
    let shape = match (rule.response, kind.streams_responses()) {
        (Content::HttpBody, _) => Shape::Bytes,
        (Content::Json, true) => accept::stream(&head.headers),
        (Content::Json, false) => Shape::One,
    };
    // A stream would have to be compressed as one and flushed message by message, which leaves little of what
    // compression saves and keeps a compressor's window, some 300 KiB, for every stream that is open.
    let accepted = |ours: &Encoding| shared::accepts(&head.headers, &header::ACCEPT_ENCODING, *ours);
    let answer = core.send_encoding.filter(|_| !kind.streams_responses()).filter(accepted);
    let timeout = headers::to_metadata(&mut head.headers);
    // Without a body a stream is the one message that path and query say.
    let is_stream = kind.streams_requests() && has_body;
    let mut deframe: Box<dyn Deframe> = match (is_stream, rule.request, sent) {
        (false, ..) => Box::new(WholeBody),
        (true, Content::HttpBody, _) => Box::new(Pieces::of_request()),
        (true, Content::Json, Sent::Lines) => Box::new(Elements::lines()),
        (true, Content::Json, _) => Box::new(Elements::any()),
    };
    let transcoding = Arc::new(Transcoding {
        site: Arc::clone(&core.rest),
        rule,
        uri: std::mem::take(&mut head.uri),
        segments: found.segments,
        content_type,
        shape,
        is_stream: kind.streams_responses(),
        written: Written::default(),
    });
    let mut upload = None;
    if is_stream {
        match Upload::new(&transcoding, route.method.input.as_ref().ok_or_else(without_json)?) {
            Ok(values) => upload = Some(Arc::new(values)),
            // Interceptors come first.
            Err(status) => deframe = Box::new(Unreadable(Some(status))),
        }
    }
    let opening = Opening {
        route,
        peer,
        codec: &|message| {
            let message = message.ok_or_else(without_json)?;
            Ok(match &upload {
                None => Codec::Transcoded { by: Arc::<Transcoding>::clone(&transcoding), message },
                Some(upload) => Codec::Transcoded { by: Arc::<Upload>::clone(upload), message },
            })
        },
        deframe,
        reframe: shape.reframe(),
        encodings: (encoding, answer),
        timeout: timeout.as_ref().map(deadline::parse).transpose()?,
    };
    // A body that no rule asks for is ignored.
    let body = match encoding.filter(|_| is_stream) {
        _ if !has_body => Body::empty(),
        Some(encoding) => Decompressed::body(body, encoding)?,
        None => body,
    };
    let call = opening.call(head, body)?;
    let negotiated =
        Negotiated { encoding: answer, content_type: accept::JSON, json: None, transcoding: Some(transcoding) };
    Ok(Accepted { route: Arc::clone(route), call, negotiated })
}

fn request_encoding(headers: &HeaderMap) -> Result<Option<Encoding>, Status> {
    shared::encoding(headers, &header::CONTENT_ENCODING).map_err(|status| unsupported(status.message()))
}

fn unsupported(message: &str) -> Status {
    refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::InvalidArgument, message)
}
