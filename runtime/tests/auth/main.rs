//! Who may call what: tokens, permissions, and ways around them that there are not.

#![allow(clippy::unwrap_used, clippy::expect_used, unreachable_pub, reason = "tests")]

#[path = "../support/mod.rs"]
mod support;

mod jwt;
mod other;
mod paths;
mod tokens;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use rsgrpc::{Request, Response, Server, ServerBuilder};
use support::{Answer, Echo, EchoServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Counts the calls that get through.
#[derive(Clone, Default)]
struct Guarded(Arc<AtomicUsize>);

impl Guarded {
    fn calls(&self) -> usize {
        self.0.swap(0, Ordering::SeqCst)
    }

    fn server(&self) -> ServerBuilder {
        Server::builder().add_service(EchoServer::new(self.clone()))
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
    let message: &[u8] = b"\x0a\x02hi";
    let body = match content_type {
        "application/proto" => message.to_vec(),
        _ => [&[0, 0, 0, 0, 4], message].concat(),
    };
    let len = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-type: {content_type}\r\n\
         content-length: {len}\r\n{headers}\r\n"
    );
    [head.as_bytes(), &body].concat()
}
