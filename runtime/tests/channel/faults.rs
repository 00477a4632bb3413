//! Networks that fail: a wire between client and server that delays, cuts and swallows.

use std::{future::IntoFuture, net::SocketAddr, sync::Arc, time::Duration};

use rsgrpc::{Channel, Code, client::channel::LoadBalancing};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

use crate::{
    node::{Node, until, within},
    support::EchoClient,
};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Mode {
    Pass,
    /// Every chunk comes later.
    Delay(Duration),
    /// A few bytes at a time.
    Slow,
    /// Takes everything, and gives nothing on.
    Swallow,
    /// Both sides see the end.
    Cut,
    /// The client sees the end, and may still send.
    HalfOpen,
}

struct Wire {
    addr: SocketAddr,
    mode: Arc<watch::Sender<Mode>>,
}

impl Wire {
    async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let mode = Arc::new(watch::Sender::new(Mode::Pass));
        let modes = Arc::clone(&mode);
        tokio::spawn(async move {
            loop {
                let (from, to) = (listener.accept().await.unwrap().0, TcpStream::connect(server).await.unwrap());
                let ((read, write), (server_read, server_write)) = (from.into_split(), to.into_split());
                tokio::spawn(carry(read, server_write, modes.subscribe(), false));
                tokio::spawn(carry(server_read, write, modes.subscribe(), true));
            }
        });
        Self { addr, mode }
    }

    fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }
}

async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut mode: watch::Receiver<Mode>, to_client: bool) {
    let mut buffer = [0; 4096];
    loop {
        let now = *mode.borrow_and_update();
        match now {
            Mode::Cut => return,
            Mode::HalfOpen if to_client => {
                let _ = to.shutdown().await;
                return std::future::pending().await;
            }
            _ => {}
        }
        let most = if now == Mode::Slow { 300 } else { buffer.len() };
        let read = tokio::select! {
            read = from.read(&mut buffer[..most]) => read,
            changed = mode.changed() => match changed {
                Ok(()) => continue,
                Err(_) => return,
            },
        };
        let Ok(count @ 1..) = read else { return };
        match now {
            Mode::Delay(time) => tokio::time::sleep(time).await,
            Mode::Slow => tokio::time::sleep(Duration::from_millis(1)).await,
            Mode::Swallow => continue,
            _ => {}
        }
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

async fn fixture() -> (Node, Wire, Channel, EchoClient) {
    let node = Node::start("a").await;
    let wire = Wire::to(node.addr).await;
    let builder = Channel::builder(format!("http://{}", wire.addr));
    let channel = builder.keepalive(Duration::from_secs(10), Duration::from_millis(300)).build().unwrap();
    let client = EchoClient::new(channel.clone());
    assert_eq!(client.unary(String::new()).await.unwrap().into_inner(), "a");
    (node, wire, channel, client)
}

fn held(client: &EchoClient) -> tokio::task::JoinHandle<Result<rsgrpc::Response<String>, rsgrpc::Status>> {
    let client = client.clone();
    tokio::spawn(async move { client.unary("hold".to_owned()).await })
}

#[tokio::test]
async fn late_and_slow_networks_are_only_slow() {
    let (_node, wire, _channel, client) = fixture().await;
    for mode in [Mode::Delay(Duration::from_millis(30)), Mode::Slow] {
        wire.set(mode);
        let call = client.unary("x".repeat(20_000));
        assert_eq!(within("an answer", call.into_future()).await.unwrap().into_inner(), "a");
    }
    wire.set(Mode::Delay(Duration::from_secs(5)));
    let error = client.unary(String::new()).timeout(Duration::from_millis(50)).await.unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn a_cut_connection_ends_its_calls_and_is_made_again() {
    for mode in [Mode::Cut, Mode::HalfOpen] {
        let (node, wire, _channel, client) = fixture().await;
        let call = held(&client);
        until("it is held", || node.held.load(std::sync::atomic::Ordering::SeqCst) == 1).await;
        wire.set(mode);
        let error = within("the end", call).await.unwrap().unwrap_err();
        assert_eq!(error.code(), Code::Unavailable, "{mode:?}: {error}");
        assert!(error.message().starts_with(&format!("the connection to {} broke: ", wire.addr)), "{mode:?}: {error}");
        wire.set(Mode::Pass);
        assert_eq!(within("an answer", client.unary(String::new()).into_future()).await.unwrap().into_inner(), "a");
    }
}

#[tokio::test]
async fn a_black_hole_is_noticed_by_keepalive() {
    let (node, wire, channel, client) = fixture().await;
    let call = held(&client);
    until("it is held", || node.held.load(std::sync::atomic::Ordering::SeqCst) == 1).await;
    wire.set(Mode::Swallow);
    let error = within("the end", call).await.unwrap().unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    let why = "the server did not answer a keepalive ping";
    assert_eq!(error.message(), format!("the connection to {} broke: {why}", wire.addr));
    until("the connection is given up", || channel.figures().connections == 0).await;
    wire.set(Mode::Pass);
    assert_eq!(within("an answer", client.unary(String::new()).into_future()).await.unwrap().into_inner(), "a");
}

/// Three servers that are restarted one after the other, each time by a GOAWAY, lose no call.
#[tokio::test]
async fn graceful_restarts_lose_no_call() {
    let mut servers = Vec::new();
    let mut endpoints = Vec::new();
    for name in ["a", "b", "c"] {
        let server = crate::node::Graceful::start(name).await;
        endpoints.push(rsgrpc::client::channel::Endpoint::new(server.addr));
        servers.push(server);
    }
    let builder = Channel::builder("http://service").resolver(endpoints).load_balancing(LoadBalancing::RoundRobin);
    let channel = builder.build().unwrap();
    channel.state(true);
    until("all are connected", || channel.figures().connections == 3).await;
    let client = EchoClient::new(channel.clone());
    let (stop, stopped) = watch::channel(false);
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let (client, stopped) = (client.clone(), stopped.clone());
            tokio::spawn(async move {
                let (mut answered, mut lost) = (0, Vec::new());
                while !*stopped.borrow() {
                    match client.unary("sleep 1".to_owned()).await {
                        Ok(_) => answered += 1,
                        Err(error) => lost.push(error.to_string()),
                    }
                }
                (answered, lost)
            })
        })
        .collect();
    for server in &mut servers {
        tokio::time::sleep(Duration::from_millis(50)).await;
        server.restart().await;
        channel.reset_backoff();
        until("it is back", || channel.figures().connections == 3).await;
    }
    stop.send_replace(true);
    for caller in callers {
        let (answered, lost) = caller.await.unwrap();
        assert!(answered > 10, "{answered}");
        assert_eq!(lost, Vec::<String>::new());
    }
}
