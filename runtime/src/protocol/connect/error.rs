//! Errors as JSON, and the frame that ends a stream.

use base64::{
    Engine as _,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use http::{HeaderMap, HeaderValue, StatusCode};
use prost::Message as _;
use prost_types::{Any, Struct, Value, value::Kind};
use tonic::{Code, Status, metadata::MetadataMap};

use crate::{
    StatusExt,
    google::rpc,
    json,
    protocol::{codes, grpc, headers, last_frame::Fields, text::write_string},
};

/// Details are written without padding and read with or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_encode_padding(false).with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What an error consists of. All may be missing, but what has none of them is something else.
const PARTS: [&str; 3] = ["code", "message", "details"];
/// Longer texts, in bytes, are pages for people to look at.
const LONGEST_TEXT: usize = 256;

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
    json.push_str("{\"code\":");
    write_string(codes::connect_name(status.code()), json);
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
        BASE64.encode_string(&detail.value, json);
        json.push('"');
        if let Some(debug) = options.and_then(|options| options.transcode(name, &detail.value)) {
            json.push_str(",\"debug\":");
            json.push_str(&debug);
        }
        json.push('}');
    }
    json.push_str(if details.is_empty() { "}" } else { "]}" });
}

/// The error of a response that is no error of Connect's, by its HTTP status.
pub(super) fn from_http(status: StatusCode) -> Status {
    let status_of_grpc = grpc::from_http(status);
    Status::new(status_of_grpc.code(), format!("the server answered with HTTP status {status} and no error of Connect"))
}

/// Reads the body of an answer that is an error. What is no error of Connect's, such as one of REST's or of a proxy,
/// leaves what HTTP says, with the text if it is short; an error without a known code has the code of that.
pub(super) fn of_answer(body: &[u8], is_json: bool, http: StatusCode, metadata: MetadataMap) -> Status {
    let otherwise = from_http(http);
    let read = if is_json { json::from_slice(body).ok().and_then(|value: Value| value.kind) } else { None };
    let error = match read {
        Some(Kind::StructValue(error)) if PARTS.iter().any(|part| error.fields.contains_key(*part)) => {
            read_error(&error, otherwise.code())
        }
        _ => None,
    };
    let mut status = error.unwrap_or_else(|| match std::str::from_utf8(body).map(str::trim) {
        Ok(text) if (1..=LONGEST_TEXT).contains(&text.len()) => {
            Status::new(otherwise.code(), format!("{}: {text}", otherwise.message()))
        }
        _ => otherwise,
    });
    *status.metadata_mut() = metadata;
    status
}

/// Reads the JSON that ends a stream: the trailing metadata, or the error.
pub(super) fn read_end_of_stream(text: &[u8]) -> Result<MetadataMap, Status> {
    let broken = |why: &str| Status::internal(format!("the end of the stream does not parse: {why}"));
    let Value { kind: Some(Kind::StructValue(end)) } =
        json::from_slice(text).map_err(|error| broken(&error.to_string()))?
    else {
        return Err(broken("it is no JSON object"));
    };
    let metadata = match end.fields.get("metadata").and_then(|value| value.kind.as_ref()) {
        None | Some(Kind::NullValue(_)) => Fields::default(),
        Some(Kind::StructValue(fields)) => read_metadata(fields, broken),
        Some(_) => return Err(broken("metadata is no object")),
    };
    let Fields { map, wrong, .. } = metadata;
    let metadata = headers::into_metadata(map);
    let error = match end.fields.get("error").and_then(|value| value.kind.as_ref()) {
        None | Some(Kind::NullValue(_)) => return wrong.map_or(Ok(metadata), Err),
        Some(Kind::StructValue(error)) => read_error(error, Code::Unknown),
        Some(_) => None,
    };
    let mut status = error.ok_or_else(|| broken("error is no error of Connect"))?;
    *status.metadata_mut() = metadata;
    Err(status)
}

/// `None` where a part is of another type than it should be.
fn read_error(error: &Struct, otherwise: Code) -> Option<Status> {
    let text = |of: &Struct, name: &str| match of.fields.get(name).and_then(|value| value.kind.as_ref()) {
        None | Some(Kind::NullValue(_)) => Some(String::new()),
        Some(Kind::StringValue(text)) => Some(text.clone()),
        Some(_) => None,
    };
    let code = text(error, "code")?;
    let code = codes::from_connect_name(&code).unwrap_or(otherwise);
    let message = text(error, "message")?;
    let details = match error.fields.get("details").and_then(|value| value.kind.as_ref()) {
        None | Some(Kind::NullValue(_)) => Vec::new(),
        Some(Kind::ListValue(details)) => details
            .values
            .iter()
            .map(|detail| {
                let Some(Kind::StructValue(detail)) = &detail.kind else { return None };
                let value = BASE64.decode(text(detail, "value")?).ok()?;
                Some(Any { type_url: format!("type.googleapis.com/{}", text(detail, "type")?), value })
            })
            .collect::<Option<_>>()?,
        Some(_) => return None,
    };
    if details.is_empty() {
        return Some(Status::new(code, message));
    }
    let packed = rpc::Status { code: code as i32, message: message.clone(), details };
    Some(Status::with_details(code, message, packed.encode_to_vec().into()))
}

fn read_metadata(fields: &Struct, broken: impl Fn(&str) -> Status) -> Fields {
    let mut metadata = Fields::default();
    let wrong = || broken("metadata is no list of texts");
    for (name, values) in &fields.fields {
        let Some(Kind::ListValue(values)) = &values.kind else {
            metadata.fail(wrong);
            continue;
        };
        for value in &values.values {
            let field = match &value.kind {
                Some(Kind::StringValue(value)) => name.parse().ok().zip(HeaderValue::try_from(value).ok()),
                _ => None,
            };
            metadata.add(field, wrong);
        }
    }
    metadata
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
