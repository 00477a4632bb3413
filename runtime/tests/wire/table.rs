//! The rows.

use std::{io::Write, sync::LazyLock};

use h2::Reason;

use crate::peer::frame;

pub struct Row {
    pub name: &'static str,
    pub method: &'static str,
    pub path: &'static str,
    pub headers: &'static [(&'static str, &'static str)],
    /// DATA frames.
    pub body: &'static [fn() -> Vec<u8>],
    /// Whether the last of them ends the stream.
    pub ends: bool,
    pub answer: Want,
}

pub struct Want {
    pub http: u16,
    /// Some of the head.
    pub headers: &'static [(&'static str, &'static str)],
    pub body: fn() -> Vec<u8>,
    /// Some of the trailers.
    pub trailers: &'static [(&'static str, &'static str)],
    pub status: &'static str,
    /// A part of it, percent-encoded.
    pub message: &'static str,
    pub reset: Option<Reason>,
}

type Headers = &'static [(&'static str, &'static str)];

const GRPC: Headers = &[("content-type", "application/grpc"), ("te", "trailers")];

pub const UNARY: Row = Row {
    name: "",
    method: "POST",
    path: "/test.Echo/Unary",
    headers: GRPC,
    body: &[],
    ends: true,
    answer: Want { http: 200, headers: &[], body: Vec::new, trailers: &[], status: "0", message: "", reset: None },
};
const DOWN: Row = Row { path: "/test.Echo/Down", ..UNARY };
const UP: Row = Row { path: "/test.Echo/Up", ..UNARY };
const BOTH: Row = Row { path: "/test.Echo/Both", ..UNARY };
const OK: Want = UNARY.answer;
const NOT_HTTP: Want = Want { status: "", ..OK };

/// The encodings, as answers list them: with the default features or, as the tests are run too, with all.
pub const SUPPORTED: &str =
    if cfg!(all(feature = "zstd", feature = "deflate")) { "zstd,gzip,deflate,identity" } else { "gzip,identity" };

/// A `StringValue`, framed.
pub fn text(value: &str) -> Vec<u8> {
    frame(&prost::Message::encode_to_vec(&value.to_owned()))
}

pub fn texts(values: &[&str]) -> Vec<u8> {
    values.iter().flat_map(|value| text(value)).collect()
}

/// The value of a header with more parts than it may have.
const COMMAS: &str = match str::from_utf8(&[b','; 100]) {
    Ok(commas) => commas,
    Err(_) => panic!(),
};

/// As the server compresses, too, byte for byte.
pub fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

pub fn compressed(payload: &[u8]) -> Vec<u8> {
    let mut framed = frame(payload);
    framed[0] = 1;
    framed
}

/// 16 MiB of zeros in 16 KiB.
pub fn bomb() -> Vec<u8> {
    static BOMB: LazyLock<Vec<u8>> = LazyLock::new(|| compressed(&gzip(&vec![0; 16 << 20])));
    BOMB.clone()
}

/// A message field within a message field, this deep: prost stops at 100.
pub fn nested(depth: usize) -> Vec<u8> {
    // Unknown groups: field 2, start and end.
    frame(&[vec![0x13; depth], vec![0x14; depth]].concat())
}

#[rustfmt::skip]
pub const ROWS: &[Row] = &[
    // The four kinds.
    Row { name: "unary", body: &[|| text("hi")], answer: Want { body: || text("hi"), headers: &[("content-type", "application/grpc")], ..OK }, ..UNARY },
    Row { name: "unary, content-type with codec", headers: &[("content-type", "application/grpc+proto"), ("te", "trailers")], body: &[|| text("hi")], answer: Want { body: || text("hi"), headers: &[("content-type", "application/grpc+proto")], ..OK }, ..UNARY },
    Row { name: "unary, the message byte by byte", body: &[|| text("hi")[..1].to_vec(), || text("hi")[1..5].to_vec(), || text("hi")[5..6].to_vec(), || text("hi")[6..].to_vec()], answer: Want { body: || text("hi"), ..OK }, ..UNARY },
    Row { name: "unary, empty message", body: &[|| frame(b"")], answer: Want { body: || frame(b""), ..OK }, ..UNARY },
    Row { name: "unary, end of stream in a frame of its own", body: &[|| text("hi"), Vec::new], answer: Want { body: || text("hi"), ..OK }, ..UNARY },
    Row { name: "server streaming", body: &[|| text("n:3")], answer: Want { body: || texts(&["0", "1", "2"]), trailers: &[("x-end", "yes")], ..OK }, ..DOWN },
    Row { name: "server streaming, nothing", body: &[|| text("n:0")], ..DOWN },
    Row { name: "server streaming, with a pause", body: &[|| text("slow:2")], answer: Want { body: || texts(&["0", "1", "late"]), ..OK }, ..DOWN },
    Row { name: "server streaming, refused before the first message", body: &[|| text("refuse")], answer: Want { status: "5", message: "nothing to stream", headers: &[("content-type", "application/grpc")], ..OK }, ..DOWN },
    Row { name: "server streaming, broken after two", body: &[|| text("break:2")], answer: Want { body: || texts(&["0", "1"]), status: "15", message: "broke", ..OK }, ..DOWN },
    Row { name: "client streaming", body: &[|| texts(&["a", "b"]), || text("c")], answer: Want { body: || text("abc"), ..OK }, ..UP },
    Row { name: "client streaming, nothing", body: &[], answer: Want { body: || text("nothing"), ..OK }, ..UP },
    Row { name: "client streaming, answered early", body: &[|| text("enough")], ends: false, answer: Want { body: || text("enough"), ..OK }, ..UP },
    Row { name: "another service on the port", path: "/test.Bulk/Count", body: &[|| frame(&[])], answer: Want { body: || text("0"), ..OK }, ..UNARY },
    Row { name: "bidi", body: &[|| texts(&["a", "b"]), || text("c")], answer: Want { body: || texts(&["a", "b", "c"]), ..OK }, ..BOTH },
    Row { name: "JSON", headers: &[("content-type", "application/grpc+json"), ("te", "trailers")], body: &[|| frame(br#""hi""#)], answer: Want { body: || frame(br#""hi""#), headers: &[("content-type", "application/grpc+json")], ..OK }, ..UNARY },
    Row { name: "no JSON", headers: &[("content-type", "application/grpc+json"), ("te", "trailers")], body: &[|| frame(b"hi")], answer: Want { status: "3", message: "does not decode as JSON", ..OK }, ..UNARY },
    // Metadata.
    Row { name: "metadata both ways", headers: &[("content-type", "application/grpc"), ("x-a", "1"), ("x-b-bin", "AAE=")], body: &[|| text("echo-metadata")], answer: Want { body: || frame(b""), headers: &[("x-a", "1"), ("x-b-bin", "AAE=")], trailers: &[("x-a", "1"), ("x-b-bin", "AAE=")], ..OK }, ..UNARY },
    Row { name: "headers of the protocol are no metadata", headers: &[("content-type", "application/grpc"), ("te", "trailers"), ("grpc-timeout", "1H"), ("grpc-accept-encoding", "gzip"), ("x-a", "1")], body: &[|| text("keys")], answer: Want { body: || text("1Ascii(\"x-a\")"), ..OK }, ..UNARY },
    Row { name: "a -bin value that is not base64", headers: &[("content-type", "application/grpc"), ("x-b-bin", "!")], body: &[|| text("hi")], answer: Want { status: "3", message: "x-b-bin is not base64", ..OK }, ..UNARY },
    Row { name: "a -bin value of impossible length", headers: &[("content-type", "application/grpc"), ("x-b-bin", "AAAAA")], body: &[|| text("hi")], answer: Want { status: "3", message: "x-b-bin is not base64", ..OK }, ..UNARY },
    Row { name: "a -bin value with bits beyond its last byte", headers: &[("content-type", "application/grpc"), ("x-b-bin", "AB")], body: &[|| text("hi")], answer: Want { status: "3", message: "x-b-bin is not base64", ..OK }, ..UNARY },
    Row { name: "many -bin values in one", headers: &[("content-type", "application/grpc"), ("x-b-bin", COMMAS)], body: &[|| text("hi")], answer: Want { status: "8", message: "more than 100 binary values are joined by commas", ..OK }, ..UNARY },
    Row { name: "two -bin values in one", headers: &[("content-type", "application/grpc"), ("x-b-bin", "AAE=,AA")], body: &[|| text("echo-metadata")], answer: Want { body: || frame(b""), headers: &[("x-b-bin", "AAE=, AA")], ..OK }, ..UNARY },
    Row { name: "an interceptor answers", headers: &[("content-type", "application/grpc"), ("x-refuse", "1")], body: &[|| text("n:3")], answer: Want { status: "7", message: "Down is closed", ..OK }, ..DOWN },
    // Status and details.
    Row { name: "details", body: &[|| text("details:a")], answer: Want { status: "3", message: "bad", headers: &[("grpc-status-details-bin", "CAMSA2JhZBoyCil0eXBlLmdvb2dsZWFwaXMuY29tL2dvb2dsZS5ycGMuQmFkUmVxdWVzdBIFCgMKAWE")], ..OK }, ..UNARY },
    Row { name: "a message that needs escapes", body: &[|| text("message:100%\n\u{fc}")], answer: Want { status: "10", message: "100%25%0A%C3%BC100%25%0A%C3%BC", ..OK }, ..UNARY },
    Row { name: "a long message is cut", body: &[|| text("message:%")], answer: Want { status: "10", message: "%25%25%25", ..OK }, ..UNARY },
    Row { name: "a panic", body: &[|| text("panic")], answer: Want { status: "13", message: "panicked", ..OK }, ..UNARY },
    Row { name: "an error with the code OK", body: &[|| text("no-error")], answer: Want { status: "13", message: "the handler failed with the code OK: well", ..OK }, ..UNARY },
    Row { name: "a panic in a stream", body: &[|| text("panic:1")], answer: Want { body: || text("0"), status: "13", message: "panicked", ..OK }, ..DOWN },
    // Deadlines.
    Row { name: "the handler sees the deadline", headers: &[("content-type", "application/grpc"), ("grpc-timeout", "90M")], body: &[|| text("deadline")], answer: Want { body: || text("Some(89)"), ..OK }, ..UNARY },
    Row { name: "of two deadlines the first counts", headers: &[("content-type", "application/grpc"), ("grpc-timeout", "90M"), ("grpc-timeout", "soon")], body: &[|| text("deadline")], answer: Want { body: || text("Some(89)"), ..OK }, ..UNARY },
    Row { name: "no deadline", body: &[|| text("deadline")], answer: Want { body: || text("None"), ..OK }, ..UNARY },
    Row { name: "a deadline cuts a handler", headers: &[("content-type", "application/grpc"), ("grpc-timeout", "20m")], body: &[|| text("sleep")], answer: Want { status: "4", message: "deadline", ..OK }, ..UNARY },
    Row { name: "a deadline cuts a stream", headers: &[("content-type", "application/grpc"), ("grpc-timeout", "50m")], body: &[|| text("hang:2")], answer: Want { body: || texts(&["0", "1"]), status: "4", message: "deadline", ..OK }, ..DOWN },
    Row { name: "a deadline cuts a request that does not end", headers: &[("content-type", "application/grpc"), ("grpc-timeout", "20m")], body: &[|| text("hi")], ends: false, answer: Want { status: "4", message: "deadline", ..OK }, ..UNARY },
    Row { name: "a deadline cuts a request stream", headers: &[("content-type", "application/grpc"), ("grpc-timeout", "20m")], body: &[|| text("a")], ends: false, answer: Want { status: "4", message: "deadline", ..OK }, ..UP },
    Row { name: "a deadline of zero", headers: &[("content-type", "application/grpc"), ("grpc-timeout", "0n")], body: &[|| text("sleep")], answer: Want { status: "4", message: "deadline", ..OK }, ..UNARY },
    Row { name: "grpc-timeout without a unit", headers: &[("content-type", "application/grpc"), ("grpc-timeout", "10")], body: &[|| text("hi")], answer: Want { status: "3", message: "grpc-timeout", ..OK }, ..UNARY },
    Row { name: "grpc-timeout with nine digits", headers: &[("content-type", "application/grpc"), ("grpc-timeout", "123456789S")], body: &[|| text("hi")], answer: Want { status: "3", message: "grpc-timeout", ..OK }, ..UNARY },
    // Sizes.
    Row { name: "a message at the limit", body: &[|| frame(&[b"\x0a\xfc\xff\x3f", &vec![b'x'; (1 << 20) - 4][..]].concat())], answer: Want { body: || frame(&[b"\x0a\xfc\xff\x3f", &vec![b'x'; (1 << 20) - 4][..]].concat()), ..OK }, ..UNARY },
    Row { name: "a message over the limit", body: &[|| frame(&vec![0; (1 << 20) + 1])], answer: Want { status: "8", message: "receiving a message of 1048577 bytes, over the limit of 1048576", ..OK }, ..UNARY },
    Row { name: "an answer over the limit", body: &[|| text("long:1048576")], answer: Want { status: "8", message: "sending a message of 1048580 bytes", ..OK }, ..UNARY },
    Row { name: "a prefix that claims 4 GiB", body: &[|| vec![0, 255, 255, 255, 255]], ends: false, answer: Want { status: "8", message: "4294967295 bytes", ..OK }, ..UNARY },
    // Compression.
    Row { name: "a gzip request", headers: &[("content-type", "application/grpc"), ("grpc-encoding", "gzip")], body: &[|| compressed(&gzip(b"\x0a\x02hi"))], answer: Want { body: || text("hi"), ..OK }, ..UNARY },
    Row { name: "a plain message in a compressed stream", headers: &[("content-type", "application/grpc"), ("grpc-encoding", "gzip")], body: &[|| text("hi")], answer: Want { body: || text("hi"), ..OK }, ..UNARY },
    Row { name: "identity", headers: &[("content-type", "application/grpc"), ("grpc-encoding", "identity")], body: &[|| text("hi")], answer: Want { body: || text("hi"), ..OK }, ..UNARY },
    Row { name: "an encoding we do not have", headers: &[("content-type", "application/grpc"), ("grpc-encoding", "lzma")], body: &[|| text("hi")], answer: Want { status: "12", message: "lzma", ..OK }, ..UNARY },
    Row { name: "the compressed flag without an encoding", body: &[|| compressed(&gzip(b"\x0a\x02hi"))], answer: Want { status: "13", message: "compressed flag", ..OK }, ..UNARY },
    Row { name: "corrupt gzip", headers: &[("content-type", "application/grpc"), ("grpc-encoding", "gzip")], body: &[|| compressed(b"not gzip at all")], answer: Want { status: "13", message: "does not decompress as gzip", ..OK }, ..UNARY },
    Row { name: "a gzip bomb", headers: &[("content-type", "application/grpc"), ("grpc-encoding", "gzip")], body: &[bomb], answer: Want { status: "8", message: "decompressing", ..OK }, ..UNARY },
    // No call at all.
    Row { name: "an unknown method", path: "/test.Echo/Nothing", body: &[|| text("hi")], answer: Want { status: "12", message: "/test.Echo/Nothing", ..OK }, ..UNARY },
    Row { name: "an unknown service", path: "/nothing", body: &[|| text("hi")], answer: Want { status: "12", message: "/nothing", ..OK }, ..UNARY },
    Row { name: "a doubled slash", path: "//test.Echo/Unary", body: &[|| text("hi")], answer: Want { status: "12", ..OK }, ..UNARY },
    Row { name: "another case", path: "/test.echo/unary", body: &[|| text("hi")], answer: Want { status: "12", ..OK }, ..UNARY },
    Row { name: "GET", method: "GET", body: &[], answer: Want { http: 405, headers: &[("allow", "POST")], ..NOT_HTTP }, ..UNARY },
    Row { name: "another content-type", headers: &[("content-type", "text/plain")], body: &[|| text("hi")], answer: Want { http: 415, ..NOT_HTTP }, ..UNARY },
    Row { name: "a content-type that only begins like gRPC's", headers: &[("content-type", "application/grpcx")], body: &[|| text("hi")], answer: Want { http: 415, ..NOT_HTTP }, ..UNARY },
    Row { name: "a codec we do not have", headers: &[("content-type", "application/grpc+thrift")], body: &[|| text("hi")], answer: Want { http: 415, ..NOT_HTTP }, ..UNARY },
    Row { name: "no te header", headers: &[("content-type", "application/grpc")], body: &[|| text("hi")], answer: Want { body: || text("hi"), ..OK }, ..UNARY },
    // Bodies that are wrong.
    Row { name: "no message", body: &[], answer: Want { status: "12", message: "got none", ..OK }, ..UNARY },
    Row { name: "two messages", body: &[|| texts(&["a", "b"])], answer: Want { status: "12", message: "got more", ..OK }, ..UNARY },
    Row { name: "half a prefix", body: &[|| vec![0, 0, 0]], answer: Want { status: "13", message: "ended inside a message", ..OK }, ..UNARY },
    Row { name: "half a message", body: &[|| text("hello")[..8].to_vec()], answer: Want { status: "13", message: "ended inside a message", ..OK }, ..UNARY },
    Row { name: "data behind the message", body: &[|| [text("hi"), vec![0]].concat()], answer: Want { status: "13", message: "ended inside a message", ..OK }, ..UNARY },
    Row { name: "flags that gRPC does not define", body: &[|| vec![2, 0, 0, 0, 0]], answer: Want { status: "13", message: "flags 0x02", ..OK }, ..UNARY },
    Row { name: "invalid protobuf", body: &[|| frame(b"\xff\xff\xff")], answer: Want { status: "13", message: "does not decode", ..OK }, ..UNARY },
    Row { name: "invalid UTF-8", body: &[|| frame(b"\x0a\x02\xff\xfe")], answer: Want { status: "13", message: "does not decode", ..OK }, ..UNARY },
    Row { name: "unknown groups, 99 deep", body: &[|| nested(99)], answer: Want { body: || frame(b""), ..OK }, ..UNARY },
    Row { name: "unknown groups, 400,000 deep", body: &[|| nested(400_000)], answer: Want { status: "13", message: "recursion limit", ..OK }, ..UNARY },
];

/// What gRPC is told over HTTP/1.1.
pub const OVER_HTTP1: &[Row] = &[Row {
    name: "gRPC over HTTP/1.1",
    body: &[|| text("hi")],
    answer: Want {
        http: 505,
        headers: &[("content-type", "text/plain; charset=utf-8"), ("upgrade", "absent")],
        body: || b"gRPC needs HTTP/2, over TLS by ALPN (`h2`)\n".to_vec(),
        ..NOT_HTTP
    },
    ..UNARY
}];
