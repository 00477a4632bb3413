//! Errors as JSON (AIP-193).

use std::{fmt, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use tonic::{Code, Status};

use super::{headers, site::Site};
use crate::{
    StatusExt,
    call::Body,
    protocol::{codes, text::write_string},
};

/// An error that HTTP has a status of its own for.
#[derive(Debug)]
struct Refusal(StatusCode);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP status {}", self.0)
    }
}

impl std::error::Error for Refusal {}

/// An error with the HTTP status that is to be its.
pub(super) fn refusal(http: StatusCode, code: Code, message: impl Into<String>) -> Status {
    let mut status = Status::new(code, message);
    status.set_source(Arc::new(Refusal(http)));
    status
}

pub(super) fn http_status(status: &Status) -> StatusCode {
    let refusal = std::error::Error::source(status).and_then(|source| source.downcast_ref::<Refusal>());
    refusal.map_or_else(|| codes::http_status(status.code()), |refusal| refusal.0)
}

/// The answer that is an error.
pub(super) fn response(status: &Status, site: &Site) -> Response<Body> {
    let http = http_status(status);
    let mut response = Response::new(Body::whole(Some(Bytes::from(to_json(status, site))), None));
    *response.status_mut() = http;
    let headers = response.headers_mut();
    headers::of_error(status.metadata(), headers);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // RFC 9110, 15.5.2: a 401 says how to authenticate.
    if http == StatusCode::UNAUTHORIZED && !headers.contains_key(header::WWW_AUTHENTICATE) {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// The JSON of an error.
pub(super) fn to_json(status: &Status, site: &Site) -> String {
    let mut json = String::with_capacity(96);
    let bare = site.settings.bare_errors;
    let code = if bare { status.code() as u16 } else { http_status(status).as_u16() };
    json.push_str(if bare { "{\"code\":" } else { "{\"error\":{\"code\":" });
    json.push_str(&code.to_string());
    json.push_str(",\"message\":");
    write_string(status.message(), &mut json);
    if !bare {
        json.push_str(",\"status\":");
        write_string(codes::name(status.code()), &mut json);
    }
    json.push_str(",\"details\":[");
    for (index, detail) in status.any_details().iter().enumerate() {
        if index > 0 {
            json.push(',');
        }
        write_detail(detail, site, &mut json);
    }
    json.push_str(if bare { "]}" } else { "]}}" });
    json
}

/// A detail of a type that nobody knows keeps its bytes, so that it never takes the error's place.
fn write_detail(detail: &prost_types::Any, site: &Site, json: &mut String) {
    if let Ok(text) = site.json.to_string(detail) {
        return json.push_str(&text);
    }
    json.push_str("{\"@type\":");
    write_string(&detail.type_url, json);
    json.push_str(",\"value\":\"");
    STANDARD.encode_string(&detail.value, json);
    json.push_str("\"}");
}
