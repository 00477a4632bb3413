//! Peers that let the server wait, by the clock of tokio, and those that do not read.

use std::time::Duration;

use futures_util::future::join_all;
use rsgrpc::ConnectionLimits;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    net::TcpStream,
    time::Instant,
};

use crate::{
    attacker::{
        Attacker, CONTINUATION, Caller, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PREFACE, SETTINGS, call, frame,
        message,
    },
    target::{Target, builder},
};

const SECOND: Duration = Duration::from_secs(1);

/// A connection in memory, of which the time is tokio's.
fn connect(limits: ConnectionLimits) -> DuplexStream {
    let server = builder().connection_limits(limits).keepalive(100_000 * SECOND, SECOND).build().unwrap();
    let (ours, theirs) = tokio::io::duplex(1 << 20);
    tokio::spawn(async move { server.serve_connection(theirs).await });
    ours
}

/// Sends each part, and one more byte of the last each second; when the server closed, in seconds, and all it said.
async fn closed_after(limits: ConnectionLimits, parts: &[&[u8]], dripping: bool) -> (u64, Vec<u8>) {
    let (mut read, mut write) = tokio::io::split(connect(limits));
    for part in parts {
        write.write_all(part).await.unwrap();
    }
    let began = Instant::now();
    let mut received = Vec::new();
    let drip = async {
        while dripping && write.write_all(b"a").await.is_ok() {
            tokio::time::sleep(SECOND).await;
        }
        std::future::pending::<()>().await
    };
    tokio::select! {
        read = read.read_to_end(&mut received) => drop(read.unwrap()),
        () = drip => {}
    }
    (began.elapsed().as_secs(), received)
}

fn settings() -> Vec<u8> {
    frame(SETTINGS, 0, 0, &[])
}

/// What begins and does not go on, and whether another byte comes each second.
fn beginnings() -> Vec<(&'static str, Vec<u8>, bool)> {
    let rest = b"GET /v1/x HTTP/1.1\r\nhost: test\r\n";
    let mut all = vec![
        ("nothing at all", vec![], false),
        ("half a preface", PREFACE[..10].to_vec(), false),
        ("a preface without SETTINGS", PREFACE.to_vec(), false),
        ("half of SETTINGS", [PREFACE, &settings()[..5]].concat(), false),
        ("a request line without an end", rest[..5].to_vec(), true),
        ("headers of HTTP/1.1 without an end", [&rest[..], b"x: "].concat(), true),
        ("a second head of HTTP/1.1", [&rest[..], b"\r\n", rest, b"x: "].concat(), true),
    ];
    for caller in Caller::ALL {
        let (open, block) = (caller.open(1, "Unary"), frame(HEADERS, 0, 1, &caller.head("Unary")));
        let large = frame(HEADERS, END_HEADERS, 1, &[0; 10_000]);
        all.push(("half of HEADERS", [PREFACE, &settings(), &open[..20]].concat(), false));
        all.push(("a byte of HEADERS each second", [PREFACE, &settings(), &large[..20]].concat(), true));
        all.push(("a block of headers without an end", [PREFACE, &settings(), &block].concat(), false));
    }
    all
}

#[tokio::test(start_paused = true)]
async fn what_begins_must_be_complete_in_time() {
    for (name, sent, dripping) in beginnings() {
        let (seconds, _) = closed_after(ConnectionLimits::new(), &[&sent], dripping).await;
        assert!((9..=11).contains(&seconds), "{name}: closed after {seconds} s");
    }
}

/// A short limit for those on sockets, whose time is nobody's. What comes after it may be as late as the machine likes.
const SOON: Duration = Duration::from_secs(1);

fn not_before_soon(name: &str, began: Instant) {
    let took = began.elapsed();
    assert!(took >= SOON - Duration::from_millis(20), "{name}: over after {took:?}");
}

#[tokio::test]
async fn what_begins_must_be_complete_in_time_on_sockets() {
    let target = Target::of(builder().connection_limits(ConnectionLimits::new().opening(SOON))).await;
    let all = beginnings().into_iter().map(async |(name, sent, dripping)| {
        let (mut read, mut write) = TcpStream::connect(target.addr).await.unwrap().into_split();
        write.write_all(&sent).await.unwrap();
        let began = Instant::now();
        let drip = async {
            while dripping && write.write_all(b"a").await.is_ok() {
                tokio::time::sleep(SOON / 5).await;
            }
            std::future::pending::<()>().await
        };
        let mut received = Vec::new();
        tokio::select! {
            // With bytes unread it ends by a reset.
            _ = read.read_to_end(&mut received) => {}
            () = drip => {}
        }
        not_before_soon(name, began);
    });
    tokio::time::timeout(60 * SECOND, join_all(all)).await.expect("all are closed");
    target.finish().await;
}

#[tokio::test]
async fn bodies_that_stand_still_on_sockets() {
    let target = Target::of(builder().receive_timeout(SOON)).await;
    for caller in Caller::ALL {
        let mut attacker = Attacker::connect(target.addr).await;
        let stream = attacker.stream();
        let began = Instant::now();
        attacker.send(&[caller.open(stream, "Unary"), frame(DATA, 0, stream, b"\0\0")].concat()).await;
        attacker.until("an answer", |seen| seen.ended == 1).await;
        not_before_soon("half a message", began);
        assert!(attacker.settled().await, "the connection goes on");
    }
    let mut socket = TcpStream::connect(target.addr).await.unwrap();
    let began = Instant::now();
    let head = "POST /v1/unary HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n\"";
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    socket.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 504");
    not_before_soon("half a body of HTTP/1.1", began);
    target.finish().await;
}

/// Each CONTINUATION is complete; the block is not.
#[tokio::test(start_paused = true)]
async fn a_block_in_many_frames_is_one_block() {
    let (mut read, mut write) = tokio::io::split(connect(ConnectionLimits::new()));
    let block = frame(HEADERS, 0, 1, &call("/test.Echo/Unary"));
    write.write_all(&[PREFACE, &settings(), &block].concat()).await.unwrap();
    let began = Instant::now();
    let drip = async {
        // Slowly enough for the limit of their number, which is h2's.
        while write.write_all(&frame(CONTINUATION, 0, 1, &[])).await.is_ok() {
            tokio::time::sleep(4 * SECOND).await;
        }
        std::future::pending::<()>().await
    };
    let mut received = Vec::new();
    tokio::select! {
        read = read.read_to_end(&mut received) => drop(read.unwrap()),
        () = drip => {}
    }
    assert!((9..=11).contains(&began.elapsed().as_secs()), "closed after {:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_connection_without_calls_ends() {
    let (seconds, received) = closed_after(ConnectionLimits::new(), &[PREFACE, &settings()], false).await;
    // GOAWAY at once, and the end when the peer does not even answer its PING.
    assert!((300..=311).contains(&seconds), "closed after {seconds} s");
    assert!(kinds(&received).contains(&GOAWAY));
    let get = b"GET /nothing HTTP/1.1\r\nhost: test\r\n\r\n";
    let (seconds, received) = closed_after(ConnectionLimits::new(), &[get], false).await;
    assert!(received.starts_with(b"HTTP/1.1 404"));
    assert!((300..=311).contains(&seconds), "closed after {seconds} s");
}

/// All payloads up to the end of the answer.
async fn answer(read: &mut (impl AsyncReadExt + Unpin)) -> Vec<u8> {
    let mut answer = Vec::new();
    loop {
        let (kind, flags, payload) = next(read).await;
        if matches!(kind, HEADERS | DATA) {
            answer.extend(payload);
            if flags & END_STREAM != 0 {
                return answer;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_must_go_on() {
    // A 4 as the value of `grpc-status`, of one byte by Huffman's code; and by REST in words.
    let callers: [(Caller, &[u8]); 2] = [(Caller::Grpc, &[0x81, 0x6b]), (Caller::Rest, b"DEADLINE_EXCEEDED")];
    for (caller, mark) in callers {
        let half = frame(DATA, 0, 1, if matches!(caller, Caller::Grpc) { &[0, 0, 0] } else { b"\"h" });
        let rows = [
            ("no message", "Unary", vec![]),
            ("half a message", "Unary", half.clone()),
            ("half a message of a stream", "Both", half),
        ];
        for (name, method, body) in &rows {
            let (mut read, mut write) = tokio::io::split(connect(ConnectionLimits::new()));
            write.write_all(&[PREFACE, &settings(), &caller.open(1, method), body].concat()).await.unwrap();
            let began = Instant::now();
            let answer = answer(&mut read).await;
            assert!(answer.windows(mark.len()).any(|part| part == mark), "{name}, {caller:?}: {answer:?}");
            assert!((29..=31).contains(&began.elapsed().as_secs()), "{name}: answered after {:?}", began.elapsed());
        }
        // Between messages a stream may rest.
        let (mut read, mut write) = tokio::io::split(connect(ConnectionLimits::new()));
        let whole = if matches!(caller, Caller::Grpc) { message("hi") } else { b"\"hi\"\n".to_vec() };
        let sent = [PREFACE, &settings(), &caller.open(1, "Both"), &frame(DATA, 0, 1, &whole)].concat();
        write.write_all(&sent).await.unwrap();
        let ended = tokio::time::timeout(1000 * SECOND, answer(&mut read)).await;
        assert!(ended.is_err(), "{caller:?}: a stream that rests was ended");
    }
}

/// As long as something comes, however little. What bounds it is the duration of the call.
#[tokio::test(start_paused = true)]
async fn bodies_that_drip_go_on() {
    for caller in Caller::ALL {
        let (mut read, mut write) = tokio::io::split(connect(ConnectionLimits::new()));
        write.write_all(&[PREFACE, &settings(), &caller.open(1, "Unary")].concat()).await.unwrap();
        let whole = if matches!(caller, Caller::Grpc) { message("hi") } else { b"\"hi\"".to_vec() };
        for byte in &whole {
            write.write_all(&frame(DATA, 0, 1, &[*byte])).await.unwrap();
            tokio::time::sleep(29 * SECOND).await;
        }
        write.write_all(&frame(DATA, END_STREAM, 1, &[])).await.unwrap();
        let answer = answer(&mut read).await;
        assert!(answer.windows(2).any(|part| part == b"hi"), "{caller:?}: {answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_read_is_given_up() {
    // A stream whose window stays shut, on a connection that is read.
    let (mut read, mut write) = tokio::io::split(connect(ConnectionLimits::new()));
    let shut = frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]);
    let open = frame(HEADERS, END_HEADERS, 1, &call("/test.Echo/Down"));
    let ask = frame(DATA, END_STREAM, 1, &message("hi"));
    write.write_all(&[PREFACE, &shut, &open, &ask].concat()).await.unwrap();
    let began = Instant::now();
    while next(&mut read).await.0 != crate::attacker::RST_STREAM {}
    assert!((299..=301).contains(&began.elapsed().as_secs()), "reset after {:?}", began.elapsed());

    // A connection that is not read at all.
    let limits = ConnectionLimits::new().unread(20 * SECOND);
    let mut peer = connect(limits);
    let wide = frame(SETTINGS, 0, 0, &[0, 4, 0x7f, 0xff, 0xff, 0xff]);
    let window = frame(8, 0, 0, &[0x7f, 0, 0, 0]);
    peer.write_all(&[PREFACE, &wide, &window, &open, &ask].concat()).await.unwrap();
    let began = Instant::now();
    while peer.write_all(&frame(6, 1, 0, &[0; 8])).await.is_ok() {
        tokio::time::sleep(SECOND).await;
    }
    assert!((19..=22).contains(&began.elapsed().as_secs()), "closed after {:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_connection_grows_old() {
    let limits = ConnectionLimits::new().age(1000 * SECOND).age_grace(100 * SECOND);
    let (mut read, mut write) = tokio::io::split(connect(limits));
    let open = frame(HEADERS, END_HEADERS, 1, &call("/test.Echo/Both"));
    write.write_all(&[PREFACE, &settings(), &open].concat()).await.unwrap();
    let began = Instant::now();
    while next(&mut read).await.0 != GOAWAY {}
    let age = began.elapsed().as_secs();
    assert!((899..=1101).contains(&age), "GOAWAY after {age} s");
    // The call goes on, and ends with a status.
    while !matches!(next(&mut read).await, (HEADERS, flags, _) if flags & END_STREAM != 0) {}
    let end = began.elapsed().as_secs() - age;
    assert!((99..=101).contains(&end), "the call ended {end} s after the GOAWAY");
}

#[tokio::test]
async fn connections_are_counted() {
    let limits = ConnectionLimits::new().max_connections_per_peer(3);
    let target = Target::of(builder().connection_limits(limits)).await;
    let mut first = Attacker::connect(target.addr).await;
    let mut second = Attacker::connect(target.addr).await;
    assert!(first.settled().await && second.settled().await);
    // The victim has the third.
    let mut socket = TcpStream::connect(target.addr).await.unwrap();
    let _ = socket.read_to_end(&mut Vec::new()).await;
    first.close().await;
    loop {
        let mut next = Attacker::connect(target.addr).await;
        if next.settled().await {
            break;
        }
    }
    target.finish().await;
}

async fn next(read: &mut (impl AsyncReadExt + Unpin)) -> (u8, u8, Vec<u8>) {
    let mut head = [0; 9];
    read.read_exact(&mut head).await.unwrap();
    let [a, b, c, kind, flags, ..] = head;
    let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
    read.read_exact(&mut payload).await.unwrap();
    (kind, flags, payload)
}

fn kinds(mut bytes: &[u8]) -> Vec<u8> {
    let mut kinds = Vec::new();
    while let [a, b, c, kind, rest @ ..] = bytes {
        kinds.push(*kind);
        bytes = rest.get(5 + u32::from_be_bytes([0, *a, *b, *c]) as usize..).unwrap_or_default();
    }
    kinds
}
