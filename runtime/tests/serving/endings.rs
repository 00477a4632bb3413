//! Shutdowns beside every kind of connection that could hold one up (hyper#4170 and the like): none takes longer than
//! the grace and the last words.

use std::{future::pending, sync::Arc, time::Duration};

use futures_util::{StreamExt, stream};
use rsgrpc::{Health, Request, Response, Server, ServingStatus, Status, Streaming, codegen::Stream};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, oneshot},
    task::JoinHandle,
};

use crate::{
    attacker::{Attacker, Caller, DATA, PREFACE, SETTINGS, WINDOW_UPDATE, frame},
    support::{Answer, Echo, EchoServer, Ruled},
};

struct Endless;

impl Echo for Endless {
    async fn unary(&self, _: Request<String>) -> Answer<String> {
        pending().await
    }

    async fn down(&self, _: Request<String>) -> Answer<impl Stream<Item = Result<String, Status>>> {
        Ok(Response::new(stream::repeat("x".repeat(1024)).map(Ok)))
    }

    async fn up(&self, request: Request<Streaming<String>>) -> Answer<String> {
        let mut messages = request.into_inner();
        while messages.message().await?.is_some() {}
        pending().await
    }
}

/// This window for each stream, and nearly 2^31 - 1 for the connection.
fn windows(stream: u32) -> Vec<u8> {
    let settings = frame(SETTINGS, 0, 0, &[&[0, 4][..], &stream.to_be_bytes()].concat());
    [settings, frame(WINDOW_UPDATE, 0, 0, &0x7f00_0000u32.to_be_bytes())].concat()
}

/// A request over HTTP/1.1, with a body that may be longer than what is there.
fn http1(path: &str, length: usize) -> Vec<u8> {
    let head = "HTTP/1.1\r\nhost: test\r\ncontent-type: application/json";
    format!("POST {path} {head}\r\ncontent-length: {length}\r\n\r\n\"\"").into_bytes()
}

/// What a peer has done when the shutdown begins, and whether it reads.
fn situations() -> Vec<(&'static str, Vec<u8>, bool)> {
    let http2 = |parts: &[Vec<u8>]| [PREFACE, &parts.concat()].concat();
    let (shut, wide) = (windows(0), windows(0x7fff_ffff));
    let settings = || frame(SETTINGS, 0, 0, &[]);
    let mut all = vec![
        ("a bare TCP connection", vec![], true),
        ("half a preface", PREFACE[..10].to_vec(), true),
        ("an idle peer that answers no PING", http2(&[settings()]), true),
        ("half a head of HTTP/1.1", b"GET / HTTP/1.1\r\nhost".to_vec(), true),
        ("an endless stream over HTTP/1.1", http1("/v1/down", 2), true),
        ("an endless stream over HTTP/1.1 that is not read", http1("/v1/down", 2), false),
        ("half a body over HTTP/1.1", http1("/v1/up", 9), true),
        ("a call over HTTP/1.1 that never ends", http1("/v1/unary", 2), true),
    ];
    for caller in Caller::ALL {
        all.extend([
            ("an endless stream that is read", http2(&[wide.clone(), caller.ask(1, "Down")]), true),
            ("an endless stream without a window", http2(&[shut.clone(), caller.ask(1, "Down")]), true),
            ("an endless stream on a socket that is not read", http2(&[wide.clone(), caller.ask(1, "Down")]), false),
            ("half a message", http2(&[settings(), caller.open(1, "Up"), frame(DATA, 0, 1, &[0; 3])]), true),
            ("a call that never ends", http2(&[settings(), caller.ask(1, "Unary")]), true),
        ]);
    }
    all
}

const GRACE: Duration = Duration::from_millis(200);

fn server() -> Server {
    Server::builder().add_service(Ruled(EchoServer::new(Endless))).shutdown_grace(GRACE).build().unwrap()
}

/// Reads or does not, and keeps the connection open to the end.
fn stays(mut io: impl AsyncRead + Unpin + Send + 'static, reads: bool) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut buffer = vec![0; 1 << 16];
        while reads && io.read(&mut buffer).await.is_ok_and(|read| read > 0) {
            // A clock that waits for nobody would stand still.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        pending::<()>().await;
        drop(io);
    })
}

/// By the clock of tokio, in which everything else takes no time: the grace and a tenth of a second.
#[tokio::test(start_paused = true)]
async fn a_shutdown_ends_in_time() {
    let signal = Duration::from_millis(50);
    for (name, sent, reads) in situations() {
        let (mut ours, theirs) = tokio::io::duplex(1 << 16);
        ours.write_all(&sent).await.unwrap();
        let reader = stays(ours, reads);
        let began = tokio::time::Instant::now();
        let server = server();
        let serving = server.serve_connection_with_shutdown(theirs, tokio::time::sleep(signal));
        let ended = tokio::time::timeout(Duration::from_secs(1000), serving).await;
        assert!(ended.is_ok(), "{name}: the server does not end");
        let took = began.elapsed() - signal;
        assert!(took <= GRACE + Duration::from_millis(100), "{name}: {took:?} after the signal");
        reader.abort();
    }
}

#[tokio::test]
async fn nothing_holds_a_shutdown_up() {
    for (name, sent, reads) in situations() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut socket = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let server = server();
        let served =
            tokio::spawn(async move { server.serve_with_shutdown(listener, async { drop(stopped.await) }).await });
        socket.write_all(&sent).await.unwrap();
        // The server's own SETTINGS, where it has come as far.
        if sent.starts_with(PREFACE) {
            socket.read_exact(&mut [0; 9]).await.unwrap();
        }
        let reader = stays(socket, reads);
        tokio::time::sleep(Duration::from_millis(50)).await;
        stop.send(()).unwrap();
        let began = std::time::Instant::now();
        // The grace and a tenth of a second, were there nothing else to do; the bound only tells a hang.
        let ended = tokio::time::timeout(Duration::from_secs(20), served).await;
        assert!(ended.is_ok(), "{name}: the server does not end");
        ended.unwrap().unwrap().unwrap();
        eprintln!("beside {name}: {:?} after the signal", began.elapsed());
        reader.abort();
    }
}

/// Answers when it is allowed to.
struct Held(Arc<Semaphore>);

impl Echo for Held {
    async fn unary(&self, request: Request<String>) -> Answer<String> {
        self.0.acquire().await.unwrap().forget();
        Ok(Response::new(request.into_inner()))
    }
}

/// First NOT_SERVING, then GOAWAY, then what runs may end, then the connection, and the server last.
#[tokio::test]
async fn one_thing_after_the_other() {
    let (health, release) = (Health::default(), Arc::new(Semaphore::new(0)));
    let service = Ruled(EchoServer::new(Held(Arc::clone(&release))));
    let server = Server::builder().add_service(service).health(health.clone()).build().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let served = tokio::spawn(async move { server.serve_with_shutdown(listener, async { drop(stopped.await) }).await });
    let mut peers = Vec::new();
    for caller in Caller::ALL {
        let mut peer = Attacker::connect(addr).await;
        let ask = caller.ask(peer.stream(), "Unary");
        peer.send(&ask).await;
        assert!(peer.settled().await);
        peers.push(peer);
    }
    assert_eq!(health.status("test.Echo"), Some(ServingStatus::Serving));
    stop.send(()).unwrap();
    for peer in &mut peers {
        assert_eq!(peer.dismissed().await, Some(0), "a GOAWAY without an error");
        assert_eq!(health.status("test.Echo"), Some(ServingStatus::NotServing), "before the GOAWAY");
        assert_eq!(peer.seen().ended, 0, "the call goes on");
    }
    // No further connection is taken, and the server waits.
    assert!(TcpStream::connect(addr).await.is_err());
    assert!(!served.is_finished());
    release.add_permits(peers.len());
    for peer in &mut peers {
        peer.until("the answer", |seen| seen.ended == 1).await;
        assert!(peer.seen().resets.is_empty());
        peer.until("the end of the connection", |seen| seen.closed).await;
    }
    served.await.unwrap().unwrap();
}
