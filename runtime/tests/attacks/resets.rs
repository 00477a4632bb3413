//! Streams that end by a reset, from either side.

use rsgrpc::ConnectionLimits;

use crate::{
    attacker::{Attacker, DATA, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, HEADERS, RST_STREAM, call, frame, message},
    provocations::PROVOCATIONS,
    target::{Target, builder},
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

/// Resets are forgiven with time, so by default a slow machine might get through: here it has forty seconds.
async fn strict() -> Target {
    Target::of(builder().connection_limits(ConnectionLimits::new().max_resets(200))).await
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
    let target = strict().await;
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

/// The variants of CVE-2025-8671: the attacker breaks a rule, and it is the server that resets.
#[tokio::test]
async fn made_you_reset() {
    let target = strict().await;
    for (name, provoke) in PROVOCATIONS {
        let mut attacker = Attacker::connect(target.addr).await;
        let round = |attacker: &mut Attacker| {
            (0..AT_ONCE).flat_map(|_| provoke(attacker.stream(), "/test.Echo/Both")).collect()
        };
        let rounds = attacker.rounds(BAR / AT_ONCE, round).await;
        assert!(rounds.is_some(), "{name}: {BAR} streams were taken");
    }
    target.finish().await;
}
