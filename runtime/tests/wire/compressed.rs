//! The rows of a server that compresses its answers: to callers that accept its encoding, and to no others.

#[cfg(any(feature = "deflate", feature = "zstd"))]
use std::io::Write;

use rsgrpc::{Encoding, Server};

use crate::{
    connect::{bare, broken, end, ok},
    grpc_web::{self, base64, trailers},
    probe,
    support::{EchoServer, Ruled},
    table::{Row, UNARY, Want, compressed, gzip, text, texts},
};

/// What a POST of Connect's comes to; the other protocols differ from it by their path, headers and bodies.
const POST: Row = Row { body: &[|| bare("hi")], answer: OK, ..UNARY };
const GET: Row =
    Row { method: "GET", path: "/test.Echo/Look?encoding=proto&base64=1&message=CgJoaQ", body: &[], ..POST };
const DOWN: Row = Row { path: "/test.Echo/Down", ..POST };
const REST: Row = Row { path: "/v1/unary", body: &[|| br#""hi""#.to_vec()], ..POST };
const OK: Want = Want { status: "", ..UNARY.answer };

/// A server that compresses.
pub fn server(encoding: Encoding) -> Server {
    probe::builder_of(Ruled(EchoServer::new(probe::Probe))).send_compressed(encoding).build().unwrap()
}

/// What callers get that accept this encoding. Errors and the frames that end a body are short, and never compressed.
#[rustfmt::skip]
macro_rules! accepted {
    ($name:literal, $packed:path) => {
        &[
            Row { name: concat!("Connect, ", $name), headers: &[("content-type", "application/proto"), ("accept-encoding", $name)], answer: Want { headers: &[("content-type", "application/proto"), ("content-encoding", $name)], body: || $packed(&bare("hi")), ..OK }, ..POST },
            Row { name: concat!("Connect, JSON, ", $name), headers: &[("content-type", "application/json"), ("accept-encoding", $name)], body: &[|| br#""hi""#.to_vec()], answer: Want { headers: &[("content-type", "application/json"), ("content-encoding", $name)], body: || $packed(br#""hi""#), ..OK }, ..POST },
            Row { name: concat!("Connect, an error, ", $name), headers: &[("content-type", "application/proto"), ("accept-encoding", $name)], body: &[|| bare("code:5")], answer: Want { http: 404, headers: &[("content-type", "application/json"), ("content-encoding", "absent")], body: || br#"{"code":"not_found","message":"as asked"}"#.to_vec(), ..OK }, ..POST },
            Row { name: concat!("Connect, GET, ", $name), headers: &[("accept-encoding", $name)], answer: Want { headers: &[("content-type", "application/proto"), ("content-encoding", $name), ("vary", "accept-encoding")], body: || $packed(&bare("hi")), ..OK }, ..GET },
            Row { name: concat!("Connect, GET, an error, ", $name), path: "/test.Echo/Look?encoding=json&message=%22code:5%22", headers: &[("accept-encoding", $name)], answer: Want { http: 404, headers: &[("content-encoding", "absent"), ("vary", "accept-encoding")], body: || br#"{"code":"not_found","message":"as asked"}"#.to_vec(), ..OK }, ..GET },
            Row { name: concat!("Connect, a stream, ", $name), headers: &[("content-type", "application/connect+proto"), ("connect-accept-encoding", $name)], body: &[|| text("n:2")], answer: Want { headers: &[("connect-content-encoding", $name), ("content-encoding", "absent")], body: || [compressed(&$packed(&bare("0"))), compressed(&$packed(&bare("1"))), end(r#"{"metadata":{"x-end":["yes"]}}"#)].concat(), ..OK }, ..DOWN },
            Row { name: concat!("Connect, a stream that breaks, ", $name), headers: &[("content-type", "application/connect+proto"), ("connect-accept-encoding", $name)], body: &[|| text("break:1")], answer: Want { headers: &[("connect-content-encoding", $name)], body: || [compressed(&$packed(&bare("0"))), broken("data_loss", "broke")].concat(), ..OK }, ..DOWN },
            Row { name: concat!("gRPC-Web, ", $name), headers: &[("content-type", "application/grpc-web+proto"), ("grpc-accept-encoding", $name)], body: &[|| text("hi")], answer: Want { headers: &[("grpc-encoding", $name), ("content-encoding", "absent")], body: || [compressed(&$packed(&bare("hi"))), trailers("grpc-status: 0\r\n")].concat(), ..OK }, ..POST },
            Row { name: concat!("gRPC-Web, a stream that breaks, ", $name), headers: &[("content-type", "application/grpc-web+proto"), ("grpc-accept-encoding", $name)], body: &[|| text("break:1")], answer: Want { headers: &[("grpc-encoding", $name)], body: || [compressed(&$packed(&bare("0"))), grpc_web::error(15, "broke")].concat(), ..OK }, ..DOWN },
            Row { name: concat!("gRPC-Web in text, ", $name), headers: &[("content-type", "application/grpc-web-text"), ("grpc-accept-encoding", $name)], body: &[|| base64(&text("hi"))], answer: Want { headers: &[("grpc-encoding", $name)], body: || [base64(&compressed(&$packed(&bare("hi")))), base64(&trailers("grpc-status: 0\r\n"))].concat(), ..OK }, ..POST },
            // docs/rest.md 5.9
            Row { name: concat!("REST, sent, ", $name), headers: &[("content-type", "application/json"), ("content-encoding", $name)], body: &[|| $packed(br#""hi""#)], answer: Want { headers: &[("content-encoding", "absent")], body: || br#""hi""#.to_vec(), ..OK }, ..REST },
            Row { name: concat!("REST, a stream sent, ", $name), path: "/v1/up", headers: &[("content-type", "application/json"), ("content-encoding", $name)], body: &[|| $packed(br#"["h","i"]"#)], answer: Want { headers: &[("content-encoding", "absent")], body: || br#""hi""#.to_vec(), ..OK }, ..REST },
            // docs/rest.md 6.13
            Row { name: concat!("REST, ", $name), headers: &[("content-type", "application/json"), ("accept-encoding", $name)], answer: Want { headers: &[("content-type", "application/json"), ("content-encoding", $name), ("vary", "accept-encoding")], body: || $packed(br#""hi""#), ..OK }, ..REST },
        ]
    };
}
/// A server for each encoding, with its rows.
#[rustfmt::skip]
pub const ENCODINGS: &[(Encoding, &[Row])] = &[
    (Encoding::Gzip, accepted!("gzip", gzip)),
    #[cfg(feature = "deflate")]
    (Encoding::Deflate, accepted!("deflate", deflate)),
    #[cfg(feature = "zstd")]
    (Encoding::Zstd, accepted!("zstd", zstd)),
];

/// Of a server that compresses by gzip: what callers get that do not accept it, and what else decides.
#[rustfmt::skip]
pub const GZIP: &[Row] = &[
    Row { name: "Connect, nothing said", headers: &[("content-type", "application/proto")], answer: PLAIN, ..POST },
    Row { name: "Connect, identity", headers: &[("content-type", "application/proto"), ("accept-encoding", "identity")], answer: PLAIN, ..POST },
    Row { name: "Connect, others", headers: &[("content-type", "application/proto"), ("accept-encoding", "br, lzma, gzipped")], answer: PLAIN, ..POST },
    Row { name: "Connect, an empty list", headers: &[("content-type", "application/proto"), ("accept-encoding", "")], answer: PLAIN, ..POST },
    Row { name: "Connect, a weight of zero", headers: &[("content-type", "application/proto"), ("accept-encoding", "gzip;q=0, br")], answer: PLAIN, ..POST },
    Row { name: "Connect, what streams say is nothing", headers: &[("content-type", "application/proto"), ("connect-accept-encoding", "gzip")], answer: PLAIN, ..POST },
    Row { name: "Connect, one of several, with a weight", headers: &[("content-type", "application/proto"), ("accept-encoding", "br;q=1.0, GZIP;q=0.8")], answer: PACKED, ..POST },
    Row { name: "Connect, who sends it accepts it", headers: &[("content-type", "application/proto"), ("content-encoding", "gzip")], body: &[|| gzip(&bare("hi"))], answer: PACKED, ..POST },
    Row { name: "Connect, who sends it and accepts others", headers: &[("content-type", "application/proto"), ("content-encoding", "gzip"), ("accept-encoding", "identity")], body: &[|| gzip(&bare("hi"))], answer: PLAIN, ..POST },
    Row { name: "Connect, what its handler wants to be plain", headers: &[("content-type", "application/proto"), ("accept-encoding", "gzip")], body: &[|| bare("secret:hi")], answer: PLAIN, ..POST },
    Row { name: "Connect, an empty message", headers: &[("content-type", "application/proto"), ("accept-encoding", "gzip")], body: &[], answer: Want { headers: &[("content-encoding", "gzip")], body: || gzip(b""), ..OK }, ..POST },
    Row { name: "Connect, GET, identity", headers: &[("accept-encoding", "identity")], answer: Want { headers: &[("content-encoding", "absent"), ("vary", "accept-encoding")], ..PLAIN }, ..GET },
    Row { name: "Connect, a stream, identity", headers: &[("content-type", "application/connect+proto"), ("connect-accept-encoding", "identity")], body: &[|| text("break:1")], answer: Want { headers: &[("connect-content-encoding", "absent")], body: || [text("0"), broken("data_loss", "broke")].concat(), ..OK }, ..DOWN },
    // A browser says that of itself, and undoes what it is said of; messages it does not know.
    Row { name: "Connect, a stream, what HTTP says is nothing", path: "/test.Echo/Up", headers: &[("content-type", "application/connect+proto"), ("accept-encoding", "gzip")], body: &[|| texts(&["h", "i"])], answer: Want { headers: &[("connect-content-encoding", "absent"), ("content-encoding", "absent")], body: || ok(&["hi"]), ..OK }, ..POST },
    Row { name: "Connect, a stream, who sends it accepts it", path: "/test.Echo/Up", headers: &[("content-type", "application/connect+proto"), ("connect-content-encoding", "gzip")], body: &[|| texts(&["h", "i"])], answer: Want { headers: &[("connect-content-encoding", "gzip")], body: || [compressed(&gzip(&bare("hi"))), end("{}")].concat(), ..OK }, ..POST },
    Row { name: "gRPC-Web, nothing said", headers: &[("content-type", "application/grpc-web+proto"), ("accept-encoding", "gzip")], body: &[|| text("hi")], answer: Want { headers: &[("grpc-encoding", "absent"), ("content-encoding", "absent")], body: || grpc_web::ok(&["hi"]), ..OK }, ..POST },
    Row { name: "gRPC-Web, others", headers: &[("content-type", "application/grpc-web+proto"), ("grpc-accept-encoding", "identity,br")], body: &[|| text("hi")], answer: Want { headers: &[("grpc-encoding", "absent")], body: || grpc_web::ok(&["hi"]), ..OK }, ..POST },
    Row { name: "gRPC-Web, what its handler wants to be plain", headers: &[("content-type", "application/grpc-web+proto"), ("grpc-accept-encoding", "gzip")], body: &[|| text("secret:hi")], answer: Want { headers: &[("grpc-encoding", "gzip")], body: || grpc_web::ok(&["hi"]), ..OK }, ..POST },
    Row { name: "gRPC-Web in text, identity", headers: &[("content-type", "application/grpc-web-text"), ("grpc-accept-encoding", "identity")], body: &[|| base64(&text("hi"))], answer: Want { headers: &[("grpc-encoding", "absent")], body: || [base64(&text("hi")), base64(&trailers("grpc-status: 0\r\n"))].concat(), ..OK }, ..POST },
    Row { name: "REST, identity", headers: &[("content-type", "application/json"), ("accept-encoding", "identity")], answer: Want { headers: &[("content-encoding", "absent")], body: || br#""hi""#.to_vec(), ..OK }, ..REST },
    Row { name: "REST, what its handler wants to be plain", headers: &[("content-type", "application/json"), ("accept-encoding", "gzip")], body: &[|| br#""secret:hi""#.to_vec()], answer: Want { headers: &[("content-encoding", "absent")], body: || br#""hi""#.to_vec(), ..OK }, ..REST },
];

const PLAIN: Want = Want { headers: &[("content-encoding", "absent")], body: || bare("hi"), ..OK };
const PACKED: Want = Want { headers: &[("content-encoding", "gzip")], body: || gzip(&bare("hi")), ..OK };

/// gRPC, of the same server.
#[rustfmt::skip]
pub const GRPC: &[Row] = &[
    Row { name: "gzip", headers: &[("content-type", "application/grpc"), ("grpc-accept-encoding", "identity, gzip")], body: &[|| text("hi")], answer: Want { headers: &[("grpc-encoding", "gzip")], body: || compressed(&gzip(&bare("hi"))), ..UNARY.answer }, ..UNARY },
    Row { name: "nothing said", body: &[|| text("hi")], answer: Want { headers: &[("grpc-encoding", "absent")], body: || text("hi"), ..UNARY.answer }, ..UNARY },
    Row { name: "others", headers: &[("content-type", "application/grpc"), ("grpc-accept-encoding", "identity,br")], body: &[|| text("hi")], answer: Want { headers: &[("grpc-encoding", "absent")], body: || text("hi"), ..UNARY.answer }, ..UNARY },
];

#[cfg(feature = "deflate")]
fn deflate(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

#[cfg(feature = "zstd")]
fn zstd(plain: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}
