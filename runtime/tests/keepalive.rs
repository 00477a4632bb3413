//! Peers that fell silent, and peers that ping too much.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::{
    future::pending,
    time::{Duration, Instant},
};

use rsgrpc::{Channel, Code, Server};
use support::{Echo, EchoClient, EchoServer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    sync::mpsc,
};

struct Nothing;
impl Echo for Nothing {}

/// A raw peer of a server, after the preface and an empty SETTINGS frame.
async fn raw_peer(keepalive: Duration) -> DuplexStream {
    let server =
        Server::builder().add_service(EchoServer::new(Nothing)).keepalive(keepalive, keepalive).build().unwrap();
    let (mut ours, theirs) = tokio::io::duplex(1 << 16);
    tokio::spawn(async move { server.serve_connection(theirs).await });
    ours.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    ours
}

#[tokio::test]
async fn the_server_drops_a_peer_that_does_not_answer() {
    let mut peer = raw_peer(Duration::from_millis(100)).await;
    let start = Instant::now();
    let mut received = Vec::new();
    tokio::time::timeout(Duration::from_secs(5), peer.read_to_end(&mut received)).await.unwrap().unwrap();
    assert!(start.elapsed() >= Duration::from_millis(200), "dropped after {:?}", start.elapsed());
}

/// A peer is asked after each interval of silence, for as long as it answers.
#[tokio::test(start_paused = true)]
async fn the_server_keeps_a_peer_that_answers() {
    const INTERVAL: Duration = Duration::from_secs(7);
    let start = tokio::time::Instant::now();
    let mut peer = raw_peer(INTERVAL).await;
    let mut asked = Vec::new();
    loop {
        let mut head = [0; 9];
        if peer.read_exact(&mut head).await.is_err() {
            break;
        }
        let mut payload = vec![0; usize::from(head[2])];
        peer.read_exact(&mut payload).await.unwrap();
        // A PING that is no answer.
        if head[3] == 6 && head[4] == 0 {
            asked.push(start.elapsed().as_secs());
            if asked.len() < 4 {
                peer.write_all(&[&b"\0\0\x08\x06\x01\0\0\0\0"[..], &payload].concat()).await.unwrap();
            }
        }
    }
    assert_eq!(asked, [7, 14, 21, 28]);
    assert_eq!(start.elapsed().as_secs(), 35);
}

/// Not even the first frame, which does not fit what lies between them.
#[tokio::test(start_paused = true)]
async fn the_server_drops_a_peer_that_takes_nothing() {
    let server = Server::builder().add_service(EchoServer::new(Nothing)).build().unwrap();
    let (mut ours, theirs) = tokio::io::duplex(16);
    let start = tokio::time::Instant::now();
    let serving = tokio::spawn(async move { server.serve_connection(theirs).await });
    ours.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    serving.await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 10);
}

#[tokio::test]
async fn the_server_tells_a_peer_that_pings_too_much_to_go() {
    let mut peer = raw_peer(Duration::from_secs(60)).await;
    for _ in 0..4 {
        peer.write_all(b"\0\0\x08\x06\0\0\0\0\0pingping").await.unwrap();
    }
    let mut received = Vec::new();
    tokio::time::timeout(Duration::from_secs(5), peer.read_to_end(&mut received)).await.unwrap().unwrap();
    // GOAWAY: eight bytes or more, type 7, flags 0, stream 0, last stream 0, ENHANCE_YOUR_CALM (11).
    let goaway = b"\x07\0\0\0\0\0\0\0\0\0\0\0\0\x0b";
    assert!(received.windows(goaway.len()).any(|window| window == goaway), "{received:?}");
}

#[tokio::test]
async fn the_client_gives_up_a_server_that_does_not_answer() {
    // A server that opens HTTP/2, takes a request and then does not even read any more.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut connection = h2::server::handshake(stream).await.unwrap();
        let _request = connection.accept().await;
        pending::<()>().await;
    });
    let channel = Channel::builder(format!("http://{addr}"))
        .keepalive(Duration::from_secs(1), Duration::from_millis(200))
        .build()
        .unwrap();
    let start = Instant::now();
    let client = EchoClient::new(channel);
    let call = client.unary(String::new()).timeout(Duration::from_secs(30));
    assert_eq!(call.await.unwrap_err().code(), Code::Unavailable);
    // The interval was raised to what servers tolerate.
    let took = start.elapsed();
    assert!((10..15).contains(&took.as_secs()), "took {took:?}");
}

/// A server that takes one call, and at the first PING says that there are too many, and goes.
async fn until_pinged(mut socket: DuplexStream, tell: mpsc::UnboundedSender<u64>) {
    socket.write_all(b"\0\0\0\x04\0\0\0\0\0").await.unwrap();
    socket.read_exact(&mut [0; 24]).await.unwrap();
    let mut began = tokio::time::Instant::now();
    loop {
        let mut head = [0; 9];
        socket.read_exact(&mut head).await.unwrap();
        let [_, high, low, kind, flags, ..] = head;
        socket.read_exact(&mut vec![0; u16::from_be_bytes([high, low]).into()]).await.unwrap();
        match (kind, flags) {
            (1, _) => began = tokio::time::Instant::now(),
            (6, 0) => break,
            _ => {}
        }
    }
    tell.send(began.elapsed().as_secs()).unwrap();
    // The call was looked at, so it is not sent again.
    socket.write_all(b"\0\0\x16\x07\0\0\0\0\0\0\0\0\x01\0\0\0\x0btoo_many_pings").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_client_asks_less_often_where_it_was_too_often() {
    let (tell, mut asked) = mpsc::unbounded_channel();
    let connect = move |_| {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        tokio::spawn(until_pinged(theirs, tell.clone()));
        std::future::ready(Ok(ours))
    };
    let ten = Duration::from_secs(10);
    let client =
        EchoClient::new(Channel::builder("http://test").keepalive(ten, ten).connect_with(connect).build().unwrap());
    for seconds in [10, 20, 40] {
        assert_eq!(client.unary(String::new()).await.unwrap_err().code(), Code::Unavailable);
        assert_eq!(asked.recv().await, Some(seconds));
    }
}
