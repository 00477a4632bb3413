//! Who may call what: tokens, permissions, and ways around them that there are not.

#![allow(clippy::unwrap_used, clippy::expect_used, unreachable_pub, reason = "tests")]

#[path = "../support/mod.rs"]
mod support;

mod jwt;
mod other;
mod paths;
#[cfg(feature = "tls")]
mod readme;
mod tokens;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use rsgrpc::{Request, Response, Server, ServerBuilder};
use support::{Answer, Echo, EchoServer, Ruled};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

/// Counts the calls that get through.
#[derive(Clone, Default)]
struct Guarded(Arc<AtomicUsize>);

impl Guarded {
    fn calls(&self) -> usize {
        self.0.swap(0, Ordering::SeqCst)
    }

    fn server(&self) -> ServerBuilder {
        Server::builder().add_service(Ruled(EchoServer::new(self.clone())))
    }
}

impl Echo for Guarded {
    async fn unary(&self, request: Request<String>) -> Answer<String> {
        self.0.fetch_add(1, Ordering::SeqCst);
        let caller = request.extensions().get::<rsgrpc::interceptors::TokenName>();
        Ok(Response::new(caller.map_or("nobody", |name| name.as_str()).to_owned()))
    }
}

/// What a server answers to these bytes on a connection of their own.
async fn raw(server: &Server, request: &[u8]) -> String {
    let (mut ours, theirs) = tokio::io::duplex(64 * 1024);
    let server = server.clone();
    tokio::spawn(async move { server.serve_connection(theirs).await });
    ours.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    // What the server makes of a request it cannot read may well be to close.
    let _ = ours.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// A request by HTTP/1.1 with a message that the method understands.
fn post(path: &str, content_type: &str, headers: &str) -> Vec<u8> {
    let body = body(content_type);
    let len = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-type: {content_type}\r\n\
         content-length: {len}\r\n{headers}\r\n"
    );
    [head.as_bytes(), &body].concat()
}

fn body(content_type: &str) -> Vec<u8> {
    let message = b"\x0a\x02hi";
    let framed = [&[0, 0, 0, 0, 4], &message[..]].concat();
    match content_type {
        "application/proto" => message.to_vec(),
        "application/json" => b"\"hi\"".to_vec(),
        "application/grpc-web-text" => BASE64.encode(framed).into_bytes(),
        _ => framed,
    }
}

/// The same by HTTP/2, written by hand: a client library would not send each path.
async fn http2(server: &Server, path: &str, content_type: &str, headers: &str) -> String {
    let (mut ours, theirs) = tokio::io::duplex(64 * 1024);
    let server = server.clone();
    tokio::spawn(async move { server.serve_connection(theirs).await });
    let pseudo = [(":method", "POST"), (":scheme", "http"), (":authority", "test"), (":path", path)];
    let fields = [("content-type", content_type), ("te", "trailers")];
    let others = headers.lines().filter_map(|line| line.split_once(": "));
    // Header fields that need neither tables nor Huffman's code (RFC 7541, 6.2.2).
    let literal = |(name, value): (&str, &str)| {
        [&[0, name.len() as u8], name.as_bytes(), &[value.len() as u8], value.as_bytes()].concat()
    };
    let head: Vec<u8> = pseudo.into_iter().chain(fields).chain(others).flat_map(literal).collect();
    let frame = |kind: u8, flags: u8, stream: u8, payload: &[u8]| {
        [&(payload.len() as u32).to_be_bytes()[1..], &[kind, flags, 0, 0, 0, stream], payload].concat()
    };
    let opening = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    let frames = [opening, frame(4, 0, 0, &[]), frame(1, 4, 1, &head), frame(0, 1, 1, &body(content_type))];
    ours.write_all(&frames.concat()).await.unwrap();
    answer(&mut ours).await.unwrap_or_else(|error| format!("closed: {error}"))
}

/// All that a server sends until stream 1 or the connection is over.
async fn answer(socket: &mut (impl AsyncRead + Unpin)) -> std::io::Result<String> {
    let mut answer = Vec::new();
    loop {
        let mut head = [0; 9];
        socket.read_exact(&mut head).await?;
        let [a, b, c, kind, flags, stream @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        socket.read_exact(&mut payload).await?;
        answer.extend_from_slice(&payload);
        let is_over = match kind {
            0 | 1 => flags & 1 != 0,
            3 | 7 => true,
            _ => false,
        };
        if is_over && (kind == 7 || u32::from_be_bytes(stream) == 1) {
            return Ok(String::from_utf8_lossy(&answer).into_owned());
        }
    }
}
