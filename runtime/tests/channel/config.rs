//! Service configs that a resolver tells.

use std::{future::IntoFuture, sync::atomic::Ordering, time::Duration};

use rsgrpc::{
    Channel, ChannelBuilder, Code, ServingStatus, Status,
    client::channel::{ConnectivityState, LoadBalancing, Resolution, Resolutions, Resolver},
};
use tokio::sync::watch;

use crate::{
    node::{Node, shares, told, until, within},
    states::closing_ends_what_waits,
    support::EchoClient,
};

type Tell = watch::Sender<Result<Resolution, Status>>;

/// A channel that is told of these servers with a config, and of others later.
fn fixture(nodes: &[&Node], config: Option<&str>) -> (Tell, ChannelBuilder) {
    let (tell, told) = told(Vec::new());
    tells(&tell, resolution(nodes, config));
    (tell, Channel::builder("http://service").resolver(told))
}

fn tells(tell: &Tell, resolution: Resolution) {
    let _ = tell.send_replace(Ok(resolution));
}

fn resolution(nodes: &[&Node], config: Option<&str>) -> Resolution {
    let mut resolution = Resolution::from(nodes.iter().map(|node| node.endpoint()).collect::<Vec<_>>());
    resolution.service_config = config.map(str::parse);
    resolution
}

const ROUND_ROBIN: &str = r#"{"loadBalancingConfig": [{"round_robin": {}}]}"#;
/// Every call may take a fifth of a second.
const HASTY: &str = r#"{"methodConfig": [{"name": [{}], "timeout": "0.2s"}]}"#;
const PATIENT: &str = r#"{"methodConfig": [{"name": [{}], "timeout": "100s"}]}"#;
const BAD: &str = r#"{"methodConfig": [{"name": [{}], "timeout": "soon"}]}"#;

/// Whether calls have the timeout of [`HASTY`].
async fn is_hasty(client: &EchoClient) -> bool {
    match within("an end", client.unary("sleep 500".to_owned()).into_future()).await {
        Ok(_) => false,
        Err(status) if status.code() == Code::DeadlineExceeded => true,
        Err(status) => panic!("{status:?}"),
    }
}

/// One that says nothing.
pub struct Silent;

impl Resolver for Silent {
    fn watch(&self, _: rsgrpc::client::channel::Refresh) -> Resolutions {
        Box::pin(futures_util::stream::pending())
    }
}

#[tokio::test]
async fn the_first_call_has_it_already() {
    let node = Node::start("a").await;
    let (_tell, builder) = fixture(&[&node], Some(HASTY));
    assert!(is_hasty(&EchoClient::new(builder.build().unwrap())).await);
    // But a client may have its own.
    let (_tell, builder) = fixture(&[&node], Some(HASTY));
    let client = rsgrpc::Client::from(builder.build().unwrap()).service_config(PATIENT.parse().unwrap());
    assert!(!is_hasty(&EchoClient::new(client)).await);
}

#[tokio::test]
async fn the_time_of_a_call_passes_while_it_waits_for_the_resolver() {
    let channel = Channel::builder("http://service").resolver(Silent).build().unwrap();
    let client = EchoClient::new(channel.clone());
    let late = client.unary(String::new()).timeout(Duration::from_millis(100));
    assert_eq!(within("its end", late.into_future()).await.unwrap_err().code(), Code::DeadlineExceeded);
    closing_ends_what_waits(channel).await;
}

#[tokio::test]
async fn it_replaces_the_policy_while_calls_run() {
    let (a, b) = (Node::start("a").await, Node::start("b").await);
    let (tell, builder) = fixture(&[&a, &b], None);
    let channel = builder.build().unwrap();
    let client = EchoClient::new(channel.clone());
    assert_eq!(shares(&client, 10).await.into_iter().collect::<Vec<_>>(), [("a".to_owned(), 10)]);
    let held = tokio::spawn({
        let client = client.clone();
        async move { client.unary("hold".to_owned()).await.unwrap().into_inner() }
    });
    until("it is held", || a.held.load(Ordering::SeqCst) == 1).await;

    tells(&tell, resolution(&[&a, &b], Some(ROUND_ROBIN)));
    until("both are connected", || channel.figures().connections == 2).await;
    let even = [("a".to_owned(), 10), ("b".to_owned(), 10)];
    assert_eq!(shares(&client, 20).await.into_iter().collect::<Vec<_>>(), even);
    assert_eq!(a.connections.load(Ordering::SeqCst), 1, "the connection stays");
    a.gate.add_permits(1);
    assert_eq!(within("the answer", held).await.unwrap(), "a");

    // Without one, the channel's own policy holds again.
    tells(&tell, resolution(&[&a, &b], None));
    until("one is enough", || channel.figures().backends.len() == 1).await;
    assert_eq!(shares(&client, 10).await.len(), 1);
}

#[tokio::test]
async fn a_bad_one_changes_nothing() {
    let node = Node::start("a").await;
    let (tell, builder) = fixture(&[&node], Some(HASTY));
    let client = EchoClient::new(builder.build().unwrap());
    assert!(is_hasty(&client).await);
    let other = Node::start("b").await;
    tells(&tell, resolution(&[&other], Some(BAD)));
    let moved = async { while client.unary(String::new()).await.unwrap().into_inner() != "b" {} };
    within("the servers are taken over", moved).await;
    assert!(is_hasty(&client).await);
}

#[tokio::test]
async fn a_bad_one_at_first_leaves_the_channels_own() {
    let node = Node::start("a").await;
    let (_tell, builder) = fixture(&[&node], Some(BAD));
    assert!(is_hasty(&EchoClient::new(builder.service_config(HASTY.parse().unwrap()).build().unwrap())).await);
}

#[tokio::test]
async fn without_any_other_a_bad_one_fails_the_channel_until_there_is_a_good_one() {
    let node = Node::start("a").await;
    let (tell, builder) = fixture(&[&node], Some(BAD));
    let channel = builder.build().unwrap();
    let client = EchoClient::new(channel.clone());
    let error = within("an error", client.unary(String::new()).into_future()).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    let expected =
        "the service config cannot be used: methodConfig[0].timeout: \"soon\" is no duration such as \"1.5s\"";
    assert_eq!(error.message(), expected);
    assert_eq!(channel.state(false), ConnectivityState::TransientFailure);
    tells(&tell, resolution(&[&node], Some(HASTY)));
    until("it is well", || channel.state(false) == ConnectivityState::Ready).await;
    assert!(is_hasty(&client).await);
}

#[tokio::test]
async fn it_names_whose_health_counts() {
    let node = Node::start("a").await;
    node.health.set("test.Echo", ServingStatus::NotServing);
    let (tell, builder) = fixture(&[&node], None);
    let channel = builder.build().unwrap();
    let client = EchoClient::new(channel.clone());
    assert_eq!(client.unary(String::new()).await.unwrap().into_inner(), "a");
    let config = r#"{"healthCheckConfig": {"serviceName": "test.Echo"}}"#;
    tells(&tell, resolution(&[&node], Some(config)));
    until("it is not well", || channel.state(false) == ConnectivityState::TransientFailure).await;
    let error = client.unary(String::new()).await.unwrap_err();
    assert_eq!(error.message(), format!("{} says that its health is NOT_SERVING", node.addr));
    tells(&tell, resolution(&[&node], None));
    until("nobody asks", || channel.state(false) == ConnectivityState::Ready).await;
    assert_eq!(client.unary(String::new()).await.unwrap().into_inner(), "a");
}

#[tokio::test]
async fn of_the_builders_settings_the_later_counts() {
    let (a, b) = (Node::start("a").await, Node::start("b").await);
    a.health.set("test.Echo", ServingStatus::NotServing);
    b.health.set("test.Echo", ServingStatus::NotServing);
    let builder = || Channel::builder("http://service").resolver(vec![a.endpoint(), b.endpoint()]);
    let config = || ROUND_ROBIN.parse().unwrap();
    for (builder, servers) in [
        (builder().service_config(config()).load_balancing(LoadBalancing::PickFirst), 1),
        (builder().load_balancing(LoadBalancing::PickFirst).service_config(config()), 2),
    ] {
        let channel = builder.build().unwrap();
        channel.state(true);
        until("all are connected", || channel.figures().connections == servers).await;
        assert_eq!(shares(&EchoClient::new(channel), 10).await.len(), servers);
    }
    let asks = || r#"{"healthCheckConfig": {"serviceName": "test.Echo"}}"#.parse().unwrap();
    let client = EchoClient::new(builder().service_config(asks()).health_check("").build().unwrap());
    assert_eq!(client.unary(String::new()).await.unwrap().into_inner(), "a");
    let client = EchoClient::new(builder().health_check("").service_config(asks()).build().unwrap());
    assert_eq!(client.unary(String::new()).await.unwrap_err().code(), Code::Unavailable);
}

#[tokio::test]
async fn of_two_configs_of_the_builder_the_later_counts() {
    let (a, b) = (Node::start("a").await, Node::start("b").await);
    a.health.set("test.Echo", ServingStatus::NotServing);
    let first = r#"{"loadBalancingConfig": [{"round_robin": {}}], "healthCheckConfig": {"serviceName": "test.Echo"}}"#;
    let builder = Channel::builder("http://service").resolver(vec![a.endpoint(), b.endpoint()]);
    let builder = builder.service_config(first.parse().unwrap()).service_config(PATIENT.parse().unwrap());
    let client = EchoClient::new(builder.build().unwrap());
    assert_eq!(shares(&client, 10).await.into_iter().collect::<Vec<_>>(), [("a".to_owned(), 10)]);
}
