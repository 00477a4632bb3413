//! Limits of a connection of HTTP/1.1, by calls of REST.

use std::sync::Arc;

use rsgrpc::{Answer, Call, Interceptor, Next, Status};
use tokio::io::AsyncWriteExt;

use crate::{
    connections::{Row, come_to, limits},
    raw::{
        Step::{Send, Wait},
        connect,
    },
    served::{SECOND, builder},
};

const UNARY: &str = "POST /v1/unary HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ncontent-length: ";

const NOTHING: &str = "POST /v1/nothing HTTP/1.1\r\nhost: test\r\ncontent-length: 100000000\r\n\r\n";

fn unary(text: &str) -> Vec<u8> {
    format!("{UNARY}{}\r\n\r\n\"{text}\"", text.len() + 2).into_bytes()
}

const OVER_HTTP1: &[Row<()>] = &[
    Row {
        name: "half a line",
        steps: |()| vec![Send(b"POST /".to_vec())],
        last: 20,
        by_default: &["10 s: closed"],
        set: Some((|builder| limits(builder, |limits| limits.opening(3 * SECOND)), &["3 s: closed"])),
    },
    Row {
        name: "half a head, of which the line came late",
        steps: |()| {
            vec![Send(UNARY.as_bytes()[..10].to_vec()), Wait(2 * SECOND), Send(UNARY.as_bytes()[10..].to_vec())]
        },
        last: 20,
        by_default: &["10 s: closed"],
        set: Some((|builder| limits(builder, |limits| limits.opening(3 * SECOND)), &["3 s: closed"])),
    },
    Row {
        name: "a line that is too long",
        steps: |()| vec![Send(format!("POST /{}", "x".repeat(40_000)).into())],
        last: 20,
        by_default: &["0 s: HTTP/1.1 431", "0 s: closed"],
        set: Some((|builder| limits(builder, |limits| limits.max_header_bytes(50_000)), &["10 s: closed"])),
    },
    Row {
        name: "half of a second head",
        steps: |()| vec![Send(unary("hi")), Wait(1 * SECOND), Send(UNARY.into())],
        last: 20,
        by_default: &["0 s: HTTP/1.1 200", "11 s: closed"],
        set: Some((
            |builder| limits(builder, |limits| limits.opening(3 * SECOND)),
            &["0 s: HTTP/1.1 200", "4 s: closed"],
        )),
    },
    Row {
        name: "half of a second head, sent while the first call runs",
        steps: |()| vec![Send(unary("slow")), Wait(1 * SECOND), Send(UNARY.into())],
        last: 40,
        by_default: &["20 s: HTTP/1.1 200", "30 s: closed"],
        set: Some((
            |builder| limits(builder, |limits| limits.opening(3 * SECOND)),
            &["20 s: HTTP/1.1 200", "23 s: closed"],
        )),
    },
    Row {
        name: "a second call, sent while the first runs",
        steps: |()| vec![Send(unary("slow")), Wait(1 * SECOND), Send(unary("hi")), Send(unary(&"long".repeat(1000)))],
        last: 40,
        by_default: &["20 s: HTTP/1.1 200", "20 s: HTTP/1.1 200", "20 s: HTTP/1.1 200"],
        set: None,
    },
    Row {
        name: "no call",
        steps: |()| vec![Send(unary("hi"))],
        last: 400,
        by_default: &["0 s: HTTP/1.1 200", "300 s: closed"],
        set: Some((|builder| limits(builder, |limits| limits.idle(5 * SECOND)), &["0 s: HTTP/1.1 200", "5 s: closed"])),
    },
    Row {
        name: "no call for a while, and again",
        steps: |()| vec![Send(unary("hi")), Wait(4 * SECOND), Send(unary("hi")), Wait(4 * SECOND), Send(unary("hi"))],
        last: 40,
        by_default: &["0 s: HTTP/1.1 200", "4 s: HTTP/1.1 200", "8 s: HTTP/1.1 200"],
        set: Some((
            |builder| limits(builder, |limits| limits.idle(5 * SECOND)),
            &["0 s: HTTP/1.1 200", "4 s: HTTP/1.1 200", "8 s: HTTP/1.1 200", "13 s: closed"],
        )),
    },
    Row {
        name: "a body for a call that is over, which rests",
        steps: |()| vec![Send(NOTHING.into())],
        last: 20,
        by_default: &["0 s: HTTP/1.1 404", "2 s: closed"],
        set: None,
    },
    Row {
        name: "a body for a call that is over, which goes on",
        steps: |()| vec![Send(NOTHING.into()), Send(vec![0; 8 << 20])],
        last: 20,
        by_default: &["0 s: HTTP/1.1 404", "0 s: closed"],
        set: None,
    },
    Row {
        name: "age, and what still runs after the grace",
        steps: |()| vec![Send(unary("slow")), Wait(25 * SECOND), Send(unary("hi"))],
        last: 30,
        by_default: &["20 s: HTTP/1.1 200", "25 s: HTTP/1.1 200"],
        set: Some((
            |builder| limits(builder, |limits| limits.age(SECOND / 10).age_grace(5 * SECOND)),
            &["5 s: HTTP/1.1 503", "5 s: closed"],
        )),
    },
    Row {
        name: "age, and a call that ends within the grace",
        steps: |()| vec![Send(unary("slow")), Wait(25 * SECOND), Send(unary("hi"))],
        last: 30,
        by_default: &["20 s: HTTP/1.1 200", "25 s: HTTP/1.1 200"],
        set: Some((
            |builder| limits(builder, |limits| limits.age(SECOND / 10)),
            &["20 s: HTTP/1.1 200", "20 s: closed"],
        )),
    },
];

#[tokio::test(start_paused = true)]
async fn over_http1() {
    come_to(OVER_HTTP1, &[()]).await;
}

/// Lets every call wait for ever before its request is read, and can be counted.
struct Waits(Arc<()>);

impl Interceptor for Waits {
    async fn intercept(&self, _: Call, _: Next) -> Result<Answer, Status> {
        let _held = Arc::clone(&self.0);
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn who_goes_away_ends_a_call_that_has_not_read_its_request() {
    let chunked = "POST /v1/unary HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n4\r\n\"hi\"\r\n";
    for (name, request) in [
        ("all of it came", unary("hi")),
        ("half of it came", unary("hi")[..unary("hi").len() - 2].to_vec()),
        ("all chunks came", format!("{chunked}0\r\n\r\n").into()),
        ("some chunks came", chunked.into()),
        ("the next came as well", [unary("hi"), unary("hi")].concat()),
    ] {
        let held = Arc::new(());
        let server = builder().interceptor(Waits(Arc::clone(&held))).build().unwrap();
        let idle = Arc::strong_count(&held);
        let mut peer = connect(server);
        peer.write_all(&request).await.unwrap();
        tokio::time::sleep(SECOND).await;
        assert_eq!(Arc::strong_count(&held) - idle, 1, "{name}: it has not begun");
        drop(peer);
        tokio::time::sleep(SECOND).await;
        assert_eq!(Arc::strong_count(&held).saturating_sub(idle), 0, "{name}: it goes on");
    }
}
