//! What users give a channel, and panics, or never has to wait, or is of no use.

use std::{
    future::IntoFuture,
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
    time::Duration,
};

use futures_util::{StreamExt, stream};
use rsgrpc::{
    Channel, ChannelBuilder, Code, Status,
    client::channel::{Backend, Balance, Endpoint, LoadBalancer, Refresh, Resolution, Resolutions, Resolver},
};
use tokio::{io::DuplexStream, sync::mpsc};

use crate::{
    node::{Node, within},
    support::EchoClient,
};

/// Panics the first time, in one of two places; then it works.
struct Stumbling {
    times: Arc<AtomicUsize>,
    at_once: bool,
    endpoint: Endpoint,
}

impl Resolver for Stumbling {
    fn watch(&self, _: Refresh) -> Resolutions {
        let panics = self.times.fetch_add(1, Ordering::SeqCst) == 0;
        assert!(!(panics && self.at_once), "as asked");
        let found = Resolution::from(vec![self.endpoint.clone()]);
        stream::iter([Ok(found)]).map(move |found| if panics { panic!("as asked") } else { found }).boxed()
    }
}

/// Panics the first time, in one of two places; then it connects.
struct Clumsy {
    times: Arc<AtomicUsize>,
    groups: bool,
}

impl Clumsy {
    fn stumble(&self) {
        assert!(self.times.fetch_add(1, Ordering::SeqCst) > 0, "as asked");
    }
}

impl LoadBalancer for Clumsy {
    fn group(&mut self, endpoints: Vec<Endpoint>) -> Vec<Endpoint> {
        if self.groups {
            self.stumble();
        }
        endpoints
    }

    fn update(&mut self, backends: &[Backend]) -> Balance {
        if !self.groups {
            self.stumble();
        }
        backends.iter().for_each(Backend::connect);
        Balance::unready(backends)
    }
}

/// Calls fail with these words, one that waits for the server does not, and who panics is tried again, but not at once.
async fn stumbles(builder: ChannelBuilder, times: &AtomicUsize, words: &str) -> Channel {
    let channel = builder.build().unwrap();
    let client = EchoClient::new(channel.clone());
    let error = within("an error", client.unary(String::new()).into_future()).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(error.message().contains(words), "{error}");
    let patient = client.unary(String::new()).wait_for_ready(true).timeout(Duration::from_millis(200));
    assert_eq!(within("its end", patient.into_future()).await.unwrap_err().code(), Code::DeadlineExceeded);
    assert_eq!(times.load(Ordering::SeqCst), 1);
    channel
}

#[tokio::test]
async fn a_resolver_that_panics_is_tried_again() {
    let node = Node::start("a").await;
    for at_once in [true, false] {
        let times = Arc::<AtomicUsize>::default();
        let resolver = Stumbling { times: Arc::clone(&times), at_once, endpoint: node.endpoint() };
        let builder = Channel::builder("http://service").resolver(resolver);
        let channel = stumbles(builder, &times, "the resolver panicked").await;
        let client = EchoClient::new(channel);
        let call = client.unary(String::new()).wait_for_ready(true);
        assert_eq!(within("an answer", call.into_future()).await.unwrap().into_inner(), "a");
        assert_eq!(times.load(Ordering::SeqCst), 2);
    }
}

#[tokio::test]
async fn a_policy_that_panics_is_made_again() {
    let node = Node::start("a").await;
    for groups in [true, false] {
        let times = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&times);
        let builder = Channel::builder("http://service").resolver(vec![node.endpoint()]);
        let builder = builder.load_balancer(move || Clumsy { times: Arc::clone(&counted), groups });
        let channel = stumbles(builder, &times, "the load balancing policy panicked").await;
        crate::node::until("it works", || channel.figures().connections == 1).await;
    }
    let builder = Channel::builder("http://service").resolver(vec![node.endpoint()]);
    let channel = builder.load_balancer(|| -> Clumsy { panic!("as asked") }).build().unwrap();
    let error = within("an error", EchoClient::new(channel).unary(String::new()).into_future()).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::Unavailable, "the load balancing policy panicked"));
}

#[tokio::test]
async fn a_dialer_that_panics_has_failed() {
    fn panics() -> io::Error {
        panic!("as asked")
    }
    for at_once in [true, false] {
        let times = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&times);
        let builder = Channel::builder("http://service").connect_with(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            assert!(!at_once, "as asked");
            async { Err::<DuplexStream, _>(panics()) }
        });
        stumbles(builder, &times, "cannot connect to service:80: the function of `connect_with` panicked").await;
    }
}

/// Says this, and ends.
struct Brief(Option<Status>);

impl Resolver for Brief {
    fn watch(&self, _: Refresh) -> Resolutions {
        stream::iter(self.0.clone().map(Err)).boxed()
    }
}

#[tokio::test]
async fn a_resolver_that_ends_without_a_server_has_failed() {
    for (says, message) in [
        (None, "the resolver ended without naming a server"),
        (Some(Status::unavailable("the registry is away")), "the registry is away"),
    ] {
        let channel = Channel::builder("http://service").resolver(Brief(says)).build().unwrap();
        let client = EchoClient::new(channel);
        for _ in 0..2 {
            let error = within("an error", client.unary(String::new()).into_future()).await.unwrap_err();
            assert_eq!((error.code(), error.message()), (Code::Unavailable, message));
        }
    }
}

/// Says the same without end, and never waits.
struct Talkative(Endpoint);

impl Resolver for Talkative {
    fn watch(&self, _: Refresh) -> Resolutions {
        let found = Resolution::from(vec![self.0.clone()]);
        stream::repeat_with(move || Ok(found.clone())).boxed()
    }
}

/// In a thread of its own, which it would keep busy otherwise.
#[tokio::test]
async fn a_resolver_that_never_waits_lets_others_work() {
    let node = Node::start("a").await;
    let (tell, mut told) = mpsc::unbounded_channel();
    let endpoint = node.endpoint();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let channel = Channel::builder("http://service").resolver(Talkative(endpoint)).build().unwrap();
            let answer = EchoClient::new(channel).unary(String::new()).await.unwrap().into_inner();
            tell.send(answer).unwrap();
        });
    });
    assert_eq!(within("an answer", told.recv()).await.unwrap(), "a");
}

/// Asks as soon as it is told to, and finds a service config that cannot be used.
struct Unusable {
    times: Arc<AtomicUsize>,
    endpoint: Endpoint,
}

impl Resolver for Unusable {
    fn watch(&self, refresh: Refresh) -> Resolutions {
        let mut found = Resolution::from(vec![self.endpoint.clone()]);
        found.service_config = Some("{".parse());
        let times = Arc::clone(&self.times);
        stream::unfold((refresh, found, times), |(refresh, found, times)| async move {
            if times.fetch_add(1, Ordering::SeqCst) > 0 {
                refresh.requested().await;
            }
            Some((Ok(found.clone()), (refresh, found, times)))
        })
        .boxed()
    }
}

#[tokio::test]
async fn a_config_that_cannot_be_used_is_asked_for_again_after_a_pause() {
    let node = Node::start("a").await;
    let times = Arc::<AtomicUsize>::default();
    let resolver = Unusable { times: Arc::clone(&times), endpoint: node.endpoint() };
    let channel = Channel::builder("http://service").resolver(resolver).build().unwrap();
    let client = EchoClient::new(channel.clone());
    let error = within("an error", client.unary(String::new()).into_future()).await.unwrap_err();
    assert!(error.message().starts_with("the service config cannot be used"), "{error}");
    tokio::time::sleep(Duration::from_millis(200)).await;
    // One that it has told, and one that it waits to tell.
    assert_eq!(times.load(Ordering::SeqCst), 2);
    crate::node::until("it is asked", || times.load(Ordering::SeqCst) == 3).await;
}

/// Panics when it is dropped.
#[derive(Debug)]
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("as asked");
        }
    }
}

impl std::fmt::Display for Bomb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a bomb")
    }
}

impl std::error::Error for Bomb {}

/// Works until it panics, and when it is dropped panics once more.
struct Mined {
    _bomb: Bomb,
    updates: usize,
}

impl LoadBalancer for Mined {
    fn update(&mut self, backends: &[Backend]) -> Balance {
        self.updates += 1;
        assert!(self.updates < 2, "as asked");
        backends.iter().for_each(Backend::connect);
        Balance::unready(backends)
    }
}

#[tokio::test]
async fn a_policy_that_panics_when_it_is_dropped_is_made_again_after_a_pause() {
    let node = Node::start("a").await;
    let times = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&times);
    let builder = Channel::builder("http://service").resolver(vec![node.endpoint()]).load_balancer(move || {
        counted.fetch_add(1, Ordering::SeqCst);
        Mined { _bomb: Bomb, updates: 0 }
    });
    let client = EchoClient::new(builder.build().unwrap());
    let error = within("an error", client.unary(String::new()).into_future()).await.unwrap_err();
    assert_eq!(error.message(), "the load balancing policy panicked");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(times.load(Ordering::SeqCst), 1);
}

/// Ends without a word, and panics when it is dropped; or brings this error after its server.
struct Treacherous {
    times: Arc<AtomicUsize>,
    server: Option<Endpoint>,
}

impl Resolver for Treacherous {
    fn watch(&self, _: Refresh) -> Resolutions {
        self.times.fetch_add(1, Ordering::SeqCst);
        let Some(server) = &self.server else {
            let bomb = Bomb;
            return stream::poll_fn(move |_| {
                let _held = &bomb;
                Poll::Ready(None)
            })
            .boxed();
        };
        let mut status = Status::unavailable("with a bomb");
        status.set_source(Arc::new(Bomb));
        stream::iter([Ok(Resolution::from(vec![server.clone()])), Err(status)]).boxed()
    }
}

#[tokio::test]
async fn a_panic_at_the_end_of_a_resolver_is_its_end() {
    let times = Arc::<AtomicUsize>::default();
    let resolver = Treacherous { times: Arc::clone(&times), server: None };
    let builder = Channel::builder("http://service").resolver(resolver);
    stumbles(builder, &times, "the resolver ended without naming a server").await;
}

#[tokio::test]
async fn a_channel_whose_own_task_panics_begins_anew_after_a_pause() {
    let node = Node::start("a").await;
    let times = Arc::<AtomicUsize>::default();
    let resolver = Treacherous { times: Arc::clone(&times), server: Some(node.endpoint()) };
    let channel = Channel::builder("http://service").resolver(resolver).build().unwrap();
    let client = EchoClient::new(channel);
    for _ in 0..2 {
        let _ = within("an end", client.unary(String::new()).into_future()).await;
    }
    let error = within("an error", client.unary(String::new()).into_future()).await.unwrap_err();
    assert_eq!(error.message(), "a part of the channel panicked; see the log");
    assert_eq!(times.load(Ordering::SeqCst), 1);
    crate::node::until("it begins anew", || times.load(Ordering::SeqCst) > 1).await;
}

/// Says one thing each time, and ends.
struct Terse(Arc<AtomicUsize>, Vec<Resolution>);

impl Resolver for Terse {
    fn watch(&self, _: Refresh) -> Resolutions {
        let time = self.0.fetch_add(1, Ordering::SeqCst);
        stream::iter(self.1.get(time).cloned().map(Ok)).boxed()
    }
}

#[tokio::test]
async fn a_resolver_that_ends_with_what_is_of_no_use_is_begun_anew() {
    let node = Node::start("a").await;
    let mut unusable = Resolution::from(vec![node.endpoint()]);
    unusable.service_config = Some("{".parse());
    for useless in [unusable, Resolution::default()] {
        let times = Arc::<AtomicUsize>::default();
        let resolver = Terse(Arc::clone(&times), vec![useless, Resolution::from(vec![node.endpoint()])]);
        let channel = Channel::builder("http://service").resolver(resolver).build().unwrap();
        let client = EchoClient::new(channel);
        let call = client.unary(String::new()).wait_for_ready(true);
        assert_eq!(within("an answer", call.into_future()).await.unwrap().into_inner(), "a");
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert_eq!(times.load(Ordering::SeqCst), 2);
    }
}
