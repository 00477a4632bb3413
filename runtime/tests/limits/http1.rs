//! Limits of a connection of HTTP/1.1, by calls of REST.

use crate::{
    connections::{Row, come_to, limits},
    raw::Step::{Send, Wait},
    served::SECOND,
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
