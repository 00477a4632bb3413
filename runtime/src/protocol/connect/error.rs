//! Errors as JSON, and the frame that ends a stream.

use base64::{
    Engine as _,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use http::{HeaderMap, HeaderValue, StatusCode};
use prost::Message as _;
use prost_types::Any;
use tonic::{Code, Status, metadata::MetadataMap};

use super::loose;
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
    let text = String::from_utf8_lossy(body);
    let error = if is_json { Parts::of(&text).filter(|parts| !parts.is_empty()) } else { None };
    let mut status = error.and_then(|parts| parts.status(otherwise.code())).unwrap_or_else(|| match text.trim() {
        text if (1..=LONGEST_TEXT).contains(&text.len()) && std::str::from_utf8(body).is_ok() => {
            Status::new(otherwise.code(), format!("{}: {text}", otherwise.message()))
        }
        _ => otherwise,
    });
    *status.metadata_mut() = metadata;
    status
}

/// Reads the JSON that ends a stream: the trailing metadata, or the error. What succeeds has to be read in full; an error is
/// one whatever else there is.
pub(super) fn read_end_of_stream(text: &[u8]) -> Result<MetadataMap, Status> {
    let (not_text, text) = (std::str::from_utf8(text).err(), String::from_utf8_lossy(text));
    let (mut error, mut metadata) = (None, None);
    loose::members(&text, |name, value| match name {
        "error" => error = Some(value),
        "metadata" => metadata = Some(value),
        _ => {}
    })
    .ok_or_else(|| broken("it is no JSON object"))?;
    let Fields { map, wrong, .. } = read_metadata(given(metadata).unwrap_or("{}"));
    let metadata = headers::into_metadata(map);
    let wrong = not_text.map(|error| broken(&error.to_string())).or(wrong);
    let Some(error) = given(error) else { return wrong.map_or(Ok(metadata), Err) };
    let error = Parts::of(error).and_then(|parts| parts.status(Code::Unknown));
    let mut status = error.ok_or_else(|| broken("error is no error of Connect"))?;
    *status.metadata_mut() = metadata;
    Err(status)
}

fn broken(why: &str) -> Status {
    Status::internal(format!("the end of the stream does not parse: {why}"))
}

/// A value that is not null.
fn given(value: Option<&str>) -> Option<&str> {
    value.filter(|value| *value != "null")
}

/// What an error consists of, as it is written. All may be missing, but what has none of them is something else.
#[derive(Default)]
struct Parts<'a> {
    code: Option<&'a str>,
    message: Option<&'a str>,
    details: Option<&'a str>,
}

impl<'a> Parts<'a> {
    fn of(error: &'a str) -> Option<Self> {
        let mut parts = Self::default();
        loose::members(error, |name, value| match name {
            "code" => parts.code = Some(value),
            "message" => parts.message = Some(value),
            "details" => parts.details = Some(value),
            _ => {}
        })?;
        Some(parts)
    }

    fn is_empty(&self) -> bool {
        self.code.or(self.message).or(self.details).is_none()
    }

    /// `None` where code or message is no text. A detail that cannot be read is left out.
    fn status(&self, otherwise: Code) -> Option<Status> {
        let text = |value| given(value).map_or(Some(String::new()), loose::text);
        let code = codes::from_connect_name(&text(self.code)?).unwrap_or(otherwise);
        let message = text(self.message)?;
        let details: Vec<_> =
            self.details.and_then(loose::elements).into_iter().flatten().filter_map(read_detail).collect();
        if details.is_empty() {
            return Some(Status::new(code, message));
        }
        let packed = rpc::Status { code: code as i32, message: message.clone(), details };
        Some(Status::with_details(code, message, packed.encode_to_vec().into()))
    }
}

fn read_detail(detail: &str) -> Option<Any> {
    let (mut name, mut value) = (None, None);
    loose::members(detail, |key, json| match key {
        "type" => name = loose::text(json),
        "value" => value = loose::text(json),
        _ => {}
    })?;
    // Some servers write the whole URL.
    let type_url = name.map(|name| if name.contains('/') { name } else { format!("type.googleapis.com/{name}") });
    Some(Any { type_url: type_url?, value: BASE64.decode(value?).ok()? })
}

fn read_metadata(json: &str) -> Fields {
    let mut metadata = Fields::default();
    let wrong = || broken("metadata is no list of texts");
    let read = loose::members(json, |name, values| {
        let Some(values) = loose::elements(values) else { return metadata.fail(wrong) };
        for value in values {
            let value = loose::text(value).and_then(|value| HeaderValue::try_from(value).ok());
            metadata.add(name.parse().ok().zip(value), wrong);
        }
    });
    if read.is_none() {
        metadata.fail(|| broken("metadata is no object"));
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
