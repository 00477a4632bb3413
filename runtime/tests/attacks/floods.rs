//! Many frames that ask for little.

use crate::{
    attacker::{
        Attacker, CONTINUATION, Caller, DATA, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, HEADERS, PING, PRIORITY,
        SETTINGS, WINDOW_UPDATE, call, frame, message,
    },
    target::Target,
};

/// Frames of one kind within which the connection must be over, unless a peer has reason for them.
const BAR: usize = 10_000;

#[tokio::test]
async fn control_frames() {
    let target = Target::new().await;
    let kinds: [(&str, Vec<u8>, usize); 4] = [
        ("PING", frame(PING, 0, 0, b"attacked"), 4),
        ("SETTINGS", frame(SETTINGS, 0, 0, &[]), BAR + 1),
        ("PRIORITY", frame(PRIORITY, 0, 1001, &[0, 0, 0, 1, 0]), BAR + 1),
        ("WINDOW_UPDATE", frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]), BAR + 1),
    ];
    for (name, one, count) in kinds {
        // On a connection without a call, and beside one of either protocol, which is reason for a hundred.
        for (caller, count) in [(None, count), (Some(Caller::Grpc), count + 100), (Some(Caller::Rest), count + 100)] {
            let mut attacker = Attacker::connect(target.addr).await;
            let open = caller.map_or_else(Vec::new, |caller| caller.open(attacker.stream(), "Both"));
            attacker.send(&[open, one.repeat(count)].concat()).await;
            assert_eq!(attacker.dismissed().await, Some(ENHANCE_YOUR_CALM), "{name}, {caller:?}");
        }
    }
    target.finish().await;
}

/// A peer that does not read the answers, if there are any.
#[tokio::test]
async fn control_frames_that_are_answered_into_the_void() {
    let target = Target::new().await;
    let kinds = [
        frame(PING, 0, 0, b"attacked"),
        frame(SETTINGS, 0, 0, &[]),
        frame(PRIORITY, 0, 1001, &[0, 0, 0, 1, 0]),
        frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]),
    ];
    for one in kinds {
        for caller in [None, Some(Caller::Grpc), Some(Caller::Rest)] {
            let mut attacker = Attacker::unread(target.addr, &[]).await;
            let open = caller.map_or_else(Vec::new, |caller| caller.open(attacker.stream(), "Both"));
            attacker.send(&open).await;
            let flood = one.repeat(1000);
            let flooding = async { while attacker.send(&flood).await {} };
            // Long before the five minutes that a peer may read nothing.
            let ended = tokio::time::timeout(std::time::Duration::from_secs(60), flooding).await;
            assert!(
                ended.is_ok(),
                "{caller:?}: the server goes on reading, or neither reads nor closes: {:?}",
                &one[..9]
            );
        }
    }
    target.finish().await;
}

/// A head that does not end, long before it would have to.
#[tokio::test]
async fn continuation() {
    let target = Target::new().await;
    for caller in Caller::ALL {
        for payload in [&[][..], &[0; 16_384]] {
            let mut attacker = Attacker::connect(target.addr).await;
            let stream = attacker.stream();
            attacker.send(&frame(HEADERS, 0, stream, &caller.head("Unary"))).await;
            let flood = frame(CONTINUATION, 0, stream, payload).repeat(1000);
            attacker.send(&flood).await;
            assert_eq!(attacker.dismissed().await, Some(ENHANCE_YOUR_CALM), "{caller:?}");
        }
    }
    target.finish().await;
}

#[tokio::test]
async fn empty_data() {
    let target = Target::new().await;
    for caller in Caller::ALL {
        let mut attacker = Attacker::connect(target.addr).await;
        let stream = attacker.stream();
        attacker.send(&caller.open(stream, "Both")).await;
        attacker.send(&frame(DATA, 0, stream, &[]).repeat(BAR + 1)).await;
        assert_eq!(attacker.dismissed().await, Some(ENHANCE_YOUR_CALM), "{caller:?}");
    }
    target.finish().await;
}

/// As many small messages as anybody wants, each in a frame of its own, as fast as the windows let them through.
#[tokio::test]
async fn small_messages_are_no_flood() {
    let target = Target::new().await;
    for (caller, payload) in [(Caller::Grpc, message("0123456789")), (Caller::Rest, b"\"0123456789\"\n   ".to_vec())] {
        let mut attacker = Attacker::connect(target.addr).await;
        attacker.take_up_settings().await;
        let stream = attacker.stream();
        attacker.send(&caller.open(stream, "Both")).await;
        let one = frame(DATA, 0, stream, &payload);
        let mut sent = 0;
        while sent < 200_000 {
            let count = attacker.room(stream, payload.len()).await / payload.len();
            assert!(count > 0, "{caller:?}: ended after {sent} messages: {:?}", attacker.seen().goaway);
            attacker.send(&one.repeat(count)).await;
            attacker.spend(stream, count * payload.len());
            sent += count;
        }
        attacker.send(&frame(DATA, END_STREAM, stream, &[])).await;
        attacker.until("the end of the call", |seen| seen.ended == 1).await;
    }
    target.finish().await;
}

/// A reader who opens his windows again after every frame that he gets.
#[tokio::test]
async fn credit_for_what_was_read_is_no_flood() {
    let target = Target::new().await;
    let mut attacker = Attacker::connect(target.addr).await;
    let stream = attacker.stream();
    attacker.send(&frame(HEADERS, END_HEADERS, stream, &call("/test.Echo/Down"))).await;
    attacker.send(&frame(DATA, END_STREAM, stream, &message("hi"))).await;
    // Both windows begin with 65,535 bytes, and each round takes them all.
    let mut credit = Vec::new();
    for part in [65_535u32 / 255; 255] {
        credit.extend(frame(WINDOW_UPDATE, 0, stream, &part.to_be_bytes()));
        credit.extend(frame(WINDOW_UPDATE, 0, 0, &part.to_be_bytes()));
    }
    for round in 1..=60 {
        attacker.until("all that the windows allow", |seen| seen.data >= round * 65_535 || seen.is_over()).await;
        assert!(!attacker.seen().is_over(), "round {round}: {:?}", attacker.seen().goaway);
        for window in credit.chunks(26) {
            attacker.send(window).await;
            tokio::task::yield_now().await;
        }
    }
    target.finish().await;
}
