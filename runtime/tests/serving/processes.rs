//! What the operating system does to a server.

use std::{future::pending, time::Duration};

use rsgrpc::{Channel, Health, Listener, Server, ServingStatus};
use tokio::net::TcpStream;
use tracing::{Event, Level, Subscriber, field::Field};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use crate::{
    child::{Process, Same, announce},
    support::{EchoClient, EchoServer},
};

fn client(addr: impl std::fmt::Display) -> EchoClient {
    EchoClient::new(Channel::connect(format!("http://{addr}")).unwrap())
}

#[tokio::test]
#[ignore = "started by `signals_end_it_well`"]
async fn serves_until_a_signal() {
    let health = Health::default();
    let server = Server::builder().add_service(EchoServer::new(Same)).health(health.clone()).build().unwrap();
    let listener = Listener::bind("127.0.0.1:0").await.unwrap();
    let signal = rsgrpc::shutdown_signal().unwrap();
    announce(listener.local_addr().unwrap());
    server.serve_with_shutdown(listener, signal).await.unwrap();
    assert_eq!(health.status("test.Echo"), Some(ServingStatus::NotServing));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signals_end_it_well() {
    for signal in ["-TERM", "-INT"] {
        let mut process = Process::start("true", "processes::serves_until_a_signal", |_| {});
        let client = client(process.addr());
        let call = tokio::spawn(async move { client.unary("slow".to_owned()).await });
        assert_eq!(process.line(), "called");
        process.signal(signal);
        assert_eq!(call.await.unwrap().unwrap().into_inner(), "slow");
        process.succeeds();
    }
}

/// Announces what a server warns of.
struct Warnings;

impl<S: Subscriber> Layer<S> for Warnings {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target().starts_with("rsgrpc") && *event.metadata().level() == Level::WARN {
            event.record(&mut |field: &Field, value: &dyn std::fmt::Debug| {
                if field.name() == "message" {
                    announce(format_args!("{value:?}"));
                }
            });
        }
    }
}

#[tokio::test]
#[ignore = "started by `without_files_it_waits`"]
async fn serves_without_files() {
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Warnings)).unwrap();
    let server = Server::builder().add_service(EchoServer::new(Same)).build().unwrap();
    let listener = Listener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move { server.serve_with_shutdown(listener, pending()).await });
    let client = client(addr);
    assert_eq!(client.unary("first".to_owned()).await.unwrap().into_inner(), "first");
    // Each takes a file here and one of the server, until there are none.
    let mut sockets = Vec::new();
    while let Ok(socket) = TcpStream::connect(addr).await {
        sockets.push(socket);
    }
    let more = std::fs::File::open("/dev/null");
    assert!(more.is_err(), "there are files left");
    // One in the queue of the listener, which cannot be accepted.
    sockets.pop();
    sockets.push(TcpStream::connect(addr).await.unwrap());
    tokio::time::sleep(Duration::from_millis(200)).await;
    drop(sockets);
    let other = self::client(addr);
    assert_eq!(other.unary("again".to_owned()).await.unwrap().into_inner(), "again");
}

/// An accept that fails for want of files does not end the loop.
#[tokio::test]
async fn without_files_it_waits() {
    let mut process = Process::start("ulimit -n 40", "processes::serves_without_files", |_| {});
    assert_eq!(process.line(), "a connection could not be accepted");
    process.succeeds();
}

#[cfg(feature = "systemd")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "started by `sockets_are_handed_in`"]
async fn serves_what_it_is_given() {
    let listeners = Listener::from_systemd().unwrap();
    assert_eq!(listeners.iter().map(|listener| listener.local_addr().is_some()).collect::<Vec<_>>(), [true, false]);
    assert!(Listener::from_systemd().unwrap().is_empty());
    let server = Server::builder().add_service(EchoServer::new(Same)).build().unwrap();
    let signal = rsgrpc::shutdown_signal().unwrap();
    announce("serving");
    server.serve_all(listeners, signal).await.unwrap();
}

#[cfg(feature = "systemd")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sockets_are_handed_in() {
    let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = tcp.local_addr().unwrap();
    let path = std::env::temp_dir().join(format!("rsgrpc-handed-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let unix = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let shell = "exec 3<&0 4<&1 0</dev/null 1>/dev/null; export LISTEN_FDS=2 LISTEN_PID=$$";
    let mut process = Process::start(shell, "processes::serves_what_it_is_given", |command| {
        command.stdin(std::os::fd::OwnedFd::from(tcp)).stdout(std::os::fd::OwnedFd::from(unix));
    });
    assert_eq!(process.line(), "serving");
    for target in [format!("http://{addr}"), format!("unix:{}", path.display())] {
        let client = EchoClient::new(Channel::connect(target).unwrap());
        assert_eq!(client.unary("hi".to_owned()).await.unwrap().into_inner(), "hi");
    }
    process.signal("-TERM");
    process.succeeds();
    std::fs::remove_file(&path).unwrap();
}
