//! Who gets the calls, while servers join, leave, die and stumble.

use std::{collections::BTreeMap, future::IntoFuture, sync::atomic::Ordering};

use futures_util::future::join_all;
use rsgrpc::{
    Channel, ChannelBuilder, Code, Status,
    client::channel::{Backend, Balance, Endpoint, LoadBalancer, LoadBalancing},
};

use crate::{
    node::{Node, shares, told, until, within},
    support::EchoClient,
};

fn channel(nodes: &[&Node], policy: LoadBalancing) -> Channel {
    over(nodes.iter().map(|node| node.endpoint()).collect()).load_balancing(policy).build().unwrap()
}

fn over(endpoints: Vec<Endpoint>) -> ChannelBuilder {
    Channel::builder("http://service").resolver(endpoints)
}

async fn three() -> (Node, Node, Node) {
    (Node::start("a").await, Node::start("b").await, Node::start("c").await)
}

/// Connects to all servers.
async fn ready(channel: &Channel, backends: usize) {
    channel.state(true);
    until("all are connected", || channel.figures().connections == backends).await;
}

fn even(shares: &BTreeMap<String, usize>, names: &[&str], each: usize) {
    let expected: BTreeMap<_, _> = names.iter().map(|name| ((*name).to_owned(), each)).collect();
    assert_eq!(*shares, expected);
}

#[tokio::test]
async fn the_first_that_can_be_reached_gets_all() {
    let (a, b, c) = three().await;
    let gone = a.kill().await;
    let endpoints = vec![Endpoint::new(gone), b.endpoint(), c.endpoint()];
    let client = EchoClient::new(over(endpoints).build().unwrap());
    even(&shares(&client, 20).await, &["b"], 20);
    assert_eq!(c.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn the_next_takes_over_from_the_first() {
    let (a, b, _c) = three().await;
    let channel = channel(&[&a, &b], LoadBalancing::PickFirst);
    let client = EchoClient::new(channel.clone());
    even(&shares(&client, 5).await, &["a"], 5);
    a.kill().await;
    until("the loss is seen", || channel.figures().connections == 0).await;
    even(&shares(&client, 5).await, &["b"], 5);
}

#[tokio::test]
async fn a_shuffled_list_spreads_clients() {
    let (a, b, _c) = three().await;
    let mut first = BTreeMap::new();
    for _ in 0..40 {
        let client = EchoClient::new(channel(&[&a, &b], LoadBalancing::PickRandom));
        for (name, calls) in shares(&client, 2).await {
            assert_eq!(calls, 2);
            *first.entry(name).or_insert(0) += 1;
        }
    }
    // All 40 the same: one time in 2^39.
    assert_eq!(first.len(), 2, "{first:?}");
}

#[tokio::test]
async fn round_robin_is_fair_to_the_call() {
    let (a, b, c) = three().await;
    let channel = channel(&[&a, &b, &c], LoadBalancing::RoundRobin);
    ready(&channel, 3).await;
    even(&shares(&EchoClient::new(channel), 300).await, &["a", "b", "c"], 100);
}

#[tokio::test]
async fn a_service_config_names_the_policy() {
    let (a, b, c) = three().await;
    let config = r#"{"loadBalancingConfig": [{"round_robin": {}}]}"#.parse().unwrap();
    let endpoints = vec![a.endpoint(), b.endpoint(), c.endpoint()];
    let channel = over(endpoints).service_config(config).build().unwrap();
    ready(&channel, 3).await;
    even(&shares(&EchoClient::new(channel), 30).await, &["a", "b", "c"], 10);
}

#[tokio::test]
async fn one_that_joins_takes_its_share_and_one_that_leaves_finishes() {
    let (a, b, c) = three().await;
    let (tell, told) = told(vec![a.endpoint(), b.endpoint()]);
    let builder = Channel::builder("http://service").resolver(told).load_balancing(LoadBalancing::RoundRobin);
    let channel = builder.build().unwrap();
    let client = EchoClient::new(channel.clone());
    ready(&channel, 2).await;
    even(&shares(&client, 100).await, &["a", "b"], 50);

    let _ = tell.send_replace(Ok(vec![a.endpoint(), b.endpoint(), c.endpoint()].into()));
    ready(&channel, 3).await;
    even(&shares(&client, 99).await, &["a", "b", "c"], 33);
    assert_eq!(a.connections.load(Ordering::SeqCst), 1, "connections stay");

    // One call on each; that on the one that leaves is answered all the same.
    let calls: Vec<_> = (0..3)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.unary("hold".to_owned()).await.unwrap().into_inner() })
        })
        .collect();
    until("each has one", || [&a, &b, &c].iter().all(|node| node.held.load(Ordering::SeqCst) == 1)).await;
    let _ = tell.send_replace(Ok(vec![a.endpoint(), b.endpoint()].into()));
    until("it has left", || channel.figures().backends.len() == 2).await;
    even(&shares(&client, 50).await, &["a", "b"], 25);
    [&a, &b, &c].iter().for_each(|node| node.gate.add_permits(1));
    let mut answered: Vec<_> = within("answers", join_all(calls)).await.into_iter().map(Result::unwrap).collect();
    answered.sort();
    assert_eq!(answered, ["a", "b", "c"]);
    // An error of the resolver changes nothing, an empty list does.
    let _ = tell.send_replace(Err(rsgrpc::Status::unavailable("the registry is away")));
    even(&shares(&client, 10).await, &["a", "b"], 5);
    let _ = tell.send_replace(Ok(Vec::new().into()));
    until("nobody is left", || channel.figures().backends.is_empty()).await;
    let error = client.unary(String::new()).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (rsgrpc::Code::Unavailable, "the resolver found no server"));
}

#[tokio::test]
async fn one_that_dies_leaves_its_share_to_the_others_and_gets_it_back() {
    let (a, b, c) = three().await;
    let channel = channel(&[&a, &b, &c], LoadBalancing::RoundRobin);
    let client = EchoClient::new(channel.clone());
    ready(&channel, 3).await;
    let addr = c.kill().await;
    until("the loss is seen", || channel.figures().connections == 2).await;
    even(&shares(&client, 100).await, &["a", "b"], 50);
    let _c = Node::at("c", addr).await;
    channel.reset_backoff();
    ready(&channel, 3).await;
    even(&shares(&client, 99).await, &["a", "b", "c"], 33);
}

#[tokio::test]
async fn weights_are_shares() {
    let (a, b, c) = three().await;
    let endpoints = vec![a.endpoint(), b.endpoint().weight(3), c.endpoint().weight(6)];
    let channel = over(endpoints).load_balancing(LoadBalancing::WeightedRoundRobin).build().unwrap();
    ready(&channel, 3).await;
    let shares = shares(&EchoClient::new(channel), 1000).await;
    for (name, due) in [("a", 100_usize), ("b", 300), ("c", 600)] {
        assert!(shares[name].abs_diff(due) <= 5, "{shares:?}");
    }
}

#[tokio::test]
async fn a_slow_one_gets_fewer_calls() {
    let (a, b, c) = three().await;
    let channel = channel(&[&a, &b, &c], LoadBalancing::LeastRequest { choices: 3 });
    ready(&channel, 3).await;
    let client = EchoClient::new(channel.clone());
    // Ten calls stay on each, then those on one only.
    let holding: Vec<_> = (0..30)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.unary("hold".to_owned()).await.map(drop) })
        })
        .collect();
    let held = |node: &Node| node.held.load(Ordering::SeqCst);
    until("all are held", || held(&a) + held(&b) + held(&c) == 30).await;
    assert!([&a, &b, &c].iter().all(|node| (5..=15).contains(&held(node))), "{:?}", channel.figures());
    [&a, &b].iter().for_each(|node| node.gate.add_permits(30));
    until("one is slow", || held(&a) + held(&b) == 0 && channel.figures().streams == held(&c)).await;
    let shares = shares(&client, 300).await;
    // It is chosen where all three choices are it: one time in 27.
    assert!(shares.get("c").copied().unwrap_or_default() <= 40, "{shares:?}");
    drop(holding);
}

#[tokio::test]
async fn a_key_stays_with_its_server() {
    let (a, b, c) = three().await;
    let channel = channel(&[&a, &b, &c], LoadBalancing::ring_hash("user"));
    let client = EchoClient::new(channel.clone());
    let ask = |user: usize| {
        let client = client.clone();
        async move { client.unary(String::new()).metadata("user", &format!("u{user}")).await.unwrap().into_inner() }
    };
    let before = join_all((0..60).map(ask)).await;
    assert_eq!(join_all((0..60).map(ask)).await, before);
    for name in ["a", "b", "c"] {
        assert!(before.iter().any(|owner| owner == name), "{before:?}");
    }
    c.kill().await;
    until("the loss is seen", || {
        let backends = channel.figures().backends;
        backends.iter().any(|one| one.state == rsgrpc::client::channel::ConnectivityState::TransientFailure)
            || backends.iter().filter(|one| one.connections == 1).count() == 2
    })
    .await;
    let after = join_all((0..60).map(ask)).await;
    for (before, after) in before.iter().zip(&after) {
        assert!(after == before || before == "c" && after != "c", "{before} became {after}");
    }
}

#[tokio::test]
async fn the_own_locality_comes_first() {
    let (a, b, c) = three().await;
    let endpoints = vec![a.endpoint().locality("far"), b.endpoint().locality("near"), c.endpoint().locality("near")];
    let builder = over(endpoints).load_balancing(LoadBalancing::RoundRobin).prefer_locality("near");
    let channel = builder.build().unwrap();
    let client = EchoClient::new(channel.clone());
    ready(&channel, 2).await;
    even(&shares(&client, 20).await, &["b", "c"], 10);
    assert_eq!(a.connections.load(Ordering::SeqCst), 0);
    let (addr, other) = (b.kill().await, c.kill().await);
    let connected = |at: std::net::SocketAddr| {
        channel.figures().backends.iter().any(|one| one.name == at.to_string() && one.connections == 1)
    };
    until("both are lost", || !connected(addr) && !connected(other)).await;
    even(&shares(&client, 10).await, &["a"], 10);
    let _b = Node::at("b", addr).await;
    channel.reset_backoff();
    until("one is back", || connected(addr)).await;
    let near = async { while client.unary(String::new()).await.unwrap().into_inner() != "b" {} };
    within("the near one is used", near).await;
    even(&shares(&client, 10).await, &["b"], 10);
}

#[tokio::test]
async fn servers_that_are_told_twice_count_once() {
    let a = Node::start("a").await;
    let channel = channel(&[&a, &a], LoadBalancing::RoundRobin);
    ready(&channel, 1).await;
    assert_eq!(channel.figures().backends.len(), 1);
    let _: fn(&Backend) -> usize = Backend::active;
}

/// Fails all calls with this.
struct Failing(Status);

impl LoadBalancer for Failing {
    fn update(&mut self, _: &[Backend]) -> Balance {
        Balance::failed(self.0.clone())
    }
}

/// gRFC A54.
#[tokio::test]
async fn codes_that_only_servers_may_give_are_none_of_a_resolver_or_a_policy() {
    for (given, code, message) in [
        (Status::new(Code::Ok, "fine"), Code::Internal, "the resolver or the load balancing policy said OK: fine"),
        (Status::not_found("gone"), Code::Internal, "the resolver or the load balancing policy said NOT_FOUND: gone"),
        (Status::permission_denied("you"), Code::PermissionDenied, "you"),
    ] {
        let (tell, failing) = told(Vec::new());
        let _ = tell.send_replace(Err(given.clone()));
        let policy = over(Vec::new()).load_balancer(move || Failing(given.clone()));
        for builder in [Channel::builder("http://service").resolver(failing), policy] {
            let call = EchoClient::new(builder.build().unwrap());
            let error = within("an error", call.unary(String::new()).into_future()).await.unwrap_err();
            assert!(error.message().starts_with(message), "{error}");
            assert_eq!(error.code(), code);
        }
    }
}
