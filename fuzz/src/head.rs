//! Headers out of the bytes of a fuzzer.

use http::{HeaderMap, HeaderName, HeaderValue};

/// Takes lines `name:value` up to an empty one; what is no header is left out. The rest is behind it.
pub fn fields<'a>(data: &mut &'a [u8]) -> HeaderMap {
    let mut fields = HeaderMap::new();
    while !data.is_empty() {
        let end = data.iter().position(|&b| b == b'\n').unwrap_or(data.len());
        let line: &'a [u8] = &data[..end];
        *data = data.get(end + 1..).unwrap_or_default();
        if line.is_empty() {
            break;
        }
        let colon = line.iter().position(|&b| b == b':').unwrap_or(line.len());
        let value = line.get(colon + 1..).unwrap_or_default();
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(&line[..colon]), HeaderValue::from_bytes(value)) {
            fields.append(name, value);
        }
    }
    fields
}
