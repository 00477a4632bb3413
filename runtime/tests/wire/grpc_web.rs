//! The rows of gRPC-Web.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::table::{Row, SUPPORTED, Want, compressed, gzip, nested, text, texts};

type Headers = &'static [(&'static str, &'static str)];

const WEB: Headers = &[("content-type", "application/grpc-web+proto")];
const TEXT: Headers = &[("content-type", "application/grpc-web-text")];

const UNARY: Row = Row {
    name: "",
    method: "POST",
    path: "/test.Echo/Unary",
    headers: WEB,
    body: &[],
    ends: true,
    answer: Want { http: 200, headers: &[], body: Vec::new, trailers: &[], status: "", message: "", reset: None },
};
const DOWN: Row = Row { path: "/test.Echo/Down", ..UNARY };
const UP: Row = Row { path: "/test.Echo/Up", ..UNARY };
const BOTH: Row = Row { path: "/test.Echo/Both", ..UNARY };
const OK: Want = UNARY.answer;

/// The frame that ends a body.
pub fn trailers(block: &str) -> Vec<u8> {
    [&[0x80][..], &(block.len() as u32).to_be_bytes(), block.as_bytes()].concat()
}

pub fn ok(messages: &[&str]) -> Vec<u8> {
    [texts(messages), trailers("grpc-status: 0\r\n")].concat()
}

pub fn error(code: u8, message: &str) -> Vec<u8> {
    trailers(&format!("grpc-status: {code}\r\ngrpc-message: {message}\r\n"))
}

pub fn base64(bytes: &[u8]) -> Vec<u8> {
    STANDARD.encode(bytes).into_bytes()
}

#[rustfmt::skip]
pub const ROWS: &[Row] = &[
    // The four kinds.
    Row { name: "unary", body: &[|| text("hi")], answer: Want { body: || ok(&["hi"]), headers: &[("content-type", "application/grpc-web+proto")], ..OK }, ..UNARY },
    Row { name: "unary, content-type without codec", headers: &[("content-type", "application/grpc-web")], body: &[|| text("hi")], answer: Want { body: || ok(&["hi"]), headers: &[("content-type", "application/grpc-web")], ..OK }, ..UNARY },
    Row { name: "unary, content-type in capitals and with a parameter", headers: &[("content-type", "Application/GRPC-Web; charset=utf-8")], body: &[|| text("hi")], answer: Want { body: || ok(&["hi"]), ..OK }, ..UNARY },
    Row { name: "unary, content-type with codec in capitals", headers: &[("content-type", "Application/gRPC-Web+Proto")], body: &[|| text("hi")], answer: Want { body: || ok(&["hi"]), ..OK }, ..UNARY },
    Row { name: "unary, the message byte by byte", body: &[|| text("hi")[..1].to_vec(), || text("hi")[1..5].to_vec(), || text("hi")[5..6].to_vec(), || text("hi")[6..].to_vec()], answer: Want { body: || ok(&["hi"]), ..OK }, ..UNARY },
    Row { name: "server streaming", body: &[|| text("n:2")], answer: Want { body: || [texts(&["0", "1"]), trailers("x-end: yes\r\ngrpc-status: 0\r\n")].concat(), ..OK }, ..DOWN },
    Row { name: "server streaming, with a pause", body: &[|| text("slow:1")], answer: Want { body: || [texts(&["0", "late"]), trailers("x-end: yes\r\ngrpc-status: 0\r\n")].concat(), ..OK }, ..DOWN },
    Row { name: "server streaming, refused before the first message", body: &[|| text("refuse")], answer: Want { body: || error(5, "nothing to stream"), ..OK }, ..DOWN },
    Row { name: "server streaming, broken after two", body: &[|| text("break:2")], answer: Want { body: || [texts(&["0", "1"]), error(15, "broke")].concat(), ..OK }, ..DOWN },
    Row { name: "client streaming", body: &[|| texts(&["a", "b"]), || text("c")], answer: Want { body: || ok(&["abc"]), ..OK }, ..UP },
    Row { name: "bidi, one side after the other", body: &[|| texts(&["a", "b"]), || text("c")], answer: Want { body: || ok(&["a", "b", "c"]), ..OK }, ..BOTH },
    Row { name: "JSON", headers: &[("content-type", "application/grpc-web+json")], body: &[|| crate::peer::frame(br#""hi""#)], answer: Want { body: || [crate::peer::frame(br#""hi""#), trailers("grpc-status: 0\r\n")].concat(), headers: &[("content-type", "application/grpc-web+json")], ..OK }, ..UNARY },
    // Metadata, details, deadlines.
    Row { name: "metadata both ways", headers: &[("content-type", "application/grpc-web"), ("x-a", "1"), ("x-b-bin", "AAE=")], body: &[|| text("echo-metadata")], answer: Want { body: || [crate::peer::frame(b""), trailers("x-a: 1\r\nx-b-bin: AAE=\r\ngrpc-status: 0\r\n")].concat(), headers: &[("x-a", "1"), ("x-b-bin", "AAE=")], ..OK }, ..UNARY },
    Row { name: "headers of the protocol and of HTTP are no metadata", headers: &[("content-type", "application/grpc-web"), ("x-grpc-web", "1"), ("grpc-timeout", "1H"), ("grpc-accept-encoding", "gzip"), ("accept-encoding", "gzip"), ("x-a", "1")], body: &[|| text("keys")], answer: Want { body: || ok(&["1Ascii(\"x-a\")"]), ..OK }, ..UNARY },
    Row { name: "details", body: &[|| text("details:a")], answer: Want { body: || trailers("grpc-status: 3\r\ngrpc-message: bad\r\ngrpc-status-details-bin: CAMSA2JhZBoyCil0eXBlLmdvb2dsZWFwaXMuY29tL2dvb2dsZS5ycGMuQmFkUmVxdWVzdBIFCgMKAWE\r\n"), ..OK }, ..UNARY },
    Row { name: "a deadline cuts a stream", headers: &[("content-type", "application/grpc-web"), ("grpc-timeout", "50m")], body: &[|| text("hang:2")], answer: Want { body: || [texts(&["0", "1"]), error(4, "the deadline of the call has passed")].concat(), ..OK }, ..DOWN },
    Row { name: "an interceptor answers", headers: &[("content-type", "application/grpc-web"), ("x-refuse", "1")], body: &[|| text("n:3")], answer: Want { body: || error(7, "Down is closed"), ..OK }, ..DOWN },
    // Text.
    Row { name: "text, unary", headers: TEXT, body: &[|| base64(&text("hi"))], answer: Want { body: || [base64(&text("hi")), base64(&trailers("grpc-status: 0\r\n"))].concat(), headers: &[("content-type", "application/grpc-web-text")], ..OK }, ..UNARY },
    Row { name: "text with codec, split inside a group", headers: &[("content-type", "application/grpc-web-text+proto")], body: &[|| base64(&text("hi"))[..5].to_vec(), || base64(&text("hi"))[5..].to_vec()], answer: Want { body: || [base64(&text("hi")), base64(&trailers("grpc-status: 0\r\n"))].concat(), ..OK }, ..UNARY },
    Row { name: "text, each message padded", headers: TEXT, body: &[|| [base64(&text("ab")), base64(&text("c"))].concat()], answer: Want { body: || [base64(&text("abc")), base64(&trailers("grpc-status: 0\r\n"))].concat(), ..OK }, ..UP },
    Row { name: "text, server streaming", headers: TEXT, body: &[|| base64(&text("break:2"))], answer: Want { body: || [base64(&text("0")), base64(&text("1")), base64(&error(15, "broke"))].concat(), ..OK }, ..DOWN },
    Row { name: "text that is not base64", headers: TEXT, body: &[|| b"AA!A".to_vec()], answer: Want { body: || base64(&error(3, "the body is not base64: Invalid symbol 33, offset 2.")), ..OK }, ..UNARY },
    Row { name: "text that ends inside a message", headers: TEXT, body: &[|| base64(&text("hi")[..6])], answer: Want { body: || base64(&error(13, "the stream ended inside a message, after 6 bytes of it")), ..OK }, ..UNARY },
    Row { name: "text, split within each group", headers: TEXT, body: &[|| base64(&text("hi"))[..1].to_vec(), || base64(&text("hi"))[1..3].to_vec(), || base64(&text("hi"))[3..6].to_vec(), || base64(&text("hi"))[6..11].to_vec(), || base64(&text("hi"))[11..].to_vec()], answer: Want { body: || [base64(&text("hi")), base64(&trailers("grpc-status: 0\r\n"))].concat(), ..OK }, ..UNARY },
    Row { name: "text asked for by bytes", headers: &[("content-type", "application/grpc-web"), ("accept", "application/grpc-web-text")], body: &[|| text("hi")], answer: Want { body: || [base64(&text("hi")), base64(&trailers("grpc-status: 0\r\n"))].concat(), headers: &[("content-type", "application/grpc-web-text+proto")], ..OK }, ..UNARY },
    Row { name: "text asked for by JSON, an error", headers: &[("content-type", "application/grpc-web+json"), ("accept", "*/*, Application/grpc-web-text+json;q=1")], body: &[|| crate::peer::frame(br#""refuse""#)], answer: Want { body: || base64(&error(5, "nothing to stream")), headers: &[("content-type", "application/grpc-web-text+json")], ..OK }, ..DOWN },
    Row { name: "bytes asked for by text", headers: &[("content-type", "application/grpc-web-text"), ("accept", "application/grpc-web+proto, application/grpc-web-text")], body: &[|| base64(&text("hi"))], answer: Want { body: || ok(&["hi"]), headers: &[("content-type", "application/grpc-web+proto")], ..OK }, ..UNARY },
    Row { name: "text that accepts anything", headers: &[("content-type", "application/grpc-web-text"), ("accept", "*/*, application/grpc")], body: &[|| base64(&text("hi"))], answer: Want { body: || [base64(&text("hi")), base64(&trailers("grpc-status: 0\r\n"))].concat(), headers: &[("content-type", "application/grpc-web-text")], ..OK }, ..UNARY },
    Row { name: "text of nothing", headers: TEXT, body: &[], answer: Want { body: || base64(&error(12, "expected exactly one message, got none")), ..OK }, ..UNARY },
    Row { name: "text with a line break", headers: TEXT, body: &[|| b"AAAA\nAAQKAmhp".to_vec()], answer: Want { body: || base64(&error(3, "the body is not base64: Invalid symbol 10, offset 4.")), ..OK }, ..UNARY },
    Row { name: "text of the URL alphabet", headers: TEXT, body: &[|| b"AAAA-_-_".to_vec()], answer: Want { body: || base64(&error(3, "the body is not base64: Invalid symbol 45, offset 4.")), ..OK }, ..UNARY },
    Row { name: "text with padding within a group", headers: TEXT, body: &[|| b"AA=A".to_vec()], answer: Want { body: || base64(&error(3, "the body is not base64: Invalid symbol 61, offset 2.")), ..OK }, ..UNARY },
    Row { name: "text of padding", headers: TEXT, body: &[|| b"====".to_vec()], answer: Want { body: || base64(&error(3, "the body is not base64: Invalid symbol 61, offset 0.")), ..OK }, ..UNARY },
    Row { name: "text with bits beyond the last byte", headers: TEXT, body: &[|| b"AAAAAAQKAmh=".to_vec()], answer: Want { body: || base64(&error(3, "the body is not base64: Invalid last symbol 104, offset 10.")), ..OK }, ..UNARY },
    Row { name: "trailers in a request of text", headers: TEXT, body: &[|| [base64(&text("hi")), base64(&trailers("a: b\r\n"))].concat()], answer: Want { body: || base64(&error(13, "a message has the flags 0x80, which the protocol does not define")), ..OK }, ..UNARY },
    // Bodies that are wrong, and no calls.
    Row { name: "the compressed flag without an encoding", body: &[|| compressed(&gzip(b"\x0a\x02hi"))], answer: Want { body: || error(13, "a message has its compressed flag set, but the headers name no encoding"), ..OK }, ..UNARY },
    Row { name: "compressed trailers in a request", body: &[|| vec![0x81, 0, 0, 0, 0]], answer: Want { body: || error(13, "a message has the flags 0x81, which the protocol does not define"), ..OK }, ..UNARY },
    Row { name: "all flags", body: &[|| vec![0xff, 0, 0, 0, 0]], answer: Want { body: || error(13, "a message has the flags 0xff, which the protocol does not define"), ..OK }, ..UNARY },
    Row { name: "a gzip bomb", headers: &[("content-type", "application/grpc-web"), ("grpc-encoding", "gzip")], body: &[crate::table::bomb], answer: Want { body: || error(8, "decompressing a message of 1048577 bytes, over the limit of 1048576 bytes"), ..OK }, ..UNARY },
    Row { name: "no message", body: &[], answer: Want { body: || error(12, "expected exactly one message, got none"), ..OK }, ..UNARY },
    Row { name: "two messages", body: &[|| texts(&["a", "b"])], answer: Want { body: || error(12, "expected exactly one message, got more"), ..OK }, ..UNARY },
    Row { name: "half a message", body: &[|| text("hello")[..8].to_vec()], answer: Want { body: || error(13, "the stream ended inside a message, after 8 bytes of it"), ..OK }, ..UNARY },
    Row { name: "trailers in a request", body: &[|| [text("hi"), trailers("a: b\r\n")].concat()], answer: Want { body: || error(13, "a message has the flags 0x80, which the protocol does not define"), ..OK }, ..UNARY },
    Row { name: "a prefix that claims 4 GiB", body: &[|| vec![0, 255, 255, 255, 255]], ends: false, answer: Want { body: || error(8, "receiving a message of 4294967295 bytes, over the limit of 1048576 bytes"), ..OK }, ..UNARY },
    Row { name: "a gzip request", headers: &[("content-type", "application/grpc-web"), ("grpc-encoding", "gzip")], body: &[|| compressed(&gzip(b"\x0a\x02hi"))], answer: Want { body: || ok(&["hi"]), ..OK }, ..UNARY },
    Row { name: "an encoding we do not have", headers: &[("content-type", "application/grpc-web"), ("grpc-encoding", "lzma")], body: &[|| text("hi")], answer: Want { body: || error(12, &format!("the encoding \"lzma\" is not supported; supported are: {SUPPORTED}")), headers: &[("grpc-accept-encoding", SUPPORTED)], ..OK }, ..UNARY },
    Row { name: "two encodings", headers: &[("content-type", "application/grpc-web"), ("grpc-encoding", "gzip"), ("grpc-encoding", "gzip")], body: &[|| text("hi")], answer: Want { body: || error(12, &format!("the encoding \"gzip, gzip\" is not supported; supported are: {SUPPORTED}")), ..OK }, ..UNARY },
    Row { name: "frames that are compressed as a whole", headers: &[("content-type", "application/grpc-web"), ("content-encoding", "gzip")], body: &[|| gzip(&text("hi"))], answer: Want { http: 415, headers: &[("accept-encoding", "identity")], ..OK }, ..UNARY },
    Row { name: "unknown groups, 400,000 deep", body: &[|| nested(400_000)], answer: Want { body: || error(13, "the message does not decode as protobuf: failed to decode Protobuf message: recursion limit reached"), ..OK }, ..UNARY },
    Row { name: "a field that is longer than its message, in one piece with what follows", body: &[|| [crate::peer::frame(b"\x0a\x05hi"), text("more")].concat()], answer: Want { body: || error(13, "the message does not decode as protobuf"), ..OK }, ..UP },
    Row { name: "a field that is longer than its message, apart from what follows", body: &[|| crate::peer::frame(b"\x0a\x05hi"), || text("more")], answer: Want { body: || error(13, "the message does not decode as protobuf"), ..OK }, ..UP },
    Row { name: "an unknown method", path: "/test.Echo/Nothing", body: &[|| text("hi")], answer: Want { body: || error(12, "no method /test.Echo/Nothing here"), ..OK }, ..UNARY },
    Row { name: "GET, of a method that Connect calls so", method: "GET", path: "/test.Echo/Look", body: &[], answer: Want { http: 405, headers: &[("allow", "GET, POST")], ..OK }, ..UNARY },
    Row { name: "GET", method: "GET", body: &[], answer: Want { http: 405, headers: &[("allow", "POST")], ..OK }, ..UNARY },
    Row { name: "a codec we do not have", headers: &[("content-type", "application/grpc-web+thrift")], body: &[|| text("hi")], answer: Want { http: 415, ..OK }, ..UNARY },
    Row { name: "a content-type that only begins like gRPC-Web's", headers: &[("content-type", "application/grpc-webx")], body: &[|| text("hi")], answer: Want { http: 415, ..OK }, ..UNARY },
];
