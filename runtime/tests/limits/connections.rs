//! Limits of a connection, frame by frame and second by second: what the same peer comes to by default, and with the
//! limit set. Here over HTTP/2, by calls of gRPC and of REST.

use rsgrpc::{ConnectionLimits, ServerBuilder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{
    attacker::{Caller, DATA, END_STREAM, HEADERS, PING, PREFACE, RST_STREAM, SETTINGS, WINDOW_UPDATE, frame, framed},
    lane::{Lane, Protocol, Sent},
    raw::{Step, connect, events},
    served::{SECOND, Set, builder},
};
use Step::{Send, Wait};

pub struct Row<C> {
    pub name: &'static str,
    pub steps: fn(C) -> Vec<Step>,
    /// What comes back up to this second.
    pub last: u64,
    pub by_default: &'static [&'static str],
    /// How it is set otherwise, and what comes back then; `None` where it cannot be.
    pub set: Option<(Set, &'static [&'static str])>,
}

pub fn limits(builder: ServerBuilder, set: fn(ConnectionLimits) -> ConnectionLimits) -> ServerBuilder {
    builder.connection_limits(set(ConnectionLimits::new()))
}

fn begun() -> Step {
    Send([PREFACE, &frame(SETTINGS, 0, 0, &[])].concat())
}

/// All that a call says, of 16,000 bytes, in one frame, which is nearly the largest.
fn large(by: Caller) -> Vec<u8> {
    let text = "x".repeat(16_000);
    let body = match by {
        Caller::Grpc => framed(0, &[&[0x0a, 0x80, 0x7d], text.as_bytes()].concat()),
        Caller::Rest => format!("\"{text}\"").into_bytes(),
    };
    frame(DATA, END_STREAM, 1, &body)
}

const OVER_HTTP2: &[Row<Caller>] = &[
    Row {
        name: "calls at once",
        steps: |by| vec![begun(), Send([1, 3, 5].map(|stream| by.open(stream, "Up")).concat())],
        last: 20,
        by_default: &[],
        set: Some((|builder| limits(builder, |limits| limits.max_concurrent_streams(2)), &["0 s: 5 reset by 7"])),
    },
    Row {
        name: "headers of all open requests",
        steps: |by| vec![begun(), Send([1, 3, 5].map(|stream| by.open(stream, "Up")).concat())],
        last: 20,
        by_default: &[],
        set: Some((|builder| limits(builder, |limits| limits.max_open_header_bytes(1000)), &["0 s: 5 reset by 11"])),
    },
    Row {
        name: "half a head",
        steps: |by| vec![begun(), Send(by.open(1, "Up")[..20].to_vec())],
        last: 20,
        by_default: &["10 s: closed"],
        set: Some((|builder| limits(builder, |limits| limits.opening(3 * SECOND)), &["3 s: closed"])),
    },
    Row {
        name: "a head that does not end",
        steps: |by| vec![begun(), Send(frame(HEADERS, 0, 1, &by.head("Up")))],
        last: 20,
        by_default: &["10 s: closed"],
        set: Some((|builder| limits(builder, |limits| limits.opening(3 * SECOND)), &["3 s: closed"])),
    },
    Row {
        name: "a preface in pieces, and no SETTINGS",
        steps: |_| vec![Send(PREFACE[..10].to_vec()), Wait(2 * SECOND), Send(PREFACE[10..].to_vec())],
        last: 20,
        by_default: &["10 s: closed"],
        set: Some((|builder| limits(builder, |limits| limits.opening(3 * SECOND)), &["3 s: closed"])),
    },
    Row {
        name: "no call",
        steps: |by| vec![begun(), Send(by.ask(1, "Unary"))],
        last: 400,
        by_default: &["0 s: 1 ended", "300 s: GOAWAY 0", "310 s: closed"],
        set: Some((
            |builder| limits(builder, |limits| limits.idle(5 * SECOND)),
            &["0 s: 1 ended", "5 s: GOAWAY 0", "15 s: closed"],
        )),
    },
    Row {
        name: "no call for a while, and again",
        steps: |by| {
            let calls = [1, 3, 5].map(|stream| [Wait(3 * SECOND), Send(by.ask(stream, "Unary"))]);
            [begun()].into_iter().chain(calls.into_iter().flatten()).collect()
        },
        last: 40,
        by_default: &["3 s: 1 ended", "6 s: 3 ended", "9 s: 5 ended"],
        set: Some((
            |builder| limits(builder, |limits| limits.idle(5 * SECOND)),
            &["3 s: 1 ended", "6 s: 3 ended", "9 s: 5 ended", "14 s: GOAWAY 0", "24 s: closed"],
        )),
    },
    Row {
        name: "age, and what still runs after the grace",
        steps: |by| vec![begun(), Send(by.open(1, "Up"))],
        last: 20,
        by_default: &[],
        set: Some((
            |builder| limits(builder, |limits| limits.age(SECOND / 10).age_grace(5 * SECOND)),
            &["0 s: GOAWAY 0", "5 s: 1 ended", "5 s: closed"],
        )),
    },
    Row {
        name: "a window that stays shut",
        steps: |by| vec![begun(), Send(frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0])), Send(by.ask(1, "Down"))],
        last: 302,
        by_default: &["300 s: 1 reset by 8"],
        set: Some((|builder| limits(builder, |limits| limits.unread(5 * SECOND)), &["5 s: 1 reset by 8"])),
    },
    Row {
        name: "a silent peer",
        steps: |by| vec![begun(), Send(by.open(1, "Up"))],
        last: 400,
        by_default: &["320 s: closed"],
        set: Some((|builder| builder.keepalive(5 * SECOND, 2 * SECOND), &["7 s: closed"])),
    },
    Row {
        name: "control frames",
        steps: |by| vec![begun(), Send(by.open(1, "Up")), Send(frame(SETTINGS, 0, 0, &[]).repeat(60))],
        last: 20,
        by_default: &[],
        set: Some((
            |builder| limits(builder, |limits| limits.max_control_frames(50)),
            &["0 s: GOAWAY 11", "0 s: closed"],
        )),
    },
    Row {
        name: "resets",
        steps: |by| {
            let cancelled = |stream| [by.open(stream, "Up"), frame(RST_STREAM, 0, stream, &[0, 0, 0, 8])].concat();
            // One after the other: of those that nobody has looked at yet, h2 takes 20.
            let paced = |stream| [Send(cancelled(stream)), Wait(SECOND / 1000)];
            [begun()].into_iter().chain((1..60).step_by(2).flat_map(paced)).collect()
        },
        last: 20,
        by_default: &[],
        set: Some((|builder| limits(builder, |limits| limits.max_resets(10)), &["0 s: GOAWAY 11", "0 s: closed"])),
    },
    Row {
        name: "DATA for a call that is over",
        steps: |by| vec![begun(), Send(by.open(1, "Nothing")), Send(frame(DATA, 0, 1, &[0; 16_384]).repeat(1100))],
        last: 20,
        by_default: &["0 s: 1 ended", "0 s: 1 reset by 3", "0 s: GOAWAY 0", "0 s: GOAWAY 11", "0 s: closed"],
        set: Some((
            |builder| limits(builder, |limits| limits.windows(256 << 10, 2 << 20)),
            &["0 s: 1 ended", "0 s: 1 reset by 3", "0 s: GOAWAY 0", "10 s: closed"],
        )),
    },
    Row {
        name: "a large frame that comes slowly",
        steps: |by| {
            let frame = large(by);
            let parts = frame.chunks(2_500).flat_map(|part| [Send(part.to_vec()), Wait(7 * SECOND)]);
            [begun(), Send(by.open(1, "Unary"))].into_iter().chain(parts).collect()
        },
        last: 60,
        by_default: &["42 s: 1 ended"],
        set: Some((|builder| builder.receive_timeout(5 * SECOND), &["5 s: 1 ended", "5 s: 1 reset by 0"])),
    },
    Row {
        name: "one of which a half comes slowly",
        steps: |by| {
            let frame = large(by);
            let parts = frame.chunks(2_500).take(3).flat_map(|part| [Send(part.to_vec()), Wait(7 * SECOND)]);
            [begun(), Send(by.open(1, "Unary"))].into_iter().chain(parts).collect()
        },
        last: 60,
        by_default: &["44 s: 1 ended", "44 s: 1 reset by 0"],
        set: Some((|builder| builder.receive_timeout(10 * SECOND), &["24 s: 1 ended", "24 s: 1 reset by 0"])),
    },
    Row {
        name: "PINGs, of which more are allowed then",
        steps: |by| {
            let ping = || [Send(frame(PING, 0, 0, b"attacked")), Wait(2 * SECOND)];
            [begun(), Send(by.open(1, "Up"))].into_iter().chain((0..8).flat_map(|_| ping())).collect()
        },
        last: 20,
        by_default: &["6 s: GOAWAY 11", "6 s: closed"],
        set: Some((|builder| builder.keepalive_min_interval(SECOND), &[])),
    },
];

/// Compares what comes back with the rows, and then makes a good call.
pub async fn come_to<C: Copy + std::fmt::Debug>(rows: &[Row<C>], callers: &[C]) {
    let mut wrong = Vec::new();
    for row in rows {
        for &caller in callers {
            let others = row.set.map(|(set, wanted)| ("set", set(builder()), wanted));
            for (how, server, wanted) in [("by default", builder(), row.by_default)].into_iter().chain(others) {
                let server = server.build().unwrap();
                let events = events(&server, (row.steps)(caller), row.last).await;
                if events != wanted {
                    wrong.push(format!("{} {caller:?}, {how}: {events:?} is not {wanted:?}", row.name));
                }
                let lane = Lane { protocol: Protocol::Grpc, http2: true, tcp: false };
                let answer = lane.connect(&server).await.exchange(&Sent::text("hi")).await;
                let sick = lane.differs(&Sent::text("hi"), &answer, None);
                wrong.extend(sick.map(|sick| format!("{} {caller:?}, {how}: then {sick}", row.name)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn over_http2() {
    come_to(OVER_HTTP2, &Caller::ALL).await;
}

/// What a connection begins with: SETTINGS with the window of a stream (4), the calls at once (3) and the header bytes (6), and
/// a WINDOW_UPDATE for what the connection's window has more than the first 65,535 bytes.
#[tokio::test(start_paused = true)]
async fn settings_are_announced() {
    let wide = limits(builder(), |limits| limits.windows(1 << 20, 3 << 20));
    for (server, stream, connection) in [(builder(), 512 << 10, 1 << 20), (wide, 1u32 << 20, 3u32 << 20)] {
        let mut peer = connect(server.build().unwrap());
        peer.write_all(&[PREFACE, &frame(SETTINGS, 0, 0, &[])].concat()).await.unwrap();
        let mut said = vec![0; 100];
        let len = peer.read(&mut said).await.unwrap();
        let update = frame(WINDOW_UPDATE, 0, 0, &(connection - 65_535).to_be_bytes());
        let setting = |id: u8, value: u32| [&[0, id][..], &value.to_be_bytes()].concat();
        for wanted in [setting(3, 200), setting(4, stream), setting(6, 32 << 10), update] {
            assert!(said[..len].windows(wanted.len()).any(|part| part == wanted), "{wanted:?} is not in {said:?}");
        }
    }
}

/// An hour, give or take a tenth, and a day for what runs then.
#[tokio::test(start_paused = true)]
async fn by_default_a_connection_grows_old() {
    for caller in Caller::ALL {
        let server = builder().keepalive(200_000 * SECOND, SECOND).build().unwrap();
        let seen = events(&server, vec![begun(), Send(caller.open(1, "Up"))], 100_000).await;
        let [goaway, ended, _closed] = &seen[..] else { panic!("{seen:?}") };
        let seconds = |event: &str, what| event.strip_suffix(what).unwrap_or_else(|| panic!("{seen:?}")).parse::<u64>();
        let age = seconds(goaway, " s: GOAWAY 0").unwrap();
        assert!((3240..=3960).contains(&age), "{seen:?}");
        let grace = seconds(ended, " s: 1 ended").unwrap() - age;
        assert!((86_400..=86_401).contains(&grace), "{seen:?}");
    }
}
