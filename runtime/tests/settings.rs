//! Settings of servers and calls: limits by method, compression by call and by message.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::{future::IntoFuture, time::Duration};

use futures_util::{StreamExt, stream};
use rsgrpc::{
    CallLimits, Channel, Code, Compression, ConnectionLimits, Encoding, Request, RequestExt, Response, ResponseExt,
    Server, Status, Streaming, client::channel::OutlierDetection, codegen::Stream,
};
use support::{Answer, Echo, EchoClient, EchoServer};
use tokio::{net::TcpListener, sync::oneshot};

struct Probe;

impl Echo for Probe {
    async fn unary(&self, request: Request<String>) -> Answer<String> {
        if request.get_ref() == "left" {
            return Ok(Response::new(format!("{:?}", request.time_remaining().map(|left| left.as_secs()))));
        }
        Ok(Response::new(request.was_compressed().to_string()))
    }

    /// Every second message compressed.
    async fn down(&self, request: Request<String>) -> Answer<impl Stream<Item = Result<String, Status>>> {
        let compression = Compression::default();
        let switch = compression.clone();
        let messages = stream::iter(0..4).map(move |i| {
            switch.set(i % 2 == 0);
            Ok(request.get_ref().clone())
        });
        Ok(Response::new(messages).with_compression(compression))
    }

    async fn up(&self, request: Request<Streaming<String>>) -> Answer<String> {
        let mut messages = request.into_inner();
        let mut compressed = Vec::new();
        while messages.message().await?.is_some() {
            compressed.push(messages.was_compressed());
        }
        Ok(Response::new(format!("{compressed:?}")))
    }
}

#[tokio::test]
async fn limits_of_a_method_count_before_those_of_its_service() {
    let timeout = |secs| CallLimits::default().timeout(Duration::from_secs(secs));
    let server = Server::builder()
        .add_service(EchoServer::new(Probe))
        .timeout(Duration::from_secs(1000))
        .max_receive_message_bytes(100)
        .limits_for("test.Echo", timeout(500).max_receive_message_bytes(50))
        .limits_for("test.Echo/Up", CallLimits::default().max_receive_message_bytes(10))
        .build()
        .unwrap();
    let client = EchoClient::new(server);
    let left = client.unary("left".to_owned()).await.unwrap().into_inner();
    assert!(left == "Some(499)" || left == "Some(500)", "{left}");
    client.unary("x".repeat(48)).await.unwrap();
    assert_eq!(client.unary("x".repeat(49)).await.unwrap_err().code(), Code::ResourceExhausted);
    client.up(stream::iter(["x".repeat(8)])).await.unwrap();
    let status = client.up(stream::iter(["x".repeat(9)])).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
}

#[test]
fn limits_for_nobody_are_an_error() {
    let limits = CallLimits::default();
    let server = Server::builder().add_service(EchoServer::new(Probe)).limits_for("test.Echo/unary", limits).build();
    let error = server.unwrap_err().to_string();
    assert!(error.contains("\"test.Echo/unary\"") && error.contains("package.Service/Method"), "{error}");
}

#[test]
fn a_service_twice_is_an_error() {
    let server = Server::builder().add_service(EchoServer::new(Probe)).add_service(EchoServer::new(Probe)).build();
    assert_eq!(server.unwrap_err().to_string(), "the service test.Echo was added twice; add each service once");
}

#[tokio::test]
async fn compression_by_call_and_by_message() {
    for &encoding in Encoding::ALL {
        let server = Server::builder().add_service(EchoServer::new(Probe)).send_compressed(encoding).build().unwrap();
        let client = EchoClient::new(server);
        // Requests: off, then on for one call.
        assert_eq!(client.unary("x".repeat(100)).await.unwrap().into_inner(), "false");
        let call = client.unary("x".repeat(100)).send_compressed(encoding);
        assert_eq!(call.await.unwrap().into_inner(), "true");

        let compression = Compression::default();
        let switch = compression.clone();
        let requests = stream::iter(0..4).map(move |i| {
            switch.set(i != 1);
            "x".repeat(100)
        });
        let call = client.up(requests).send_compressed(encoding).compression(compression);
        assert_eq!(call.into_future().await.unwrap().into_inner(), "[true, false, true, true]");

        // Responses: by the server's setting, switched by the handler.
        let mut messages = client.down("y".repeat(1000)).await.unwrap().into_inner();
        let mut compressed = Vec::new();
        while let Some(message) = messages.message().await.unwrap() {
            assert_eq!(message, "y".repeat(1000));
            compressed.push(messages.was_compressed());
        }
        assert_eq!(compressed, [true, false, true, false]);
    }
}

/// `Duration::MAX` says for ever, and no instant is that far away.
#[tokio::test]
async fn for_ever() {
    const EVER: Duration = Duration::MAX;
    let limits = ConnectionLimits::new().opening(EVER).idle(EVER).unread(EVER).age(EVER).age_grace(EVER);
    let server = Server::builder()
        .add_service(EchoServer::new(Probe))
        .timeout(EVER)
        .receive_timeout(EVER)
        .shutdown_grace(EVER)
        .keepalive(EVER, EVER)
        .keepalive_min_interval(EVER)
        .connection_limits(limits)
        .build()
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = format!("http://{}", listener.local_addr().unwrap());
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = server.clone();
    let served =
        tokio::spawn(async move { serving.serve_with_shutdown(listener, async move { drop(stopped.await) }).await });
    let outliers = OutlierDetection { interval: EVER, base_ejection_time: EVER, ..OutlierDetection::default() };
    let channel = Channel::builder(target).connect_timeout(EVER).keepalive(EVER, EVER).idle_timeout(EVER);
    let channel = channel.outlier_detection(outliers).build().unwrap();
    let calls = async {
        for client in [EchoClient::new(channel), EchoClient::new(server)] {
            let large = stream::iter([String::new(), "x".repeat(1 << 20)]).then(async |text| {
                tokio::time::sleep(Duration::from_millis(10)).await;
                text
            });
            assert_eq!(client.up(large.boxed()).timeout(EVER).await.unwrap().into_inner(), "[false, false]");
            let messages = client.down(String::new()).await.unwrap().into_inner();
            assert_eq!(messages.chunks_timeout(9, EVER).batch().await.unwrap().unwrap().len(), 4);
        }
    };
    tokio::time::timeout(Duration::from_secs(10), calls).await.expect("nobody panicked in the background");
    stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(10), served).await.unwrap().unwrap().unwrap();
}
