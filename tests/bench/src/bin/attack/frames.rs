//! Attacks by frames and heads.

use std::{net::SocketAddr, time::Duration};

use crate::{
    attacker::{Attacker, DATA, END_HEADERS, END_STREAM, HEADERS, RST_STREAM, call, fields, frame, message},
    bodies::UNARY,
    rows::Sent,
};

/// How long an attack that is not stopped goes on.
pub(crate) const LIMIT: Duration = Duration::from_secs(10);

pub(crate) const UPLOAD: &str = "/bench.v1.Bench/Upload";

/// How messages end that are no attack.
pub(crate) const WELL: &str = "not ended";

/// How an attack on one connection ended.
pub(crate) async fn ended(mut attacker: Attacker, what: String, over: bool) -> Sent {
    if over {
        attacker.until("the end", |seen| seen.closed).await;
    }
    let seen = attacker.seen();
    let outcome = match (seen.goaway, seen.closed) {
        (Some(code), _) => format!("GOAWAY {code}"),
        (None, true) => "closed".to_owned(),
        (None, false) => format!("{} refused", seen.ended + seen.resets.len()),
    };
    Sent { what, outcome, held: Box::new(attacker) }
}

pub(crate) fn open(attacker: &mut Attacker, path: &str) -> (u32, Vec<u8>) {
    let stream = attacker.stream();
    (stream, frame(HEADERS, END_HEADERS, stream, &call(path)))
}

pub(crate) fn cancelled(attacker: &mut Attacker) -> Vec<u8> {
    let (stream, open) = open(attacker, UPLOAD);
    [open, frame(RST_STREAM, 0, stream, &[0, 0, 0, 8])].concat()
}

/// Rounds of streams, each of which awaits the answer to a PING.
pub(crate) async fn paced(addr: SocketAddr, one: impl Fn(&mut Attacker) -> Vec<u8>, at_once: usize) -> Sent {
    let mut attacker = Attacker::connect(addr).await;
    let rounds = attacker.rounds(20_000, |attacker| (0..at_once).flat_map(|_| one(attacker)).collect()).await;
    ended(attacker, format!("{} streams", rounds.unwrap_or(20_000) * at_once), rounds.is_some()).await
}

pub(crate) async fn flood(addr: SocketAddr, one: Vec<u8>, reads: bool) -> Sent {
    let attacker = if reads { Attacker::connect(addr).await } else { Attacker::unread(addr, &[]).await };
    pour(attacker, one, reads).await
}

/// Frames behind the head of a call.
pub(crate) async fn behind(addr: SocketAddr, flags: u8, one: Vec<u8>) -> Sent {
    let mut attacker = Attacker::connect(addr).await;
    let stream = attacker.stream();
    attacker.send(&frame(HEADERS, flags, stream, &call(UPLOAD))).await;
    pour(attacker, one, true).await
}

async fn pour(mut attacker: Attacker, one: Vec<u8>, reads: bool) -> Sent {
    let mut frames = 0;
    // What was sent of a batch is not known if it fails.
    let many = ((64 << 10) / one.len()).clamp(1, 100);
    let batch = one.repeat(many);
    let sending = async {
        while !attacker.seen().is_over() && attacker.send(&batch).await {
            frames += many;
            // What came back is read by a task of its own.
            tokio::task::yield_now().await;
        }
    };
    let over = tokio::time::timeout(LIMIT, sending).await.is_ok();
    let what = format!("{frames} frames, {}", size(frames * one.len()));
    match reads {
        true => ended(attacker, what, over).await,
        false => {
            let outcome = if over { "closed" } else { "held; 5 min by its timer" };
            Sent { what, outcome: outcome.to_owned(), held: Box::new(attacker) }
        }
    }
}

pub(crate) fn size(bytes: usize) -> String {
    if bytes < 1 << 20 {
        format!("{} KiB", bytes >> 10)
    } else {
        format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
    }
}

/// A field goes into the table, then so many references to it for each call; 200 calls a connection.
pub(crate) async fn bombs(addr: SocketAddr, calls: usize, references: usize) -> Sent {
    let planted = [&[0x40, 1][..], b"a", &[1], b"b"].concat();
    let bomb = [call(UPLOAD), planted, vec![0x80 | 62; references]].concat();
    let mut attackers = Vec::new();
    for begun in (0..calls).step_by(200) {
        let mut attacker = Attacker::connect(addr).await;
        for _ in begun..calls.min(begun + 200) {
            let stream = attacker.stream();
            attacker.send(&frame(HEADERS, END_HEADERS, stream, &bomb)).await;
        }
        attacker.settled().await;
        attackers.push(attacker);
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let refused: usize = attackers.iter().map(|attacker| attacker.seen().resets.len() + attacker.seen().ended).sum();
    let dismissed = attackers.iter().filter(|attacker| attacker.seen().is_over()).count();
    let outcome = if dismissed > 0 { format!("{dismissed} GOAWAY") } else { format!("{refused} calls are refused") };
    Sent { what: size(calls * bomb.len()), outcome, held: Box::new(attackers) }
}

pub(crate) async fn long_paths(addr: SocketAddr) -> Sent {
    let mut attacker = Attacker::connect(addr).await;
    let mut sent = 0;
    for target in [UNARY.to_owned(), "/".to_owned(), format!("{UNARY}?")] {
        for length in [8 << 10, 14 << 10, 60 << 10] {
            let path = target.clone() + &"x".repeat(length);
            let head = fields(&[(":method", "POST"), (":scheme", "http"), (":authority", "a"), (":path", &path)]);
            let stream = attacker.stream();
            // Heads longer than a frame go on in CONTINUATION frames.
            let mut parts = head.chunks(16_384).peekable();
            let mut kind = HEADERS;
            while let Some(part) = parts.next() {
                let ends = if parts.peek().is_none() { END_HEADERS } else { 0 };
                let flags = ends | if kind == HEADERS { END_STREAM } else { 0 };
                attacker.send(&frame(kind, flags, stream, part)).await;
                kind = crate::attacker::CONTINUATION;
                sent += part.len();
            }
        }
    }
    let lives = attacker.settled().await;
    ended(attacker, size(sent), !lives).await
}

/// As fast as the windows let them through.
pub(crate) async fn small(addr: SocketAddr, count: usize) -> Sent {
    let mut attacker = Attacker::connect(addr).await;
    attacker.take_up_settings().await;
    let (stream, open) = open(&mut attacker, UPLOAD);
    attacker.send(&open).await;
    // A prefix, a tag, a length and ten bytes.
    let payload = message("0123456789");
    let one = frame(DATA, 0, stream, &payload);
    let mut sent = 0;
    while sent < count && !attacker.seen().is_over() {
        let room = attacker.room(stream, payload.len()).await / payload.len();
        let batch = room.min(count - sent).min(2000);
        attacker.send(&one.repeat(batch)).await;
        attacker.spend(stream, batch * payload.len());
        sent += batch;
    }
    let what = format!("{sent} messages");
    if attacker.seen().is_over() {
        return ended(attacker, what, true).await;
    }
    attacker.send(&frame(DATA, END_STREAM, stream, &[])).await;
    attacker.until("the answer", |seen| seen.ended == 1 || seen.is_over()).await;
    let seen = attacker.seen();
    let answered = !seen.is_over() && seen.data > 0;
    let outcome = if answered { WELL } else { "an error" };
    Sent { what, outcome: outcome.to_owned(), held: Box::new(attacker) }
}
