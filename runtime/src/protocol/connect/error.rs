//! Errors as JSON, and the frame that ends a stream.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use http::{HeaderMap, StatusCode};
use tonic::{Code, Status};

use crate::{StatusExt, json, protocol::headers};

/// The codes, their names and the HTTP status of an error that has them.
const CODES: [(Code, &str, u16); 16] = [
    (Code::Cancelled, "canceled", 499),
    (Code::Unknown, "unknown", 500),
    (Code::InvalidArgument, "invalid_argument", 400),
    (Code::DeadlineExceeded, "deadline_exceeded", 504),
    (Code::NotFound, "not_found", 404),
    (Code::AlreadyExists, "already_exists", 409),
    (Code::PermissionDenied, "permission_denied", 403),
    (Code::ResourceExhausted, "resource_exhausted", 429),
    (Code::FailedPrecondition, "failed_precondition", 400),
    (Code::Aborted, "aborted", 409),
    (Code::OutOfRange, "out_of_range", 400),
    (Code::Unimplemented, "unimplemented", 501),
    (Code::Internal, "internal", 500),
    (Code::Unavailable, "unavailable", 503),
    (Code::DataLoss, "data_loss", 500),
    (Code::Unauthenticated, "unauthenticated", 401),
];

/// The HTTP status of an error.
pub(super) fn http_status(code: Code) -> StatusCode {
    let row = CODES.iter().find(|row| row.0 == code);
    row.and_then(|row| StatusCode::from_u16(row.2).ok()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The JSON of an error.
pub(super) fn to_json(status: &Status, options: Option<&json::Options>) -> String {
    let mut json = String::with_capacity(64);
    write_error(status, options, &mut json);
    json
}

/// The JSON that ends a stream.
pub(super) fn end_of_stream(result: Result<HeaderMap, Status>, options: Option<&json::Options>) -> String {
    let mut json = String::from("{");
    let metadata = match result {
        Ok(metadata) => metadata,
        Err(status) => {
            json.push_str("\"error\":");
            write_error(&status, options, &mut json);
            headers::from_metadata(status.metadata().clone())
        }
    };
    if !metadata.is_empty() {
        json.push_str(if json.len() > 1 { ",\"metadata\":" } else { "\"metadata\":" });
        write_metadata(&metadata, &mut json);
    }
    json.push('}');
    json
}

fn write_error(status: &Status, options: Option<&json::Options>, json: &mut String) {
    let name = CODES.iter().find(|row| row.0 == status.code()).map_or("unknown", |row| row.1);
    json.push_str("{\"code\":");
    write_string(name, json);
    if !status.message().is_empty() {
        json.push_str(",\"message\":");
        write_string(status.message(), json);
    }
    let details = status.any_details();
    for (i, detail) in details.iter().enumerate() {
        json.push_str(if i == 0 { ",\"details\":[{\"type\":" } else { ",{\"type\":" });
        let name = detail.type_url.rsplit('/').next().unwrap_or_default();
        write_string(name, json);
        json.push_str(",\"value\":\"");
        STANDARD_NO_PAD.encode_string(&detail.value, json);
        json.push('"');
        if let Some(debug) = options.and_then(|options| options.transcode(name, &detail.value)) {
            json.push_str(",\"debug\":");
            json.push_str(&debug);
        }
        json.push('}');
    }
    json.push_str(if details.is_empty() { "}" } else { "]}" });
}

fn write_metadata(metadata: &HeaderMap, json: &mut String) {
    for (i, name) in metadata.keys().enumerate() {
        json.push(if i == 0 { '{' } else { ',' });
        write_string(name.as_str(), json);
        for (i, value) in metadata.get_all(name).iter().enumerate() {
            json.push_str(if i == 0 { ":[" } else { "," });
            write_string(&String::from_utf8_lossy(value.as_bytes()), json);
        }
        json.push(']');
    }
    json.push('}');
}

fn write_string(text: &str, json: &mut String) {
    json.push('"');
    for c in text.chars() {
        match c {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\u{0}'..='\u{1f}' => json.push_str(&format!("\\u{:04x}", u32::from(c))),
            _ => json.push(c),
        }
    }
    json.push('"');
}
