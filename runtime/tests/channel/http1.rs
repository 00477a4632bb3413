//! Channels over HTTP/1.1.

use std::{future::IntoFuture, net::SocketAddr, sync::atomic::Ordering, time::Duration};

use rsgrpc::{
    Channel, ChannelBuilder, Code, Protocol,
    client::channel::{ConnectivityState, LoadBalancing, OutlierDetection},
};

use crate::{
    node::{Node, until, within},
    states::nobody,
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
    let client = EchoClient::new(channel.clone());
    let call = tokio::spawn(async move { client.unary(String::new()).await });
    until("it waits", || channel.figures().queued == 1).await;
    channel.close();
    let error = within("its end", call).await.unwrap().unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::Unavailable, "the channel was closed"));
}
