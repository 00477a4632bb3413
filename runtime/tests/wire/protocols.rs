//! The generated client over every protocol, form and version of HTTP: whatever it speaks, its caller learns the same.

use std::{fmt::Debug, time::Duration};

use futures_util::stream;
use rsgrpc::{
    Channel, Client, Encoding, Protocol, Response, ResponseExt, Status, StatusExt, Streaming, google::rpc::BadRequest,
    json, metadata::MetadataMap,
};
use tokio::net::TcpListener;

use crate::{
    probe,
    support::{EchoClient, EchoServer, RULED, Ruled},
};

/// What a caller learns of a status.
fn told(status: &Status) -> String {
    let details = status.detail::<BadRequest>();
    format!("{:?} {:?} {:?} {:?}", status.code(), status.message(), details, ours(status.metadata()))
}

/// The metadata that is neither the protocol's nor HTTP's.
fn ours(metadata: &MetadataMap) -> Vec<String> {
    let headers = metadata.clone().into_headers();
    let mut fields: Vec<String> = headers
        .iter()
        .filter(|(name, _)| name.as_str().starts_with("x-"))
        .map(|(name, value)| format!("{name}={}", value.to_str().unwrap()))
        .collect();
    fields.sort();
    fields
}

fn one<T: Debug>(result: Result<Response<T>, Status>) -> String {
    match result {
        Ok(response) => {
            format!("{:?} {:?} {:?}", ours(response.metadata()), response.get_ref(), ours(&response.trailers()))
        }
        Err(status) => told(&status),
    }
}

async fn many(result: Result<Response<Streaming<String>>, Status>) -> String {
    let mut messages = match result {
        Ok(response) => response.into_inner(),
        // Some protocols say so in the head of the answer, some at its end.
        Err(status) => return format!("[] {}", told(&status)),
    };
    let mut seen = Vec::new();
    loop {
        match messages.message().await {
            Ok(Some(message)) => seen.push(message),
            Ok(None) => return format!("{seen:?} {:?}", messages.trailers().await.map(|trailers| ours(&trailers))),
            Err(status) => return format!("{seen:?} {}", told(&status)),
        }
    }
}

/// All that a caller learns of a number of calls.
async fn learned(client: &EchoClient) -> Vec<String> {
    let text = |text: &str| text.to_owned();
    let texts = |texts: &[&str]| stream::iter(texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>());
    let soon = Duration::from_millis(40);
    vec![
        one(client.unary(text("hi ü\u{1F600}")).await),
        one(client.look(text("a&b=c d+e%")).await),
        one(client.look(text(&"long text ".repeat(2000))).await),
        one(client.look(text("details:look")).await),
        one(client.unary(text("")).send_compressed(Encoding::Gzip).await),
        one(client.look(text(&"again ".repeat(100))).send_compressed(Encoding::Gzip).await),
        one(client
            .unary(text("echo-metadata"))
            .metadata("x-a", "1")
            .metadata("x-a", "2")
            .metadata_bin("x-b-bin", b"\0\xff")
            .await),
        one(client.unary(text("details:name")).await),
        one(client.unary(text("message:\"ü\n\\")).await).chars().take(60).collect(),
        one(client.unary(text("panic")).await),
        one(client.unary(text("hi")).metadata("x-refuse", "1").await),
        one(client.unary(text("sleep")).timeout(soon).await),
        one(client.unary(text("deadline")).timeout(Duration::from_secs(5400)).await),
        one(client.unary(text(&"x".repeat(1 << 21))).await).chars().take(40).collect(),
        one(client.unary(text("long:1000001")).await).len().to_string(),
        one(client.unary(text("long:2000001")).await).chars().take(40).collect(),
        many(client.down(text("some:3")).await).await,
        many(client.down(text("break:2")).await).await,
        many(client.down(text("refuse")).await).await,
        many(client.down(text("hang:1")).timeout(soon).await).await,
        many(client.down(text("panic:1")).await).await,
        one(client.up(texts(&["a", "b", "c"])).await),
        one(client.up(texts(&["a", "b"])).send_compressed(Encoding::Gzip).await),
        one(client.up(texts(&[])).await),
        one(client.up(texts(&["enough", "more"])).await),
        many(client.both(texts(&["a", "", "b"])).await).await,
        many(client.both(texts(&[&(0..20_000).map(|n| format!("{n:05}")).collect::<String>(), "b"])).await).await,
        many(client.both(texts(&["a"])).metadata("x-refuse", "1").await).await,
    ]
}

const PROTOCOLS: [Protocol; 5] =
    [Protocol::Grpc, Protocol::GrpcWeb, Protocol::GrpcWebText, Protocol::Connect, Protocol::Rest];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_clients_learn_the_same() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = format!("http://{}", listener.local_addr().unwrap());
    let server = probe::builder_of(Ruled(EchoServer::new(probe::Probe))).build().unwrap();
    let serving = server.clone();
    tokio::spawn(async move { serving.serve_with_shutdown(listener, std::future::pending()).await });

    let h2 = Client::from(Channel::connect(&target).unwrap());
    let http1 = Channel::builder(&target).protocol(Protocol::Connect).http1_only().build().unwrap();
    let transports = [("in process", Client::from(server)), ("HTTP/2", h2), ("HTTP/1.1", Client::from(http1))];
    let expected = learned(&EchoClient::of(transports[0].1.clone(), &RULED)).await;
    for (name, transport) in &transports {
        for protocol in PROTOCOLS {
            if (*name, protocol) == ("HTTP/1.1", Protocol::Grpc) {
                continue;
            }
            for (json, get) in [(false, false), (true, false), (false, true), (true, true)] {
                let mut client = transport.clone().protocol(protocol).get(get);
                if json {
                    client = client.json(json::Options::new());
                }
                let found = learned(&EchoClient::of(client, &RULED)).await;
                for (call, (found, expected)) in found.iter().zip(&expected).enumerate() {
                    assert_eq!(found, expected, "call {call}, {name}, {protocol:?}, JSON {json}, GET {get}");
                }
            }
        }
    }
}

#[test]
fn grpc_is_not_spoken_over_http1() {
    let error = Channel::builder("http://localhost:1").http1_only().build().unwrap_err();
    assert_eq!(
        error.to_string(),
        "the target \"http://localhost:1\" cannot be used: gRPC needs HTTP/2; choose another protocol, or leave http1_only out"
    );
}
