//! What a caller says comes back in headers, and never as one of its own choice.

use rsgrpc::{Channel, Code, Protocol};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{support::EchoClient, target::Target};

/// What comes back as the message, and as the metadata `x-rest` where that may hold it.
const HOSTILE: [&str; 8] = [
    "a\r\ngrpc-status: 0",
    "a\ngrpc-status: 0",
    "a\r\n\r\n<html>",
    "a\0b",
    "%0d%0agrpc-status: 0",
    "%",
    "\u{2028}\u{85}",
    "\u{1b}[31m",
];

#[tokio::test]
async fn a_message_stays_a_message() {
    let target = Target::new().await;
    let to = || Channel::builder(format!("http://{}", target.addr));
    let channels = [
        to(),
        to().protocol(Protocol::GrpcWeb),
        to().protocol(Protocol::GrpcWeb).http1_only(),
        to().protocol(Protocol::Connect),
        to().protocol(Protocol::Connect).http1_only(),
    ];
    for channel in channels {
        let client = EchoClient::new(channel.build().unwrap());
        for text in HOSTILE {
            let status = client.unary(format!("!{text}")).await.unwrap_err();
            assert_eq!((status.code(), status.message()), (Code::InvalidArgument, text));
            // The same text as metadata: all of it, or nothing where no header may hold it.
            let rest = status.metadata().get("x-rest").map(|value| value.as_bytes());
            let may = !text.bytes().any(|byte| byte.is_ascii_control());
            assert_eq!(rest, may.then_some(text.as_bytes()), "{text:?}");
            let names: Vec<_> = status.metadata().keys().map(|name| format!("{name:?}")).collect();
            assert!(names.iter().all(|name| !name.contains("grpc-status")), "{names:?}");
        }
    }
    target.finish().await;
}

/// Over HTTP/1.1, where a line break would begin a header, and in the trailers of gRPC-Web, where it would begin another.
#[tokio::test]
async fn a_line_stays_a_line() {
    let target = Target::new().await;
    let text = "!a\r\nset-cookie: b=c\r\n\r\n<html>";
    let json = "\"!a\\r\\nset-cookie: b=c\\r\\n\\r\\n<html>\"".as_bytes().to_vec();
    let message = crate::attacker::message(text);
    let bodies = [
        ("/v1/unary", "application/json", json.clone(), "HTTP/1.1 400"),
        ("/test.Echo/Unary", "application/json", json.clone(), "HTTP/1.1 400"),
        ("/test.Echo/Unary", "application/proto", message[5..].to_vec(), "HTTP/1.1 400"),
        ("/test.Echo/Both", "application/connect+json", crate::attacker::framed(0, &json), "HTTP/1.1 200"),
        ("/test.Echo/Unary", "application/grpc-web+proto", message, "HTTP/1.1 200"),
    ];
    for (path, content_type, body, status) in bodies {
        let mut socket = TcpStream::connect(target.addr).await.unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: test\r\ncontent-type: {content_type}\r\nconnection: close\r\n\
             content-length: {}\r\n\r\n",
            body.len()
        );
        socket.write_all(&[head.as_bytes(), &body].concat()).await.unwrap();
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with(status), "{content_type}: {answer}");
        assert!(!answer.contains("\nset-cookie") && !answer.contains("\n<html>"), "{content_type}: {answer}");
    }
    target.finish().await;
}

/// What a caller sends as a header that is none, by which a server behind this one might be told something else.
#[tokio::test]
async fn requests_are_not_smuggled() {
    let target = Target::new().await;
    let heads = [
        ("two lengths", "content-length: 4\r\ncontent-length: 5\r\n", 400),
        ("a length and chunks", "content-length: 4\r\ntransfer-encoding: chunked\r\n", 400),
        ("chunks that are none", "transfer-encoding: xchunked\r\n", 400),
        ("chunks twice", "transfer-encoding: chunked, identity\r\n", 400),
        ("a length with a sign", "content-length: +4\r\n", 400),
        ("a space before the colon", "content-length : 4\r\n", 400),
        ("a folded line", "x: a\r\n b\r\ncontent-length: 4\r\n", 400),
        ("a bare carriage return", "x: a\rcontent-length: 4\r\n", 400),
        ("a NUL", "x: a\0\r\ncontent-length: 4\r\n", 400),
        ("chunks of what is coded", "transfer-encoding: gzip, chunked\r\n", 501),
    ];
    for (name, fields, status) in heads {
        let mut socket = TcpStream::connect(target.addr).await.unwrap();
        let head = format!("POST /v1/unary HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n{fields}\r\n");
        // A second request, which must not be answered as one where the first is refused.
        let rest = "\"hi\"GET /v1/second HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n";
        socket.write_all(&[head.as_bytes(), rest.as_bytes()].concat()).await.unwrap();
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(std::time::Duration::from_secs(60), socket.read_to_end(&mut answer)).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{name}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{name}: {answer}");
    }
    target.finish().await;
}

/// Of a length beside chunks the chunks count, and no other request is taken behind them (RFC 9112, 6.1).
#[tokio::test]
async fn a_length_beside_chunks() {
    let target = Target::new().await;
    let fields = ["content-length: 4\r\n", "transfer-encoding: chunked\r\n"];
    for [first, second] in [fields, [fields[1], fields[0]]] {
        let mut socket = TcpStream::connect(target.addr).await.unwrap();
        let head =
            format!("POST /v1/unary HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n{first}{second}\r\n");
        let rest = "4\r\n\"hi\"\r\n0\r\n\r\nGET /v1/second HTTP/1.1\r\nhost: test\r\n\r\n";
        socket.write_all(&[head.as_bytes(), rest.as_bytes()].concat()).await.unwrap();
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(std::time::Duration::from_secs(60), socket.read_to_end(&mut answer)).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("connection: close"), "{first}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{first}: {answer}");
    }
    target.finish().await;
}
