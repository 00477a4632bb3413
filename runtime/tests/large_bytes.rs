//! Fields of `Bytes`, which are sent from where they lie once they are large: they arrive as they were, by every way, and in
//! one DATA frame with what stands around them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, TryStreamExt, future::poll_fn, stream};
use prost::Message;
use rsgrpc::{
    Channel, Client, Code, Encoding, Method, MethodKind, Protocol, Request, Response, Server, Service,
    ServiceDescriptor, Status, Streaming,
    client::ServiceConfig,
    codegen::{Reply, ServerCall},
};
use tokio::net::{TcpListener, TcpStream};

#[derive(Clone, PartialEq, Message)]
struct Blobs {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(bytes = "bytes", repeated, tag = "2")]
    blobs: Vec<Bytes>,
    #[prost(bytes = "vec", tag = "3")]
    copied: Vec<u8>,
    #[prost(message, optional, boxed, tag = "4")]
    inner: Option<Box<Blobs>>,
    #[prost(uint32, tag = "5")]
    last: u32,
}

fn bytes(len: usize) -> Bytes {
    (0..len).map(|i| (i * 31 % 251) as u8).collect()
}

fn blobs(lens: &[usize]) -> Blobs {
    let (name, last) = (format!("{lens:?}"), 7);
    let inner = lens.split_first().map(|(_, rest)| Box::new(blobs(rest)));
    let copied = bytes(lens.first().copied().unwrap_or_default()).to_vec();
    Blobs { name, blobs: lens.iter().map(|&len| bytes(len)).collect(), copied, inner, last }
}

/// Around the size from which on a field is not copied, and the sizes of frames, turns and windows.
fn all() -> Vec<Blobs> {
    [&[][..], &[8191], &[8192], &[8193, 1, 16_384], &[65_536], &[100, 20_000, 20_000, 20_000], &[300_000], &[600_000]]
        .map(blobs)
        .into()
}

static SERVICE: ServiceDescriptor = ServiceDescriptor {
    name: "test.Blobs",
    methods: &[
        Method::new("/test.Blobs/One", MethodKind::Unary),
        Method::new("/test.Blobs/Many", MethodKind::BidiStreaming),
        Method::new("/test.Blobs/Down", MethodKind::ServerStreaming),
    ],
    message_types: &[],
    file_descriptor_set: &[],
};

/// Gives back what it gets, or the same `last` times. Refuses the first calls, as many as are left.
struct Echo {
    refusals: AtomicUsize,
}

impl Service for Echo {
    fn descriptor(&self) -> &'static ServiceDescriptor {
        &SERVICE
    }

    fn call(&self, method: usize, mut call: ServerCall) -> Reply {
        let refused = self.refusals.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok();
        Box::pin(async move {
            if refused {
                return Err(Status::unavailable("not yet"));
            }
            if method == 0 {
                let request: Request<Blobs> = call.arrival().await.one()?;
                return call.reply(Response::new(request.into_inner()));
            }
            if method == 2 {
                let request: Request<Blobs> = call.arrival().await.one()?;
                let Blobs { blobs, last, .. } = request.into_inner();
                let message = Blobs { blobs, ..Blobs::default() };
                let messages = (0..last).map(move |last| Ok(Blobs { last, ..message.clone() }));
                return call.stream(Response::new(stream::iter(messages))).await;
            }
            let request: Request<Streaming<Blobs>> = call.many();
            let delay = Duration::from_millis(request.metadata().get("delay").map_or(0, |_| 10_000));
            let messages = request.into_inner().chain(stream::pending().take_until(tokio::time::sleep(delay)));
            call.stream(Response::new(messages)).await
        })
    }
}

fn server(refusals: usize) -> Server {
    let builder = Server::builder().add_service(Echo { refusals: AtomicUsize::new(refusals) });
    builder.send_compressed(Encoding::Gzip).build().unwrap()
}

async fn listen(server: Server) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { server.serve_with_shutdown(listener, std::future::pending::<()>()).await });
    address
}

async fn echoed(client: &Client, name: &str, is_streamed: bool) {
    for sent in all() {
        let got = client.unary::<_, Blobs>(&SERVICE.methods[0], sent.clone()).await;
        assert!(got.unwrap_or_else(|status| panic!("{name}: {status}")).into_inner() == sent, "{name}: {}", sent.name);
    }
    if is_streamed {
        let call = client.bidi_streaming::<_, Blobs>(&SERVICE.methods[1], stream::iter(all())).await.unwrap();
        let got: Vec<_> = call.into_inner().try_collect().await.unwrap();
        assert!(got == all(), "{name}: {:?}", got.iter().map(|blobs| &blobs.name).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn they_arrive_as_they_were_by_every_way() {
    let server = server(0);
    let url = format!("http://{}", listen(server.clone()).await);
    let of = |client: Client| client.of(&SERVICE);
    let ways = [
        ("HTTP/2", of(Channel::connect(url.clone()).unwrap().into())),
        ("HTTP/1.1", of(Channel::builder(url).http1_only().protocol(Protocol::Connect).build().unwrap().into())),
        ("in process", of(server.into())),
    ];
    for protocol in [Protocol::Grpc, Protocol::GrpcWeb, Protocol::GrpcWebText, Protocol::Connect] {
        for (way, client) in &ways {
            if protocol == Protocol::Grpc && *way == "HTTP/1.1" {
                continue;
            }
            // A browser's way takes no stream of requests, and HTTP/1.1 not always both at once.
            let is_streamed = matches!(protocol, Protocol::Grpc | Protocol::Connect) && *way != "HTTP/1.1";
            let client = client.clone().protocol(protocol);
            echoed(&client, &format!("{protocol:?}, {way}"), is_streamed).await;
            echoed(&client.send_compressed(Encoding::Gzip), &format!("{protocol:?}, {way}, gzip"), is_streamed).await;
        }
    }
}

#[tokio::test]
async fn they_are_sent_again_where_a_call_is_tried_again() {
    let config = r#"{"methodConfig": [{"name": [{}], "retryPolicy": {"maxAttempts": 3, "initialBackoff": "0.001s",
        "maxBackoff": "0.001s", "backoffMultiplier": 1, "retryableStatusCodes": ["UNAVAILABLE"]}}]}"#;
    let url = format!("http://{}", listen(server(2)).await);
    let config = ServiceConfig::from_json(config).unwrap();
    let client = Client::from(Channel::connect(url).unwrap()).of(&SERVICE).service_config(config);
    // More than is kept of a stream.
    let sent = blobs(&[300_000, 300_000]);
    let got = client.unary::<_, Blobs>(&SERVICE.methods[0], sent.clone()).await.unwrap().into_inner();
    assert!(got == sent);
}

/// The messages, framed.
fn framed(messages: &[Blobs]) -> Bytes {
    let mut all = BytesMut::new();
    for message in messages {
        let message = message.encode_to_vec();
        all.extend_from_slice(&[&[0][..], &(message.len() as u32).to_be_bytes()].concat());
        all.extend_from_slice(&message);
    }
    all.freeze()
}

/// The answer to a call that sends these messages: its DATA frames, and the status in its trailers.
async fn frames(
    h2: &h2::client::Builder,
    path: &str,
    timeout: &str,
    sent: &[Blobs],
    reads: bool,
) -> (Vec<Bytes>, Code) {
    let socket = TcpStream::connect(listen(server(0)).await).await.unwrap();
    let (send, connection) = h2.handshake(socket).await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::post(format!("http://localhost{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("grpc-timeout", timeout)
        .header("delay", "yes")
        .body(());
    let (answer, mut stream) = send.ready().await.unwrap().send_request(request.unwrap(), false).unwrap();
    let mut all = framed(sent);
    tokio::spawn(async move {
        while !all.is_empty() {
            stream.reserve_capacity(all.len());
            let capacity = poll_fn(|cx| stream.poll_capacity(cx)).await.unwrap().unwrap();
            stream.send_data(all.split_to(capacity), all.is_empty()).unwrap();
        }
    });
    let mut body = answer.await.unwrap().into_body();
    let mut frames = Vec::new();
    while let Some(frame) = body.data().await {
        let frame = frame.unwrap();
        if reads {
            body.flow_control().release_capacity(frame.len()).unwrap();
        }
        frames.push(frame);
    }
    let trailers = body.trailers().await.unwrap().unwrap();
    (frames, Code::from_bytes(trailers["grpc-status"].as_bytes()))
}

#[tokio::test]
async fn a_message_is_one_frame() {
    let mut h2 = h2::client::Builder::new();
    h2.max_frame_size(1 << 20).initial_window_size(1 << 22).initial_connection_window_size(1 << 22);
    let sent = [blobs(&[50_000, 3, 30_000])];
    let (frames, code) = frames(&h2, "/test.Blobs/One", "10S", &sent, true).await;
    assert_eq!((frames.len(), code), (1, Code::Ok), "{:?}", frames.iter().map(Bytes::len).collect::<Vec<_>>());
    assert!(frames.concat() == framed(&sent));
}

#[tokio::test]
async fn at_the_deadline_what_did_not_fit_is_dropped_with_what_belongs_to_it() {
    let mut h2 = h2::client::Builder::new();
    h2.initial_window_size(30_000);
    let sent = [blobs(&[20_000, 20_000]), blobs(&[20_000, 20_000, 9_000])];
    let (frames, code) = frames(&h2, "/test.Blobs/Many", "300m", &sent, false).await;
    assert_eq!(code, Code::DeadlineExceeded);
    let (got, sent) = (frames.concat(), framed(&sent));
    assert_eq!(got.len(), 30_000);
    assert!(sent.starts_with(&got));
}

/// Over HTTP/1.1, and in process, the end of a stream stands among the data, behind whole messages.
#[tokio::test]
async fn at_the_deadline_of_the_server_no_message_is_cut() {
    let builder = Server::builder().add_service(Echo { refusals: AtomicUsize::new(0) });
    let server = builder.timeout(Duration::from_millis(500)).build().unwrap();
    let url = format!("http://{}", listen(server.clone()).await);
    let channel = Channel::builder(url).http1_only().protocol(Protocol::Connect).build().unwrap();
    for client in [Client::from(channel), Client::from(server).protocol(Protocol::Connect)] {
        // More than what lies between the two takes, each message of several slices.
        let message = blobs(&[300_000, 300_000]);
        let request = Blobs { last: 40, ..message.clone() };
        let call = client.of(&SERVICE).server_streaming::<_, Blobs>(&SERVICE.methods[2], request).await.unwrap();
        let mut messages = call.into_inner();
        tokio::time::sleep(Duration::from_secs(1)).await;
        let mut count = 0;
        let status = loop {
            match messages.message().await {
                Ok(Some(got)) => assert!(got.blobs == message.blobs),
                Ok(None) => panic!("it ended well"),
                Err(status) => break status,
            }
            count += 1;
        };
        assert_eq!(status.code(), Code::DeadlineExceeded, "after {count} messages: {status}");
        assert!((1..40).contains(&count), "{count} messages");
    }
}
