//! The states of a channel, and what calls come to in each.

use std::{future::IntoFuture, net::SocketAddr, sync::atomic::Ordering, time::Duration};

use rsgrpc::{
    Channel, Code, Status,
    client::channel::{ConnectivityState, Endpoint},
};
use tokio::net::TcpListener;

use crate::{
    node::{Node, told, until, within},
    support::EchoClient,
};

async fn reaches(channel: &Channel, wanted: ConnectivityState) {
    let reaching = async {
        let mut state = channel.state(false);
        while state != wanted {
            state = channel.state_changed(state).await;
        }
    };
    within(&wanted.to_string(), reaching).await;
}

/// An address where nobody listens.
pub async fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

/// A call that waits on this channel ends when the channel is closed, and says so.
pub async fn closing_ends_what_waits(channel: Channel) {
    let client = EchoClient::new(channel.clone());
    let call = tokio::spawn(async move { client.unary(String::new()).await });
    until("it waits", || channel.figures().queued == 1).await;
    channel.close();
    let error = within("its end", call).await.unwrap().unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::Unavailable, "the channel was closed"));
}

fn to(addr: SocketAddr) -> rsgrpc::ChannelBuilder {
    Channel::builder(format!("http://{addr}"))
}

#[tokio::test]
async fn a_channel_goes_through_its_states() {
    let node = Node::start("a").await;
    let channel = to(node.addr).build().unwrap();
    assert_eq!(channel.state(false), ConnectivityState::Idle);
    tokio::task::yield_now().await;
    assert_eq!(node.connections.load(Ordering::SeqCst), 0, "it is lazy");
    assert_eq!(channel.state(true), ConnectivityState::Idle);
    reaches(&channel, ConnectivityState::Ready).await;

    let client = EchoClient::new(channel.clone());
    assert_eq!(client.unary(String::new()).await.unwrap().into_inner(), "a");
    let addr = node.kill().await;
    // A lost connection is nobody's concern before the next call.
    reaches(&channel, ConnectivityState::Idle).await;
    let error = client.unary(String::new()).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(error.message().starts_with(&format!("cannot connect to {addr}: Connection refused")), "{error}");
    reaches(&channel, ConnectivityState::TransientFailure).await;

    // It goes on trying by itself.
    let _node = Node::at("a", addr).await;
    reaches(&channel, ConnectivityState::Ready).await;
    assert_eq!(client.unary(String::new()).await.unwrap().into_inner(), "a");

    channel.close();
    assert_eq!(channel.state(true), ConnectivityState::Shutdown);
    let error = client.unary(String::new()).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::Unavailable, "the channel was closed"));
}

#[tokio::test]
async fn an_unused_channel_becomes_idle() {
    let node = Node::start("a").await;
    let channel = to(node.addr).idle_timeout(Duration::from_millis(200)).build().unwrap();
    let client = EchoClient::new(channel.clone());
    for round in 1..=2 {
        assert_eq!(client.unary(String::new()).await.unwrap().into_inner(), "a");
        assert_eq!(node.connections.load(Ordering::SeqCst), round);
        reaches(&channel, ConnectivityState::Idle).await;
        assert_eq!(channel.figures().connections, 0);
    }
    // A call that runs is use.
    let call = client.unary("sleep 600".to_owned());
    assert_eq!(call.await.unwrap().into_inner(), "a");
}

#[tokio::test]
async fn calls_that_wait_for_ready_outlast_failures() {
    let addr = nobody().await;
    let waiting = to(addr).wait_for_ready(true).build().unwrap();
    let client = EchoClient::new(waiting.clone());
    let late = client.unary(String::new()).timeout(Duration::from_millis(50)).await.unwrap_err();
    assert_eq!(late.code(), Code::DeadlineExceeded);
    let call = tokio::spawn(async move { client.unary(String::new()).await });
    reaches(&waiting, ConnectivityState::TransientFailure).await;
    until("it is counted", || waiting.figures().queued == 1).await;
    let _node = Node::at("a", addr).await;
    waiting.reset_backoff();
    assert_eq!(within("the answer", call).await.unwrap().unwrap().into_inner(), "a");
    assert_eq!(waiting.figures().queued, 0);
}

#[tokio::test]
async fn errors_say_what_is_wrong() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let deaf = listener.local_addr().unwrap();
    let hasty = |builder: rsgrpc::ChannelBuilder| builder.connect_timeout(Duration::from_millis(100)).build().unwrap();
    let (_, unresolved) = told(Vec::new());
    let (tell, failing) = told(Vec::new());
    let _ = tell.send_replace(Err(Status::unavailable("the registry is away")));
    for (channel, expected) in [
        (hasty(to(nobody().await)), "Connection refused"),
        (hasty(to(deaf)), "no answer within 100ms"),
        (hasty(Channel::builder("unix:/nowhere/at/all")), "No such file"),
        (hasty(Channel::builder("dns:///nowhere.invalid:5")), "cannot find nowhere.invalid: "),
        (hasty(Channel::builder("http://service").resolver(unresolved)), "the resolver found no server"),
        (hasty(Channel::builder("http://service").resolver(failing)), "the registry is away"),
        (hasty(Channel::builder("http://service").resolver(vec![Endpoint::at([])])), "the server has no address"),
    ] {
        let error = within("an error", EchoClient::new(channel).unary(String::new()).into_future()).await.unwrap_err();
        assert_eq!(error.code(), Code::Unavailable, "{error}");
        assert!(error.message().contains(expected), "{error}");
    }
}

#[tokio::test]
async fn names_and_signatures() {
    let node = Node::start("a").await;
    let channel = Channel::builder(format!("dns:///localhost:{}", node.addr.port()));
    let channel = channel.user_agent("shop/1.2").authority("shop.example").build().unwrap();
    let agent = EchoClient::new(channel).unary("agent".to_owned()).await.unwrap().into_inner();
    assert_eq!(agent, format!("shop/1.2 rsgrpc/{}", env!("CARGO_PKG_VERSION")));
    for (builder, why) in [
        (Channel::builder("http://a").user_agent("a\nb"), "no header value"),
        (Channel::builder("http://a").authority("a b"), "the authority"),
        (Channel::builder("http://a").proxy("https://proxy"), "http://"),
    ] {
        let error = builder.build().unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[tokio::test]
async fn a_silent_address_does_not_hold_the_next_one_up() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let node = Node::start("a").await;
    let addresses = [silent.local_addr().unwrap().into(), node.addr.into()];
    let builder = Channel::builder("http://service").resolver(vec![Endpoint::at(addresses)]);
    // Longer than the test may take.
    let channel = builder.connect_timeout(Duration::from_secs(600)).build().unwrap();
    let client = EchoClient::new(channel);
    assert_eq!(within("an answer", client.unary(String::new()).into_future()).await.unwrap().into_inner(), "a");
}

#[tokio::test]
async fn a_large_head_is_named() {
    let node = Node::start("a").await;
    let client = EchoClient::new(to(node.addr).build().unwrap());
    let error = client.unary("large head".to_owned()).await.unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted);
    assert!(error.message().contains("larger than the 16384 bytes that the channel takes"), "{error}");
    assert_eq!(client.unary(String::new()).await.unwrap().into_inner(), "a");
    // One that is too small for any answer is raised.
    let client = EchoClient::new(to(node.addr).max_header_bytes(0).build().unwrap());
    assert_eq!(client.unary(String::new()).await.unwrap().into_inner(), "a");
    let client = EchoClient::new(to(node.addr).max_header_bytes(32 * 1024).build().unwrap());
    assert_eq!(client.unary("large head".to_owned()).await.unwrap().metadata().get("large").unwrap().len(), 20_000);
}

#[tokio::test]
async fn whether_a_call_waits_it_says_itself() {
    let config = r#"{"methodConfig": [{"name": [{}], "waitForReady": true}]}"#;
    let builder = to(nobody().await).wait_for_ready(true);
    for channel in
        [builder.build().unwrap(), to(nobody().await).service_config(config.parse().unwrap()).build().unwrap()]
    {
        let client = EchoClient::new(channel.clone());
        let call = client.unary(String::new()).wait_for_ready(false);
        assert_eq!(within("its end", call.into_future()).await.unwrap_err().code(), Code::Unavailable);
        let client = EchoClient::new(rsgrpc::Client::from(channel).wait_for_ready(false));
        let call = client.unary(String::new());
        assert_eq!(within("its end", call.into_future()).await.unwrap_err().code(), Code::Unavailable);
        let call = client.unary(String::new()).wait_for_ready(true).timeout(Duration::from_millis(50));
        assert_eq!(call.await.unwrap_err().code(), Code::DeadlineExceeded);
    }
    // The service config goes before the channel.
    let config = config.replace("true", "false").parse().unwrap();
    let channel = to(nobody().await).wait_for_ready(true).service_config(config).build().unwrap();
    let error = within("its end", EchoClient::new(channel).unary(String::new()).into_future()).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
}

#[tokio::test]
async fn passwords_stay_out_of_errors() {
    let target = "http://user:secret@host";
    let error = Channel::connect(target).unwrap_err();
    let said = [error.to_string(), format!("{error:?}"), format!("{:?}", Channel::builder(target))];
    assert!(said[0].contains("it names a user"), "{}", said[0]);
    let error = Channel::builder("http://host").authority("user:secret@other").build().unwrap_err().to_string();
    assert!(error.contains("it names a user"), "{error}");
    for said in said.iter().chain([&error]) {
        assert!(!said.contains("secret"), "{said}");
    }
}

#[tokio::test]
async fn a_late_call_says_what_it_waited_for() {
    let (refusing, node) = (nobody().await, Node::start("a").await);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let deaf = listener.local_addr().unwrap();
    for (channel, what) in [
        (
            to(refusing).wait_for_ready(true),
            format!("a server; the last attempt: cannot connect to {refusing}: Connection refused"),
        ),
        (to(deaf), format!("a connection to {deaf}")),
        (Channel::builder("http://service").resolver(crate::config::Silent), "the resolver".to_owned()),
    ] {
        let call = EchoClient::new(channel.build().unwrap());
        let late = call.unary(String::new()).timeout(Duration::from_millis(200)).await.unwrap_err();
        assert_eq!(late.code(), Code::DeadlineExceeded);
        let said = format!("the deadline of the call has passed while it waited for {what}");
        assert!(late.message().starts_with(&said), "{late}");
    }
    // Of a call that a server works on there is nothing more to say.
    let client = EchoClient::new(to(node.addr).build().unwrap());
    let late = client.unary("hold".to_owned()).timeout(Duration::from_millis(200)).await.unwrap_err();
    assert_eq!((late.code(), late.message()), (Code::DeadlineExceeded, "the deadline of the call has passed"));
}

/// Sends calls again that no server could be reached for, but not within the time of a test.
const SLOW_RETRIES: &str = r#"{"methodConfig": [{"name": [{}], "retryPolicy": {"maxAttempts": 3, "initialBackoff": "100s",
    "maxBackoff": "100s", "backoffMultiplier": 1, "retryableStatusCodes": ["UNAVAILABLE"]}}]}"#;

#[tokio::test]
async fn a_closed_channel_repeats_nothing() {
    let builder = |addr| Channel::builder(format!("http://{addr}")).service_config(SLOW_RETRIES.parse().unwrap());
    let addr = nobody().await;
    for channel in [builder(addr), builder(addr).protocol(rsgrpc::Protocol::Connect).http1_only()] {
        let channel = channel.build().unwrap();
        let client = EchoClient::new(channel.clone());
        let call = tokio::spawn({
            let client = client.clone();
            async move { client.unary(String::new()).await }
        });
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!call.is_finished(), "it waits to be sent again");
        channel.close();
        for error in [within("its end", call).await.unwrap(), client.unary(String::new()).await] {
            assert_eq!(error.unwrap_err().message(), "the channel was closed");
        }
    }
}

#[tokio::test]
async fn a_call_that_waits_to_be_sent_again_says_so() {
    let addr = nobody().await;
    let builder = Channel::builder(format!("http://{addr}")).service_config(SLOW_RETRIES.parse().unwrap());
    let client = EchoClient::new(builder.build().unwrap());
    let error = client.unary(String::new()).timeout(Duration::from_millis(300)).await.unwrap_err();
    let said = format!(
        "the deadline of the call has passed while it waited to be sent again; the last attempt: cannot connect to {addr}"
    );
    assert!(error.message().starts_with(&said), "{error}");
}
