//! Streams that end by a reset, from either side.

use crate::{
    attacker::{
        Attacker, DATA, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, HEADERS, PRIORITY, RST_STREAM, WINDOW_UPDATE, call,
        fields, frame, message,
    },
    target::Target,
};

const CANCEL: [u8; 4] = [0, 0, 0, 8];
/// Streams that are opened before the server's answer to a PING is awaited.
const AT_ONCE: usize = 8;
/// Streams within which the connection must be over.
const BAR: usize = 1000;

fn cancelled(attacker: &mut Attacker) -> Vec<u8> {
    let stream = attacker.stream();
    let open = frame(HEADERS, END_HEADERS, stream, &call("/test.Echo/Unary"));
    [open, frame(RST_STREAM, 0, stream, &CANCEL)].concat()
}

#[tokio::test]
async fn rapid_reset_in_a_burst() {
    let target = Target::new().await;
    let mut attacker = Attacker::connect(target.addr).await;
    let burst: Vec<u8> = (0..BAR).flat_map(|_| cancelled(&mut attacker)).collect();
    attacker.send(&burst).await;
    assert_eq!(attacker.dismissed().await, Some(ENHANCE_YOUR_CALM));
    target.finish().await;
}

#[tokio::test]
async fn rapid_reset_at_a_pace() {
    let target = Target::new().await;
    let mut attacker = Attacker::connect(target.addr).await;
    let round = |attacker: &mut Attacker| (0..AT_ONCE).flat_map(|_| cancelled(attacker)).collect();
    let rounds = attacker.rounds(BAR / AT_ONCE, round).await;
    assert!(rounds.is_some(), "{BAR} cancelled streams were taken");
    assert_eq!(attacker.dismissed().await, Some(ENHANCE_YOUR_CALM));
    target.finish().await;
}

/// Somebody who cancels every other call.
#[tokio::test]
async fn cancelling_a_half_is_fine() {
    let target = Target::new().await;
    let mut attacker = Attacker::connect(target.addr).await;
    let round = |attacker: &mut Attacker| {
        let stream = attacker.stream();
        let answered = frame(HEADERS, END_HEADERS, stream, &call("/test.Echo/Unary"));
        [answered, frame(DATA, END_STREAM, stream, &message("hi")), cancelled(attacker)].concat()
    };
    assert_eq!(attacker.rounds(2 * BAR, round).await, None);
    attacker.until("all answers", |seen| seen.ended == 2 * BAR).await;
    target.finish().await;
}

/// What makes the server reset a stream: the name, how the stream is opened, and what then breaks it.
type Provocation = (&'static str, fn(u32) -> Vec<u8>);

fn open(stream: u32, ends: bool) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | u8::from(ends), stream, &call("/test.Echo/Both"))
}

const PROVOCATIONS: [Provocation; 7] = [
    ("a WINDOW_UPDATE of nothing", |s| [open(s, false), frame(WINDOW_UPDATE, 0, s, &[0; 4])].concat()),
    ("a window that overflows", |s| [open(s, false), frame(WINDOW_UPDATE, 0, s, &[0x7f, 0xff, 0xff, 0xff])].concat()),
    ("a PRIORITY on itself", |s| {
        let itself = [&s.to_be_bytes()[..], &[0]].concat();
        [open(s, false), frame(PRIORITY, 0, s, &itself)].concat()
    }),
    ("a PRIORITY of the wrong size", |s| [open(s, false), frame(PRIORITY, 0, s, &[0; 4])].concat()),
    ("DATA after the end", |s| [open(s, true), frame(DATA, 0, s, &message("hi"))].concat()),
    ("HEADERS after the end", |s| [open(s, true), frame(HEADERS, END_HEADERS, s, &fields(&[("x", "y")]))].concat()),
    ("more than the content-length", |s| {
        let head = [call("/test.Echo/Both"), fields(&[("content-length", "1")])].concat();
        [frame(HEADERS, END_HEADERS, s, &head), frame(DATA, 0, s, &message("hi"))].concat()
    }),
];

/// The variants of CVE-2025-8671: the attacker breaks a rule, and it is the server that resets.
#[tokio::test]
async fn made_you_reset() {
    let target = Target::new().await;
    for (name, provoke) in PROVOCATIONS {
        let mut attacker = Attacker::connect(target.addr).await;
        let round = |attacker: &mut Attacker| (0..AT_ONCE).flat_map(|_| provoke(attacker.stream())).collect();
        let rounds = attacker.rounds(BAR / AT_ONCE, round).await;
        assert!(rounds.is_some(), "{name}: {BAR} streams were taken");
    }
    target.finish().await;
}
