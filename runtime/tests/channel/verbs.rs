//! Which methods of HTTP a channel uses.

use std::sync::{Arc, Mutex};

use rsgrpc::{Channel, Client, Protocol};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use crate::{node::within, support::EchoClient};

/// What a server was asked by, in order. It has no answer but 503.
type Seen = Arc<Mutex<Vec<String>>>;

async fn http1(mut socket: DuplexStream, seen: Seen) {
    let mut head = Vec::new();
    while !head.windows(4).any(|bytes| bytes == b"\r\n\r\n") {
        socket.read_buf(&mut head).await.unwrap();
    }
    let verb = head.split(|&b| b == b' ').next().unwrap();
    seen.lock().unwrap().push(String::from_utf8(verb.to_vec()).unwrap());
    let answer = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    socket.write_all(answer).await.unwrap();
    socket.shutdown().await.unwrap();
    // What else is sent has its place.
    let _ = socket.read_to_end(&mut head).await;
}

async fn http2(socket: DuplexStream, seen: Seen) {
    let mut connection = h2::server::handshake(socket).await.unwrap();
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        seen.lock().unwrap().push(request.method().to_string());
        respond.send_response(http::Response::builder().status(503).body(()).unwrap(), true).unwrap();
    }
}

/// What four calls are made by: of a method without side effects, of the same with more than fits into a target, of one
/// that may have effects, and of a stream.
async fn verbs(get: Option<bool>, of_client: Option<bool>, protocol: Protocol, http1_only: bool) -> String {
    let seen = Seen::default();
    let noted = Arc::clone(&seen);
    let connect = move |_| {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        let noted = Arc::clone(&noted);
        match http1_only {
            true => drop(tokio::spawn(http1(theirs, noted))),
            false => drop(tokio::spawn(http2(theirs, noted))),
        }
        async { Ok(ours) }
    };
    let mut channel = Channel::builder("http://test").protocol(protocol).connect_with(connect);
    if http1_only {
        channel = channel.http1_only();
    }
    if let Some(get) = get {
        channel = channel.get(get);
    }
    let mut client = Client::from(channel.build().unwrap());
    if let Some(get) = of_client {
        client = client.get(get);
    }
    let client = EchoClient::new(client);
    let hi = || "hi".to_owned();
    within("the answers", async {
        client.look(hi()).await.unwrap_err();
        client.look("x".repeat(10_000)).await.unwrap_err();
        client.unary(hi()).await.unwrap_err();
        client.down(hi()).await.map(drop).unwrap_err();
    })
    .await;
    seen.lock().unwrap().join(" ")
}

#[tokio::test]
async fn methods_without_side_effects_are_called_by_get_where_it_is_set() {
    for http1_only in [false, true] {
        for (channel, client, expected) in [
            (None, None, "POST POST POST POST"),
            (Some(false), None, "POST POST POST POST"),
            (Some(true), None, "GET POST POST POST"),
            (None, Some(true), "GET POST POST POST"),
            (Some(true), Some(false), "POST POST POST POST"),
            (Some(false), Some(true), "GET POST POST POST"),
        ] {
            let seen = verbs(channel, client, Protocol::Connect, http1_only).await;
            assert_eq!(seen, expected, "channel {channel:?}, client {client:?}, HTTP/1.1 {http1_only}");
        }
        assert_eq!(verbs(Some(true), None, Protocol::GrpcWeb, http1_only).await, "POST POST POST POST");
    }
}
