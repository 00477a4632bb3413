//! Headers: many of them, large ones, and many requests with as much as is allowed.

use rsgrpc::ConnectionLimits;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    attacker::{Attacker, DATA, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, HEADERS, call, frame, message},
    peer::{Hostile, Peer, framed},
    target::{Target, builder},
};

/// A head with one field that goes into the table of both sides, and so many references to it of a byte each.
fn bomb(references: usize) -> Vec<u8> {
    // A literal with incremental indexing (RFC 7541, 6.2.1); the newest entry has the index 62.
    let planted = [&[0x40, 1][..], b"a", &[1], b"b"].concat();
    [call("/test.Echo/Both"), planted, vec![0x80 | 62; references]].concat()
}

fn open(attacker: &mut Attacker, head: &[u8]) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, attacker.stream(), head)
}

/// More header bytes than are allowed, in one block: h2 refuses the call or the connection.
#[tokio::test]
async fn over_the_limit() {
    let target = Target::new().await;
    let mut attacker = Attacker::connect(target.addr).await;
    let bomb = open(&mut attacker, &bomb(16_000));
    attacker.send(&bomb).await;
    attacker.until("a refusal", |seen| seen.is_over() || seen.ended == 1).await;
    target.finish().await;
}

#[tokio::test]
async fn too_many() {
    let target = Target::new().await;
    let mut attacker = Attacker::connect(target.addr).await;
    let few = open(&mut attacker, &bomb(90));
    let many = open(&mut attacker, &bomb(110));
    attacker.send(&[few, many].concat()).await;
    attacker.until("the refusal", |seen| seen.ended == 1).await;
    // The field `:status` of the static table, with a value of three bytes by Huffman's code: 431.
    let refusal = vec![0x48, 0x83, 105, 144, 255];
    assert!(attacker.seen().heads.contains(&refusal), "{:?}", attacker.seen());
    // The connection and the other call go on.
    assert!(attacker.settled().await);
    target.finish().await;
}

/// Over HTTP/1.1, with the default and with other limits.
#[tokio::test]
async fn too_many_in_lines() {
    for (limit, set) in [(100, false), (100, true), (10, true), (150, true)] {
        let limits = ConnectionLimits::new();
        let limits = if set { limits.max_header_count(limit) } else { limits };
        let target = Target::of(builder().connection_limits(limits)).await;
        for (count, expected) in [(limit, "HTTP/1.1 404"), (limit + 1, "HTTP/1.1 431")] {
            let mut socket = TcpStream::connect(target.addr).await.unwrap();
            let fields = "a: b\r\n".repeat(count - 2);
            let request = format!("GET /nothing HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{fields}\r\n");
            socket.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            socket.read_to_string(&mut answer).await.unwrap();
            assert!(answer.starts_with(expected), "{count} of {limit}: {answer}");
        }
        target.finish().await;
    }
}

/// Each head is allowed; all together take more than the room that a connection has for them.
#[tokio::test]
async fn under_the_limit_on_many_streams() {
    let target = Target::new().await;
    let mut attacker = Attacker::connect(target.addr).await;
    for _ in 0..200 {
        let bomb = open(&mut attacker, &bomb(90));
        attacker.send(&bomb).await;
    }
    // 93 fields of some 202 bytes each: 83 times in 1.5 MiB.
    attacker.until("the refusals", |seen| seen.resets.len() >= 117).await;
    assert!(attacker.settled().await);
    let refused = attacker.seen().resets;
    assert!(refused.len() == 117, "{} calls were refused", refused.len());
    assert!(refused.iter().all(|(_, code)| *code == ENHANCE_YOUR_CALM));
    target.finish().await;
}

/// What is over gives its room back.
#[tokio::test]
async fn one_after_the_other_have_room() {
    let limits = ConnectionLimits::new().max_open_header_bytes(30_000);
    let target = Target::of(builder().connection_limits(limits)).await;
    let mut attacker = Attacker::connect(target.addr).await;
    let round = |attacker: &mut Attacker| {
        let stream = attacker.stream();
        let head = [call("/test.Echo/Unary"), vec![]].concat();
        [frame(HEADERS, END_HEADERS, stream, &head), frame(DATA, END_STREAM, stream, &message("hi"))].concat()
    };
    assert_eq!(attacker.rounds(100, round).await, None);
    attacker.until("all answers", |seen| seen.ended == 100).await;
    assert!(attacker.seen().resets.is_empty());
    target.finish().await;
}

/// As a path that nobody has, and as a query; beyond the head itself, by whatever protocol.
#[tokio::test]
async fn long_paths() {
    let target = Target::new().await;
    let peer = Peer::connect(target.addr).await;
    for (length, over_target, over_head) in
        [(8_000, false, false), (14_000, false, false), (17_000, true, false), (60_000, true, true)]
    {
        let long = "x".repeat(length);
        for (path, known) in [(format!("/test.Echo/{long}"), false), (format!("/test.Echo/Unary?{long}"), true)] {
            let told = peer.ask(&Hostile::grpc(path, framed(0, b"\x0a\x02hi"))).await;
            let wanted = match (over_head, known) {
                (true, _) => (431, None),
                (false, true) => (200, Some("0")),
                (false, false) => (200, Some("12")),
            };
            assert_eq!(told.status(), wanted, "{length}: {told:?}");
        }
        for (path, known) in [(format!("/v1/{long}"), 404), (format!("/v1/unary?{long}"), 200)] {
            let told = peer.ask(&Hostile::json(path, b"\"hi\"".to_vec())).await;
            let wanted = if over_head {
                431
            } else if over_target {
                414
            } else {
                known
            };
            assert_eq!(told.status(), (wanted, None), "{length}: {told:?}");
            assert!(wanted == 431 || wanted == 200 || told.text.contains("\"code\":"), "{told:?}");
        }
    }
    peer.assert_healthy().await;
    target.finish().await;
}
