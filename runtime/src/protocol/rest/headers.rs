//! Headers and metadata.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use tonic::metadata::MetadataMap;

use crate::{deadline::GRPC_TIMEOUT, protocol::headers};

const IN: &str = "grpc-metadata-";
const OUT: &str = "grpc-metadata-";
const TRAILER: &str = "grpc-trailer-";

/// Headers of a response that HTTP defines, and that metadata of the same name is (the IANA registry of field names).
/// What frames a message is none of them.
const OF_HTTP: &[&str] = &[
    "accept-ranges",
    "age",
    "allow",
    "alt-svc",
    "cache-control",
    "clear-site-data",
    "content-disposition",
    "content-language",
    "content-location",
    "content-range",
    "content-security-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "date",
    "deprecation",
    "digest",
    "etag",
    "expires",
    "last-modified",
    "link",
    "location",
    "permissions-policy",
    "pragma",
    "proxy-authenticate",
    "referrer-policy",
    "retry-after",
    "server",
    "server-timing",
    "set-cookie",
    "strict-transport-security",
    "sunset",
    "vary",
    "via",
    "warning",
    "www-authenticate",
    "x-content-type-options",
    "x-frame-options",
];

/// Gives metadata its own names: `Grpc-Metadata-X` is `x`. Takes the timeout out, if there is one. What `Connection` names
/// is named as it came, and no metadata becomes a timeout.
pub(super) fn to_metadata(request: &mut HeaderMap) -> Option<HeaderValue> {
    if !request.keys().any(|name| name.as_str().starts_with("grpc-")) {
        return None;
    }
    headers::drop_hops(request);
    let timeout = request.remove(GRPC_TIMEOUT);
    let of_metadata = |(name, value): (&HeaderName, &HeaderValue)| {
        let plain = name.as_str().strip_prefix(IN)?;
        let plain = HeaderName::try_from(plain).ok().filter(|plain| plain != header::CONNECTION);
        Some((name.clone(), plain, value.clone()))
    };
    let renamed: Vec<_> = request.iter().filter_map(of_metadata).collect();
    for (name, ..) in &renamed {
        request.remove(name);
    }
    for (_, plain, value) in renamed {
        if let Some(plain) = plain {
            request.append(plain, value);
        }
    }
    timeout
}

/// The headers of an answer, or its trailers, as initial and trailing metadata: `Grpc-Metadata-X` is `x` of the one,
/// `Grpc-Trailer-X` of the other.
pub(super) fn parted(fields: HeaderMap) -> (MetadataMap, MetadataMap) {
    let (mut head, mut trailers) = (HeaderMap::with_capacity(fields.len()), HeaderMap::new());
    for (name, value) in &fields {
        let (map, plain) = match (name.as_str().strip_prefix(OUT), name.as_str().strip_prefix(TRAILER)) {
            (Some(plain), _) => (&mut head, HeaderName::try_from(plain)),
            (_, Some(plain)) => (&mut trailers, HeaderName::try_from(plain)),
            (None, None) => (&mut head, Ok(name.clone())),
        };
        if let Ok(plain) = plain {
            map.append(plain, value.clone());
        }
    }
    (headers::into_metadata(head), headers::into_metadata(trailers))
}

/// Both, in this order.
pub(super) fn joined(first: MetadataMap, then: MetadataMap) -> MetadataMap {
    let mut all = first.into_headers();
    for (name, value) in &then.into_headers() {
        all.append(name, value.clone());
    }
    MetadataMap::from_headers(all)
}

/// The initial metadata of an answer as its headers.
pub(super) fn from_metadata(metadata: MetadataMap) -> HeaderMap {
    let metadata = headers::from_metadata(metadata);
    let mut response = HeaderMap::with_capacity(metadata.len());
    add(&metadata, OUT, &mut response);
    response
}

/// Adds trailing metadata to the headers of an answer, or to its trailers.
#[inline]
pub(super) fn trailing(metadata: &MetadataMap, response: &mut HeaderMap) {
    if !metadata.is_empty() {
        for (name, value) in &headers::from_metadata(metadata.clone()) {
            append(format!("{TRAILER}{name}"), value, response);
        }
    }
}

/// Adds the metadata of an error to the headers of its answer: trailing metadata, of which there is no other.
pub(super) fn of_error(metadata: &MetadataMap, response: &mut HeaderMap) {
    add(&headers::from_metadata(metadata.clone()), TRAILER, response);
}

/// The names of the trailers that this metadata becomes, as the header `Trailer` announces them (RFC 9110, 6.6.2).
pub(super) fn announcement(metadata: &MetadataMap) -> Option<HeaderValue> {
    let mut trailers = HeaderMap::new();
    trailing(metadata, &mut trailers);
    let names: Vec<_> = trailers.keys().map(HeaderName::as_str).collect();
    if names.is_empty() { None } else { HeaderValue::try_from(names.join(", ")).ok() }
}

fn add(metadata: &HeaderMap, prefix: &str, response: &mut HeaderMap) {
    for (name, value) in metadata {
        let is_of_http = OF_HTTP.binary_search(&name.as_str()).is_ok() || name.as_str().starts_with("access-control-");
        if is_of_http {
            response.append(name, value.clone());
        } else {
            append(format!("{prefix}{name}"), value, response);
        }
    }
}

/// A name that is too long with its prefix has no way out.
fn append(name: String, value: &HeaderValue, response: &mut HeaderMap) {
    if let Ok(name) = HeaderName::try_from(name) {
        response.append(name, value.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted() {
        assert!(OF_HTTP.is_sorted());
    }
}
