//! Channels over HTTP/1.1.

use std::{
    future::IntoFuture,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::StreamExt;
use rsgrpc::{
    Channel, ChannelBuilder, Code, Protocol,
    client::channel::{ConnectivityState, LoadBalancing, OutlierDetection},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::{
    node::{Node, until, within},
    states::{closing_ends_what_waits, nobody},
    support::EchoClient,
};

fn to(addr: SocketAddr) -> ChannelBuilder {
    Channel::builder(format!("http://{addr}")).protocol(Protocol::Connect).http1_only()
}

#[tokio::test]
async fn what_it_cannot_do_is_refused() {
    let second = Duration::from_secs(1);
    for (set, named) in [
        (to(nobody().await).load_balancing(LoadBalancing::RoundRobin), "load balancing"),
        (to(nobody().await).prefer_locality("here"), "prefer_locality"),
        (to(nobody().await).health_check(""), "health_check"),
        (to(nobody().await).outlier_detection(OutlierDetection::default()), "outlier_detection"),
        (to(nobody().await).keepalive(second, second), "keepalive"),
        (to(nobody().await).idle_timeout(second), "idle_timeout"),
        (to(nobody().await).streams_per_connection(5), "streams_per_connection"),
    ] {
        let error = set.build().unwrap_err().to_string();
        assert!(error.ends_with("needs HTTP/2; leave it out, or leave http1_only out"), "{error}");
        assert!(error.contains(named), "{error}");
    }
}

#[tokio::test]
async fn a_closed_channel_is_shut_down_in_every_respect() {
    let channel = to(nobody().await).build().unwrap();
    assert_eq!(channel.state(true), ConnectivityState::Idle);
    let changed = tokio::spawn({
        let channel = channel.clone();
        async move { channel.state_changed(ConnectivityState::Idle).await }
    });
    tokio::task::yield_now().await;
    channel.close();
    assert_eq!(within("the change", changed).await.unwrap(), ConnectivityState::Shutdown);
    assert_eq!(
        (channel.state(false), channel.figures().state),
        (ConnectivityState::Shutdown, ConnectivityState::Shutdown)
    );
    let error = EchoClient::new(channel).unary(String::new()).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::Unavailable, "the channel was closed"));
}

#[tokio::test]
async fn calls_wait_for_a_connection() {
    let node = Node::start("a").await;
    let channel = to(node.addr).max_connections(2).build().unwrap();
    let client = EchoClient::new(channel.clone());
    let calls: Vec<_> = (0..5)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.unary("hold".to_owned()).await.unwrap().into_inner() })
        })
        .collect();
    until("two are held", || node.held.load(Ordering::SeqCst) == 2).await;
    let figures = channel.figures();
    assert_eq!((figures.connections, figures.streams, figures.queued), (2, 2, 3), "{figures:?}");
    let late = client.unary(String::new()).timeout(Duration::from_millis(50)).await.unwrap_err();
    let said = format!("the deadline of the call has passed while it waited for one of 2 connections to {}", node.addr);
    assert_eq!((late.code(), late.message()), (Code::DeadlineExceeded, said.as_str()));
    node.gate.add_permits(5);
    for call in calls {
        assert_eq!(within("an answer", call).await.unwrap(), "a");
    }
    assert_eq!((channel.figures().streams, channel.figures().queued), (0, 0));
}

#[tokio::test]
async fn calls_that_wait_for_ready_outlast_failures() {
    let addr = nobody().await;
    let channel = to(addr).wait_for_ready(true).build().unwrap();
    let client = EchoClient::new(channel.clone());
    let hasty = client.unary(String::new()).wait_for_ready(false);
    assert_eq!(within("its end", hasty.into_future()).await.unwrap_err().code(), Code::Unavailable);
    let late = client.unary(String::new()).timeout(Duration::from_millis(50)).await.unwrap_err();
    let said = format!(
        "the deadline of the call has passed while it waited for a server; the last attempt: cannot connect to {addr}: \
         Connection refused"
    );
    assert_eq!(late.code(), Code::DeadlineExceeded);
    assert!(late.message().starts_with(&said), "{late}");

    let call = tokio::spawn(async move { client.unary(String::new()).await });
    until("it waits", || channel.figures().queued == 1).await;
    assert_eq!(channel.figures().streams, 0);
    let _node = Node::at("a", addr).await;
    channel.reset_backoff();
    assert_eq!(within("the answer", call).await.unwrap().unwrap().into_inner(), "a");
}

#[tokio::test]
async fn calls_that_wait_learn_that_the_channel_was_closed() {
    let channel = to(nobody().await).wait_for_ready(true).build().unwrap();
    closing_ends_what_waits(channel).await;
}

#[tokio::test]
async fn there_are_no_more_connections_than_allowed() {
    let node = Node::start("a").await;
    let channel = to(node.addr).max_connections(1).build().unwrap();
    let client = EchoClient::new(channel.clone());
    for _ in 0..20 {
        assert_eq!(client.unary(String::new()).await.unwrap().into_inner(), "a");
    }
    assert_eq!(node.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_closed_channel_keeps_no_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let channel = to(listener.local_addr().unwrap()).build().unwrap();
    let client = EchoClient::new(channel.clone());
    let call = tokio::spawn(async move { client.unary(String::new()).await });
    let mut stream = listener.accept().await.unwrap().0;
    let mut bytes = vec![0; 4096];
    assert!(stream.read(&mut bytes).await.unwrap() > 0);
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/proto\r\ncontent-length: 0\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    within("the answer", call).await.unwrap().unwrap();
    until("it is idle", || channel.figures().connections == 1 && channel.figures().streams == 0).await;
    channel.close();
    assert_eq!(within("the end", stream.read(&mut bytes)).await.unwrap(), 0);
    assert_eq!(channel.figures().connections, 0);
}

#[tokio::test]
async fn a_connection_that_breaks_before_the_request_is_out_has_not_been_made() {
    let dialled = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&dialled);
    let channel = to(nobody().await).connect_with(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        // The other end is gone at once.
        async { Ok(tokio::io::duplex(1).0) }
    });
    let client = EchoClient::new(channel.build().unwrap());
    let late = client.unary(String::new()).wait_for_ready(true).timeout(Duration::from_millis(1500));
    let error = within("its end", late.into_future()).await.unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded, "{error}");
    assert!(error.message().contains("it waited for a server; the last attempt: the connection to"), "{error}");
    assert_eq!(dialled.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_client_that_speaks_grpc_is_told_what_that_needs() {
    let node = Node::start("a").await;
    let client = rsgrpc::Client::from(to(node.addr).build().unwrap()).protocol(Protocol::Grpc);
    let error = EchoClient::new(client).unary(String::new()).await.unwrap_err();
    let said = "gRPC needs HTTP/2; choose another protocol, or leave http1_only out";
    assert_eq!((error.code(), error.message()), (Code::Unimplemented, said));
    assert_eq!(node.connections.load(Ordering::SeqCst), 0);
}

/// A server that answers each connection so, without an end of the request, and how many of its connections are open.
async fn answers(answer: String) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (addr, open) = (listener.local_addr().unwrap(), Arc::<AtomicUsize>::default());
    let count = Arc::clone(&open);
    tokio::spawn(async move {
        loop {
            let mut stream = listener.accept().await.unwrap().0;
            let (answer, count) = (answer.clone(), Arc::clone(&count));
            count.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                let mut bytes = vec![0; 4096];
                let _ = stream.read(&mut bytes).await;
                let _ = stream.write_all(answer.as_bytes()).await;
                while stream.read(&mut bytes).await.is_ok_and(|read| read > 0) {}
                count.fetch_sub(1, Ordering::SeqCst);
            });
        }
    });
    (addr, open)
}

/// A connection whose request does not end carries no other (RFC 9112, 9.3), so it is closed when the call is over, and the
/// requests that were to come are dropped.
#[tokio::test]
async fn an_answer_before_the_end_of_the_request() {
    let stream = "HTTP/1.1 200 OK\r\ncontent-type: application/connect+proto\r\ncontent-length: 16\r\n\r\n\
                  \0\0\0\0\x04\x0a\x02hi\x02\0\0\0\x02{}";
    let none = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";
    for (answer, is_good) in [(stream, true), (none, false)] {
        let (addr, open) = answers(answer.to_owned()).await;
        let client = EchoClient::new(to(addr).max_connections(1).build().unwrap());
        for _ in 0..3 {
            let requests = Arc::new(());
            let held = Arc::clone(&requests);
            let pending = futures_util::stream::pending::<String>().map(move |request| {
                let _ = &held;
                request
            });
            let outcome = within("an outcome", client.up(pending).into_future()).await;
            assert_eq!(outcome.is_ok(), is_good, "{outcome:?}");
            until("the requests are dropped", || Arc::strong_count(&requests) == 1).await;
        }
        until("no connection is left", || open.load(Ordering::SeqCst) == 0).await;
    }
}

#[tokio::test]
async fn a_head_may_be_as_large_as_the_channel_says() {
    let answer = |bytes: usize| {
        let filler = "x".repeat(bytes);
        format!("HTTP/1.1 200 OK\r\ncontent-type: application/proto\r\ncontent-length: 0\r\nx-a: {filler}\r\n\r\n")
    };
    for (limit, bytes, is_good) in [(16, 15, true), (16, 17, false), (64, 60, true), (64, 140, false)] {
        let (addr, _) = answers(answer(bytes * 1024)).await;
        let client = EchoClient::new(to(addr).max_header_bytes(limit * 1024).build().unwrap());
        let outcome = within("an outcome", client.unary(String::new()).into_future()).await;
        match outcome {
            Ok(_) => assert!(is_good, "{bytes} of {limit} KiB"),
            Err(error) => assert_eq!((error.code(), is_good), (Code::ResourceExhausted, false), "{bytes}: {error}"),
        }
    }
}

/// A server may be late with the end of an answer that has told its outcome. Its connection carries the next call, unless
/// that end does not come.
#[tokio::test]
async fn connections_carry_a_call_after_an_answer_that_ends_late() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let channel = to(listener.local_addr().unwrap()).max_connections(1).build().unwrap();
    let accepted = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&accepted);
    tokio::spawn(async move {
        loop {
            let mut stream = listener.accept().await.unwrap().0;
            count.fetch_add(1, Ordering::SeqCst);
            for pause in [20, 3600 * 1000] {
                let mut request = Vec::new();
                while !request.windows(4).any(|bytes| bytes == b"\x0a\x02hi") {
                    assert_ne!(stream.read_buf(&mut request).await.unwrap(), 0);
                }
                let head =
                    "HTTP/1.1 200 OK\r\ncontent-type: application/connect+proto\r\ntransfer-encoding: chunked\r\n\r\n";
                stream.write_all(&[head.as_bytes(), b"7\r\n\x02\0\0\0\x02{}\r\n"].concat()).await.unwrap();
                let pause = tokio::time::sleep(Duration::from_millis(pause));
                tokio::select! {
                    () = pause => stream.write_all(b"0\r\n\r\n").await.unwrap(),
                    closed = stream.read_to_end(&mut request) => assert!(closed.is_ok()),
                }
            }
        }
    });
    let client = EchoClient::new(channel);
    for connections in [1, 1, 2] {
        let mut messages = within("an answer", client.down("hi".to_owned()).into_future()).await.unwrap().into_inner();
        assert_eq!(within("its end", messages.message()).await.unwrap(), None);
        assert_eq!(accepted.load(Ordering::SeqCst), connections);
    }
}
