//! Headers that all protocols share: metadata, and the names of encodings.

use std::sync::LazyLock;

use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Uri,
    header::{self, Entry},
    uri::PathAndQuery,
};
use tonic::{Status, metadata::MetadataMap};

use crate::{call::Body, compress::Encoding, handler::Extra, method::Method};

pub(super) const USER_AGENT: HeaderValue = HeaderValue::from_static(concat!("rsgrpc/", env!("CARGO_PKG_VERSION")));

/// The request of a call, with what all protocols write; transports add scheme and authority.
pub(super) fn post(method: &Method, metadata: MetadataMap, content_type: HeaderValue, body: Body) -> Request<Body> {
    let mut request = Request::new(body);
    *request.method_mut() = http::Method::POST;
    *request.uri_mut() = Uri::from(PathAndQuery::from_static(method.path));
    let mut fields = from_metadata(metadata);
    fields.insert(header::CONTENT_TYPE, content_type);
    fields.entry(header::USER_AGENT).or_insert(USER_AGENT);
    *request.headers_mut() = fields;
    request
}

/// A map of one header, to be copied, which costs less than a new one. It has room for more, so that h2, which looks for
/// five others, finds nothing in the place of most of them.
pub(super) fn alone(name: HeaderName, value: HeaderValue) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(12);
    headers.insert(name, value);
    headers
}

/// The metadata of a call as headers, without what the protocol itself writes there.
pub(super) fn from_metadata(metadata: MetadataMap) -> HeaderMap {
    let mut headers = metadata.into_headers();
    strip(&mut headers);
    headers
}

/// As [`from_metadata`], where there may be none.
pub(super) fn from_extra(metadata: Extra) -> HeaderMap {
    metadata.map(|metadata| from_metadata(*metadata)).unwrap_or_default()
}

/// The headers or trailers of an answer as metadata, without what belongs to a protocol or to HTTP. More than
/// [`JOINED`] binary values stay joined.
pub(super) fn into_metadata(mut headers: HeaderMap) -> MetadataMap {
    if strip(&mut headers) {
        part_binary(&mut headers);
    }
    MetadataMap::from_headers(headers)
}

/// As [`into_metadata`], of a request. Binary values that are too many or not base64 are refused, so that nobody behind
/// this point meets one.
pub(super) fn request_metadata(mut headers: HeaderMap) -> Result<MetadataMap, Status> {
    if strip(&mut headers) {
        if !part_binary(&mut headers) {
            return Err(Status::resource_exhausted(format!("more than {JOINED} binary values are joined by commas")));
        }
        check_binary(&headers)?;
    }
    Ok(MetadataMap::from_headers(headers))
}

/// Removes what belongs to a protocol, to HTTP or to one hop, and so is no metadata. Tells whether any of what stays is
/// binary.
fn strip(headers: &mut HeaderMap) -> bool {
    let is_metadata = |(name, _): &(&HeaderName, &HeaderValue)| !is_reserved(name.as_str());
    let owned = |(name, value): (&HeaderName, &HeaderValue)| (name.clone(), value.clone());
    let (mut kept, mut first, mut reserved, mut binary, mut hops) = (0, None, None, false, false);
    for header in headers.iter() {
        if is_metadata(&header) {
            kept += 1;
            binary |= is_binary(header.0);
            first.get_or_insert(header);
        } else {
            reserved = Some(header.0);
            hops |= header.0.as_str() == "connection";
        }
    }
    if hops {
        return strip_hops(headers);
    }
    // Of the headers of a request most are reserved, and to put one in costs less than to take two out.
    match (headers.len() - kept, kept) {
        // As it is with most responses.
        (0, _) => {}
        (_, 0) => headers.clear(),
        (1, 1) => {
            let only = reserved.cloned();
            only.map(|name| headers.remove(name));
        }
        (_, 1) => {
            let only = first.map(owned);
            headers.clear();
            headers.extend(only);
        }
        _ => {
            let several: Vec<_> = headers.iter().filter(is_metadata).map(owned).collect();
            headers.clear();
            headers.extend(several);
        }
    }
    binary
}

/// As [`strip`], without what belongs to one hop.
#[cold]
#[inline(never)]
fn strip_hops(headers: &mut HeaderMap) -> bool {
    drop_hops(headers);
    strip(headers)
}

/// Takes out the header Connection and what it names (RFC 9110, 7.6.1), but for what protocols read themselves.
pub(super) fn drop_hops(headers: &mut HeaderMap) {
    let options: Vec<_> = headers.get_all(header::CONNECTION).iter().cloned().collect();
    headers.remove(header::CONNECTION);
    for name in options.iter().flat_map(|value| value.as_bytes().split(|&byte| byte == b',')) {
        if let Ok(name) = HeaderName::from_bytes(name.trim_ascii())
            && !is_reserved(name.as_str())
        {
            headers.remove(name);
        }
    }
}

pub(crate) fn is_reserved(name: &str) -> bool {
    match name.as_bytes().first() {
        Some(b'a') => name == "accept-encoding",
        Some(b'c') => {
            matches!(name, "content-type" | "content-length" | "content-encoding" | "connection")
                || name.starts_with("connect-")
        }
        Some(b'e') => name == "expect",
        Some(b'g') => matches!(
            name,
            "grpc-status"
                | "grpc-message"
                | "grpc-status-details-bin"
                | "grpc-timeout"
                | "grpc-encoding"
                | "grpc-accept-encoding"
                | "grpc-message-type"
        ),
        Some(b'h') => matches!(name, "host" | "http2-settings"),
        Some(b'k') => name == "keep-alive",
        Some(b'p') => matches!(name, "proxy-connection" | "proxy-authorization"),
        Some(b't') => matches!(name, "te" | "trailer" | "transfer-encoding"),
        Some(b'u') => name == "upgrade",
        Some(b'x') => name == "x-grpc-web",
        _ => false,
    }
}

fn check_binary(headers: &HeaderMap) -> Result<(), Status> {
    match headers.iter().find(|(name, value)| is_binary(name) && !is_base64(value.as_bytes())) {
        Some((name, _)) => Err(Status::invalid_argument(format!("the value of the metadata {name} is not base64"))),
        None => Ok(()),
    }
}

/// How many binary values may be joined by commas in one message: as many as a request may have headers by default. Each
/// takes some hundred times as much as its comma.
const JOINED: usize = 100;

/// Parts binary values that are joined by commas (gRPC over HTTP/2). False, and nothing is changed, if they are too many.
fn part_binary(headers: &mut HeaderMap) -> bool {
    let joined = |(name, value): &(&HeaderName, &HeaderValue)| is_binary(name) && value.as_bytes().contains(&b',');
    let commas = |(_, value): (&HeaderName, &HeaderValue)| value.as_bytes().iter().filter(|&&b| b == b',').count();
    if headers.iter().filter(joined).map(commas).sum::<usize>() >= JOINED {
        return false;
    }
    while let Some(name) = headers.iter().find(joined).map(|(name, _)| name.clone()) {
        let Entry::Occupied(entry) = headers.entry(name) else { break };
        let (name, values) = entry.remove_entry_mult();
        let values: Vec<_> = values.collect();
        let parts = values.iter().flat_map(|value| value.as_bytes().split(|&b| b == b','));
        for part in parts.filter_map(|part| HeaderValue::from_bytes(part.trim_ascii()).ok()) {
            headers.append(&name, part);
        }
    }
    true
}

fn is_binary(name: &HeaderName) -> bool {
    name.as_str().ends_with("-bin")
}

fn is_base64(value: &[u8]) -> bool {
    let digits = value.iter().rposition(|&b| b != b'=').map_or(&[][..], |last| &value[..=last]);
    let padding = value.len() - digits.len();
    // What the last digit says beyond a whole byte has to be zero.
    let ends = match (digits.len() % 4, digits.last()) {
        (1, _) => false,
        (2, Some(last)) => b"AQgw".contains(last),
        (3, Some(last)) => b"AEIMQUYcgkosw048".contains(last),
        _ => true,
    };
    let padded = padding == 0 || padding <= 2 && value.len().is_multiple_of(4);
    ends && padded && digits.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
}

/// The first value of each header of these names: to compare the names of a few headers costs less than to look several up.
pub(super) fn first_values<'h, const N: usize>(
    headers: &'h HeaderMap,
    names: [&HeaderName; N],
) -> [Option<&'h HeaderValue>; N] {
    let mut values = [None; N];
    for (name, value) in headers {
        if let Some(at) = names.iter().position(|each| *each == name) {
            values[at].get_or_insert(value);
        }
    }
    values
}

/// As [`encoding`], where it is known which value of the header is the first: there is none in most requests.
pub(super) fn encoding_after(
    first: Option<&HeaderValue>,
    headers: &HeaderMap,
    name: &HeaderName,
) -> Result<Option<Encoding>, Status> {
    first.map_or(Ok(None), |_| encoding(headers, name))
}

/// The encoding that this header names: `None` for identity.
pub(super) fn encoding(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Encoding>, Status> {
    let mut values = headers.get_all(name).iter().map(HeaderValue::as_bytes);
    match (values.next(), values.next()) {
        // Several headers are one with commas (RFC 9110, 5.3), which is the name of no encoding.
        (Some(first), Some(second)) => named_encoding(Some(&[first, second].join(&b", "[..]))),
        (only, _) => named_encoding(only),
    }
}

/// The `Content-Encoding` of a body of frames, which are compressed each by itself: there is none that it may have.
pub(super) fn encoded_whole(headers: &HeaderMap) -> Option<&HeaderValue> {
    let mut values = headers.get_all(header::CONTENT_ENCODING).iter();
    values.find(|value| !value.is_empty() && !value.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// Refuses an answer in frames that has one.
pub(super) fn check_not_encoded_whole(headers: &HeaderMap) -> Result<(), Status> {
    encoded_whole(headers).map_or(Ok(()), |encoding| {
        Err(Status::internal(format!(
            "the server answered with content-encoding {encoding:?}, which frames cannot have"
        )))
    })
}

/// The encoding of this name: `None` for identity, which is meant where there is none.
pub(super) fn named_encoding(name: Option<&[u8]>) -> Result<Option<Encoding>, Status> {
    let name = match name {
        None => return Ok(None),
        Some(name) if name.is_empty() || name.eq_ignore_ascii_case(b"identity") => return Ok(None),
        Some(name) => name,
    };
    Encoding::from_name(name).map(Some).ok_or_else(|| {
        let name = String::from_utf8_lossy(name);
        Status::unimplemented(format!("the encoding {name:?} is not supported; supported are: {}", supported()))
    })
}

/// Whether the peer says in this header that it accepts the encoding.
pub(super) fn accepts(headers: &HeaderMap, name: &HeaderName, encoding: Encoding) -> bool {
    let values = headers.get_all(name);
    let mut entries = values.iter().flat_map(|value| value.as_bytes().split(|&b| b == b','));
    entries.any(|entry| {
        let mut parts = entry.split(|&b| b == b';').map(<[u8]>::trim_ascii);
        let is_named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding.name().as_bytes()));
        is_named && !parts.any(is_weight_of_zero)
    })
}

/// Whether a parameter says that what it belongs to is not acceptable: `q=0` (RFC 9110, 12.4.2).
fn is_weight_of_zero(parameter: &[u8]) -> bool {
    matches!(parameter, [b'q' | b'Q', b'=', weight @ ..] if weight.iter().all(|digit| matches!(digit, b'0' | b'.')))
}

/// All encodings we read, as headers list them.
fn supported() -> String {
    Encoding::ALL.iter().map(|encoding| encoding.name()).chain(["identity"]).collect::<Vec<_>>().join(",")
}

/// [`supported`] as a header.
pub(super) static SUPPORTED: LazyLock<HeaderValue> =
    LazyLock::new(|| HeaderValue::try_from(supported()).unwrap_or(HeaderValue::from_static("identity")));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_what_decoders_take() {
        for value in ["", "AAAA", "AAE", "AAE=", "AA", "AA==", "/+w", "YQ", "YWI"] {
            assert!(is_base64(value.as_bytes()), "{value}");
        }
        for value in ["A", "AAAAA", "AAB", "AB", "AB==", "A===", "AAA==", "AAAA=", "=", "A=AA", "A-A=", "AA AA"] {
            assert!(!is_base64(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn joined_binary_values_are_parted() {
        let name = HeaderName::from_static("x-bin");
        let mut headers = HeaderMap::new();
        for value in ["AA", "AAE, AQ==,", "Ag"] {
            headers.append(&name, HeaderValue::from_static(value));
        }
        headers.append("x", HeaderValue::from_static("a,b"));
        assert!(part_binary(&mut headers));
        assert_eq!(headers.get_all(&name).iter().collect::<Vec<_>>(), ["AA", "AAE", "AQ==", "", "Ag"]);
        assert_eq!(headers["x"], "a,b");
    }

    #[test]
    fn too_many_stay_joined() {
        for (commas, values) in [(JOINED - 1, JOINED), (JOINED, 1)] {
            let mut headers = HeaderMap::new();
            headers.append("x-bin", HeaderValue::try_from(",".repeat(commas)).unwrap());
            let metadata = into_metadata(headers.clone());
            assert_eq!(metadata.get_all_bin("x-bin").iter().count(), values);
            assert_eq!(request_metadata(headers).is_ok(), values > 1);
        }
    }
}
