//! How often a connection of HTTP/1.1 takes a turn for a request.

use std::{
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use rsgrpc::{Request, Response, Server, Streaming};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use crate::{
    served::{SECOND, builder},
    support::{Answer, Echo, EchoServer, Ruled},
};

async fn ask(peer: &mut DuplexStream, path: &str, body: &str, answer: &str) {
    let head = format!("POST {path} HTTP/1.1\r\nhost: test\r\n");
    peer.write_all(format!("{head}content-length: {}\r\n\r\n{body}", body.len()).as_bytes()).await.unwrap();
    let mut received = Vec::new();
    while !received.ends_with(answer.as_bytes()) {
        let read = tokio::time::timeout(20 * SECOND, peer.read_buf(&mut received)).await.expect("it stalls").unwrap();
        assert!(read > 0, "{}", String::from_utf8_lossy(&received));
    }
}

/// hyper wakes its connection when the last of a body is taken, which is hushed.
#[tokio::test]
async fn a_request_that_comes_at_once_is_one_turn() {
    let server = builder().build().unwrap();
    let (mut peer, theirs) = tokio::io::duplex(1 << 16);
    let turns = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&turns);
    let mut serving = Box::pin(async move { server.serve_connection(theirs).await });
    tokio::spawn(poll_fn(move |cx| {
        counted.fetch_add(1, Ordering::Relaxed);
        serving.as_mut().poll(cx)
    }));
    for _ in 0..3 {
        ask(&mut peer, "/v1/unary", "\"hi\"", "\"hi\"").await;
    }
    let before = turns.load(Ordering::Relaxed);
    for _ in 0..10 {
        ask(&mut peer, "/v1/unary", "\"hi\"", "\"hi\"").await;
    }
    assert_eq!(turns.load(Ordering::Relaxed) - before, 10);
}

/// Reads its requests in tasks of their own.
struct Elsewhere;

impl Echo for Elsewhere {
    async fn up(&self, request: Request<Streaming<String>>) -> Answer<String> {
        let mut messages = request.into_inner();
        let count = tokio::spawn(async move {
            let mut count = 0;
            while messages.message().await?.is_some() {
                count += 1;
            }
            Ok(count)
        });
        count.await.unwrap().map(|count: u32| Response::new(count.to_string()))
    }
}

/// Bodies of several parts, whose next one is asked for from another thread.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn no_part_of_a_body_is_waited_for_in_vain() {
    let server = Server::builder().add_service(Ruled(EchoServer::new(Elsewhere))).build().unwrap();
    let (mut peer, theirs) = tokio::io::duplex(1 << 14);
    tokio::spawn(async move { server.serve_connection(theirs).await });
    for lines in (1..200).map(|turn| turn * 37) {
        ask(&mut peer, "/v1/up", &"\"0123456789\"\n".repeat(lines), &format!("\"{lines}\"")).await;
    }
}
