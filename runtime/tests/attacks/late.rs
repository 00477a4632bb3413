//! Answers that come before the request is over, and callers who go on sending.

use std::{future::IntoFuture, sync::Arc};

use futures_util::{StreamExt, future::join_all, stream};
use rsgrpc::{Channel, Code};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    attacker::{Attacker, Caller, DATA, ENHANCE_YOUR_CALM, frame},
    support::EchoClient,
    target::Target,
};

const MIB: usize = 1 << 20;
/// What may be swallowed on a connection.
const BAR: usize = 16 * MIB;
const CHUNK: usize = 16_384;

#[tokio::test]
async fn on_the_same_stream() {
    let target = Target::new().await;
    for caller in Caller::ALL {
        let mut attacker = Attacker::connect(target.addr).await;
        let stream = attacker.stream();
        attacker.send(&caller.open(stream, "Up")).await;
        attacker.until("the answer", |seen| seen.ended == 1).await;
        let chunk = frame(DATA, 0, stream, &[0; CHUNK]);
        let mut sent = 0;
        while attacker.send(&chunk).await && attacker.settled().await {
            sent += CHUNK;
            assert!(sent < BAR, "16 MiB were swallowed");
        }
    }
    target.finish().await;
}

/// Each call sends no more than its window lets through. At first the connection is to be given up for another, and the
/// one who does not care is cut off.
#[tokio::test]
async fn call_after_call() {
    let target = Target::new().await;
    for caller in Caller::ALL {
        let mut attacker = Attacker::connect(target.addr).await;
        let (mut sent, mut calls, mut warned) = (0, 0, None);
        while !attacker.seen().closed {
            let stream = attacker.stream();
            attacker.send(&caller.open(stream, "Up")).await;
            calls += 1;
            attacker.until("an answer", |seen| seen.ended == calls || seen.closed).await;
            for _ in 0..31 {
                if !attacker.send(&frame(DATA, 0, stream, &[0; CHUNK])).await {
                    break;
                }
                sent += CHUNK;
            }
            assert!(sent <= BAR + 31 * CHUNK, "{sent} bytes were swallowed");
            attacker.settled_or_closed().await;
            if let Some(0) = attacker.seen().goaway {
                warned.get_or_insert(sent);
            }
        }
        let warned = warned.expect("a GOAWAY without an error");
        assert!((4 * MIB..=5 * MIB).contains(&warned), "told to go after {warned} bytes");
        assert_eq!(attacker.seen().goaway, Some(ENHANCE_YOUR_CALM), "after {sent} bytes");
    }
    target.finish().await;
}

#[tokio::test]
async fn over_http1() {
    let target = Target::new().await;
    let chunk = [format!("{CHUNK:x}\r\n").as_bytes(), &[b' '; CHUNK], b"\r\n"].concat();
    for content_type in ["application/json", "application/connect+json", "application/grpc-web+proto"] {
        let path = if content_type == "application/json" { "/v1/up" } else { "/test.Echo/Up" };
        let mut socket = TcpStream::connect(target.addr).await.unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: test\r\ncontent-type: {content_type}\r\ntransfer-encoding: chunked\r\n\r\n"
        );
        socket.write_all(head.as_bytes()).await.unwrap();
        assert!(socket.read(&mut [0; 1024]).await.unwrap() > 0, "an answer");
        // What the sockets hold counts, too.
        let mut sent = 0;
        while socket.write_all(&chunk).await.is_ok() {
            sent += CHUNK;
            assert!(sent < BAR, "16 MiB were swallowed");
        }
    }
    target.finish().await;
}

/// Honest callers, whose uploads are refused again and again: each learns why, however often the connection is renewed.
#[tokio::test]
async fn refused_uploads_are_no_attack() {
    let target = Target::new().await;
    let client = EchoClient::new(Channel::connect(format!("http://{}", target.addr)).unwrap());
    let client = Arc::new(client);
    let caller = |_| {
        let client = Arc::clone(&client);
        async move {
            for _ in 0..40 {
                let upload = stream::repeat("x".repeat(32 * 1024)).take(32);
                let error = client.up(upload).into_future().await.unwrap_err();
                assert_eq!((error.code(), error.message()), (Code::Unauthenticated, "no token"));
            }
        }
    };
    join_all((0..10).map(caller)).await;
    target.finish().await;
}
