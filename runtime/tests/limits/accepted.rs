//! Limits of the accept loop: connections, of all and of one address, whatever they speak.

use std::net::SocketAddr;

use rsgrpc::ConnectionLimits;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
};

use crate::{
    attacker::{DATA, END_HEADERS, END_STREAM, HEADERS, PREFACE, SETTINGS, call, frame, message, post},
    served::builder,
};

/// A call, and what its answer has in it.
fn callers() -> [(&'static str, Vec<u8>, &'static [u8]); 3] {
    let over_http2 = |head: &[u8], body: &[u8]| {
        let call = [frame(HEADERS, END_HEADERS, 1, head), frame(DATA, END_STREAM, 1, body)].concat();
        [PREFACE, &frame(SETTINGS, 0, 0, &[]), &call].concat()
    };
    let rest =
        "POST /v1/unary HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ncontent-length: 4\r\n\r\n\"hi\"";
    [
        ("gRPC", over_http2(&call("/test.Echo/Unary"), &message("hi")), b"\x0a\x02hi"),
        ("REST over HTTP/2", over_http2(&post("/v1/unary", "application/json", None), b"\"hi\""), b"\"hi\""),
        ("REST over HTTP/1.1", rest.into(), b"\"hi\""),
    ]
}

/// Calls from this address; the connection, unless it was closed without a word.
async fn called(server: SocketAddr, from: [u8; 4], call: &[u8], mark: &[u8]) -> Option<TcpStream> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((from, 0).into()).unwrap();
    let mut stream = socket.connect(server).await.unwrap();
    let _ = stream.write_all(call).await;
    let mut answer = Vec::new();
    while !answer.windows(mark.len()).any(|part| part == mark) {
        if stream.read_buf(&mut answer).await.unwrap_or(0) == 0 {
            assert!(answer.is_empty(), "{answer:?}");
            return None;
        }
    }
    Some(stream)
}

#[tokio::test]
async fn connections() {
    const HERE: [u8; 4] = [127, 0, 0, 1];
    const THERE: [u8; 4] = [127, 0, 0, 2];
    for (name, call, mark) in callers() {
        let limits = ConnectionLimits::new;
        for (limits, others) in [(limits().max_connections(2), false), (limits().max_connections_per_peer(2), true)] {
            let server = builder().connection_limits(limits).build().unwrap();
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let addr = listener.local_addr().unwrap();
            tokio::spawn(async move { server.serve_with_shutdown(listener, std::future::pending()).await });
            let called = |from| called(addr, from, &call, mark);
            let first = called(HERE).await.expect(name);
            let _second = called(HERE).await.expect(name);
            assert!(called(HERE).await.is_none(), "{name}: a third connection was served");
            assert_eq!(called(THERE).await.is_some(), others, "{name}: a connection from another address");
            // One that ends makes room for another.
            drop(first);
            while called(HERE).await.is_none() {
                tokio::task::yield_now().await;
            }
        }
    }
}
