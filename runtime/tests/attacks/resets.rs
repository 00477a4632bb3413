//! Streams that end by a reset, from either side.

use std::time::Instant;

use crate::{
    attacker::{Attacker, Caller, ENHANCE_YOUR_CALM, RST_STREAM, frame},
    provocations::PROVOCATIONS,
    target::Target,
};

const PROTOCOL_ERROR: u32 = 1;
const CANCEL: [u8; 4] = [0, 0, 0, 8];
/// Streams that are opened before the server's answer to a PING is awaited.
const AT_ONCE: usize = 8;
/// Streams within which the connection must be over, if they come within two seconds and a half.
const BAR: usize = 1000;

fn cancelled(attacker: &mut Attacker, caller: Caller) -> Vec<u8> {
    let stream = attacker.stream();
    [caller.open(stream, "Unary"), frame(RST_STREAM, 0, stream, &CANCEL)].concat()
}

/// What of so many streams, in rounds, is taken before the connection is over: 800 resets, and as many more as are forgotten
/// meanwhile, of which a slow machine allows more.
/// By which code it ends is told.
async fn paced(target: &Target, what: &str, mut one: impl FnMut(&mut Attacker) -> Vec<u8>) -> u32 {
    let mut attacker = Attacker::connect(target.addr).await;
    let began = Instant::now();
    let round = |attacker: &mut Attacker| (0..AT_ONCE).flat_map(|_| one(attacker)).collect();
    let rounds = attacker.rounds(10 * BAR / AT_ONCE, round).await;
    let taken = rounds.unwrap_or_else(|| panic!("{what}: {} streams were taken", 10 * BAR)) * AT_ONCE;
    let allowed = 800 + (80.0 * began.elapsed().as_secs_f64()) as usize + 2 * AT_ONCE;
    assert!(taken <= allowed, "{what}: {taken} streams were taken, and not {allowed}");
    let code = attacker.dismissed().await.unwrap_or_else(|| panic!("{what}: no GOAWAY"));
    // Who cancels a few is not meant.
    assert!(code != ENHANCE_YOUR_CALM || taken >= 400, "{what}: only {taken} streams were taken");
    code
}

#[tokio::test]
async fn rapid_reset_in_a_burst() {
    let target = Target::new().await;
    for caller in Caller::ALL {
        let mut attacker = Attacker::connect(target.addr).await;
        let burst: Vec<u8> = (0..BAR).flat_map(|_| cancelled(&mut attacker, caller)).collect();
        attacker.send(&burst).await;
        assert_eq!(attacker.dismissed().await, Some(ENHANCE_YOUR_CALM), "{caller:?}");
    }
    target.finish().await;
}

#[tokio::test]
async fn rapid_reset_at_a_pace() {
    let target = Target::new().await;
    for caller in Caller::ALL {
        let code = paced(&target, &format!("{caller:?}"), |attacker| cancelled(attacker, caller)).await;
        assert_eq!(code, ENHANCE_YOUR_CALM);
    }
    target.finish().await;
}

/// Somebody who cancels every other call.
#[tokio::test]
async fn cancelling_a_half_is_fine() {
    let target = Target::new().await;
    for caller in Caller::ALL {
        let mut attacker = Attacker::connect(target.addr).await;
        let round = |attacker: &mut Attacker| {
            let answered = caller.ask(attacker.stream(), "Unary");
            [answered, cancelled(attacker, caller)].concat()
        };
        assert_eq!(attacker.rounds(2 * BAR, round).await, None, "{caller:?}");
        attacker.until("all answers", |seen| seen.ended == 2 * BAR).await;
    }
    target.finish().await;
}

/// The variants of CVE-2025-8671: the attacker breaks a rule, and it is the server that resets.
#[tokio::test]
async fn made_you_reset() {
    let target = Target::new().await;
    for caller in Caller::ALL {
        for (name, provoke) in PROVOCATIONS {
            let head = caller.head("Both");
            let name = format!("{name}, {caller:?}");
            let code = paced(&target, &name, |attacker| provoke(attacker.stream(), &head)).await;
            // To some of it h2 answers by an error of the whole connection.
            assert!(matches!(code, PROTOCOL_ERROR | ENHANCE_YOUR_CALM), "{name}: {code}");
        }
    }
    target.finish().await;
}
