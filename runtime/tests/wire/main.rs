//! What the server answers on the wire, row by row: raw HTTP/2 over an in-memory transport.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub, reason = "tests")]

#[path = "../support/mod.rs"]
mod support;

mod compressed;
mod connect;
mod cors;
mod deep;
mod grpc_web;
mod http1;
mod life;
mod peer;
mod probe;
mod protocols;
mod raw;
mod rest;
mod same;
mod table;

use std::time::Duration;

use peer::{Peer, frame};
use rsgrpc::{Cors, Encoding, Server};
use table::{OVER_HTTP1, ROWS, Row};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn grpc() {
    over_http2(ROWS, probe::server).await;
    over_http1(OVER_HTTP1, probe::server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn life() {
    for (name, scene) in life::SCENES {
        let played = tokio::spawn(scene(life::Stage::new().await)).await;
        assert!(played.is_ok(), "{name}: {played:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deep() {
    over_http2(deep::ROWS, deep::server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn grpc_web() {
    over_http2(grpc_web::ROWS, probe::server).await;
    over_http1(grpc_web::ROWS, probe::server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connect() {
    over_http2(connect::ROWS, probe::server).await;
    over_http1(connect::ROWS, probe::server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn compressed() {
    for (encoding, rows) in compressed::ENCODINGS {
        over_http2(*rows, || compressed::server(*encoding)).await;
        over_http1(*rows, || compressed::server(*encoding)).await;
    }
    let gzip = || compressed::server(Encoding::Gzip);
    over_http2(compressed::GZIP, gzip).await;
    over_http1(compressed::GZIP, gzip).await;
    over_http2(compressed::GRPC, gzip).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rest() {
    over_http2(rest::rows(), rest::server).await;
    over_http1(rest::rows(), rest::server).await;
    over_http2(rest::streams::TRAILERS, rest::server).await;
    over_http1(rest::streams::TRAILERS, rest::server).await;
    over_http2(&rest::hostile::targets(), rest::server).await;
    over_http1(&rest::hostile::targets(), rest::server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cross_origin() {
    let two_origins = || probe::builder().cors(cors::two_origins()).build().unwrap();
    over_http2(cors::TWO_ORIGINS, two_origins).await;
    over_http1(cors::TWO_ORIGINS, two_origins).await;
    let any_origin = Cors::any_origin().max_age(Duration::from_secs(60));
    over_http1(cors::ANY_ORIGIN, || probe::builder().cors(any_origin.clone()).build().unwrap()).await;
    over_http1(cors::NO_ORIGIN, probe::server).await;
}

async fn over_http1(rows: impl IntoIterator<Item = &Row>, server: impl Fn() -> Server) {
    let mut failures = Vec::new();
    for row in rows {
        let exchange = tokio::time::timeout(Duration::from_secs(10), http1::exchange(server(), row));
        match exchange.await {
            Err(_) => failures.push(format!("{}: no answer", row.name)),
            Ok(answer) => failures.extend(answer.compare(row)),
        }
    }
    assert!(failures.is_empty(), "{} rows failed over HTTP/1.1:\n{}", failures.len(), failures.join("\n"));
}

/// Every row on a connection of its own, and then a healthy call on the same connection: the server goes on.
async fn over_http2(rows: impl IntoIterator<Item = &Row>, server: impl Fn() -> Server) {
    let mut failures = Vec::new();
    for row in rows {
        let peer = Peer::connect(server()).await;
        let exchange = tokio::time::timeout(Duration::from_secs(10), peer.exchange(row));
        match exchange.await {
            Err(_) => failures.push(format!("{}: no answer", row.name)),
            Ok(answer) => failures.extend(answer.compare(row)),
        }
        let healthy = peer.unary("/test.Echo/Unary", &frame(b"\x0a\x02hi")).await;
        if healthy.trailers.get("grpc-status").map(String::as_str) != Some("0") {
            failures.push(format!("{}: the connection is not usable afterwards: {healthy:?}", row.name));
        }
    }
    assert!(failures.is_empty(), "{} rows failed:\n{}", failures.len(), failures.join("\n"));
}
