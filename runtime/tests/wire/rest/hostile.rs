//! Requests that mean harm: each has its status and error body.

use super::{BAD, GET, OK, POST, bad, error, json};
use crate::table::{Row, Want, gzip};

const TOO_DEEP: &str = "messages are nested deeper than the limit of 100";

fn over_limit(doing: &str, bytes: usize) -> Vec<u8> {
    error(429, "RESOURCE_EXHAUSTED", &format!("{doing} a message of {bytes} bytes, over the limit of 1048576 bytes"))
}

/// A body that is refused at a place.
fn refused(message: &str, column: usize) -> Vec<u8> {
    bad(&format!("the body cannot be read: {message} (line 1, column {column})"))
}

#[rustfmt::skip]
pub const ROWS: &[Row] = &[
    // Targets.
    Row { name: "NUL", path: "/v1/items/%00", answer: Want { body: || bad("the value of `id` in the path: it has a NUL character"), ..BAD }, ..GET },
    Row { name: "a path that climbs", path: "/v1/files/%2e%2e/%2E%2E%2Fetc", answer: Want { body: || json(r#"{"name":"files/../..%2Fetc"}"#), ..OK }, ..GET },
    Row { name: "slashes only", path: "////", answer: Want { http: 404, body: || error(404, "NOT_FOUND", "no route has this path"), ..OK }, ..GET },
    Row { name: "the root", path: "/", answer: Want { http: 404, body: || error(404, "NOT_FOUND", "no route has this path"), ..OK }, ..GET },
    Row { name: "NUL where no route is", path: "/nothing/%00", answer: Want { body: || bad("the path: it has a NUL character"), ..BAD }, ..GET },
    Row { name: "no digits where no route is", path: "/%zz", answer: Want { body: || bad("the path: a `%` stands before something other than two hexadecimal digits"), ..BAD }, ..GET },
    Row { name: "no digits where another method has a route", path: "/v1/uploads/%zz", answer: Want { body: || bad("the path: a `%` stands before something other than two hexadecimal digits"), ..BAD }, ..GET },
    Row { name: "overlong UTF-8", path: "/v1/items/%C0%AF", answer: Want { body: || bad("the value of `id` in the path: it is not UTF-8"), ..BAD }, ..GET },
    Row { name: "a surrogate in UTF-8", path: "/v1/items/%ED%A0%80", answer: Want { body: || bad("the value of `id` in the path: it is not UTF-8"), ..BAD }, ..GET },
    Row { name: "a key of brackets", path: "/v1/items/7?labels[a=b", answer: Want { body: || bad("the parameter `labels[a`: a `[` has no `]` that ends the key"), ..BAD }, ..GET },
    Row { name: "a parameter without a name is an unknown one", path: "/v1/items/7?=x&.=y&[]=z", answer: Want { body: || json(r#"{"id":"7"}"#), ..OK }, ..GET },
    // Bodies.
    Row { name: "not UTF-8", path: "/v1/items", body: &[|| b"{\"id\":\"\xff\"}".to_vec()], answer: Want { body: || bad("the body cannot be read: it is not UTF-8"), ..BAD }, ..POST },
    Row { name: "a tower of messages", path: "/v1/items", body: &[|| json(&r#"{"child":"#.repeat(100_000))], answer: Want { body: || refused(&format!("{}: {TOO_DEEP}", ["child"; 100].join(".")), 901), ..BAD }, ..POST },
    Row { name: "a tower of lists in an unknown field", path: "/v1/items", body: &[|| json(&format!(r#"{{"x":{}"#, "[".repeat(1_000_000)))], answer: Want { body: || refused(TOO_DEEP, 105), ..BAD }, ..POST },
    Row { name: "a tower of Struct", path: "/v1/items", body: &[|| json(&format!(r#"{{"struct":{}"#, r#"{"":"#.repeat(200_000)))], answer: Want { body: || refused(&format!("struct{}: {TOO_DEEP}", r#"[\"\"]"#.repeat(50)), 211), ..BAD }, ..POST },
    Row { name: "a tower of Any", path: "/v1/items", body: &[|| json(&format!(r#"{{"any":{}"#, r#"{"@type":"type.googleapis.com/google.protobuf.Any","value":"#.repeat(10_000)))], answer: Want { body: || refused(&format!("any{}: {TOO_DEEP}", ".value".repeat(99)), 5849), ..BAD }, ..POST },
    Row { name: "a field given twice", path: "/v1/items", body: &[|| json(r#"{"id":"a","id":"b"}"#)], answer: Want { body: || refused("`id` is given twice", 11), ..BAD }, ..POST },
    Row { name: "two members of a oneof", path: "/v1/items", body: &[|| json(r#"{"left":"a","right":"b"}"#)], answer: Want { body: || refused("right: another field of the same oneof is set already", 21), ..BAD }, ..POST },
    Row { name: "half a surrogate pair", path: "/v1/items", body: &[|| json(r#"{"id":"\ud800"}"#)], answer: Want { body: || refused(r#"id: \\ud800 is half of a surrogate pair, and the other half is missing"#, 8), ..BAD }, ..POST },
    Row { name: "a number too large for a double", path: "/v1/items", body: &[|| json(r#"{"double":1e400}"#)], answer: Want { body: || refused("double: 1e400 is out of range for a double", 11), ..BAD }, ..POST },
    Row { name: "a number of a million digits", path: "/v1/items", body: &[|| json(&format!(r#"{{"int32":{}}}"#, "9".repeat(1_000_000)))], answer: Want { body: || refused(&format!("int32: {}… is out of range", "9".repeat(64)), 10), ..BAD }, ..POST },
    Row { name: "the wrong type, deep inside", path: "/v1/items", body: &[|| json(r#"{"child":{"items":[{},{"numbered":{"5":{"flag":"yes"}}}]}}"#)], answer: Want { body: || refused(r#"child.items[1].numbered[\"5\"].flag: expected true or false, found a string"#, 48), ..BAD }, ..POST },
    Row { name: "the wrong type in a field that is the body", path: "/v1/items/7/tags", body: &[|| json(r#"["a",5]"#)], answer: Want { body: || refused("tags[1]: expected a string, found a number", 6), ..BAD }, ..POST },
    Row { name: "a body that is no object", path: "/v1/items", body: &[|| json("[]")], answer: Want { body: || refused("expected an object, found an array", 1), ..BAD }, ..POST },
    Row { name: "a body over the limit", path: "/v1/items", body: &[|| json(&" ".repeat((1 << 20) + 1))], answer: Want { http: 429, body: || over_limit("receiving", (1 << 20) + 1), ..OK }, ..POST },
    Row { name: "an element over the limit", path: "/v1/uploads/p", body: &[|| json(&format!(r#"[{{"id":"{}"#, "x".repeat(1 << 20)))], ends: false, answer: Want { http: 429, body: || over_limit("receiving", (1 << 20) + 1), ..OK }, ..POST },
    // docs/rest.md 5.9
    Row { name: "a gzip bomb", path: "/v1/items", headers: &[("content-type", "application/json"), ("content-encoding", "gzip")], body: &[|| gzip(&vec![b' '; 16 << 20])], answer: Want { http: 429, body: || over_limit("decompressing", (1 << 20) + 1), ..OK }, ..POST },
    Row { name: "a gzip bomb in a stream", path: "/v1/uploads/p", headers: &[("content-type", "application/json"), ("content-encoding", "gzip")], body: &[|| gzip(&vec![b' '; 16 << 20])], answer: Want { http: 429, body: || over_limit("receiving", (1 << 20) + 1), ..OK }, ..POST },
    Row { name: "a body that is not gzip", path: "/v1/items", headers: &[("content-type", "application/json"), ("content-encoding", "gzip")], body: &[|| json("{}")], answer: Want { body: || bad("a message does not decompress as gzip: unexpected end of file"), ..BAD }, ..POST },
    Row { name: "a gzip body cut short", path: "/v1/items", headers: &[("content-type", "application/json"), ("content-encoding", "gzip")], body: &[|| gzip(b"{}")[..12].to_vec()], answer: Want { body: || bad("a message does not decompress as gzip: incomplete deflate stream"), ..BAD }, ..POST },
    Row { name: "a stream that is not gzip", path: "/v1/uploads/p", headers: &[("content-type", "application/json"), ("content-encoding", "gzip")], body: &[|| json("[{}]")], answer: Want { body: || bad("the body does not decompress as gzip: incomplete deflate stream"), ..BAD }, ..POST },
    Row { name: "a gzip stream cut short", path: "/v1/uploads/p", headers: &[("content-type", "application/json"), ("content-encoding", "gzip")], body: &[|| gzip(b"[{},{}]")[..15].to_vec()], answer: Want { body: || bad("the body does not decompress as gzip: incomplete deflate stream"), ..BAD }, ..POST },
    Row { name: "more behind a gzip stream", path: "/v1/uploads/p", headers: &[("content-type", "application/json"), ("content-encoding", "gzip")], body: &[|| [gzip(b"[{}]"), b"more".to_vec()].concat()], answer: Want { body: || bad("the body does not decompress as gzip: incomplete deflate stream"), ..BAD }, ..POST },
    Row { name: "a gzip bomb as one element", path: "/v1/uploads/p", headers: &[("content-type", "application/json"), ("content-encoding", "gzip")], body: &[|| gzip(format!("[\"{}\"]", " ".repeat(16 << 20)).as_bytes())], answer: Want { http: 429, body: || over_limit("receiving", (1 << 20) + 1), ..OK }, ..POST },
    Row { name: "gzip members without an end", path: "/v1/uploads/p", headers: &[("content-type", "application/json"), ("content-encoding", "gzip")], body: &[|| gzip(b"").repeat(2000)], answer: Want { body: || bad("the body does not decompress as gzip: it has more than 1000 members"), ..BAD }, ..POST },
    Row { name: "a message of gzip members without an end", path: "/v1/items", headers: &[("content-type", "application/json"), ("content-encoding", "gzip")], body: &[|| gzip(b"").repeat(2000)], answer: Want { body: || bad("a message does not decompress as gzip: it has more than 1000 members"), ..BAD }, ..POST },
    Row { name: "a stalled upload ends at the deadline", path: "/v1/items", headers: &[("content-type", "application/json"), ("grpc-timeout", "50m")], body: &[|| json("{")], ends: false, answer: Want { http: 504, body: || error(504, "DEADLINE_EXCEEDED", "the deadline of the call has passed"), ..OK }, ..POST },
    Row { name: "a stalled stream ends at the deadline", path: "/v1/uploads/p", headers: &[("content-type", "application/json"), ("grpc-timeout", "50m")], body: &[|| json("[{}")], ends: false, answer: Want { http: 504, body: || error(504, "DEADLINE_EXCEEDED", "the deadline of the call has passed"), ..OK }, ..POST },
];

/// Targets at the limits and just over them.
// docs/rest.md 4.16 4.17
pub fn targets() -> Vec<Row> {
    let row = |name, path: String, answer| Row { name, path: path.leak(), answer, ..GET };
    let many = |count: usize| format!("/v1/items/7?{}", "tags=a&".repeat(count));
    let deep = |levels: usize| format!("/v1/items/7?{}id=a", "child.".repeat(levels - 1));
    let long = |bytes: usize| format!("/v1/files/{}", "x".repeat(bytes - "/v1/files/".len()));
    vec![
        row("16 KiB of target", long(16 << 10), Want { body: || long_name((16 << 10) - 4), ..OK }),
        row(
            "a byte more",
            long((16 << 10) + 1),
            Want {
                http: 414,
                body: || error(414, "INVALID_ARGUMENT", "the path and query are longer than 16384 bytes"),
                ..OK
            },
        ),
        row("256 parameters", many(256), Want { body: || tags(256), ..OK }),
        row("257 parameters", many(257), Want { body: || bad("the query has more than 256 parameters"), ..BAD }),
        row("32 levels", deep(32), Want { body: || nested(31), ..OK }),
        row(
            "33 levels",
            deep(33),
            Want {
                body: || {
                    bad(&format!(
                        "the parameter `{}…`: it names a field more than 32 levels deep",
                        &"child.".repeat(11)[..64]
                    ))
                },
                ..BAD
            },
        ),
        Row {
            method: "METHOD".repeat(1000).leak(),
            ..row(
                "a long method",
                "/v1/items".to_owned(),
                Want {
                    http: 405,
                    headers: &[("allow", "OPTIONS, POST"), ("content-type", "application/json")],
                    body: || {
                        let long = "METHOD".repeat(11);
                        let message = format!("the path has no route for {}…; it has for OPTIONS, POST", &long[..64]);
                        error(405, "UNIMPLEMENTED", &message)
                    },
                    ..OK
                },
            )
        },
        row(
            "a thousand slashes",
            "/v1".to_owned() + &"/".repeat(1000),
            Want { http: 404, body: || error(404, "NOT_FOUND", "no route has this path"), ..OK },
        ),
        row(
            "a thousand colons",
            "/v1/items/7".to_owned() + &":".repeat(1000),
            Want { body: || json(&format!(r#"{{"id":"7{}"}}"#, ":".repeat(1000))), ..OK },
        ),
    ]
}

fn long_name(bytes: usize) -> Vec<u8> {
    json(&format!(r#"{{"name":"files/{}"}}"#, "x".repeat(bytes - "files/".len())))
}

fn tags(count: usize) -> Vec<u8> {
    json(&format!(r#"{{"id":"7","tags":[{}]}}"#, vec![r#""a""#; count].join(",")))
}

fn nested(levels: usize) -> Vec<u8> {
    let (open, close) = (r#""child":{"#.repeat(levels), "}".repeat(levels));
    json(&format!(r#"{{"id":"7",{open}"id":"a"{close}}}"#))
}
