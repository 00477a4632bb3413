//! Attacks by connections that wait.

use std::{net::SocketAddr, time::Duration};

use prost::Message;
use rsgrpc_bench::ours::DownloadRequest;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::Instant,
};

use crate::{
    attacker::{DATA, END_HEADERS, END_STREAM, HEADERS, PREFACE, SETTINGS, WINDOW_UPDATE, call, frame},
    frames::UPLOAD,
    rows::Sent,
};

pub(crate) async fn rest() -> Sent {
    tokio::time::sleep(Duration::from_secs(2)).await;
    Sent { what: "0".to_owned(), outcome: "-".to_owned(), held: (vec![], vec![]) }
}

/// What each connection begins with and never ends; how long the slowest of them stays open.
pub(crate) async fn slow(addr: SocketAddr) -> Sent {
    let open = frame(HEADERS, END_HEADERS, 1, &call(UPLOAD));
    let settings = frame(SETTINGS, 0, 0, &[]);
    let begun = [PREFACE, &settings].concat();
    let parts = [
        Vec::new(),
        PREFACE[..10].to_vec(),
        PREFACE.to_vec(),
        [&begun, &open[..20]].concat(),
        [&begun[..], &frame(HEADERS, 0, 1, &call(UPLOAD))].concat(),
        b"GET / HTTP/1.1\r\nhost".to_vec(),
    ];
    let mut waiting = Vec::new();
    for part in parts.iter().cycle().take(600) {
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
    let latest = closed.iter().max().copied().unwrap_or_default();
    let outcome = format!("{} closed, each within {:.2} s", closed.len(), latest.as_secs_f64());
    Sent { what: "100 connections of each".to_owned(), outcome, held: (vec![], vec![]) }
}

/// From several addresses, since one may have 4,096.
pub(crate) async fn idle(addr: SocketAddr) -> Sent {
    let mut sockets = Vec::new();
    let greeting = [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat();
    for i in 0..10_000u32 {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from(([127, 0, 1, (i / 3000) as u8], 0))).unwrap();
        let mut stream = socket.connect(addr).await.unwrap();
        stream.write_all(&greeting).await.unwrap();
        sockets.push(stream);
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    Sent { what: "preface and SETTINGS".to_owned(), outcome: "after 5 min".to_owned(), held: (vec![], sockets) }
}

/// Five connections of 200 streams, each of which asks for far more than anybody reads.
pub(crate) async fn stalled(addr: SocketAddr, windows: bool) -> Sent {
    let window: [u8; 4] = if windows { [0x7f, 0xff, 0xff, 0xff] } else { [0; 4] };
    let settings = frame(SETTINGS, 0, 0, &[&[0, 4][..], &window].concat());
    let ask = DownloadRequest { count: 1_000_000, size: 1024, yields: false }.encode_to_vec();
    let ask = crate::attacker::framed(0, &ask);
    let mut sockets = Vec::new();
    for _ in 0..5 {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        let mut sent = [PREFACE, &settings, &frame(WINDOW_UPDATE, 0, 0, &[0x7f, 0, 0, 0])].concat();
        for id in (1..400).step_by(2) {
            sent.extend(frame(HEADERS, END_HEADERS, id, &call("/bench.v1.Bench/Download")));
            sent.extend(frame(DATA, END_STREAM, id, &ask));
        }
        stream.write_all(&sent).await.unwrap();
        sockets.push(stream);
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    Sent { what: "1,000 calls".to_owned(), outcome: "after 5 min".to_owned(), held: (vec![], sockets) }
}
