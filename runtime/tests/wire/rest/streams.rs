//! Streams, there and back.

use super::{BAD, GET, JSON, OK, POST, bad, error, json};
use crate::table::{Row, Want, gzip};

const LINES: super::Headers = &[("content-type", "application/x-ndjson")];
const EVENTS: super::Headers = &[("content-type", "text/event-stream")];

#[rustfmt::skip]
pub const DOWN: &[Row] = &[
    Row { name: "no Accept: a JSON array", path: "/v1/watch/n-3", answer: Want { body: || json(r#"[{"text":"0"},{"text":"1"},{"text":"2"}]"#), ..OK }, ..GET },
    Row { name: "Accept */*", path: "/v1/watch/n-1", headers: &[("accept", "*/*")], answer: Want { body: || json(r#"[{"text":"0"}]"#), ..OK }, ..GET },
    Row { name: "an array of nothing", path: "/v1/watch/n-0", answer: Want { body: || json("[]"), ..OK }, ..GET },
    Row { name: "lines", path: "/v1/watch/n-2", headers: &[("accept", "application/x-ndjson")], answer: Want { headers: LINES, body: || json("{\"text\":\"0\"}\n{\"text\":\"1\"}\n"), ..OK }, ..GET },
    Row { name: "lines, by their other name", path: "/v1/watch/n-1", headers: &[("accept", "application/jsonl")], answer: Want { headers: LINES, body: || json("{\"text\":\"0\"}\n"), ..OK }, ..GET },
    Row { name: "no lines", path: "/v1/watch/n-0", headers: &[("accept", "application/x-ndjson")], answer: Want { headers: LINES, ..OK }, ..GET },
    Row { name: "server-sent events", path: "/v1/watch/n-2", headers: &[("accept", "text/event-stream")], answer: Want { headers: &[("content-type", "text/event-stream"), ("cache-control", "no-cache")], body: || json("data: {\"text\":\"0\"}\n\ndata: {\"text\":\"1\"}\n\n"), ..OK }, ..GET },
    Row { name: "response_body of each message", path: "/v1/texts/n-2", answer: Want { body: || json(r#"["0","1"]"#), ..OK }, ..GET },
    // docs/rest.md 7.8
    Row { name: "204 of a stream has no body", path: "/v1/watch/status-204", answer: Want { http: 204, headers: &[("content-type", "absent"), ("trailer", "absent")], ..OK }, ..GET },
    Row { name: "205 of a stream has no body", path: "/v1/watch/status-205", headers: &[("accept", "text/event-stream")], answer: Want { http: 205, headers: &[("content-type", "absent"), ("cache-control", "absent")], ..OK }, ..GET },
    Row { name: "304 of a stream has no body", path: "/v1/watch/status-304", answer: Want { http: 304, headers: &[("content-type", "absent")], ..OK }, ..GET },
    Row { name: "a pause between messages", path: "/v1/watch/slow-1", answer: Want { body: || json(r#"[{"text":"0"},{"text":"late"}]"#), ..OK }, ..GET },
    Row { name: "an error instead of a stream keeps its HTTP status", path: "/v1/watch/refuse", answer: Want { http: 404, body: || error(404, "NOT_FOUND", "nothing to watch"), ..OK }, ..GET },
    Row { name: "an error before the first message keeps its HTTP status", path: "/v1/watch/break-0", headers: &[("accept", "text/event-stream")], answer: Want { http: 500, body: || error(500, "DATA_LOSS", "broke"), ..OK }, ..GET },
    Row { name: "a deadline before the first message keeps its HTTP status", path: "/v1/watch/hang-0", headers: &[("grpc-timeout", "20m")], answer: Want { http: 504, body: || error(504, "DEADLINE_EXCEEDED", "the deadline of the call has passed"), ..OK }, ..GET },
    Row { name: "an error is the last element of the array", path: "/v1/watch/break-2", answer: Want { body: || [json(r#"[{"text":"0"},{"text":"1"},"#), error(500, "DATA_LOSS", "broke"), json("]")].concat(), ..OK }, ..GET },
    Row { name: "an error is the last line", path: "/v1/watch/break-1", headers: &[("accept", "application/x-ndjson")], answer: Want { headers: LINES, body: || [json("{\"text\":\"0\"}\n"), error(500, "DATA_LOSS", "broke"), json("\n")].concat(), ..OK }, ..GET },
    Row { name: "an error is an event of its own", path: "/v1/watch/break-1", headers: &[("accept", "text/event-stream")], answer: Want { headers: EVENTS, body: || [json("data: {\"text\":\"0\"}\n\nevent: error\ndata: "), error(500, "DATA_LOSS", "broke"), json("\n\n")].concat(), ..OK }, ..GET },
    Row { name: "a deadline cuts a stream", path: "/v1/watch/hang-2", headers: &[("grpc-timeout", "50m")], answer: Want { body: || [json(r#"[{"text":"0"},{"text":"1"},"#), error(504, "DEADLINE_EXCEEDED", "the deadline of the call has passed"), json("]")].concat(), ..OK }, ..GET },
    Row { name: "a panic in a stream", path: "/v1/watch/panic-1", answer: Want { body: || [json(r#"[{"text":"0"},"#), error(500, "INTERNAL", "the handler panicked"), json("]")].concat(), ..OK }, ..GET },
    Row { name: "HttpBody, streamed: the type of the first message, and no delimiters", path: "/v1/files/x:tail", answer: Want { headers: &[("content-type", "text/csv")], body: || json("a,b\n1,2\n"), ..OK }, ..GET },
    // docs/rest.md 6.8
    Row { name: "HttpBody, streamed: an error before anything was sent", path: "/v1/files/cut:tail", answer: Want { http: 500, headers: JSON, body: || error(500, "INTERNAL", "lost"), ..OK }, ..GET },
    Row { name: "HttpBody, streamed: an error before the first message", path: "/v1/files/broken:tail", answer: Want { http: 500, body: || error(500, "INTERNAL", "lost"), ..OK }, ..GET },
];

/// HTTP/1.1 sends trailers only to those who ask for them (RFC 9110, 6.5.1).
// docs/rest.md 7.5
#[rustfmt::skip]
pub const TRAILERS: &[Row] = &[
    Row { name: "trailing metadata of a stream", path: "/v1/watch/n-1", headers: &[("te", "trailers")], answer: Want { headers: &[("trailer", "grpc-trailer-x-end")], trailers: &[("grpc-trailer-x-end", "yes")], body: || json(r#"[{"text":"0"}]"#), ..OK }, ..GET },
    Row { name: "trailing metadata of a stream with a pause", path: "/v1/watch/slow-1", headers: &[("te", "trailers"), ("accept", "application/x-ndjson")], answer: Want { headers: &[("trailer", "grpc-trailer-x-end")], trailers: &[("grpc-trailer-x-end", "yes")], body: || json("{\"text\":\"0\"}\n{\"text\":\"late\"}\n"), ..OK }, ..GET },
];

#[rustfmt::skip]
pub const UP: &[Row] = &[
    Row { name: "lines, and the path's value in every message", path: "/v1/uploads/p", headers: LINES, body: &[|| json("{\"id\":\"a\"}\n{\"id\":"), || json("\"b\"}\n")], answer: Want { body: || json(r#"{"text":"p","tags":["a","b"]}"#), ..OK }, ..POST },
    Row { name: "a JSON array", path: "/v1/uploads/p", body: &[|| json(r#"[{"id":"a"}, "#), || json(r#"{"id":"b"}]"#)], answer: Want { body: || json(r#"{"text":"p","tags":["a","b"]}"#), ..OK }, ..POST },
    Row { name: "lines as application/json", path: "/v1/uploads/p", body: &[|| json("{\"id\":\"a\"}\n{\"id\":\"b\"}")], answer: Want { body: || json(r#"{"text":"p","tags":["a","b"]}"#), ..OK }, ..POST },
    Row { name: "an empty array", path: "/v1/uploads/p", body: &[|| json("[]")], answer: Want { body: || json("{}"), ..OK }, ..POST },
    Row { name: "an empty body", path: "/v1/uploads/p", answer: Want { body: || json("{}"), ..OK }, ..POST },
    Row { name: "element by element, without the rest", path: "/v1/uploads/p", body: &[|| json(r#"[{"id":"a"},{"act":"enough"},"#)], ends: false, answer: Want { body: || json(r#"{"text":"p","tags":["a"]}"#), ..OK }, ..POST },
    Row { name: "an element that is none", path: "/v1/uploads/p", body: &[|| json(r#"[{"id":"a"},{"id":5}]"#)], answer: Want { body: || bad("the body cannot be read: id: expected a string, found a number (line 1, column 7)"), ..BAD }, ..POST },
    Row { name: "an array without an end", path: "/v1/uploads/p", body: &[|| json(r#"[{"id":"a"}"#)], answer: Want { body: || bad("the body is no stream of JSON values: the array has no end"), ..BAD }, ..POST },
    Row { name: "gzip of a stream", path: "/v1/uploads/p", headers: &[("content-type", "application/json"), ("content-encoding", "gzip")], body: &[|| gzip(br#"[{"id":"a"},{"id":"b"}]"#)], answer: Want { body: || json(r#"{"text":"p","tags":["a","b"]}"#), ..OK }, ..POST },
    Row { name: "another content type", path: "/v1/uploads/p", headers: &[("content-type", "text/csv")], body: &[|| json("a")], answer: Want { http: 415, body: || error(415, "INVALID_ARGUMENT", "the content type text/csv is not JSON; send application/json in UTF-8"), ..OK }, ..POST },
    Row { name: "lines are no single message", path: "/v1/items", headers: LINES, body: &[|| json("{}")], answer: Want { http: 415, headers: JSON, body: || error(415, "INVALID_ARGUMENT", "the content type application/x-ndjson is not JSON; send application/json in UTF-8"), ..OK }, ..POST },
    Row { name: "bidi: streams both ways", path: "/v1/sync", body: &[|| json("{\"id\":\"a\"}\n"), || json("{\"id\":\"b\"}\n")], answer: Want { body: || json(r#"[{"id":"a"},{"id":"b"}]"#), ..OK }, ..POST },
    Row { name: "bidi: lines both ways", path: "/v1/sync", headers: &[("content-type", "application/x-ndjson"), ("accept", "application/x-ndjson")], body: &[|| json("{\"id\":\"a\"}\n"), || json("{\"id\":\"b\"}\n")], answer: Want { headers: LINES, body: || json("{\"id\":\"a\"}\n{\"id\":\"b\"}\n"), ..OK }, ..POST },
    Row { name: "HttpBody, uploaded in pieces", path: "/v1/store", headers: &[("content-type", "text/csv")], body: &[|| json("a,"), || json("b"), || json("\n")], answer: Want { body: || json(r#"{"data":"YSxiCg==","tags":["text/csv"]}"#), ..OK }, ..POST },
    Row { name: "HttpBody, uploaded: nothing, as one piece", path: "/v1/store", answer: Want { body: || json(r#"{"tags":[""]}"#), ..OK }, ..POST },
];
