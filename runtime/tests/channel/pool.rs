//! Connections and their streams.

use std::{future::IntoFuture, sync::atomic::Ordering, time::Duration};

use futures_util::{FutureExt, StreamExt, future::join_all, stream::FuturesUnordered};
use rsgrpc::Channel;
use tokio::net::TcpListener;

use crate::{
    node::{Node, until, within},
    support::EchoClient,
};

#[tokio::test]
async fn more_connections_are_made_as_calls_need_them() {
    let node = Node::start("a").await;
    let builder = Channel::builder(format!("http://{}", node.addr)).max_connections(3).streams_per_connection(4);
    let channel = builder.build().unwrap();
    let client = EchoClient::new(channel.clone());
    let mut calls = Vec::new();
    for (running, connections) in [(4, 1), (5, 2), (8, 2), (10, 3), (40, 3)] {
        while calls.len() < running {
            let client = client.clone();
            calls.push(tokio::spawn(async move { client.unary("hold".to_owned()).await.unwrap().into_inner() }));
            let held = calls.len();
            until("it is held", || node.held.load(Ordering::SeqCst) == held).await;
        }
        until("connections are made", || channel.figures().connections == connections).await;
        let figures = channel.figures();
        assert_eq!((figures.streams, figures.queued), (running, 0), "{figures:?}");
    }
    node.gate.add_permits(40);
    join_all(calls).await.into_iter().for_each(|name| assert_eq!(name.unwrap(), "a"));
    assert_eq!(channel.figures().streams, 0);
}

/// A server by h2 itself, which refuses streams beyond so many, and answers each call with UNIMPLEMENTED after this time.
async fn narrow(streams: u32, pause: Duration) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let socket = listener.accept().await.unwrap().0;
            tokio::spawn(async move {
                let mut builder = h2::server::Builder::new();
                let builder = builder.max_concurrent_streams(streams);
                let mut connection = builder.handshake::<_, bytes::Bytes>(socket).await.unwrap();
                while let Some(Ok((_, mut respond))) = connection.accept().await {
                    tokio::spawn(async move {
                        tokio::time::sleep(pause).await;
                        let head = http::Response::builder().header("content-type", "application/grpc");
                        let _ = respond.send_response(head.header("grpc-status", "12").body(()).unwrap(), true);
                    });
                }
            });
        }
    });
    addr
}

#[tokio::test]
async fn calls_wait_for_a_stream() {
    let addr = narrow(3, Duration::from_millis(2)).await;
    let channel = Channel::connect(format!("http://{addr}")).unwrap();
    let client = EchoClient::new(channel.clone());
    let call = || {
        let client = client.clone();
        tokio::spawn(async move { client.unary(String::new()).await.unwrap_err().code() })
    };
    assert_eq!(call().await.unwrap(), rsgrpc::Code::Unimplemented);
    let calls: Vec<_> = (0..200).map(|_| call()).collect();
    for code in within("all answers", join_all(calls)).await {
        assert_eq!(code.unwrap(), rsgrpc::Code::Unimplemented);
    }
    // Others give up while they wait.
    let impatient: Vec<_> = (0..200)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                let _ = client.unary(String::new()).timeout(Duration::from_millis(5)).await;
            })
        })
        .collect();
    join_all(impatient).await;
    until("nothing is left", || {
        let figures = channel.figures();
        (figures.streams, figures.queued, figures.connections) == (0, 0, 1)
    })
    .await;
}

#[tokio::test]
async fn a_call_that_waits_for_a_stream_is_counted_once() {
    let addr = narrow(3, Duration::MAX).await;
    for (connections, running) in [(1, 3), (2, 6)] {
        let builder = Channel::builder(format!("http://{addr}")).max_connections(connections);
        let channel = builder.build().unwrap();
        channel.state(true);
        until("it is connected", || channel.figures().connections == 1).await;
        let client = EchoClient::new(channel.clone());
        let calls: Vec<_> = (0..10)
            .map(|_| {
                let client = client.clone();
                tokio::spawn(async move { client.unary(String::new()).await })
            })
            .collect();
        until("all run that can", || channel.figures().streams == running).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        let figures = channel.figures();
        assert_eq!((figures.streams, figures.queued), (running, 10 - running), "{figures:?}");
        let late = client.unary(String::new()).timeout(Duration::from_millis(50)).await.unwrap_err();
        let said = format!("the deadline of the call has passed while it waited for a stream to {addr}");
        assert_eq!((late.code(), late.message()), (rsgrpc::Code::DeadlineExceeded, said.as_str()));
        calls.iter().for_each(tokio::task::JoinHandle::abort);
        until("none waits", || channel.figures().queued == 0).await;
    }
}

/// In a process of its own, so that its memory is that of these calls.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn cancelled_calls_leave_nothing_behind() {
    crate::child::Process::start("true", "pool::cancels_a_hundred_thousand_calls", |_| {}).succeeds();
}

#[cfg(target_os = "linux")]
#[tokio::test]
#[ignore = "started by `cancelled_calls_leave_nothing_behind`"]
async fn cancels_a_hundred_thousand_calls() {
    let node = Node::start("a").await;
    let channel = Channel::connect(format!("http://{}", node.addr)).unwrap();
    let client = EchoClient::new(channel.clone());
    assert_eq!(client.unary(String::new()).await.unwrap().into_inner(), "a");
    let runtime = tokio::runtime::Handle::current().metrics();
    let tasks = runtime.num_alive_tasks();
    // What the first take is used again by the others.
    cancel(&client, &node, 20_000).await;
    let before = resident();
    cancel(&client, &node, 80_000).await;
    until("nothing is left", || {
        let figures = channel.figures();
        (figures.streams, figures.queued) == (0, 0) && runtime.num_alive_tasks() <= tasks
    })
    .await;
    let grown = resident().saturating_sub(before);
    assert!(grown < 4 << 20, "{grown} bytes more are in memory");
    assert_eq!(client.unary(String::new()).await.unwrap().into_inner(), "a");
}

/// Cancels so many calls that the server works on, a hundred at a time.
#[cfg(target_os = "linux")]
async fn cancel(client: &EchoClient, node: &Node, calls: usize) {
    for _ in 0..calls / 100 {
        let mut calls: FuturesUnordered<_> = (0..100).map(|_| client.unary("hold".to_owned()).into_future()).collect();
        while node.held.load(Ordering::SeqCst) < 100 {
            assert!(calls.next().now_or_never().is_none(), "a held call ended");
            tokio::task::yield_now().await;
        }
        drop(calls);
        while node.held.load(Ordering::SeqCst) > 0 {
            tokio::task::yield_now().await;
        }
    }
}

/// The bytes of this process that are in memory.
#[cfg(target_os = "linux")]
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}
