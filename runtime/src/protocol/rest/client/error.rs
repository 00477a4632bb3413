//! Errors as JSON (AIP-193), read.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::StatusCode;
use prost::Message as _;
use prost_types::{Any, Struct, Value, value::Kind};
use tonic::{Code, Status, metadata::MetadataMap};

use crate::{google::rpc, json, protocol::codes};

/// The error that an answer is: one of AIP-193, a bare `google.rpc.Status`, or by its HTTP status whatever else.
pub(super) fn of_answer(body: &[u8], http: StatusCode, metadata: MetadataMap, options: &json::Options) -> Status {
    // What leads elsewhere may be a message of any shape.
    let body = if http.is_redirection() { &[] } else { body };
    let root = options.from_slice::<Value>(body).ok().and_then(|value| value.kind);
    let read = match &root {
        Some(Kind::StructValue(root)) => of_object(root, http, options),
        // A stream that failed at once.
        Some(Kind::ListValue(list)) => list.values.first().and_then(|first| match &first.kind {
            Some(Kind::StructValue(root)) => of_object(root, http, options),
            _ => None,
        }),
        _ => None,
    };
    let mut status =
        read.unwrap_or_else(|| Status::new(code_of(http), format!("the server answered with HTTP status {http}")));
    *status.metadata_mut() = metadata;
    status
}

/// The error that ends a stream in place of a message. A message may have a field of that name, too, so it has to have all
/// that AIP-193 asks for.
pub(super) fn in_stream(text: &[u8], options: &json::Options) -> Option<Status> {
    let inner = text.trim_ascii_start().strip_prefix(b"{")?.trim_ascii_start();
    if !inner.starts_with(b"\"error\"") {
        return None;
    }
    let Kind::StructValue(root) = options.from_slice::<Value>(text).ok()?.kind? else { return None };
    let error = object(&root, "error").filter(|_| root.fields.len() == 1)?;
    let (http, _, _) = (number(error, "code")?, text_at(error, "message")?, text_at(error, "status")?);
    let http = u16::try_from(http).ok().and_then(|code| StatusCode::from_u16(code).ok())?;
    (http.as_u16() >= 400).then(|| read(error, http, options))
}

/// The error of a server-sent event that is called so.
pub(super) fn in_event(text: &[u8], options: &json::Options) -> Status {
    of_answer(text, StatusCode::INTERNAL_SERVER_ERROR, MetadataMap::new(), options)
}

fn of_object(root: &Struct, http: StatusCode, options: &json::Options) -> Option<Status> {
    if let Some(error) = object(root, "error") {
        return Some(read(error, http, options));
    }
    // OAuth's errors (RFC 6749, 5.2).
    if let Some(error) = text_at(root, "error") {
        let why = text_at(root, "error_description").unwrap_or(error);
        return Some(Status::new(code_of(http), why));
    }
    let is_bare = number(root, "code").is_some() || text_at(root, "message").is_some();
    is_bare.then(|| read(root, http, options))
}

fn read(error: &Struct, http: StatusCode, options: &json::Options) -> Status {
    let named = text_at(error, "status").and_then(codes::from_name);
    let code = named.unwrap_or_else(|| match number(error, "code") {
        Some(code @ 1..=16) => Code::from_i32(code),
        _ => code_of(http),
    });
    let message = text_at(error, "message").unwrap_or_default();
    let details: Vec<Any> = match error.fields.get("details").and_then(|value| value.kind.as_ref()) {
        Some(Kind::ListValue(details)) => details.values.iter().filter_map(|value| detail(value, options)).collect(),
        _ => Vec::new(),
    };
    if details.is_empty() {
        return Status::new(code, message);
    }
    let packed = rpc::Status { code: code as i32, message: message.to_owned(), details };
    Status::with_details(code, message, packed.encode_to_vec().into())
}

/// A detail; of a type that nobody here knows its bytes, if the server wrote them.
fn detail(value: &Value, options: &json::Options) -> Option<Any> {
    let text = options.to_string(value).ok()?;
    if let Ok(any) = options.from_str::<Any>(&text) {
        return Some(any);
    }
    let Some(Kind::StructValue(detail)) = &value.kind else { return None };
    let value = STANDARD.decode(text_at(detail, "value")?).ok()?;
    Some(Any { type_url: text_at(detail, "@type")?.to_owned(), value })
}

/// The code of an HTTP status that came without one: the mapping of google/rpc/code.proto, backwards.
fn code_of(http: StatusCode) -> Code {
    match http.as_u16() {
        400 | 411 | 414 | 415 | 422 => Code::InvalidArgument,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 | 410 => Code::NotFound,
        405 | 501 => Code::Unimplemented,
        408 | 504 => Code::DeadlineExceeded,
        409 => Code::Aborted,
        412 | 428 => Code::FailedPrecondition,
        413 | 429 | 431 => Code::ResourceExhausted,
        416 => Code::OutOfRange,
        499 => Code::Cancelled,
        502 | 503 => Code::Unavailable,
        500..=599 => Code::Internal,
        400..=499 => Code::FailedPrecondition,
        _ => Code::Unknown,
    }
}

fn object<'a>(of: &'a Struct, name: &str) -> Option<&'a Struct> {
    match of.fields.get(name)?.kind.as_ref()? {
        Kind::StructValue(found) => Some(found),
        _ => None,
    }
}

fn text_at<'a>(of: &'a Struct, name: &str) -> Option<&'a str> {
    match of.fields.get(name)?.kind.as_ref()? {
        Kind::StringValue(found) => Some(found),
        _ => None,
    }
}

fn number(of: &Struct, name: &str) -> Option<i32> {
    match of.fields.get(name)?.kind.as_ref()? {
        Kind::NumberValue(found) if found.fract() == 0.0 && found.abs() < 1e9 => Some(*found as i32),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(http: u16, body: &str) -> (Code, String) {
        let http = StatusCode::from_u16(http).unwrap();
        let status = of_answer(body.as_bytes(), http, MetadataMap::new(), &json::Options::new());
        (status.code(), status.message().to_owned())
    }

    #[test]
    fn errors_of_all_shapes() {
        for (http, body, code, message) in [
            (404, r#"{"error":{"code":404,"message":"gone","status":"NOT_FOUND"}}"#, Code::NotFound, "gone"),
            (
                400,
                r#"{"error":{"code":400,"message":"late","status":"FAILED_PRECONDITION"}}"#,
                Code::FailedPrecondition,
                "late",
            ),
            (409, r#"{"error":{"code":409,"message":"no status"}}"#, Code::Aborted, "no status"),
            (500, r#"{"code":5,"message":"bare","details":[]}"#, Code::NotFound, "bare"),
            (404, r#"[{"error":{"code":404,"message":"first","status":"NOT_FOUND"}}]"#, Code::NotFound, "first"),
            (400, r#"{"error":"invalid_grant","error_description":"bad token"}"#, Code::InvalidArgument, "bad token"),
            (418, "<html>", Code::FailedPrecondition, "the server answered with HTTP status 418 I'm a teapot"),
            (503, "", Code::Unavailable, "the server answered with HTTP status 503 Service Unavailable"),
            (
                303,
                r#"{"code":5,"message":"of a message"}"#,
                Code::Unknown,
                "the server answered with HTTP status 303 See Other",
            ),
            (302, "{}", Code::Unknown, "the server answered with HTTP status 302 Found"),
            (500, r#"{"error":{"code":"x","message":7,"status":"NO_SUCH"}}"#, Code::Internal, ""),
        ] {
            assert_eq!(read(http, body), (code, message.to_owned()), "{http} {body}");
        }
    }

    #[test]
    fn a_message_with_a_field_named_error_is_a_message() {
        let options = json::Options::new();
        for text in [
            r#"{"error":{"code":5,"message":"of an Operation"}}"#,
            r#"{"error":"text"}"#,
            r#"{"error":{"code":404,"message":"a","status":"NOT_FOUND"},"name":"b"}"#,
            r#"{"error":{"code":404,"message":"a"}}"#,
            r#"{"errors":{"code":404,"message":"a","status":"NOT_FOUND"}}"#,
            r#"{"error""#,
        ] {
            assert!(in_stream(text.as_bytes(), &options).is_none(), "{text}");
        }
        let error = br#" { "error" : {"code":404,"message":"a","status":"NOT_FOUND","details":[]}}"#;
        assert_eq!(in_stream(error, &options).map(|status| status.code()), Some(Code::NotFound));
    }
}
