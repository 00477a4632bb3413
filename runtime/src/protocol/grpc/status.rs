//! A status as gRPC trailers, both ways.

use std::{borrow::Cow, sync::LazyLock};

use base64::{
    Engine as _,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode, percent_encode};
use prost::Message as _;
use tonic::{Code, Status, metadata::MetadataMap};

use super::headers::{DETAILS, MESSAGE, STATUS};
use crate::{
    google::rpc,
    handler::Extra,
    protocol::headers::{alone, from_metadata, into_metadata},
};

/// Longer messages are cut, and of longer details the last are left out: peers refuse header lists over 8 KiB (grpc-java)
/// or 16 KiB (most others), and a refused one takes the whole status with it.
const LONGEST_MESSAGE: usize = 2 * 1024;
const LONGEST_DETAILS: usize = 4 * 1024;

/// What `grpc-message` escapes: everything but printable ASCII, and the percent sign (gRPC over HTTP/2).
const ESCAPED: &AsciiSet = &CONTROLS.add(b'%');

/// Details are written without padding, as the specification asks, and read with or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_encode_padding(false).with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The trailers of a call that ended well and has no metadata to say so with.
static OK: LazyLock<HeaderMap> = LazyLock::new(|| alone(STATUS, HeaderValue::from_static("0")));

/// The trailers that end a call.
pub(crate) fn to_trailers(result: Result<Extra, Status>) -> HeaderMap {
    match result {
        Ok(None) => OK.clone(),
        Ok(Some(metadata)) => {
            let mut trailers = from_metadata(*metadata);
            trailers.insert(STATUS, HeaderValue::from_static("0"));
            trailers
        }
        Err(status) => {
            let mut trailers = HeaderMap::new();
            write(&status, &mut trailers);
            trailers
        }
    }
}

/// Adds a status and its metadata to the headers.
pub(super) fn write(status: &Status, headers: &mut HeaderMap) {
    if !status.metadata().is_empty() {
        headers.extend(from_metadata(status.metadata().clone()));
    }
    headers.insert(STATUS, HeaderValue::from(status.code() as i32));
    if !status.message().is_empty() {
        headers.insert(MESSAGE, escape(status.message()));
    }
    let details = fitting(status.details());
    if !details.is_empty()
        && let Ok(value) = HeaderValue::try_from(BASE64.encode(details))
    {
        headers.insert(DETAILS, value);
    }
}

/// The details, or the first of them that are short enough together.
fn fitting(details: &[u8]) -> Cow<'_, [u8]> {
    if details.len() <= LONGEST_DETAILS {
        return Cow::Borrowed(details);
    }
    tracing::warn!(bytes = details.len(), limit = LONGEST_DETAILS, "left out error details that peers would refuse");
    let mut packed = rpc::Status::decode(details).unwrap_or_default();
    while packed.encoded_len() > LONGEST_DETAILS && packed.details.pop().is_some() {}
    Cow::Owned(if packed.details.is_empty() { Vec::new() } else { packed.encode_to_vec() })
}

/// As much of a message as is short enough once it is escaped, in whole characters. Spaces at its ends are escaped, too.
fn fitting_text(message: &str) -> &str {
    const SPACES: usize = 4;
    let mut room = LONGEST_MESSAGE - SPACES;
    let too_long = message.char_indices().find(|(_, character)| {
        let plain = character.is_ascii() && !character.is_ascii_control() && *character != '%';
        let len = if plain { 1 } else { 3 * character.len_utf8() };
        let fits = len <= room;
        room = room.saturating_sub(len);
        !fits
    });
    too_long.map_or(message, |(end, _)| &message[..end])
}

fn escape(message: &str) -> HeaderValue {
    let mut escaped: String = percent_encode(fitting_text(message).as_bytes(), ESCAPED).collect();
    // Of a field's value HTTP/1.1 and gRPC-Web take spaces at its ends away.
    if escaped.ends_with(' ') {
        escaped.replace_range(escaped.len() - 1.., "%20");
    }
    if escaped.starts_with(' ') {
        escaped.replace_range(..1, "%20");
    }
    HeaderValue::try_from(escaped).unwrap_or(HeaderValue::from_static(""))
}

/// Takes the outcome of a call out of its trailers: the trailing metadata, or the error with it.
pub(in crate::protocol) fn from_trailers(mut trailers: HeaderMap) -> Result<MetadataMap, Status> {
    let Some(code) = trailers.remove(STATUS) else {
        return Err(Status::internal("the server ended the call without a grpc-status"));
    };
    let message = trailers.remove(MESSAGE);
    let details = trailers.remove(DETAILS);
    let metadata = into_metadata(trailers);
    let said = code;
    let code = Code::from_bytes(said.as_bytes());
    if code == Code::Ok {
        return Ok(metadata);
    }
    let mut message = message.map(|text| percent_decode(text.as_bytes()).decode_utf8_lossy().into_owned());
    if code == Code::Unknown && !said.as_bytes().iter().all(u8::is_ascii_digit) {
        let behind = message.map(|message| format!(": {message}")).unwrap_or_default();
        message = Some(format!("the server ended the call with grpc-status {said:?}, which is no number{behind}"));
    }
    // Details that do not decode are lost, but never hide the status itself.
    let details = details.and_then(|value| BASE64.decode(value.as_bytes()).ok()).map(Bytes::from);
    Err(Status::with_details_and_metadata(code, message.unwrap_or_default(), details.unwrap_or_default(), metadata))
}

/// The status of a response that is not gRPC's: doc/http-grpc-status-mapping.md.
pub(in crate::protocol) fn from_http(status: StatusCode) -> Status {
    let code = match status.as_u16() {
        400 => Code::Internal,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::Unimplemented,
        429 | 502 | 503 | 504 => Code::Unavailable,
        _ => Code::Unknown,
    };
    Status::new(code, format!("the server answered with HTTP status {status} and no grpc-status"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StatusExt as _;

    fn round_trip(status: Status) -> Status {
        from_trailers(to_trailers(Err(status))).unwrap_err()
    }

    #[test]
    fn any_message_round_trips() {
        for message in ["", "plain", "50 % off", "tab\tnew\r\nline", "\u{1F600} ünï", "\u{7f}\u{0}", " ", "  two  "] {
            assert_eq!(escape(message).as_bytes(), escape(message).as_bytes().trim_ascii());
            let read = round_trip(Status::new(Code::Aborted, message));
            assert_eq!((read.code(), read.message()), (Code::Aborted, message));
        }
    }

    #[test]
    fn long_messages_are_cut_between_characters() {
        for text in ["x", "ü", "\u{1F600}", "a%"] {
            let message = text.repeat(5000);
            let trailers = to_trailers(Err(Status::internal(&message)));
            assert!(trailers[MESSAGE].len() <= LONGEST_MESSAGE);
            let read = from_trailers(trailers).unwrap_err();
            assert!(read.message().len() > 600 && message.starts_with(read.message()));
        }
    }

    #[test]
    fn details_survive_unless_they_are_too_long() {
        let details = |len| Status::with_details(Code::Aborted, "m", vec![7; len].into());
        assert_eq!(round_trip(details(100)).details(), [7; 100]);
        assert_eq!(round_trip(details(LONGEST_DETAILS + 1)).details(), b"");
    }

    #[test]
    fn of_too_many_details_the_first_are_kept() {
        let info = |len| rpc::ErrorInfo { reason: "R".repeat(len), ..rpc::ErrorInfo::default() };
        let status = Status::aborted("m").with_detail(&info(1000)).with_detail(&info(2000)).with_detail(&info(2000));
        let read = round_trip(status);
        assert_eq!((read.code(), read.message(), read.any_details().len()), (Code::Aborted, "m", 2));
        assert_eq!(read.detail::<rpc::ErrorInfo>(), Some(info(1000)));
        let read = round_trip(Status::aborted("m").with_detail(&info(5000)));
        assert_eq!((read.message(), read.any_details().len()), ("m", 0));
    }
}
