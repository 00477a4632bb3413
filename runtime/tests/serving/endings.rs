//! Shutdowns beside every kind of connection that could hold one up (hyper#4170 and the like): none takes longer than
//! the grace and the last words.

use std::{future::pending, time::Duration};

use futures_util::{StreamExt, stream};
use rsgrpc::{Request, Response, Server, Status, Streaming, codegen::Stream};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

use crate::support::{Answer, Echo, EchoServer};

struct Endless;

impl Echo for Endless {
    async fn unary(&self, _: Request<String>) -> Answer<String> {
        pending().await
    }

    async fn down(&self, _: Request<String>) -> Answer<impl Stream<Item = Result<String, Status>>> {
        Ok(Response::new(stream::repeat("x".repeat(1024)).map(Ok)))
    }

    async fn up(&self, request: Request<Streaming<String>>) -> Answer<String> {
        let mut messages = request.into_inner();
        while messages.message().await?.is_some() {}
        pending().await
    }
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const SETTINGS: &[u8] = b"\0\0\0\x04\0\0\0\0\0";
/// A window of nothing for each stream.
const SHUT: &[u8] = b"\0\0\x06\x04\0\0\0\0\0\0\x04\0\0\0\0";
/// Windows of 2^31 - 1 for each stream and, nearly, for the connection.
const WIDE: &[u8] = b"\0\0\x06\x04\0\0\0\0\0\0\x04\x7f\xff\xff\xff\0\0\x04\x08\0\0\0\0\0\x7f\0\0\0";
/// An empty message, and the end of the request.
const ASK: &[u8] = b"\0\0\x05\0\x01\0\0\0\x01\0\0\0\0\0";
/// Half of one.
const HALF: &[u8] = b"\0\0\x03\0\0\0\0\0\x01\0\0\0";

/// HEADERS of stream 1.
fn call(path: &str) -> Vec<u8> {
    let fields = [
        (":method", "POST"),
        (":scheme", "http"),
        (":authority", "test"),
        (":path", path),
        ("content-type", "application/grpc"),
    ];
    let literal = |(name, value): (&str, &str)| {
        [&[0, name.len() as u8], name.as_bytes(), &[value.len() as u8], value.as_bytes()].concat()
    };
    let block: Vec<u8> = fields.into_iter().flat_map(literal).collect();
    [&[0, 0, block.len() as u8, 1, 4, 0, 0, 0, 1], &block[..]].concat()
}

/// What a peer has done when the shutdown begins, and whether it reads.
fn situations() -> Vec<(&'static str, Vec<u8>, bool)> {
    let http2 = |parts: &[&[u8]]| [PREFACE, &parts.concat()].concat();
    vec![
        ("a bare TCP connection", vec![], true),
        ("half a preface", PREFACE[..10].to_vec(), true),
        ("an idle peer that answers no PING", http2(&[SETTINGS]), true),
        ("an endless stream that is read", http2(&[WIDE, &call("/test.Echo/Down"), ASK]), true),
        ("an endless stream without a window", http2(&[SHUT, &call("/test.Echo/Down"), ASK]), true),
        ("an endless stream on a socket that is not read", http2(&[WIDE, &call("/test.Echo/Down"), ASK]), false),
        ("half a message", http2(&[SETTINGS, &call("/test.Echo/Up"), HALF]), true),
        ("a call that never ends", http2(&[SETTINGS, &call("/test.Echo/Unary"), ASK]), true),
        ("half a head of HTTP/1.1", b"GET / HTTP/1.1\r\nhost".to_vec(), true),
    ]
}

#[tokio::test]
async fn nothing_holds_a_shutdown_up() {
    for (name, sent, reads) in situations() {
        let server = Server::builder()
            .add_service(EchoServer::new(Endless))
            .shutdown_grace(Duration::from_millis(200))
            .build()
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut socket = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let served =
            tokio::spawn(async move { server.serve_with_shutdown(listener, async { drop(stopped.await) }).await });
        socket.write_all(&sent).await.unwrap();
        // The server's own SETTINGS, where it has come as far.
        if sent.starts_with(PREFACE) {
            socket.read_exact(&mut [0; 9]).await.unwrap();
        }
        let reader = tokio::spawn(async move {
            let mut buffer = vec![0; 1 << 16];
            while reads && socket.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
            // Kept open to the end.
            pending::<()>().await;
            drop(socket);
        });
        tokio::time::sleep(Duration::from_millis(50)).await;
        stop.send(()).unwrap();
        let began = std::time::Instant::now();
        // The grace and a tenth of a second, were there nothing else to do; the bound only tells a hang.
        let ended = tokio::time::timeout(Duration::from_secs(20), served).await;
        assert!(ended.is_ok(), "{name}: the server does not end");
        ended.unwrap().unwrap().unwrap();
        eprintln!("beside {name}: {:?} after the signal", began.elapsed());
        reader.abort();
    }
}
