//! The rows of CORS: what browsers ask, and what their pages may do.

use std::{collections::BTreeSet, io, sync::mpsc, time::Duration};

use rsgrpc::{BuildError, Channel, Client, Cors, Encoding, Protocol, Server, client::ServiceConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{
    support::EchoClient,
    table::{Row, Want},
};

const PREFLIGHT: Row = Row {
    name: "",
    method: "OPTIONS",
    path: "/test.Echo/Unary",
    headers: &[("origin", "https://app.example"), ("access-control-request-method", "POST")],
    body: &[],
    ends: true,
    answer: Want { http: 204, headers: &[], body: Vec::new, trailers: &[], status: "", message: "", reset: None },
};
const CALL: Row = Row { method: "POST", answer: Want { http: 200, ..PREFLIGHT.answer }, ..PREFLIGHT };
const NO: Want = Want { headers: REFUSED, ..PREFLIGHT.answer };
/// Only what a browser sends for a page asks for leave: the rest is a request, as it is without CORS.
const NO_PREFLIGHT: Want = Want { http: 405, ..NO };

type Headers = &'static [(&'static str, &'static str)];

const ALLOWED: Headers = &[
    ("access-control-allow-origin", "https://app.example"),
    ("access-control-allow-methods", "GET, POST, PUT, PATCH, DELETE"),
    (
        "access-control-allow-headers",
        "content-type, content-encoding, connect-protocol-version, connect-timeout-ms, connect-content-encoding, connect-accept-encoding, grpc-timeout, grpc-encoding, grpc-accept-encoding, grpc-previous-rpc-attempts, x-grpc-web, x-user-agent, user-agent, authorization",
    ),
    ("access-control-allow-credentials", "true"),
    ("access-control-max-age", "7200"),
    ("vary", "origin, access-control-request-method"),
];
const EXPOSED: Headers = &[
    ("access-control-allow-origin", "https://app.example"),
    (
        "access-control-expose-headers",
        "grpc-status, grpc-message, grpc-status-details-bin, grpc-encoding, grpc-accept-encoding, connect-content-encoding, trailer-x-cost",
    ),
    ("access-control-allow-credentials", "true"),
    ("access-control-allow-methods", "absent"),
    ("vary", "origin"),
];
const REFUSED: Headers = &[
    ("access-control-allow-origin", "absent"),
    ("access-control-allow-methods", "absent"),
    ("access-control-allow-headers", "absent"),
    ("access-control-expose-headers", "absent"),
    ("access-control-allow-credentials", "absent"),
    ("vary", "origin"),
];
const OFF: Headers = &[("access-control-allow-origin", "absent"), ("vary", "absent"), ("allow", "POST")];
const ANY: Headers = &[
    ("access-control-allow-origin", "*"),
    ("access-control-allow-credentials", "absent"),
    ("access-control-max-age", "60"),
    ("vary", "access-control-request-method"),
];

/// A server for two origins.
#[rustfmt::skip]
pub const TWO_ORIGINS: &[Row] = &[
    Row { name: "preflight", answer: Want { headers: ALLOWED, ..PREFLIGHT.answer }, ..PREFLIGHT },
    Row { name: "preflight, of the other origin", headers: &[("origin", "http://localhost:8080"), ("access-control-request-method", "GET"), ("access-control-request-headers", "x-a")], answer: Want { headers: &[("access-control-allow-origin", "http://localhost:8080"), ("vary", "origin, access-control-request-method")], ..PREFLIGHT.answer }, ..PREFLIGHT },
    Row { name: "preflight, of another origin", headers: &[("origin", "https://evil.example"), ("access-control-request-method", "POST")], answer: NO, ..PREFLIGHT },
    Row { name: "preflight, of a longer name", headers: &[("origin", "https://app.example.evil.example"), ("access-control-request-method", "POST")], answer: NO, ..PREFLIGHT },
    Row { name: "preflight, of another scheme", headers: &[("origin", "http://app.example"), ("access-control-request-method", "POST")], answer: NO, ..PREFLIGHT },
    Row { name: "preflight, of another port", headers: &[("origin", "https://app.example:444"), ("access-control-request-method", "POST")], answer: NO, ..PREFLIGHT },
    Row { name: "preflight, of no origin at all", headers: &[("access-control-request-method", "POST")], answer: NO_PREFLIGHT, ..PREFLIGHT },
    Row { name: "preflight, of no origin at all, for what there is not", path: "/no/such/thing", headers: &[("access-control-request-method", "POST")], answer: Want { http: 404, ..NO_PREFLIGHT }, ..PREFLIGHT },
    Row { name: "preflight, of two origins at once", headers: &[("origin", "https://app.example, https://evil.example"), ("access-control-request-method", "POST")], answer: NO, ..PREFLIGHT },
    Row { name: "preflight, of two origins in two fields", headers: &[("origin", "https://evil.example"), ("origin", "https://app.example"), ("access-control-request-method", "POST")], answer: NO, ..PREFLIGHT },
    Row { name: "preflight, in capitals", headers: &[("origin", "HTTPS://APP.EXAMPLE"), ("access-control-request-method", "POST")], answer: NO, ..PREFLIGHT },
    Row { name: "preflight, of an empty origin", headers: &[("origin", ""), ("access-control-request-method", "POST")], answer: NO, ..PREFLIGHT },
    Row { name: "preflight, with a dot at the end of the host", headers: &[("origin", "https://app.example."), ("access-control-request-method", "POST")], answer: NO, ..PREFLIGHT },
    Row { name: "preflight, of no origin that has a name", headers: &[("origin", "null"), ("access-control-request-method", "POST")], answer: NO, ..PREFLIGHT },
    Row { name: "preflight, of two origins in one", headers: &[("origin", "https://app.example https://evil.example"), ("access-control-request-method", "POST")], answer: NO, ..PREFLIGHT },
    Row { name: "preflight, of any origin", headers: &[("origin", "*"), ("access-control-request-method", "POST")], answer: NO, ..PREFLIGHT },
    Row { name: "preflight, into a private network", headers: &[("origin", "https://app.example"), ("access-control-request-method", "POST"), ("access-control-request-private-network", "true")], answer: Want { headers: &[("access-control-allow-origin", "https://app.example"), ("access-control-allow-private-network", "absent")], ..PREFLIGHT.answer }, ..PREFLIGHT },
    Row { name: "preflight, for a method of no name", headers: &[("origin", "https://app.example"), ("access-control-request-method", "")], answer: Want { headers: ALLOWED, ..PREFLIGHT.answer }, ..PREFLIGHT },
    Row { name: "preflight, for what there is not", path: "/no/such/thing?x", answer: Want { headers: ALLOWED, ..PREFLIGHT.answer }, ..PREFLIGHT },
    Row { name: "preflight, headers that are not ours are not allowed by being asked for", headers: &[("origin", "https://app.example"), ("access-control-request-method", "POST"), ("access-control-request-headers", "x-evil, *, a b")], answer: Want { headers: ALLOWED, ..PREFLIGHT.answer }, ..PREFLIGHT },
    Row { name: "a call that looks like a preflight is a call", headers: &[("origin", "https://app.example"), ("access-control-request-method", "POST"), ("content-type", "application/proto")], answer: Want { headers: EXPOSED, ..CALL.answer }, ..CALL },
    Row { name: "OPTIONS that is no preflight", headers: &[("origin", "https://app.example")], answer: Want { http: 405, headers: &[("allow", "POST"), ("access-control-allow-origin", "https://app.example")], ..PREFLIGHT.answer }, ..PREFLIGHT },
    Row { name: "a call", headers: &[("origin", "https://app.example"), ("content-type", "application/proto")], answer: Want { headers: EXPOSED, ..CALL.answer }, ..CALL },
    Row { name: "a call that fails is readable, too", path: "/test.Echo/Nothing", headers: &[("origin", "https://app.example"), ("content-type", "application/proto")], answer: Want { http: 404, headers: EXPOSED, ..CALL.answer }, ..CALL },
    Row { name: "a call by a page that may not read it", headers: &[("origin", "https://evil.example"), ("content-type", "application/proto")], answer: Want { headers: REFUSED, ..CALL.answer }, ..CALL },
    Row { name: "a call by no page", headers: &[("content-type", "application/proto")], answer: Want { headers: REFUSED, ..CALL.answer }, ..CALL },
];

/// A server for any origin.
#[rustfmt::skip]
pub const ANY_ORIGIN: &[Row] = &[
    Row { name: "preflight, any origin", answer: Want { headers: ANY, ..PREFLIGHT.answer }, ..PREFLIGHT },
    Row { name: "preflight, any origin, one that has no name", headers: &[("origin", "null"), ("access-control-request-method", "POST")], answer: Want { headers: ANY, ..PREFLIGHT.answer }, ..PREFLIGHT },
    Row { name: "preflight, any origin, by no page", headers: &[("access-control-request-method", "POST")], answer: Want { http: 405, headers: &[("access-control-allow-origin", "*"), ("access-control-allow-methods", "absent"), ("allow", "POST")], ..PREFLIGHT.answer }, ..PREFLIGHT },
    // A cache may give what a caller without an origin got to a page.
    Row { name: "a call by no page, any origin", headers: &[("content-type", "application/proto")], answer: Want { headers: &[("access-control-allow-origin", "*"), ("vary", "absent")], ..CALL.answer }, ..CALL },
];

/// A server as it is by default.
#[rustfmt::skip]
pub const NO_ORIGIN: &[Row] = &[
    Row { name: "preflight, CORS off", answer: Want { http: 405, headers: OFF, ..PREFLIGHT.answer }, ..PREFLIGHT },
];

pub fn two_origins() -> Cors {
    Cors::origins(["https://app.example", "http://localhost:8080"])
        .allow_headers(["authorization"])
        .expose_headers(["trailer-x-cost"])
        .allow_credentials()
}

fn error(cors: Cors) -> String {
    let built: Result<Server, BuildError> = Server::builder().cors(cors).build();
    built.unwrap_err().to_string()
}

#[test]
fn dangerous_and_useless_settings_are_errors() {
    assert!(error(Cors::any_origin().allow_credentials()).contains("name the origins"));
    for origin in [
        "",
        "*",
        "app.example",
        "https://",
        "https://app.example/",
        "https://*.example",
        "https://App.example",
        "https://app.example:443",
        "http://app.example:80",
        "http://[::1]:80",
        "https://a?x",
        "https://a#x",
        "https://u@a",
        "https://a:99999",
        "https://a:0443",
        "https://a:",
        "https://a:b",
    ] {
        assert!(error(Cors::origins([origin])).contains("scheme://host"), "{origin}");
    }
    for origin in
        ["https://a:80", "http://a:443", "http://[::1]:8080", "http://[::1]", "app://a:443", "tauri://localhost"]
    {
        Server::builder().cors(Cors::origins([origin])).build().unwrap();
    }
    assert!(error(Cors::origins(["https://a.example"]).allow_headers(["x y"])).contains("no header name"));
}

/// What browsers send by themselves and let no page set, or let every page set (Fetch, 2.2.2).
const NEEDS_NO_LEAVE: [&str; 6] =
    ["accept", "accept-encoding", "connection", "content-length", "host", "transfer-encoding"];

/// A page may run our own client, too.
#[tokio::test]
async fn all_that_our_client_sends_is_allowed() {
    let (names, sent) = mpsc::channel();
    let connect = move |_| {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        tokio::spawn(refuse(theirs, names.clone()));
        async { Ok(ours) }
    };
    let channel = Channel::builder("http://test").protocol(Protocol::Connect).http1_only().connect_with(connect);
    let config: ServiceConfig =
        r#"{"methodConfig":[{"name":[{}],"retryPolicy":{"maxAttempts":2,"initialBackoff":"0.001s",
        "maxBackoff":"0.001s","backoffMultiplier":1,"retryableStatusCodes":["UNAVAILABLE"]}}]}"#
            .parse()
            .unwrap();
    let client = Client::from(channel.build().unwrap()).service_config(config);
    for protocol in [Protocol::GrpcWeb, Protocol::GrpcWebText, Protocol::Connect] {
        for get in [false, true] {
            let client = EchoClient::new(client.clone().protocol(protocol).get(get));
            let (minute, text) = (Duration::from_secs(60), "hi".repeat(100));
            client.look(text.clone()).timeout(minute).send_compressed(Encoding::Gzip).await.unwrap_err();
            client.down(text).timeout(minute).send_compressed(Encoding::Gzip).await.unwrap_err();
        }
    }
    let (_, allowed) = ALLOWED.iter().find(|(name, _)| *name == "access-control-allow-headers").unwrap();
    let allowed: BTreeSet<_> = allowed.split(", ").chain(NEEDS_NO_LEAVE).map(str::to_owned).collect();
    let sent: BTreeSet<_> = sent.try_iter().collect();
    assert!(sent.len() > 10, "{sent:?}");
    assert_eq!(sent.difference(&allowed).collect::<Vec<_>>(), [""; 0]);
}

/// Says which headers a request has, and that nobody is there to answer it.
async fn refuse(mut caller: tokio::io::DuplexStream, names: mpsc::Sender<String>) -> io::Result<()> {
    let mut request = Vec::new();
    let end = loop {
        if let Some(end) = request.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break end;
        }
        caller.read_buf(&mut request).await?;
    };
    let head = String::from_utf8_lossy(&request[..end]);
    for (name, _) in head.lines().skip(1).filter_map(|line| line.split_once(':')) {
        let _ = names.send(name.to_ascii_lowercase());
    }
    caller.write_all(b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").await
}
