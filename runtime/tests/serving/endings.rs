//! Shutdowns beside every kind of connection that could hold one up (hyper#4170 and the like): none takes longer than
//! the grace and the last words.

use std::{future::pending, sync::Arc, time::Duration};

use futures_util::{StreamExt, stream};
use rsgrpc::{Health, Request, Response, Server, ServingStatus, Status, Streaming, codegen::Stream};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, oneshot},
};

use crate::{
    attacker::{
        Attacker, Caller, DATA, END_HEADERS, END_STREAM, HEADERS, PREFACE, SETTINGS, WINDOW_UPDATE, call, frame,
        message,
    },
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

fn open(path: &str) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, 1, &call(path))
}

/// What a peer has done when the shutdown begins, and whether it reads.
fn situations() -> Vec<(&'static str, Vec<u8>, bool)> {
    let http2 = |parts: &[Vec<u8>]| [PREFACE, &parts.concat()].concat();
    let (shut, wide) = (windows(0), windows(0x7fff_ffff));
    let settings = || frame(SETTINGS, 0, 0, &[]);
    let ask = || frame(DATA, END_STREAM, 1, &message(""));
    vec![
        ("a bare TCP connection", vec![], true),
        ("half a preface", PREFACE[..10].to_vec(), true),
        ("an idle peer that answers no PING", http2(&[settings()]), true),
        ("an endless stream that is read", http2(&[wide.clone(), open("/test.Echo/Down"), ask()]), true),
        ("an endless stream without a window", http2(&[shut, open("/test.Echo/Down"), ask()]), true),
        ("an endless stream on a socket that is not read", http2(&[wide, open("/test.Echo/Down"), ask()]), false),
        ("half a message", http2(&[settings(), open("/test.Echo/Up"), frame(DATA, 0, 1, &[0; 3])]), true),
        ("a call that never ends", http2(&[settings(), open("/test.Echo/Unary"), ask()]), true),
        ("half a head of HTTP/1.1", b"GET / HTTP/1.1\r\nhost".to_vec(), true),
    ]
}

#[tokio::test]
async fn nothing_holds_a_shutdown_up() {
    for (name, sent, reads) in situations() {
        let server = Server::builder()
            .add_service(EchoServer::new(Endless))
            .shutdown_grace(Duration::from_millis(200))
            .build()
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut socket = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let served =
            tokio::spawn(async move { server.serve_with_shutdown(listener, async { drop(stopped.await) }).await });
        socket.write_all(&sent).await.unwrap();
        // The server's own SETTINGS, where it has come as far.
        if sent.starts_with(PREFACE) {
            socket.read_exact(&mut [0; 9]).await.unwrap();
        }
        let reader = tokio::spawn(async move {
            let mut buffer = vec![0; 1 << 16];
            while reads && socket.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
            // Kept open to the end.
            pending::<()>().await;
            drop(socket);
        });
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
