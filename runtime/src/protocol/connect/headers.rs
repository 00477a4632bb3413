//! The headers that Connect defines.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use tonic::Status;

use crate::{compress::Encoding, protocol::headers as shared};

pub(super) const TIMEOUT: HeaderName = HeaderName::from_static("connect-timeout-ms");
pub(super) const VERSION: HeaderName = HeaderName::from_static("connect-protocol-version");
pub(super) const TRAILER: &str = "trailer-";

/// How messages are compressed: the header that says so, and the one that says what is accepted.
pub(super) type Names = (HeaderName, HeaderName);
pub(super) const UNARY: Names = (header::CONTENT_ENCODING, header::ACCEPT_ENCODING);
pub(super) const STREAM: Names =
    (HeaderName::from_static("connect-content-encoding"), HeaderName::from_static("connect-accept-encoding"));

/// Reads how messages arrive compressed and the time the caller allows, and checks the version.
pub(super) fn read(headers: &HeaderMap, names: &Names) -> Result<(Option<Encoding>, Option<Duration>), Status> {
    let [version, time, encoding] = shared::first_values(headers, [&VERSION, &TIMEOUT, &names.0]);
    if let Some(version) = version {
        check_version(version.as_bytes(), b"1")?;
    }
    let time = time.map(timeout).transpose()?;
    Ok((shared::encoding_after(encoding, headers, &names.0)?, time))
}

/// There is one version of the protocol; callers need not name it.
pub(super) fn check_version(version: &[u8], ours: &[u8]) -> Result<(), Status> {
    if version == ours {
        return Ok(());
    }
    let (version, ours) = (String::from_utf8_lossy(version), String::from_utf8_lossy(ours));
    Err(Status::invalid_argument(format!("the version {version:?} of the Connect protocol is not {ours:?}")))
}

/// The time a caller allows.
pub(super) fn timeout(value: &HeaderValue) -> Result<Duration, Status> {
    let digits = value.as_bytes();
    if !(1..=10).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Status::invalid_argument(format!("{TIMEOUT} {value:?} is not one to ten digits")));
    }
    Ok(Duration::from_millis(digits.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'))))
}

/// How answers are compressed: with the server's encoding, to callers that accept it. One that does not say what it
/// accepts accepts what it sends.
pub(super) fn answer_encoding(
    headers: &HeaderMap,
    accept: &HeaderName,
    sent: Option<Encoding>,
    ours: Option<Encoding>,
) -> Option<Encoding> {
    ours.filter(|&ours| match headers.contains_key(accept) {
        true => shared::accepts(headers, accept, ours),
        false => sent == Some(ours),
    })
}
