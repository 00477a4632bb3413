//! The client's side.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderValue, Method as Verb, Request, Response, StatusCode, Uri, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tonic::{Status, metadata::MetadataMap};

use super::{
    error,
    headers::{self, Names},
    stream::END,
};
use crate::{
    call::{Body, Chunks, Data, Deframe, Ending, Inbound, Item, Reframe},
    client::{ClientProtocol, Head},
    codec::{Codec, Form},
    compress::Encoding,
    envelope::Envelope,
    method::{Idempotency, Method, MethodKind},
    protocol::{
        bare::{Bare, WholeBody},
        failed::Failed,
        headers as shared,
        last_frame::LastFrame,
        media,
    },
};

/// The longest path and query of a GET, in bytes; servers and proxies refuse longer ones.
const LONGEST_URL: usize = 8 * 1024;
/// The longest timeout that ten digits of milliseconds can say.
const LONGEST_TIMEOUT: u128 = 9_999_999_999;

/// Connect as clients speak it.
pub(crate) struct Connect;

impl ClientProtocol for Connect {
    fn framing(&self, method: &Method) -> &'static dyn Reframe {
        if method.kind == MethodKind::Unary { &Bare } else { &Envelope }
    }

    fn request(&self, call: Head, body: Body) -> Request<Body> {
        if call.method.kind != MethodKind::Unary {
            let content_type = match call.codec.form() {
                Form::Proto => "application/connect+proto",
                Form::Json => "application/connect+json",
            };
            return post(call, content_type, &headers::STREAM, true, body);
        }
        let content_type = match call.codec.form() {
            Form::Proto => "application/proto",
            Form::Json => "application/json",
        };
        let compressed = call.compressed;
        if !call.get || call.method.idempotency != Idempotency::NoSideEffects {
            return post(call, content_type, &headers::UNARY, compressed, body);
        }
        match body.try_into_whole() {
            Err(body) => post(call, content_type, &headers::UNARY, compressed, body),
            Ok((message, _)) => {
                match message.as_ref().map_or(Some(&[][..]), Data::as_slice).and_then(|text| url(&call, text)) {
                    Some(uri) => get(call, content_type, uri),
                    None => post(call, content_type, &headers::UNARY, compressed, Body::known(message, None)),
                }
            }
        }
    }

    fn response(
        &self,
        method: &Method,
        response: Response<Body>,
        codec: Codec,
        limit: usize,
    ) -> Result<(MetadataMap, Inbound), Status> {
        let (head, body) = response.into_parts();
        if method.kind == MethodKind::Unary {
            return unary(head.status, head.headers, body, codec, limit);
        }
        if head.status != StatusCode::OK {
            return Err(error::from_http(head.status));
        }
        media::check(&head.headers, "application/connect", codec.form())?;
        shared::check_not_encoded_whole(&head.headers)?;
        let encoding = encoding(&head.headers, &headers::STREAM)?;
        let metadata = shared::into_metadata(head.headers);
        let mut inbound = Inbound::new(body, LastFrame::new(END, error::read_end_of_stream, encoding), codec, limit);
        inbound.encoding = encoding;
        Ok((metadata, inbound))
    }
}

fn post(call: Head, content_type: &'static str, names: &Names, compressed: bool, body: Body) -> Request<Body> {
    let Head { encoding, timeout, .. } = call;
    let content_type = HeaderValue::from_static(content_type);
    let mut request = shared::post(call.method, call.metadata, content_type, body);
    let fields = request.headers_mut();
    fields.insert(headers::VERSION, HeaderValue::from_static("1"));
    fields.insert(names.1.clone(), shared::SUPPORTED.clone());
    add_timeout(timeout, fields);
    if let Some(encoding) = encoding.filter(|_| compressed) {
        fields.insert(names.0.clone(), HeaderValue::from_static(encoding.name()));
    }
    request
}

fn get(call: Head, content_type: &'static str, uri: Uri) -> Request<Body> {
    let mut request = post(call, content_type, &headers::UNARY, false, Body::empty());
    *request.method_mut() = Verb::GET;
    *request.uri_mut() = uri;
    request.headers_mut().remove(header::CONTENT_TYPE);
    // What a cache keeps must not depend on it; the query says it.
    request.headers_mut().remove(headers::VERSION);
    request
}

/// The path and query of a GET; `None` where they would be too long.
fn url(call: &Head, message: &[u8]) -> Option<Uri> {
    // The order is the one that the protocol recommends, so that caches see the same URL from every client.
    let mut url = format!("{}?connect=v1", call.method.path);
    let encoding = call.encoding.filter(|_| call.compressed);
    match (call.codec.form(), encoding, std::str::from_utf8(message)) {
        (Form::Json, None, Ok(text)) => {
            url.push_str("&encoding=json&message=");
            url.extend(utf8_percent_encode(text, NON_ALPHANUMERIC));
        }
        (form, encoding, _) => {
            url.push_str("&base64=1");
            if let Some(encoding) = encoding {
                url.extend(["&compression=", encoding.name()]);
            }
            url.push_str(if form == Form::Json { "&encoding=json" } else { "&encoding=proto" });
            url.push_str("&message=");
            URL_SAFE_NO_PAD.encode_string(message, &mut url);
        }
    }
    if url.len() > LONGEST_URL {
        return None;
    }
    url.parse().ok()
}

fn add_timeout(timeout: Option<Duration>, fields: &mut HeaderMap) {
    if let Some(timeout) = timeout {
        let millis = timeout.as_nanos().div_ceil(1_000_000).min(LONGEST_TIMEOUT);
        fields.insert(headers::TIMEOUT, HeaderValue::from(u64::try_from(millis).unwrap_or(u64::MAX)));
    }
}

/// Reads the head of the answer to a unary call, of which the body is the message or the error.
fn unary(
    status: StatusCode,
    mut fields: HeaderMap,
    body: Body,
    codec: Codec,
    limit: usize,
) -> Result<(MetadataMap, Inbound), Status> {
    let encoding = encoding(&fields, &headers::UNARY);
    if status != StatusCode::OK {
        let is_json = media::is_json(&fields);
        for (name, value) in &take_trailers(&mut fields) {
            fields.append(name, value.clone());
        }
        let metadata = shared::into_metadata(fields);
        let read = move |body: &[u8]| error::of_answer(body, is_json, status, metadata);
        // Of a body that nobody can read there is its status.
        let Ok(encoding) = encoding else { return Err(read(b"")) };
        let failed = Failed::new(encoding, read);
        return Ok((MetadataMap::new(), Inbound::new(body, Box::new(failed), codec, limit)));
    }
    media::check_bare(&fields, codec.form())?;
    let trailers = take_trailers(&mut fields);
    let mut inbound = Inbound::new(body, Box::new(Answer { trailers }), codec, limit);
    inbound.encoding = encoding?;
    Ok((shared::into_metadata(fields), inbound))
}

/// The encoding that the answer names. A server must not use one that it was not offered.
fn encoding(fields: &HeaderMap, names: &Names) -> Result<Option<Encoding>, Status> {
    shared::encoding(fields, &names.0).map_err(|status| Status::internal(status.message()))
}

/// Takes the trailers out of the headers, where their names have a prefix.
fn take_trailers(fields: &mut HeaderMap) -> HeaderMap {
    let names: Vec<_> = fields.keys().filter(|name| name.as_str().starts_with(headers::TRAILER)).cloned().collect();
    let mut trailers = HeaderMap::new();
    for name in names {
        let Ok(plain) = name.as_str()[headers::TRAILER.len()..].parse::<http::HeaderName>() else { continue };
        for value in fields.get_all(&name) {
            trailers.append(plain.clone(), value.clone());
        }
        fields.remove(name);
    }
    trailers
}

/// A body that is one message.
struct Answer {
    trailers: HeaderMap,
}

impl Deframe for Answer {
    fn next(&mut self, chunks: &mut Chunks, eof: bool, limit: usize) -> Result<Item, Status> {
        WholeBody.next(chunks, eof, limit)
    }

    fn end(&mut self, _: Ending) -> Result<MetadataMap, Status> {
        Ok(shared::into_metadata(std::mem::take(&mut self.trailers)))
    }
}
