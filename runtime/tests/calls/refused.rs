//! What no server has looked at is sent again, whatever the call does (gRFC A6, transparent retries).

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use futures_util::stream;
use h2::Reason;
use http::{HeaderMap, HeaderValue, Response};
use rsgrpc::{Channel, Client, Code};
use tokio::net::TcpListener;

use crate::support::EchoClient;

/// Refuses so many streams, then answers each with `k`; counts those that it saw.
async fn refusing(refused: usize, reason: Reason) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let count = Arc::clone(&count);
            tokio::spawn(async move {
                let mut connection = h2::server::handshake(socket).await.unwrap();
                while let Some(Ok((request, mut respond))) = connection.accept().await {
                    if count.fetch_add(1, Ordering::SeqCst) < refused {
                        respond.send_reset(reason);
                        continue;
                    }
                    tokio::spawn(async move {
                        let mut body = request.into_body();
                        while body.data().await.is_some() {}
                        let head = Response::builder().header("content-type", "application/grpc").body(()).unwrap();
                        let mut stream = respond.send_response(head, false).unwrap();
                        stream.send_data(Bytes::from_static(b"\0\0\0\0\x03\x0a\x01k"), false).unwrap();
                        let mut trailers = HeaderMap::new();
                        trailers.insert("grpc-status", HeaderValue::from_static("0"));
                        stream.send_trailers(trailers).unwrap();
                    });
                }
            });
        }
    });
    (address, seen)
}

fn client(address: SocketAddr) -> Client {
    Channel::connect(format!("http://{address}")).unwrap().into()
}

#[tokio::test]
async fn a_refused_call_of_any_kind_is_sent_once_more() {
    let texts = || stream::iter(["a", "b"].map(str::to_owned));
    for intercepted in [false, true] {
        for kind in 0..4 {
            let (address, seen) = refusing(1, Reason::REFUSED_STREAM).await;
            let mut client = client(address);
            if intercepted {
                client = client.interceptor(|call, next: rsgrpc::client::Next| next.run(call));
            }
            let client = EchoClient::new(client);
            let answer = match kind {
                0 => client.unary("x".to_owned()).metadata("x-a", "1").await.unwrap().into_inner(),
                1 => client.up(texts()).await.unwrap().into_inner(),
                2 => client.down("x".to_owned()).await.unwrap().into_inner().message().await.unwrap().unwrap(),
                _ => client.both(texts()).await.unwrap().into_inner().message().await.unwrap().unwrap(),
            };
            assert_eq!((answer.as_str(), seen.load(Ordering::SeqCst)), ("k", 2), "{kind}, {intercepted}");
        }
    }
}

#[tokio::test]
async fn and_no_more() {
    for intercepted in [false, true] {
        let (address, seen) = refusing(9, Reason::REFUSED_STREAM).await;
        let mut client = client(address);
        if intercepted {
            client = client.interceptor(|call, next: rsgrpc::client::Next| next.run(call));
        }
        let status = EchoClient::new(client).unary("x".to_owned()).await.unwrap_err();
        assert_eq!((status.code(), seen.load(Ordering::SeqCst)), (Code::Unavailable, 2), "{status:?}");
    }
}

#[tokio::test]
async fn what_a_server_may_have_begun_is_not_sent_again() {
    let (address, seen) = refusing(1, Reason::INTERNAL_ERROR).await;
    EchoClient::new(client(address)).unary("x".to_owned()).await.unwrap_err();
    assert_eq!(seen.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn refusals_do_not_count_as_attempts() {
    let (address, seen) = refusing(1, Reason::REFUSED_STREAM).await;
    let config = r#"{"methodConfig": [{"name": [{}], "retryPolicy": {"maxAttempts": 2, "initialBackoff": "3600s",
        "maxBackoff": "3600s", "backoffMultiplier": 1, "retryableStatusCodes": ["UNAVAILABLE"]}}]}"#;
    let client = client(address).service_config(config.parse().unwrap());
    EchoClient::new(client).unary("x".to_owned()).await.unwrap();
    assert_eq!(seen.load(Ordering::SeqCst), 2, "and without a pause");
}
