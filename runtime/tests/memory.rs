//! What a hostile peer may cost: memory that grows with what has arrived, never with what it claims to hold.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[allow(dead_code, unreachable_pub, reason = "shared with other tests")]
#[path = "attacks/attacker.rs"]
mod attacker;
#[allow(dead_code, unreachable_pub, reason = "shared with other tests")]
#[path = "attacks/peer.rs"]
mod peer;
mod support;

use std::{io::Write, net::SocketAddr, time::Duration};

use attacker::{
    ACK, Attacker, Caller, DATA, END_HEADERS, END_STREAM, HEADERS, PING, PREFACE, RST_STREAM, SETTINGS, WINDOW_UPDATE,
    frame,
};
use futures_util::{StreamExt, stream};
use peer::{Hostile, Peer, bombs, framed};
use rsgrpc::{ConnectionLimits, Request, Response, Server, Status, Streaming, codegen::Stream};
use support::{Answer, Echo, EchoServer, Ruled, RuledBulk};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

const SECOND: Duration = Duration::from_secs(1);
const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
/// The default limit of a message.
const LIMIT: usize = 4 << 20;

struct Same;

impl Echo for Same {
    async fn unary(&self, request: Request<String>) -> Answer<String> {
        Ok(Response::new(request.into_inner()))
    }

    /// Reads nothing.
    async fn up(&self, request: Request<Streaming<String>>) -> Answer<String> {
        let _request = request;
        std::future::pending().await
    }

    /// As many messages of 1 KiB as somebody takes.
    async fn down(&self, _: Request<String>) -> Answer<impl Stream<Item = Result<String, Status>>> {
        Ok(Response::new(stream::repeat("x".repeat(1024)).map(Ok)))
    }
}

/// On a runtime of this thread, so that what is measured is not spread over arenas.
async fn serve(limits: ConnectionLimits) -> SocketAddr {
    let builder = Server::builder().add_service(Ruled(EchoServer::new(Same))).add_service(RuledBulk);
    let server = builder.connection_limits(limits).build().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move { server.serve_with_shutdown(listener, std::future::pending()).await });
    addr
}

/// In a process of its own, whose allocator takes what is large from the system and gives it back, whatever was freed before:
/// else glibc may copy a list that grows, and whether it does, and so takes half as much again, is chance.
#[test]
fn what_hostile_peers_may_cost() {
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.env("MALLOC_MMAP_THRESHOLD_", "131072").args(["--ignored", "--exact", "--nocapture", "costs_one_by_one"]);
    assert!(child.status().unwrap().success());
}

/// One test, so that nothing else runs in this process, and in the order of what is allowed, as a peak never sinks.
#[tokio::test]
#[ignore = "started by `what_hostile_peers_may_cost`"]
async fn costs_one_by_one() {
    let addr = serve(ConnectionLimits::new()).await;
    let peer = Peer::connect(addr).await;
    peer.assert_healthy().await;
    claims(addr).await;
    trailers(addr).await;
    idle_connections().await;
    for hostile in bombs(&bomb_of_1_gib) {
        costs(&peer, &hostile, 16 * MIB).await;
    }
    // Two bytes become a struct of 32, so these would be 64 MiB each.
    let elements = |count: usize| framed(0, &[0x0a, 0].repeat(count));
    let json = |count: usize| format!("[{}0]", "0,".repeat(count - 1)).into_bytes();
    let many = [
        Hostile::grpc("/test.Bulk/Count", elements(LIMIT / 2)),
        Hostile::json("/test.Bulk/Count", json(LIMIT / 2 - 1)),
        Hostile::json("/v1/count", json(LIMIT / 2 - 1)),
    ];
    for hostile in many {
        costs(&peer, &hostile, 40 * MIB).await;
    }
    // Nearly as many as there is room for: by its descriptor a value takes 56 bytes, by prost 32.
    let count = 8 * LIMIT / 64;
    let before = status("VmHWM");
    let answer = peer.ask(&Hostile::grpc("/test.Bulk/Count", elements(count))).await;
    let grown = status("VmHWM").saturating_sub(before);
    assert!(answer.text.ends_with(&count.to_string()), "{answer:?}");
    assert!(grown < (8 * LIMIT) as u64 + 16 * MIB, "{count} elements took {} KiB", grown / KIB);
    peer.assert_healthy().await;
    for caller in Caller::ALL {
        stalled_streams(caller).await;
    }
}

/// It is refused, and the server goes on.
async fn costs(peer: &Peer, hostile: &Hostile, bar: u64) {
    let before = status("VmHWM");
    let answer = peer.ask(hostile).await;
    let grown = status("VmHWM").saturating_sub(before);
    assert_eq!(answer.wrong(hostile, 8, 429), None);
    assert!(grown < bar, "{hostile:?} took {} KiB", grown / KIB);
    peer.assert_healthy().await;
}

/// Bodies of which there is little more than a claim to be large. Untouched memory counts as well.
async fn claims(addr: SocketAddr) {
    let prefix = |claimed: u32| [&[0][..], &claimed.to_be_bytes()].concat();
    let length = |content_type| attacker::post("/v1/unary", content_type, Some(("content-length", "4294967295")));
    let claims = [
        ("a message of 4 MiB", attacker::call("/test.Echo/Unary"), prefix(LIMIT as u32), 0),
        ("a message of 4 GiB", attacker::call("/test.Echo/Unary"), prefix(u32::MAX), 200),
        ("a body of 4 GiB", length("application/json"), b"\"hell".to_vec(), 0),
    ];
    for (name, head, body, refused) in claims {
        let before = status("VmSize");
        let mut attacker = Attacker::connect(addr).await;
        for _ in 0..200 {
            let stream = attacker.stream();
            let open = frame(HEADERS, END_HEADERS, stream, &head);
            attacker.send(&[open, frame(DATA, 0, stream, &body)].concat()).await;
        }
        assert!(attacker.settled().await, "{name}");
        attacker.until("what is refused at once", |seen| seen.ended == refused).await;
        let grown = status("VmSize").saturating_sub(before);
        assert!(grown < 16 * MIB, "200 times {name} took {} KiB", grown / KIB);
    }
    let before = status("VmSize");
    let mut sockets = Vec::new();
    for _ in 0..200 {
        let mut socket = TcpStream::connect(addr).await.unwrap();
        let head = "POST /v1/unary HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n";
        socket.write_all(format!("{head}content-length: 4294967295\r\n\r\n\"hell").as_bytes()).await.unwrap();
        sockets.push(socket);
    }
    Peer::connect(addr).await.assert_healthy().await;
    let grown = status("VmSize").saturating_sub(before);
    assert!(grown < 16 * MIB, "200 times a body of 4 GiB over HTTP/1.1 took {} KiB", grown / KIB);
}

/// Requests that end by trailers of a thousand fields, which nobody reads. What they are on their way is counted.
async fn trailers(addr: SocketAddr) {
    let many = attacker::fields(&[("a", "")].repeat(900));
    for (name, block, is_refused) in
        [("few", attacker::fields(&[("checksum", "0123456789abcdef")]), false), ("many", many, true)]
    {
        let before = status("VmRSS");
        let mut attacker = Attacker::connect(addr).await;
        for _ in 0..200 {
            let stream = attacker.stream();
            let open = frame(HEADERS, END_HEADERS, stream, &attacker::call("/test.Echo/Up"));
            attacker.send(&[open, frame(HEADERS, END_HEADERS | END_STREAM, stream, &block)].concat()).await;
        }
        let is_taken = attacker.settled().await;
        let grown = status("VmRSS").saturating_sub(before);
        assert!(grown < 4 * MIB, "200 times {name} trailers took {} KiB", grown / KIB);
        assert_eq!(is_taken, !is_refused, "{name}");
    }
}

/// A thousand of them, which are closed when their time has come.
async fn idle_connections() {
    const COUNT: usize = 1000;
    let addr = serve(ConnectionLimits::new().idle(SECOND).opening(SECOND)).await;
    Peer::connect(addr).await.assert_healthy().await;
    let greeting = [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat();
    let before = status("VmRSS");
    let mut sockets = Vec::new();
    for _ in 0..COUNT {
        let mut socket = TcpStream::connect(addr).await.unwrap();
        socket.write_all(&greeting).await.unwrap();
        // The server's own SETTINGS: it has come as far.
        socket.read_exact(&mut [0; 9]).await.unwrap();
        sockets.push(socket);
    }
    // Those of the caller are in this process, too.
    let each = status("VmRSS").saturating_sub(before) / COUNT as u64;
    assert!(each <= 17 * KIB, "{each} bytes for an idle connection");
    let all = sockets.iter_mut().map(async |socket| {
        let mut rest = Vec::new();
        let _ = socket.read_to_end(&mut rest).await;
    });
    let closed = tokio::time::timeout(Duration::from_secs(60), futures_util::future::join_all(all));
    closed.await.expect("idle connections are closed");
}

/// A thousand streams that nobody reads, which end when their time has come.
async fn stalled_streams(caller: Caller) {
    for window in [0, 0x7fff_ffff_u32] {
        let addr = serve(ConnectionLimits::new().unread(2 * SECOND)).await;
        let settings = frame(SETTINGS, 0, 0, &[&[0, 4][..], &window.to_be_bytes()].concat());
        let wide = frame(WINDOW_UPDATE, 0, 0, &0x7f00_0000_u32.to_be_bytes());
        let before = status("VmRSS");
        let mut sockets = Vec::new();
        for _ in 0..5 {
            let asks = (0..200).flat_map(|number| caller.ask(2 * number + 1, "Down"));
            let sent = [PREFACE, &settings, &wide].concat().into_iter().chain(asks).collect::<Vec<_>>();
            let mut socket = TcpStream::connect(addr).await.unwrap();
            socket.write_all(&sent).await.unwrap();
            sockets.push(socket);
        }
        tokio::time::sleep(SECOND).await;
        let grown = status("VmRSS").saturating_sub(before);
        assert!(grown < 80 * MIB, "1,000 streams of {caller:?}, window {window}, took {} KiB", grown / KIB);
        for mut socket in sockets {
            match window {
                0 => given_up(&mut socket).await,
                // Nothing of the connection is read, so it is closed.
                _ => {
                    while socket.write_all(&frame(PING, ACK, 0, &[0; 8])).await.is_ok() {
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                }
            }
        }
    }
}

/// Reads until each of 200 streams was reset.
async fn given_up(socket: &mut TcpStream) {
    let (mut resets, mut head) = (0, [0; 9]);
    while resets < 200 {
        socket.read_exact(&mut head).await.unwrap();
        let [a, b, c, kind, ..] = head;
        socket.read_exact(&mut vec![0; u32::from_be_bytes([0, a, b, c]) as usize]).await.unwrap();
        resets += usize::from(kind == RST_STREAM);
    }
}

/// A field of this process's status, in bytes.
fn status(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// 1 GiB of zeros, in 1 MiB at most: as many members of a gzip file and frames of zstd. A stream of deflate is one, so this
/// is a quarter, which takes long enough to make.
fn bomb_of_1_gib(encoding: &str) -> Vec<u8> {
    let zeros = vec![0; MIB as usize];
    match encoding {
        "gzip" => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            encoder.write_all(&zeros).unwrap();
            encoder.finish().unwrap().repeat(1024)
        }
        #[cfg(feature = "deflate")]
        "deflate" => {
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
            (0..256).for_each(|_| encoder.write_all(&zeros).unwrap());
            encoder.finish().unwrap()
        }
        #[cfg(feature = "zstd")]
        "zstd" => zstd::bulk::compress(&zeros, 19).unwrap().repeat(1024),
        other => panic!("{other} is not compiled in"),
    }
}
