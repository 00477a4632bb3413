//! Metadata as the suite describes it.

use http::{HeaderMap, HeaderName, HeaderValue};
use rsgrpc::{Status, metadata::MetadataMap};

use super::proto::Header;

/// The metadata of all these headers.
pub(super) fn to_metadata<'a>(headers: impl IntoIterator<Item = &'a Header>) -> Result<MetadataMap, Status> {
    let mut map = HeaderMap::new();
    for header in headers {
        let name: HeaderName =
            header.name.parse().map_err(|_| Status::invalid_argument(format!("no header name: {}", header.name)))?;
        for value in &header.value {
            let value = HeaderValue::from_str(value)
                .map_err(|_| Status::invalid_argument(format!("no value for the header {name}: {value:?}")))?;
            map.append(&name, value);
        }
    }
    Ok(MetadataMap::from_headers(map))
}

/// The headers of this metadata.
pub(super) fn from_metadata(metadata: &MetadataMap) -> Vec<Header> {
    let map = metadata.clone().into_headers();
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    map.keys()
        .map(|name| Header { name: name.to_string(), value: map.get_all(name).iter().map(text).collect() })
        .collect()
}
