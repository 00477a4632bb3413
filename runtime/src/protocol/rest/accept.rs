//! Media types: what a caller sends and what it wants.

use core::cmp::Reverse;

use http::{HeaderMap, HeaderValue, header};

pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// One JSON value.
    One,
    /// A JSON array, element by element.
    Array,
    /// A line for each message.
    Lines,
    /// A server-sent event for each message.
    Events,
    /// Bytes of the handler's own type, one or many pieces.
    Bytes,
}

impl Shape {
    pub(super) fn content_type(self) -> Option<HeaderValue> {
        const LINES: HeaderValue = HeaderValue::from_static("application/x-ndjson");
        const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream");
        match self {
            Self::One | Self::Array => Some(JSON),
            Self::Lines => Some(LINES),
            Self::Events => Some(EVENTS),
            Self::Bytes => None,
        }
    }

    /// How exactly a media range names the shape of a stream; none if it does not.
    fn exactness(self, range: &str) -> Option<u8> {
        match (range, self) {
            ("*/*", _) => Some(0),
            ("application/*", Self::Array | Self::Lines) | ("text/*", Self::Events) => Some(1),
            ("application/json", Self::Array)
            | ("application/x-ndjson" | "application/jsonl" | "application/ndjson", Self::Lines)
            | ("text/event-stream", Self::Events) => Some(2),
            _ => None,
        }
    }
}

/// The shapes that a stream may have, the last one first where a caller does not care.
const OF_STREAMS: [Shape; 3] = [Shape::Events, Shape::Lines, Shape::Array];

/// The shape of a stream that the caller prefers (RFC 9110, 12.5.1). What a shape weighs is said by the range that names it
/// most exactly, and of equal weights the first in the header counts. An array if it wants none of them.
pub(super) fn stream(headers: &HeaderMap) -> Shape {
    let values = headers.get_all(header::ACCEPT);
    let ranges = values.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let mut said = OF_STREAMS.map(|_| None);
    for (place, range) in ranges.enumerate() {
        let (essence, parameters) = range.split_once(';').unwrap_or((range, ""));
        let (essence, weight) = (essence.trim().to_ascii_lowercase(), weight(parameters));
        for (shape, said) in OF_STREAMS.iter().zip(&mut said) {
            let named = shape.exactness(&essence).map(|exactness| (exactness, weight, Reverse(place)));
            *said = named.max(*said);
        }
    }
    let weighed = OF_STREAMS.iter().zip(said).filter_map(|(shape, said)| {
        let (_, weight, place) = said?;
        (weight > 0).then_some((weight, place, *shape))
    });
    weighed.max_by_key(|(weight, place, _)| (*weight, *place)).map_or(Shape::Array, |(.., shape)| shape)
}

/// In thousandths (RFC 9110, 12.4.2).
fn weight(parameters: &str) -> u32 {
    let q = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then_some(value.trim().trim_matches('"'))
    });
    let value = q.and_then(|value| value.parse::<f32>().ok()).unwrap_or(1.0);
    (value.clamp(0.0, 1.0) * 1000.0) as u32
}

/// What the body of a request is, by its content type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    /// JSON, or nothing is said.
    Json,
    /// JSON values in lines.
    Lines,
    Other,
}

pub(super) fn sent(content_type: Option<&HeaderValue>) -> Sent {
    let Some(value) = content_type.filter(|value| *value != "application/json") else { return Sent::Json };
    let Ok(value) = value.to_str() else { return Sent::Other };
    let value = value.to_ascii_lowercase();
    let (essence, parameters) = value.split_once(';').unwrap_or((&value, ""));
    let charset = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("charset="));
    // JSON is UTF-8 (RFC 8259, 8.1), of which ASCII is a part.
    if !matches!(charset.map(|name| name.trim_matches('"')), None | Some("utf-8" | "utf8" | "us-ascii")) {
        return Sent::Other;
    }
    match essence.trim() {
        "application/json" => Sent::Json,
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Sent::Lines,
        essence if essence.contains('/') && essence.ends_with("+json") => Sent::Json,
        _ => Sent::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_of_a_stream_follows_accept() {
        for (accept, shape) in [
            ("", Shape::Array),
            ("*/*", Shape::Array),
            ("application/json", Shape::Array),
            ("text/html", Shape::Array),
            ("application/x-ndjson", Shape::Lines),
            ("application/jsonl", Shape::Lines),
            ("text/event-stream", Shape::Events),
            ("Text/Event-Stream; charset=utf-8", Shape::Events),
            ("application/json;q=0.5, text/event-stream", Shape::Events),
            ("text/event-stream;q=0.2, application/json;q=0.9, */*;q=0.1", Shape::Array),
            ("text/event-stream, */*", Shape::Events),
            ("text/event-stream;q=0, application/jsonl;q=0.001", Shape::Lines),
            ("*/*, text/event-stream", Shape::Array),
            ("application/*", Shape::Array),
            ("text/*", Shape::Events),
            ("application/*;q=0.5, text/*;q=0.6", Shape::Events),
            ("application/json;q=0, */*;q=0.1", Shape::Lines),
            ("*/*;q=0.1, application/json;q=0", Shape::Lines),
            ("application/*;q=0, */*", Shape::Events),
            ("application/json;q=0.1, application/*;q=0.2", Shape::Lines),
            ("application/json;q=0", Shape::Array),
            ("*/*;q=0", Shape::Array),
            ("application/jsonl;q=\"0.5\", text/event-stream;q=0.6", Shape::Events),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(stream(&headers), shape, "{accept}");
        }
        assert_eq!(stream(&HeaderMap::new()), Shape::Array);
    }

    #[test]
    fn what_is_json() {
        for (content_type, expected) in [
            ("application/json", Sent::Json),
            ("Application/JSON; Charset=UTF-8", Sent::Json),
            ("application/json;charset=\"utf-8\"", Sent::Json),
            ("application/merge-patch+json", Sent::Json),
            ("text/x+json", Sent::Json),
            ("application/x-ndjson", Sent::Lines),
            ("application/json; charset=latin-1", Sent::Other),
            ("text/plain", Sent::Other),
            ("application/xml", Sent::Other),
            ("application/x-www-form-urlencoded", Sent::Other),
            ("json", Sent::Other),
            ("", Sent::Other),
        ] {
            assert_eq!(sent(Some(&HeaderValue::from_static(content_type))), expected, "{content_type}");
        }
        assert_eq!(sent(None), Sent::Json);
    }
}
