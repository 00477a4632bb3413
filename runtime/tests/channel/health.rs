//! Servers that are connected but not well.

use std::{future::IntoFuture, time::Duration};

use futures_util::future::join_all;
use rsgrpc::{
    Channel, Code, ServingStatus,
    client::channel::{ConnectivityState, FailurePercentage, LoadBalancing, OutlierDetection},
};

use crate::{
    node::{Node, shares, until},
    support::EchoClient,
};

fn states(channel: &Channel) -> Vec<ConnectivityState> {
    channel.figures().backends.iter().map(|backend| backend.state).collect()
}

#[tokio::test]
async fn only_those_that_say_that_they_serve_get_calls() {
    use ConnectivityState::{Ready, TransientFailure};
    let (a, b) = (Node::start("a").await, Node::start("b").await);
    for node in [&a, &b] {
        node.health.set("test.Echo", ServingStatus::Serving);
    }
    b.health.set("test.Echo", ServingStatus::NotServing);
    let builder = Channel::builder("http://service").resolver(vec![a.endpoint(), b.endpoint()]);
    let channel = builder.load_balancing(LoadBalancing::RoundRobin).health_check("test.Echo").build().unwrap();
    let client = EchoClient::new(channel.clone());
    channel.state(true);
    until("one is well", || states(&channel) == [Ready, TransientFailure]).await;
    assert_eq!(shares(&client, 10).await.into_iter().collect::<Vec<_>>(), [("a".to_owned(), 10)]);
    assert_eq!(channel.figures().streams, 0, "asking is no call");

    b.health.set("test.Echo", ServingStatus::Serving);
    until("both are well", || states(&channel) == [Ready, Ready]).await;
    assert_eq!(shares(&client, 10).await.len(), 2);

    for node in [&a, &b] {
        node.health.set("test.Echo", ServingStatus::NotServing);
    }
    until("none is well", || states(&channel) == [TransientFailure, TransientFailure]).await;
    let error = client.unary(String::new()).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert_eq!(error.message(), format!("{} says that its health is NOT_SERVING", b.addr));
}

#[tokio::test]
async fn a_service_config_names_whose_health_counts() {
    let node = Node::start("a").await;
    node.health.set("test.Echo", ServingStatus::NotServing);
    let config = r#"{"healthCheckConfig": {"serviceName": "test.Echo"}}"#.parse().unwrap();
    let channel = Channel::builder("http://service").resolver(vec![node.endpoint()]).service_config(config);
    let error = EchoClient::new(channel.build().unwrap()).unary(String::new()).await.unwrap_err();
    assert_eq!(error.message(), format!("{} says that its health is NOT_SERVING", node.addr));
}

#[tokio::test]
async fn one_that_does_not_speak_of_health_is_well() {
    let a = Node::start_without_health("a").await;
    let channel = Channel::builder(format!("http://{}", a.addr)).health_check("test.Echo").build().unwrap();
    assert_eq!(EchoClient::new(channel).unary(String::new()).await.unwrap().into_inner(), "a");
}

#[tokio::test]
async fn one_that_fails_its_calls_is_left_out() {
    let nodes = [Node::start("a").await, Node::start("b").await, Node::start("c").await];
    let detection = OutlierDetection {
        interval: Duration::from_millis(100),
        base_ejection_time: Duration::from_millis(300),
        max_ejection_percent: 40,
        success_rate: None,
        failure_percentage: Some(FailurePercentage {
            threshold: 50,
            minimum_hosts: 1,
            request_volume: 5,
            ..FailurePercentage::default()
        }),
        ..OutlierDetection::default()
    };
    let endpoints = nodes.iter().map(Node::endpoint).collect::<Vec<_>>();
    let builder = Channel::builder("http://service").resolver(endpoints).load_balancing(LoadBalancing::RoundRobin);
    let channel = builder.outlier_detection(detection).build().unwrap();
    let client = EchoClient::new(channel.clone());
    channel.state(true);
    until("all are connected", || channel.figures().connections == 3).await;
    let out = || states(&channel).iter().filter(|state| **state == ConnectivityState::TransientFailure).count();
    let failing = async {
        while out() == 0 {
            let calls = (0..30).map(|_| client.unary("fail if a".to_owned()).into_future());
            join_all(calls).await;
        }
    };
    crate::node::within("it is left out", failing).await;
    assert!(!shares(&client, 20).await.contains_key("a"));
    until("it is let in again", || out() == 0).await;
    assert!(shares(&client, 20).await.contains_key("a"));
}

/// More than a server of ours lets run at a time on a connection.
const CALLS: usize = 210;

#[tokio::test]
async fn calls_that_wait_for_a_stream_go_elsewhere_once_the_server_is_not_well() {
    let (a, b) = (Node::start("a").await, Node::start("b").await);
    for node in [&a, &b] {
        node.health.set("test.Echo", ServingStatus::Serving);
    }
    let builder = Channel::builder("http://service").resolver(vec![a.endpoint(), b.endpoint()]);
    let channel = builder.load_balancing(LoadBalancing::RoundRobin).health_check("test.Echo").build().unwrap();
    let client = EchoClient::new(channel.clone());
    channel.state(true);
    until("both are well", || states(&channel) == [ConnectivityState::Ready; 2]).await;
    b.health.set("test.Echo", ServingStatus::NotServing);
    until("one is not well", || states(&channel).contains(&ConnectivityState::TransientFailure)).await;
    let calls: Vec<_> = (0..CALLS)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.unary("hold".to_owned()).await.unwrap().into_inner() })
        })
        .collect();
    until("all are sent that can be", || channel.figures().streams + channel.figures().queued == CALLS).await;
    assert!(channel.figures().queued > 0);
    b.health.set("test.Echo", ServingStatus::Serving);
    a.health.set("test.Echo", ServingStatus::NotServing);
    until("they go to the other", || channel.figures().queued == 0).await;
    let held = |node: &Node| node.held.load(std::sync::atomic::Ordering::SeqCst);
    until("all are held", || held(&a) + held(&b) == CALLS).await;
    calls.iter().for_each(tokio::task::JoinHandle::abort);
}
