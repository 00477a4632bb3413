//! Peers that ask for an endless stream and do not read.

use std::sync::Arc;

use rsgrpc::ConnectionLimits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{
    attacker::{Caller, PING, PREFACE, SETTINGS, frame},
    raw::{closed_unread, connect},
    served::{SECOND, builder, holding},
};

/// What each of them sends, and something harmless.
fn unread() -> [(&'static str, Vec<u8>, Vec<u8>); 3] {
    let wide = [frame(SETTINGS, 0, 0, &[0, 4, 0x7f, 0xff, 0xff, 0xff]), frame(8, 0, 0, &[0x7f, 0, 0, 0])].concat();
    let over_http2 = |by: Caller| [PREFACE, &wide, &by.ask(1, "Down")].concat();
    let down =
        "POST /v1/down HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ncontent-length: 4\r\n\r\n\"hi\"";
    let pong = || frame(PING, 1, 0, &[0; 8]);
    [
        ("gRPC", over_http2(Caller::Grpc), pong()),
        ("REST over HTTP/2", over_http2(Caller::Rest), pong()),
        ("REST over HTTP/1.1", down.into(), b"\n".to_vec()),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_not_read() {
    for (name, first, nudge) in unread() {
        for (seconds, set) in [(300, None), (5, Some(5 * SECOND))] {
            let limits = ConnectionLimits::new();
            let limits = set.map_or(limits.clone(), |set| limits.unread(set));
            // PINGs would end it as well.
            let server = builder().connection_limits(limits).keepalive(10_000 * SECOND, SECOND).build().unwrap();
            let closed = closed_unread(server, &first, &nudge).await;
            assert!((seconds..=seconds + 1).contains(&closed), "{name}: closed after {closed} s, not {seconds}");
        }
    }
}

/// Its duration ends a stream that stands still since nobody reads it, too.
#[tokio::test(start_paused = true)]
async fn the_duration_of_a_stream_that_is_not_read() {
    for (name, first, _) in unread() {
        for (timeout, runs) in [(None, true), (Some(5 * SECOND), false)] {
            let held = Arc::new(());
            let mut server = holding(Arc::clone(&held));
            if let Some(timeout) = timeout {
                server = server.timeout(timeout);
            }
            let server = server.build().unwrap();
            let mut peer = connect(server.clone());
            let idle = Arc::strong_count(&held);
            peer.write_all(&first).await.unwrap();
            tokio::time::sleep(4 * SECOND).await;
            assert_eq!(Arc::strong_count(&held) - idle, 1, "{name}: it has not begun");
            tokio::time::sleep(2 * SECOND).await;
            assert_eq!(Arc::strong_count(&held) - idle, usize::from(runs), "{name}, {timeout:?}");
            // Whoever reads on after all learns why; what gRPC says of it is compressed.
            if !runs && name != "gRPC" {
                let mut received = Vec::new();
                while !String::from_utf8_lossy(&received).contains("DEADLINE_EXCEEDED") {
                    assert!(peer.read_buf(&mut received).await.unwrap() > 0, "{name}: it ended without a reason");
                }
            }
        }
    }
}
