//! The rows of Connect.

use crate::{
    peer::frame,
    table::{Row, SUPPORTED, Want, bomb, compressed, gzip, nested, text, texts},
};

type Headers = &'static [(&'static str, &'static str)];

const PROTO: Headers = &[("content-type", "application/proto")];
const JSON: Headers = &[("content-type", "application/json")];
const JSON_ERROR: Headers = &[("content-type", "application/json")];

const UNARY: Row = Row {
    name: "",
    method: "POST",
    path: "/test.Echo/Unary",
    headers: PROTO,
    body: &[],
    ends: true,
    answer: Want { http: 200, headers: &[], body: Vec::new, trailers: &[], status: "", message: "", reset: None },
};
const GET: Row = Row { method: "GET", headers: &[], ..UNARY };
const STREAM: Row = Row { headers: &[("content-type", "application/connect+proto")], ..UNARY };
const DOWN: Row = Row { path: "/test.Echo/Down", ..STREAM };
const UP: Row = Row { path: "/test.Echo/Up", ..STREAM };
const BOTH: Row = Row { path: "/test.Echo/Both", ..STREAM };
const OK: Want = UNARY.answer;
const BAD: Want = Want { http: 400, headers: JSON_ERROR, ..OK };

/// A `StringValue`, bare.
pub fn bare(value: &str) -> Vec<u8> {
    text(value)[5..].to_vec()
}

/// The frame that ends a stream.
pub fn end(json: &str) -> Vec<u8> {
    let mut framed = frame(json.as_bytes());
    framed[0] = 2;
    framed
}

pub fn ok(messages: &[&str]) -> Vec<u8> {
    [texts(messages), end("{}")].concat()
}

pub fn broken(code: &str, message: &str) -> Vec<u8> {
    end(&format!(r#"{{"error":{{"code":"{code}","message":"{message}"}}}}"#))
}

/// Each code has its name and its HTTP status (Connect's protocol reference, "Error codes").
macro_rules! coded {
    ($code:literal, $http:literal, $name:literal) => {
        Row {
            name: concat!("the code ", $name),
            body: &[|| bare(concat!("code:", $code))],
            answer: Want {
                http: $http,
                headers: JSON_ERROR,
                body: || concat!(r#"{"code":""#, $name, r#"","message":"as asked"}"#).as_bytes().to_vec(),
                ..BAD
            },
            ..UNARY
        }
    };
}

/// With a timeout that is none, nothing is called.
macro_rules! mistimed {
    ($name:literal, $value:literal) => {
        Row {
            name: $name,
            headers: &[("content-type", "application/proto"), ("connect-timeout-ms", $value)],
            body: &[|| bare("hi")],
            answer: Want {
                body: || {
                    let why = concat!(r#"connect-timeout-ms \""#, $value, r#"\" is not one to ten digits"#);
                    format!(r#"{{"code":"invalid_argument","message":"{why}"}}"#).into_bytes()
                },
                ..BAD
            },
            ..UNARY
        }
    };
}

/// What a method without side effects cannot be called by: the answer names what it can.
macro_rules! unusable {
    ($verb:literal) => {
        Row {
            name: concat!($verb, " of what has no effects"),
            method: $verb,
            path: "/test.Echo/Look?encoding=proto&message=",
            answer: Want { http: 405, headers: &[("allow", "GET, POST"), ("content-type", "absent")], ..OK },
            ..GET
        }
    };
}

#[rustfmt::skip]
pub const ROWS: &[Row] = &[
    // Unary.
    Row { name: "unary", body: &[|| bare("hi")], answer: Want { body: || bare("hi"), headers: &[("content-type", "application/proto")], ..OK }, ..UNARY },
    Row { name: "unary, with version and parameter", headers: &[("content-type", "application/proto; a=b"), ("connect-protocol-version", "1")], body: &[|| bare("hi")], answer: Want { body: || bare("hi"), headers: &[("content-type", "application/proto")], ..OK }, ..UNARY },
    Row { name: "unary, in pieces", body: &[|| bare("hi")[..1].to_vec(), || bare("hi")[1..2].to_vec(), || bare("hi")[2..].to_vec()], answer: Want { body: || bare("hi"), ..OK }, ..UNARY },
    Row { name: "unary, an empty body is an empty message", body: &[], answer: Want { body: Vec::new, headers: &[("content-type", "application/proto")], ..OK }, ..UNARY },
    Row { name: "metadata both ways, trailers with a prefix", headers: &[("content-type", "application/proto"), ("x-a", "1"), ("x-b-bin", "AAE")], body: &[|| bare("echo-metadata")], answer: Want { headers: &[("x-a", "1"), ("x-b-bin", "AAE"), ("trailer-x-a", "1"), ("trailer-x-b-bin", "AAE")], ..OK }, ..UNARY },
    Row { name: "headers of the protocol and of HTTP are no metadata", headers: &[("content-type", "application/proto"), ("connect-protocol-version", "1"), ("connect-timeout-ms", "60000"), ("accept-encoding", "gzip"), ("x-a", "1")], body: &[|| bare("keys")], answer: Want { body: || bare("1Ascii(\"x-a\")"), ..OK }, ..UNARY },
    Row { name: "a -bin value that is not base64", headers: &[("content-type", "application/proto"), ("x-b-bin", "!")], body: &[|| bare("hi")], answer: Want { body: || br#"{"code":"invalid_argument","message":"the value of the metadata x-b-bin is not base64"}"#.to_vec(), ..BAD }, ..UNARY },
    Row { name: "details", body: &[|| bare("details:a")], answer: Want { body: || br#"{"code":"invalid_argument","message":"bad","details":[{"type":"google.rpc.BadRequest","value":"CgMKAWE","debug":{"fieldViolations":[{"field":"a"}]}}]}"#.to_vec(), ..BAD }, ..UNARY },
    Row { name: "a message that needs escapes", body: &[|| bare("message:\"\\\n\u{7}ü\u{1F600}")], answer: Want { http: 409, body: || format!(r#"{{"code":"aborted","message":"{}"}}"#, r#"\"\\\n\u0007ü😀"#.repeat(5000)).into_bytes(), ..BAD }, ..UNARY },
    coded!(1, 499, "canceled"),
    coded!(2, 500, "unknown"),
    coded!(3, 400, "invalid_argument"),
    coded!(4, 504, "deadline_exceeded"),
    coded!(5, 404, "not_found"),
    coded!(6, 409, "already_exists"),
    coded!(7, 403, "permission_denied"),
    coded!(8, 429, "resource_exhausted"),
    coded!(9, 400, "failed_precondition"),
    coded!(10, 409, "aborted"),
    coded!(11, 400, "out_of_range"),
    coded!(12, 501, "unimplemented"),
    coded!(13, 500, "internal"),
    coded!(14, 503, "unavailable"),
    coded!(15, 500, "data_loss"),
    coded!(16, 401, "unauthenticated"),
    Row { name: "an error with the code OK", body: &[|| bare("no-error")], answer: Want { http: 500, body: || br#"{"code":"internal","message":"the handler failed with the code OK: well"}"#.to_vec(), ..BAD }, ..UNARY },
    Row { name: "a panic", body: &[|| bare("panic")], answer: Want { http: 500, body: || br#"{"code":"internal","message":"the handler panicked"}"#.to_vec(), ..BAD }, ..UNARY },
    Row { name: "an interceptor answers", headers: &[("content-type", "application/proto"), ("x-refuse", "1")], body: &[|| bare("hi")], answer: Want { http: 403, body: || br#"{"code":"permission_denied","message":"Unary is closed"}"#.to_vec(), ..BAD }, ..UNARY },
    // JSON.
    Row { name: "unary JSON", headers: JSON, body: &[|| br#""hi""#.to_vec()], answer: Want { body: || br#""hi""#.to_vec(), headers: JSON, ..OK }, ..UNARY },
    Row { name: "unary JSON with a charset", headers: &[("content-type", "application/json; charset=utf-8")], body: &[|| br#" "h\u0069" "#.to_vec()], answer: Want { body: || br#""hi""#.to_vec(), headers: JSON, ..OK }, ..UNARY },
    Row { name: "no JSON", headers: JSON, body: &[|| b"hi".to_vec()], answer: Want { body: || br#"{"code":"invalid_argument","message":"the message does not decode as JSON: expected a string, found 'h' (line 1, column 1)"}"#.to_vec(), ..BAD }, ..UNARY },
    Row { name: "JSON of nothing", headers: JSON, body: &[], answer: Want { body: || br#"{"code":"invalid_argument","message":"the message does not decode as JSON: expected a string, found the end of the text (line 1, column 1)"}"#.to_vec(), ..BAD }, ..UNARY },
    Row { name: "a JSON answer over the limit", headers: JSON, body: &[|| br#""long:1048575""#.to_vec()], answer: Want { http: 429, headers: JSON, body: || br#"{"code":"resource_exhausted","message":"sending a message of 1048577 bytes, over the limit of 1048576 bytes"}"#.to_vec(), ..OK }, ..UNARY },
    Row { name: "get JSON", path: "/test.Echo/Look?encoding=json&message=%22a%20b%22", answer: Want { body: || br#""a b""#.to_vec(), headers: JSON, ..OK }, ..GET },
    Row { name: "stream of JSON", headers: &[("content-type", "application/connect+json")], body: &[|| [frame(br#""a""#), frame(br#""b""#)].concat()], answer: Want { body: || [frame(br#""a""#), frame(br#""b""#), end("{}")].concat(), headers: &[("content-type", "application/connect+json")], ..OK }, ..BOTH },
    // Deadlines and versions.
    Row { name: "of two deadlines the first counts", headers: &[("content-type", "application/proto"), ("connect-timeout-ms", "5400000"), ("connect-timeout-ms", "soon")], body: &[|| bare("deadline")], answer: Want { body: || bare("Some(89)"), ..OK }, ..UNARY },
    Row { name: "the handler sees the deadline", headers: &[("content-type", "application/proto"), ("connect-timeout-ms", "5400000")], body: &[|| bare("deadline")], answer: Want { body: || bare("Some(89)"), ..OK }, ..UNARY },
    Row { name: "a deadline cuts a handler", headers: &[("content-type", "application/proto"), ("connect-timeout-ms", "20")], body: &[|| bare("sleep")], answer: Want { http: 504, body: || br#"{"code":"deadline_exceeded","message":"the deadline of the call has passed"}"#.to_vec(), ..BAD }, ..UNARY },
    Row { name: "a deadline of no time", headers: &[("content-type", "application/proto"), ("connect-timeout-ms", "0")], body: &[|| bare("sleep")], answer: Want { http: 504, body: || br#"{"code":"deadline_exceeded","message":"the deadline of the call has passed"}"#.to_vec(), ..BAD }, ..UNARY },
    Row { name: "a deadline cuts a request that does not end", headers: &[("content-type", "application/proto"), ("connect-timeout-ms", "20")], body: &[|| bare("hi")], ends: false, answer: Want { http: 504, body: || br#"{"code":"deadline_exceeded","message":"the deadline of the call has passed"}"#.to_vec(), ..BAD }, ..UNARY },
    mistimed!("a timeout that is no number", "1s"),
    mistimed!("a timeout in letters", "soon"),
    mistimed!("a timeout of eleven digits", "12345678901"),
    mistimed!("a timeout before now", "-1"),
    mistimed!("a timeout with a sign", "+1"),
    mistimed!("a timeout with a fraction", "1.5"),
    mistimed!("two timeouts in one", "1, 2"),
    mistimed!("an empty timeout", ""),
    Row { name: "a timeout of ten digits", headers: &[("content-type", "application/proto"), ("connect-timeout-ms", "9999999999")], body: &[|| bare("deadline")], answer: Want { body: || bare("Some(166666)"), ..OK }, ..UNARY },
    Row { name: "a version we do not have", headers: &[("content-type", "application/proto"), ("connect-protocol-version", "2")], body: &[|| bare("hi")], answer: Want { body: || br#"{"code":"invalid_argument","message":"the version \"2\" of the Connect protocol is not \"1\""}"#.to_vec(), ..BAD }, ..UNARY },
    // Sizes and compression.
    Row { name: "a message at the limit", body: &[|| [b"\x0a\xfc\xff\x3f", &vec![b'x'; (1 << 20) - 4][..]].concat()], answer: Want { body: || [b"\x0a\xfc\xff\x3f", &vec![b'x'; (1 << 20) - 4][..]].concat(), ..OK }, ..UNARY },
    Row { name: "a message over the limit, of which the rest never comes", body: &[|| vec![0; (1 << 20) + 1]], ends: false, answer: Want { http: 429, headers: JSON_ERROR, body: || br#"{"code":"resource_exhausted","message":"receiving a message of 1048577 bytes, over the limit of 1048576 bytes"}"#.to_vec(), ..OK }, ..UNARY },
    Row { name: "a gzip request", headers: &[("content-type", "application/proto"), ("content-encoding", "gzip")], body: &[|| gzip(b"\x0a\x02hi")], answer: Want { body: || bare("hi"), ..OK }, ..UNARY },
    Row { name: "a gzip request of nothing", headers: &[("content-type", "application/proto"), ("content-encoding", "gzip")], body: &[], answer: OK, ..UNARY },
    Row { name: "a request that is not gzip", headers: &[("content-type", "application/proto"), ("content-encoding", "gzip")], body: &[|| bare("hi")], answer: Want { body: || br#"{"code":"invalid_argument","message":"a message does not decompress as gzip: unexpected end of file"}"#.to_vec(), ..BAD }, ..UNARY },
    Row { name: "a gzip bomb", headers: &[("content-type", "application/proto"), ("content-encoding", "gzip")], body: &[|| bomb()[5..].to_vec()], answer: Want { http: 429, headers: JSON_ERROR, body: || br#"{"code":"resource_exhausted","message":"decompressing a message of 1048577 bytes, over the limit of 1048576 bytes"}"#.to_vec(), ..OK }, ..UNARY },
    Row { name: "an encoding we do not have", headers: &[("content-type", "application/proto"), ("content-encoding", "br")], body: &[|| bare("hi")], answer: Want { http: 501, headers: JSON_ERROR, body: || format!(r#"{{"code":"unimplemented","message":"the encoding \"br\" is not supported; supported are: {SUPPORTED}"}}"#).into_bytes(), ..OK }, ..UNARY },
    // GET.
    Row { name: "get", path: "/test.Echo/Look?connect=v1&base64=1&encoding=proto&message=CgJoaQ", answer: Want { body: || bare("hi"), headers: &[("content-type", "application/proto"), ("vary", "accept-encoding")], ..OK }, ..GET },
    Row { name: "get, another order, more parameters, padding", path: "/test.Echo/Look?message=CgNoaSE%3D&a=b&encoding=proto&base64=1&c&message=x", answer: Want { body: || bare("hi!"), ..OK }, ..GET },
    Row { name: "get, percent-encoded", path: "/test.Echo/Look?encoding=proto&message=%0A%03a+b", answer: Want { body: || bare("a b"), ..OK }, ..GET },
    Row { name: "get, compressed", path: "/test.Echo/Look?compression=gzip&base64=1&encoding=proto&message=H4sIAAAAAAACA-NiysgEAEXTN9QEAAAA", answer: Want { body: || bare("hi"), ..OK }, ..GET },
    Row { name: "get, an empty message", path: "/test.Echo/Look?encoding=proto&message=", answer: OK, ..GET },
    Row { name: "get, POST does as well", path: "/test.Echo/Look", body: &[|| bare("hi")], answer: Want { body: || bare("hi"), ..OK }, ..UNARY },
    Row { name: "get, a method that may have effects", path: "/test.Echo/Unary?encoding=proto&message=", answer: Want { http: 405, headers: &[("allow", "POST")], ..OK }, ..GET },
    Row { name: "get, a stream", path: "/test.Echo/Down?encoding=proto&message=", answer: Want { http: 405, headers: &[("allow", "POST")], ..OK }, ..GET },
    Row { name: "get, no message", path: "/test.Echo/Look?encoding=proto", answer: Want { body: || br#"{"code":"invalid_argument","message":"the query has no parameter message"}"#.to_vec(), ..BAD }, ..GET },
    Row { name: "get, no encoding", path: "/test.Echo/Look?message=", answer: Want { body: || br#"{"code":"invalid_argument","message":"the query has no parameter encoding"}"#.to_vec(), ..BAD }, ..GET },
    Row { name: "get, no query", path: "/test.Echo/Look", answer: Want { body: || br#"{"code":"invalid_argument","message":"the query has no parameter message"}"#.to_vec(), ..BAD }, ..GET },
    Row { name: "get, an encoding we do not have", path: "/test.Echo/Look?encoding=thrift&message=", answer: Want { http: 415, ..OK }, ..GET },
    Row { name: "get, a compression we do not have", path: "/test.Echo/Look?encoding=proto&message=&compression=br", answer: Want { http: 501, headers: JSON_ERROR, body: || format!(r#"{{"code":"unimplemented","message":"the encoding \"br\" is not supported; supported are: {SUPPORTED}"}}"#).into_bytes(), ..OK }, ..GET },
    Row { name: "get, the standard alphabet of base64", path: "/test.Echo/Look?encoding=proto&message=CgI%2FCgI&base64=1", answer: Want { body: || br#"{"code":"invalid_argument","message":"the parameter message is not base64: Invalid symbol 47, offset 3."}"#.to_vec(), ..BAD }, ..GET },
    Row { name: "get, another version", path: "/test.Echo/Look?connect=v2&encoding=proto&message=", answer: Want { body: || br#"{"code":"invalid_argument","message":"the version \"v2\" of the Connect protocol is not \"v1\""}"#.to_vec(), ..BAD }, ..GET },
    Row { name: "get, names and values percent-encoded for no reason", path: "/test.Echo/Look?%65ncoding=%70roto&%6Dessage=%0a%03a%20b", answer: Want { body: || bare("a b"), ..OK }, ..GET },
    Row { name: "get, escapes that are none stay as they are", path: "/test.Echo/Look?encoding=json&message=%22%zz%2%22", answer: Want { body: || br#""%zz%2""#.to_vec(), ..OK }, ..GET },
    Row { name: "get, base64 that is not 1", path: "/test.Echo/Look?encoding=json&base64=2&message=%22CgI%22", answer: Want { body: || br#""CgI""#.to_vec(), ..OK }, ..GET },
    Row { name: "get, not UTF-8", path: "/test.Echo/Look?encoding=json&message=%22%ff%22", answer: Want { body: || br#"{"code":"invalid_argument","message":"the message does not decode as JSON: the text is not UTF-8 (line 1, column 2)"}"#.to_vec(), ..BAD }, ..GET },
    Row { name: "get, of a message of which half is there", path: "/test.Echo/Look?encoding=proto&base64=1&message=CgI", answer: Want { http: 500, body: || br#"{"code":"internal","message":"the message does not decode as protobuf: failed to decode Protobuf message: buffer underflow"}"#.to_vec(), ..BAD }, ..GET },
    Row { name: "get, with a body", path: "/test.Echo/Look?encoding=proto&message=", body: &[|| b"x".to_vec()], answer: Want { body: || br#"{"code":"invalid_argument","message":"a GET has no body"}"#.to_vec(), ..BAD }, ..GET },
    Row { name: "get, nothing but separators", path: "/test.Echo/Look?&&=&==&", answer: Want { body: || br#"{"code":"invalid_argument","message":"the query has no parameter message"}"#.to_vec(), ..BAD }, ..GET },
    Row { name: "get, a timeout that is no number", path: "/test.Echo/Look?encoding=proto&message=", headers: &[("connect-timeout-ms", "1.5")], answer: Want { body: || br#"{"code":"invalid_argument","message":"connect-timeout-ms \"1.5\" is not one to ten digits"}"#.to_vec(), ..BAD }, ..GET },
    // Other methods, and what may be used in their place.
    unusable!("HEAD"),
    unusable!("PUT"),
    unusable!("PATCH"),
    unusable!("DELETE"),
    unusable!("OPTIONS"),
    unusable!("TRACE"),
    unusable!("PROPFIND"),
    Row { name: "HEAD of what has effects", method: "HEAD", answer: Want { http: 405, headers: &[("allow", "POST")], ..OK }, ..GET },
    Row { name: "OPTIONS of what has effects", method: "OPTIONS", answer: Want { http: 405, headers: &[("allow", "POST")], ..OK }, ..GET },
    Row { name: "DELETE of a stream", method: "DELETE", answer: Want { http: 405, headers: &[("allow", "POST")], ..OK }, ..DOWN },
    Row { name: "PUT with a message", method: "PUT", body: &[|| bare("hi")], answer: Want { http: 405, headers: &[("allow", "POST")], ..OK }, ..UNARY },
    // Streams.
    Row { name: "server streaming", body: &[|| text("n:2")], answer: Want { body: || [texts(&["0", "1"]), end(r#"{"metadata":{"x-end":["yes"]}}"#)].concat(), headers: &[("content-type", "application/connect+proto")], ..OK }, ..DOWN },
    Row { name: "server streaming, with a pause", body: &[|| text("slow:1")], answer: Want { body: || [texts(&["0", "late"]), end(r#"{"metadata":{"x-end":["yes"]}}"#)].concat(), ..OK }, ..DOWN },
    Row { name: "server streaming, refused before the first message", body: &[|| text("refuse")], answer: Want { body: || broken("not_found", "nothing to stream"), ..OK }, ..DOWN },
    Row { name: "server streaming, broken after two", body: &[|| text("break:2")], answer: Want { body: || [texts(&["0", "1"]), broken("data_loss", "broke")].concat(), ..OK }, ..DOWN },
    Row { name: "a panic in a stream", body: &[|| text("panic:1")], answer: Want { body: || [text("0"), broken("internal", "the handler panicked")].concat(), ..OK }, ..DOWN },
    Row { name: "client streaming", body: &[|| texts(&["a", "b"]), || text("c")], answer: Want { body: || ok(&["abc"]), ..OK }, ..UP },
    Row { name: "client streaming, nothing", body: &[], answer: Want { body: || ok(&["nothing"]), ..OK }, ..UP },
    Row { name: "client streaming, answered early", body: &[|| text("enough")], ends: false, answer: Want { body: || ok(&["enough"]), ..OK }, ..UP },
    Row { name: "bidi, one side after the other", body: &[|| texts(&["a", "b"]), || text("c")], answer: Want { body: || ok(&["a", "b", "c"]), ..OK }, ..BOTH },
    Row { name: "a deadline cuts a stream", headers: &[("content-type", "application/connect+proto"), ("connect-timeout-ms", "50")], body: &[|| text("hang:2")], answer: Want { body: || [texts(&["0", "1"]), broken("deadline_exceeded", "the deadline of the call has passed")].concat(), ..OK }, ..DOWN },
    Row { name: "a stream with a timeout that is no number", headers: &[("content-type", "application/connect+proto"), ("connect-timeout-ms", "1.5")], body: &[|| text("n:1")], answer: Want { body: || broken("invalid_argument", r#"connect-timeout-ms \"1.5\" is not one to ten digits"#), ..OK }, ..DOWN },
    Row { name: "a gzip message", headers: &[("content-type", "application/connect+proto"), ("connect-content-encoding", "gzip")], body: &[|| [compressed(&gzip(b"\x0a\x01a")), text("b")].concat()], answer: Want { body: || ok(&["ab"]), ..OK }, ..UP },
    Row { name: "the compressed flag without an encoding", body: &[|| compressed(&gzip(b"\x0a\x02hi"))], answer: Want { body: || broken("internal", "a message has its compressed flag set, but the headers name no encoding"), ..OK }, ..UP },
    Row { name: "a stream in an encoding we do not have", headers: &[("content-type", "application/connect+proto"), ("connect-content-encoding", "br")], body: &[], answer: Want { body: || broken("unimplemented", &format!(r#"the encoding \"br\" is not supported; supported are: {SUPPORTED}"#)), ..OK }, ..UP },
    // Bodies that are wrong.
    Row { name: "an end frame in a request", body: &[|| [text("a"), end("{}")].concat()], answer: Want { body: || broken("internal", "a message has the flags 0x02, which the protocol does not define"), ..OK }, ..UP },
    Row { name: "a compressed end frame in a request", headers: &[("content-type", "application/connect+proto"), ("connect-content-encoding", "gzip")], body: &[|| [&[3][..], &compressed(&gzip(b"{}"))[1..]].concat()], answer: Want { body: || broken("internal", "a message has the flags 0x03, which the protocol does not define"), ..OK }, ..UP },
    Row { name: "all flags", body: &[|| vec![255, 0, 0, 0, 0]], answer: Want { body: || broken("internal", "a message has the flags 0xff, which the protocol does not define"), ..OK }, ..UP },
    Row { name: "a gzip message that is none", headers: &[("content-type", "application/connect+proto"), ("connect-content-encoding", "gzip")], body: &[|| compressed(b"\x0a\x01a")], answer: Want { body: || broken("internal", "a message does not decompress as gzip: unexpected end of file"), ..OK }, ..UP },
    Row { name: "a gzip bomb in a stream", headers: &[("content-type", "application/connect+proto"), ("connect-content-encoding", "gzip")], body: &[bomb], answer: Want { body: || broken("resource_exhausted", "decompressing a message of 1048577 bytes, over the limit of 1048576 bytes"), ..OK }, ..UP },
    Row { name: "half a message", body: &[|| text("hello")[..8].to_vec()], answer: Want { body: || broken("internal", "the stream ended inside a message, after 8 bytes of it"), ..OK }, ..UP },
    Row { name: "flags that are reserved", body: &[|| vec![4, 0, 0, 0, 0]], answer: Want { body: || broken("internal", "a message has the flags 0x04, which the protocol does not define"), ..OK }, ..UP },
    Row { name: "no message", body: &[], answer: Want { body: || broken("unimplemented", "expected exactly one message, got none"), ..OK }, ..DOWN },
    Row { name: "two messages", body: &[|| texts(&["a", "b"])], answer: Want { body: || broken("unimplemented", "expected exactly one message, got more"), ..OK }, ..DOWN },
    Row { name: "half a prefix", body: &[|| vec![0, 0]], answer: Want { body: || broken("internal", "the stream ended inside a message, after 2 bytes of it"), ..OK }, ..UP },
    Row { name: "a prefix that claims 4 GiB", body: &[|| vec![0, 255, 255, 255, 255]], ends: false, answer: Want { body: || broken("resource_exhausted", "receiving a message of 4294967295 bytes, over the limit of 1048576 bytes"), ..OK }, ..UP },
    Row { name: "unknown groups, 400,000 deep", body: &[|| nested(400_000)[5..].to_vec()], answer: Want { http: 500, body: || br#"{"code":"internal","message":"the message does not decode as protobuf: failed to decode Protobuf message: recursion limit reached"}"#.to_vec(), ..BAD }, ..UNARY },
    // No call at all.
    Row { name: "an unknown method", path: "/test.Echo/Nothing", body: &[|| bare("hi")], answer: Want { http: 404, ..OK }, ..UNARY },
    Row { name: "an unknown method, as a stream", path: "/test.Echo/Nothing", body: &[|| text("hi")], answer: Want { http: 404, ..OK }, ..UP },
    Row { name: "another content-type", headers: &[("content-type", "image/jpeg")], body: &[|| bare("hi")], answer: Want { http: 415, headers: &[("accept-post", "application/proto, application/json")], ..OK }, ..UNARY },
    Row { name: "a content-type in capitals", headers: &[("content-type", "Application/JSON")], body: &[|| br#""hi""#.to_vec()], answer: Want { body: || br#""hi""#.to_vec(), ..OK }, ..UNARY },
    Row { name: "a content-type in capitals, of a stream", headers: &[("content-type", "application/connect+Proto")], body: &[|| texts(&["a", "b"])], answer: Want { body: || ok(&["ab"]), ..OK }, ..UP },
    Row { name: "two encodings", headers: &[("content-type", "application/proto"), ("content-encoding", "identity"), ("content-encoding", "gzip")], body: &[|| bare("hi")], answer: Want { http: 501, body: || format!(r#"{{"code":"unimplemented","message":"the encoding \"identity, gzip\" is not supported; supported are: {SUPPORTED}"}}"#).into_bytes(), ..OK }, ..UNARY },
    Row { name: "a stream that is compressed as a whole", headers: &[("content-type", "application/connect+proto"), ("content-encoding", "gzip")], body: &[|| gzip(&text("hi"))], answer: Want { http: 415, headers: &[("accept-encoding", "identity")], ..OK }, ..UP },
    Row { name: "a stream that is not compressed as a whole", headers: &[("content-type", "application/connect+proto"), ("content-encoding", "Identity")], body: &[|| text("hi")], answer: Want { body: || ok(&["hi"]), ..OK }, ..UP },
    Row { name: "a stream by GET, of a method that is called so", method: "GET", path: "/test.Echo/Look", answer: Want { http: 405, headers: &[("allow", "GET, POST")], ..OK }, ..STREAM },
    Row { name: "no content-type", headers: &[], body: &[|| bare("hi")], answer: Want { http: 415, headers: &[("accept-post", "application/proto, application/json")], ..OK }, ..UNARY },
    Row { name: "a codec we do not have", headers: &[("content-type", "application/connect+thrift")], body: &[|| text("hi")], answer: Want { http: 415, headers: &[("accept-post", "application/connect+proto, application/connect+json")], ..OK }, ..UP },
    Row { name: "a stream to a unary method", body: &[|| text("hi")], answer: Want { http: 415, headers: &[("accept-post", "application/proto, application/json")], ..OK }, ..STREAM },
    Row { name: "a bare message to a stream", headers: PROTO, body: &[|| bare("hi")], answer: Want { http: 415, headers: &[("accept-post", "application/connect+proto, application/connect+json")], ..OK }, ..UP },
];
