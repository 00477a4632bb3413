//! Attacks by connections that wait.

use std::{io, net::SocketAddr, time::Duration};

use prost::Message;
use rsgrpc::ChannelBuilder;
use rsgrpc_bench::ours::{BenchClient, DownloadRequest, HelloRequest};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::Instant,
};

use crate::{
    attacker::{
        Attacker, DATA, END_HEADERS, END_STREAM, HEADERS, PREFACE, SETTINGS, WINDOW_UPDATE, call, frame, framed, post,
    },
    bodies::{JSON, REST, UNARY},
    frames::UPLOAD,
    rows::Sent,
};

pub(crate) async fn rest() -> Sent {
    tokio::time::sleep(Duration::from_secs(2)).await;
    Sent { what: "0".to_owned(), outcome: "-".to_owned(), held: Box::new(()) }
}

/// What a connection of HTTP may begin with and never end.
pub(crate) fn beginnings() -> Vec<Vec<u8>> {
    let open = frame(HEADERS, END_HEADERS, 1, &call(UPLOAD));
    let settings = frame(SETTINGS, 0, 0, &[]);
    let begun = [PREFACE, &settings].concat();
    vec![
        Vec::new(),
        PREFACE[..10].to_vec(),
        PREFACE.to_vec(),
        [&begun, &open[..20]].concat(),
        [&begun[..], &frame(HEADERS, 0, 1, &call(UPLOAD))].concat(),
        b"GET / HTTP/1.1\r\nhost".to_vec(),
    ]
}

/// And one of TLS. A hello of 196 bytes would follow, in a record of 200.
#[cfg(feature = "tls")]
pub(crate) fn hellos() -> Vec<Vec<u8>> {
    let record = [&[22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3][..], &[7; 90]].concat();
    vec![Vec::new(), record[..3].to_vec(), record]
}

/// How long the slowest of the connections that begin in these ways stays open.
pub(crate) async fn slow(addr: SocketAddr, parts: Vec<Vec<u8>>) -> Sent {
    let mut waiting = Vec::new();
    for part in parts.iter().cycle().take(100 * parts.len()) {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        let connected = Instant::now();
        stream.write_all(part).await.unwrap();
        waiting.push(tokio::spawn(async move {
            let mut said = Vec::new();
            let end = tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut said)).await;
            end.is_ok().then(|| connected.elapsed())
        }));
    }
    let mut closed = Vec::new();
    for one in waiting {
        closed.extend(one.await.unwrap());
    }
    latest("100 connections of each", "closed", &closed)
}

/// Bodies that begin and stand still: how long it takes until the last of them is answered.
pub(crate) async fn slow_bodies(addr: SocketAddr) -> Sent {
    let half = [frame(HEADERS, END_HEADERS, 1, &call(UNARY)), frame(DATA, 0, 1, &framed(0, &[7; 9])[..6])].concat();
    let head = format!("POST {REST} HTTP/1.1\r\nhost: test\r\ncontent-type: {JSON}\r\ncontent-length: 100\r\n\r\n[");
    let (mut over_http2, mut over_http1) = (Vec::new(), Vec::new());
    let began = Instant::now();
    for _ in 0..100 {
        let mut attacker = Attacker::connect(addr).await;
        attacker.send(&half).await;
        over_http2.push(attacker);
        let mut stream = TcpStream::connect(addr).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        over_http1.push(stream);
    }
    let mut answered = Vec::new();
    for stream in &mut over_http1 {
        let answer = tokio::time::timeout(Duration::from_secs(60), stream.read(&mut [0; 1024])).await;
        answered.extend(answer.is_ok().then(|| began.elapsed()));
    }
    for attacker in &mut over_http2 {
        attacker.until("an answer", |seen| seen.ended == 1).await;
        answered.push(began.elapsed());
    }
    latest("100 calls of each", "answered", &answered)
}

fn latest(what: &str, how: &str, took: &[Duration]) -> Sent {
    let latest = took.iter().max().copied().unwrap_or_default();
    let outcome = format!("{} {how}, each within {:.2} s", took.len(), latest.as_secs_f64());
    Sent { what: what.to_owned(), outcome, held: Box::new(()) }
}

const IDLE: u32 = 10_000;

/// From several addresses, since one may have 4,096.
async fn connect(addr: SocketAddr, number: u32) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from(([127, 0, 1, (number / 3000) as u8], 0)))?;
    let stream = socket.connect(addr).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

pub(crate) async fn idle(addr: SocketAddr) -> Sent {
    let mut sockets = Vec::new();
    let greeting = [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat();
    for number in 0..IDLE {
        let mut stream = connect(addr, number).await.unwrap();
        stream.write_all(&greeting).await.unwrap();
        sockets.push(stream);
    }
    held("preface and SETTINGS", sockets).await
}

/// By clients as they are.
pub(crate) async fn called_once(channel: impl Fn() -> ChannelBuilder, addr: SocketAddr) -> Sent {
    let mut clients = Vec::new();
    for number in 0..IDLE {
        let channel = channel().connect_with(move |_| connect(addr, number)).build().unwrap();
        let client = BenchClient::new(channel);
        client.say_hello(HelloRequest { name: "idle".to_owned() }).await.unwrap();
        clients.push(client);
    }
    held("a call", clients).await
}

async fn held(what: &str, all: Vec<impl Sized + 'static>) -> Sent {
    tokio::time::sleep(Duration::from_secs(2)).await;
    Sent { what: what.to_owned(), outcome: "held; 5 min by its timer".to_owned(), held: Box::new(all) }
}

/// Five connections of 200 streams, each of which asks for far more than anybody reads.
pub(crate) async fn stalled(addr: SocketAddr, rest: bool, windows: bool) -> Sent {
    let window: [u8; 4] = if windows { [0x7f, 0xff, 0xff, 0xff] } else { [0; 4] };
    let settings = frame(SETTINGS, 0, 0, &[&[0, 4][..], &window].concat());
    let ask = DownloadRequest { count: 1_000_000, size: 1024, yields: false }.encode_to_vec();
    let (head, ask) = match rest {
        false => (call("/bench.v1.Bench/Download"), framed(0, &ask)),
        true => (post("/v1/download", JSON, None), br#"{"count":1000000,"size":1024}"#.to_vec()),
    };
    let mut sockets = Vec::new();
    for _ in 0..5 {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        let mut sent = [PREFACE, &settings, &frame(WINDOW_UPDATE, 0, 0, &[0x7f, 0, 0, 0])].concat();
        for id in (1..400).step_by(2) {
            sent.extend(frame(HEADERS, END_HEADERS, id, &head));
            sent.extend(frame(DATA, END_STREAM, id, &ask));
        }
        stream.write_all(&sent).await.unwrap();
        sockets.push(stream);
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    Sent { what: "1,000 calls".to_owned(), outcome: "held; 5 min by its timer".to_owned(), held: Box::new(sockets) }
}
