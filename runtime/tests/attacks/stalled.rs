//! Streams that nobody reads, by the hundreds.

use crate::{
    attacker::{Attacker, Caller, DATA, END_HEADERS, END_STREAM, HEADERS, WINDOW_UPDATE, call, frame, framed, message},
    target::Target,
};

/// Asks for 1,000 streams that never end; what each connection may be sent is its window.
async fn stalled(caller: Caller, window: u32) {
    let target = Target::new().await;
    let settings = [&[0, 4][..], &window.to_be_bytes()].concat();
    let mut attackers = Vec::new();
    for _ in 0..5 {
        let mut attacker = Attacker::unread(target.addr, &settings).await;
        let mut sent = frame(WINDOW_UPDATE, 0, 0, &0x7f00_0000u32.to_be_bytes());
        for _ in 0..200 {
            sent.extend(caller.ask(attacker.stream(), "Down"));
        }
        assert!(attacker.send(&sent).await);
        attackers.push(attacker);
    }
    // Others are served meanwhile, on new connections, too.
    for _ in 0..20 {
        let mut other = Attacker::connect(target.addr).await;
        assert!(other.settled().await);
        let ask = caller.ask(other.stream(), "Unary");
        other.send(&ask).await;
        other.until("an answer", |seen| seen.ended == 1).await;
    }
    target.finish().await;
    drop(attackers);
}

#[tokio::test]
async fn windows_are_open_and_the_socket_is_not_read() {
    for caller in Caller::ALL {
        stalled(caller, 0x7fff_ffff).await;
    }
}

#[tokio::test]
async fn windows_are_shut() {
    for caller in Caller::ALL {
        stalled(caller, 0).await;
    }
}

/// Streams that may not send keep nothing of the connection's window from one that may: not even a byte each, as in
/// hyper#4003, or all of it, as in h2#853.
#[tokio::test]
async fn a_connections_window_is_for_those_who_can_send() {
    const WINDOW: usize = 65_535;
    let target = Target::new().await;
    let mut attacker = Attacker::with_settings(target.addr, &[0, 4, 0, 0, 0, 0]).await;
    for _ in 0..100 {
        let stream = attacker.stream();
        let open = frame(HEADERS, END_HEADERS, stream, &call("/test.Echo/Down"));
        attacker.send(&[open, frame(DATA, END_STREAM, stream, &message("hi"))].concat()).await;
    }
    assert!(attacker.settled().await);
    // What is echoed takes the whole window: a prefix of five bytes, a tag, a length of three, and the text.
    let text = vec![b'x'; WINDOW - 9];
    let length = [text.len() as u8 | 128, (text.len() >> 7) as u8 | 128, (text.len() >> 14) as u8];
    let echoed = framed(0, &[&[0x0a][..], &length, &text].concat());
    let stream = attacker.stream();
    attacker.send(&frame(HEADERS, END_HEADERS, stream, &call("/test.Echo/Unary"))).await;
    assert!(attacker.body(stream, &echoed).await);
    attacker.send(&frame(WINDOW_UPDATE, 0, stream, &0x10_0000u32.to_be_bytes())).await;
    attacker.until("all that the window allows, and the trailers", |seen| seen.data == WINDOW && seen.ended == 1).await;
    target.finish().await;
}
