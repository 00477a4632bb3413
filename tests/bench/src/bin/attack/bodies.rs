//! Attacks by bodies.

use std::{io::Write, net::SocketAddr, time::Duration};

use crate::{
    attacker::{Attacker, DATA, END_HEADERS, HEADERS, frame, framed, post},
    frames::{LIMIT, UPLOAD, ended, open, size},
    rows::Sent,
};

pub(crate) const UNARY: &str = "/bench.v1.Bulk/Count";
/// The same method by REST.
pub(crate) const REST: &str = "/v1/count";
pub(crate) const GRPC: &str = "application/grpc";
pub(crate) const JSON: &str = "application/json";

/// The path for a content type.
fn path(content_type: &str) -> &'static str {
    if content_type == JSON { REST } else { UNARY }
}

const GIB: usize = 1 << 30;

/// Sends this body so many times, one after the other on a connection, as the windows allow.
pub(crate) async fn requests(addr: SocketAddr, times: usize, content_type: &'static str, body: Vec<u8>) -> Sent {
    send_all(addr, times, post(path(content_type), content_type, None), body).await
}

pub(crate) async fn compressed(addr: SocketAddr, name: &'static str, json: bool, bomb: Vec<u8>) -> Sent {
    let (head, body) = match json {
        true => (post(REST, JSON, Some(("content-encoding", name))), bomb),
        false => (post(UNARY, GRPC, Some(("grpc-encoding", name))), framed(1, &bomb)),
    };
    send_all(addr, 8, head, body).await
}

async fn send_all(addr: SocketAddr, times: usize, head: Vec<u8>, body: Vec<u8>) -> Sent {
    let mut attacker = Attacker::connect(addr).await;
    for done in 0..times {
        let stream = attacker.stream();
        attacker.send(&frame(HEADERS, END_HEADERS, stream, &head)).await;
        attacker.body(stream, &body).await;
        attacker.until("an answer", |seen| seen.ended + seen.resets.len() > done || seen.is_over()).await;
    }
    let seen = attacker.seen();
    // An error of gRPC has no DATA, one of JSON a code.
    let refused = seen.data == 0 || String::from_utf8_lossy(&seen.text).matches("\"code\"").count() == times;
    let outcome = match seen.is_over() {
        true => "the connection ends",
        false if refused => "refused",
        false => "answered",
    };
    Sent { what: size(times * body.len()), outcome: outcome.to_owned(), held: Box::new(attacker) }
}

pub(crate) fn elements(count: usize) -> Vec<u8> {
    framed(0, &[0x0a, 0].repeat(count - 8))
}

pub(crate) fn json_elements(count: usize) -> Vec<u8> {
    format!("{{\"items\":[{}{{}}]}}", "{},".repeat(count)).into_bytes()
}

/// Each message is all that is left of the body, by lengths of four bytes.
pub(crate) fn deep() -> Vec<u8> {
    const BYTES: u32 = 1_000_000;
    let level = |level: u32| {
        let rest = BYTES - 5 * (level + 1);
        [0x12, rest as u8 | 128, (rest >> 7) as u8 | 128, (rest >> 14) as u8 | 128, (rest >> 21) as u8]
    };
    framed(0, &(0..BYTES / 5).flat_map(level).collect::<Vec<_>>())
}

pub(crate) fn groups() -> Vec<u8> {
    framed(0, &[vec![0x13; 1_000_000], vec![0x14; 1_000_000]].concat())
}

pub(crate) fn deep_json() -> Vec<u8> {
    format!("{{\"items\":{}", "[".repeat(1_000_000)).into_bytes()
}

/// 1 GiB of zeros by each encoding.
pub(crate) fn bombs() -> Vec<(&'static str, Vec<u8>)> {
    let zeros = vec![0; 1 << 20];
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let mut deflate = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    let mut zstd = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    for _ in 0..GIB / zeros.len() {
        gzip.write_all(&zeros).unwrap();
        deflate.write_all(&zeros).unwrap();
        zstd.write_all(&zeros).unwrap();
    }
    vec![("gzip", gzip.finish().unwrap()), ("deflate", deflate.finish().unwrap()), ("zstd", zstd.finish().unwrap())]
}

pub(crate) async fn prefixes(addr: SocketAddr, claimed: u32) -> Sent {
    let mut attacker = Attacker::connect(addr).await;
    for _ in 0..200 {
        let (stream, open) = open(&mut attacker, UPLOAD);
        let prefix = [&[0][..], &claimed.to_be_bytes()].concat();
        attacker.send(&[open, frame(DATA, 0, stream, &prefix)].concat()).await;
    }
    attacker.settled().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let refused = attacker.seen().ended;
    let outcome = if refused > 0 { format!("{refused} refused") } else { "held; 30 s by its timer".to_owned() };
    Sent { what: "200 calls".to_owned(), outcome, held: Box::new(attacker) }
}

/// The server answers each call at once, and the client sends what its window lets through all the same.
pub(crate) async fn late_again(addr: SocketAddr) -> Sent {
    const CHUNK: usize = 16_384;
    let mut attacker = Attacker::connect(addr).await;
    let (mut sent, mut calls) = (0, 0);
    let attack = async {
        while !attacker.seen().closed {
            let (stream, open) = open(&mut attacker, "/bench.v1.Bench/Nothing");
            attacker.send(&open).await;
            calls += 1;
            attacker.until("an answer", |seen| seen.ended == calls || seen.closed).await;
            let late = frame(DATA, 0, stream, &[0; CHUNK]).repeat(31);
            sent += if attacker.send(&late).await { 31 * CHUNK } else { 0 };
            attacker.settled_or_closed().await;
        }
    };
    let over = tokio::time::timeout(LIMIT, attack).await.is_ok();
    let what = format!("{calls} calls, {}", size(sent));
    ended(attacker, what, over).await
}

/// The server answers at once, and the client goes on sending.
pub(crate) async fn late(addr: SocketAddr) -> Sent {
    let mut attacker = Attacker::connect(addr).await;
    let (stream, open) = open(&mut attacker, "/bench.v1.Bench/Nothing");
    attacker.send(&open).await;
    let chunk = frame(DATA, 0, stream, &[0; 16_384]);
    let mut sent = 0;
    let sending = async {
        while !attacker.seen().closed && attacker.send(&chunk).await {
            sent += chunk.len();
            tokio::task::yield_now().await;
        }
    };
    let over = tokio::time::timeout(LIMIT, sending).await.is_ok();
    ended(attacker, size(sent), over).await
}
