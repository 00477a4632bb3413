//! How calls end and how they are held up: rows that are scenes rather than a request and an answer. Raw HTTP/2 over an
//! in-memory transport, too, but for two that need a socket.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::{StreamExt, future::BoxFuture, stream};
use h2::{
    Reason,
    client::{ResponseFuture, SendRequest},
};
use http::Request;
use rsgrpc::{
    Channel, Code, Request as Call, Response, Server, Status, StatusExt, Streaming, codegen::Stream,
    google::rpc::BadRequest,
};
use tokio::sync::oneshot;

use crate::{
    support::{Answer, Echo, EchoClient, EchoServer},
    table::text,
};

/// What a caller can make of a call, and what becomes of its handler.
pub const SCENES: &[(&str, Scene)] = &[
    ("a reset drops the handler of a unary call", |stage| Box::pin(stage.reset("/test.Echo/Unary"))),
    ("a reset drops the handler of a server stream", |stage| Box::pin(stage.reset("/test.Echo/Down"))),
    ("a reset drops the handler of a client stream", |stage| Box::pin(stage.reset("/test.Echo/Up"))),
    ("a reset drops the handler of a bidi stream", |stage| Box::pin(stage.reset("/test.Echo/Both"))),
    ("a reset without an error is no end of the requests", |stage| Box::pin(stage.cut())),
    ("a lost connection drops its handlers", |stage| Box::pin(stage.lost())),
    ("a deadline drops the handler and ends the stream", |stage| Box::pin(stage.deadline())),
    ("a full window stops the producer, an open one lets it go on", |stage| Box::pin(stage.full_window())),
    ("a message may have 4 MiB, unless the server says otherwise", |stage| Box::pin(stage.default_limit())),
    ("messages that nobody reads stop the sender", |stage| Box::pin(stage.unread())),
    ("a shutdown says GOAWAY, and after its grace ends what runs with UNAVAILABLE", |_| Box::pin(shutdown())),
    ("a client reads the details and the metadata of an error", |_| Box::pin(details())),
];

type Scene = fn(Stage) -> BoxFuture<'static, ()>;

#[derive(Default)]
struct Counts {
    running: AtomicUsize,
    produced: AtomicUsize,
    /// Requests whose end the handler has seen.
    ended: AtomicUsize,
}

impl Counts {
    /// Waits, at most five seconds, until as many handlers run.
    async fn until_running(&self, count: usize) {
        for _ in 0..2500 {
            if self.running.load(Ordering::SeqCst) == count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        panic!("{} handlers run, not {count}", self.running.load(Ordering::SeqCst));
    }

    /// How many messages were produced once no more are.
    async fn settled(&self) -> usize {
        let mut last = usize::MAX;
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let now = self.produced.load(Ordering::SeqCst);
            if now == last {
                return now;
            }
            last = now;
        }
    }
}

struct Running(Arc<Counts>);

impl Running {
    fn new(counts: &Arc<Counts>) -> Self {
        counts.running.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(counts))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Never ends by itself.
struct Endless(Arc<Counts>);

impl Echo for Endless {
    async fn unary(&self, _: Call<String>) -> Answer<String> {
        let _running = Running::new(&self.0);
        pending().await
    }

    /// As many messages of 1 KiB as somebody takes.
    async fn down(&self, _: Call<String>) -> Answer<impl Stream<Item = Result<String, Status>>> {
        let running = Running::new(&self.0);
        Ok(Response::new(stream::repeat("x".repeat(1024)).map(move |text| {
            running.0.produced.fetch_add(1, Ordering::SeqCst);
            Ok(text)
        })))
    }

    /// Reads two messages, then nothing more.
    async fn up(&self, request: Call<Streaming<String>>) -> Answer<String> {
        let _running = Running::new(&self.0);
        let mut messages = request.into_inner();
        messages.message().await?;
        if messages.message().await?.is_none() {
            self.0.ended.fetch_add(1, Ordering::SeqCst);
        }
        pending().await
    }

    async fn both(&self, _: Call<Streaming<String>>) -> Answer<impl Stream<Item = Result<String, Status>>> {
        let running = Running::new(&self.0);
        Ok(Response::new(stream::once(async move {
            let _running = running;
            pending().await
        })))
    }
}

/// A connection whose own windows are those that HTTP/2 begins with: 65,535 bytes.
pub struct Stage {
    counts: Arc<Counts>,
    send: SendRequest<Bytes>,
    connection: tokio::task::JoinHandle<()>,
}

impl Stage {
    pub async fn new() -> Self {
        let counts = Arc::new(Counts::default());
        let server = Server::builder().add_service(EchoServer::new(Endless(Arc::clone(&counts)))).build().unwrap();
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        tokio::spawn(async move { server.serve_connection(theirs).await });
        let (send, connection) = h2::client::Builder::new().handshake(ours).await.unwrap();
        let connection = tokio::spawn(async move { drop(connection.await) });
        Self { counts, send, connection }
    }

    /// A call with one message, of which the stream stays open.
    async fn call(&self, path: &str, headers: &[(&str, &str)]) -> (ResponseFuture, h2::SendStream<Bytes>) {
        let mut request = Request::post(format!("http://test{path}"));
        for (name, value) in [("content-type", "application/grpc"), ("te", "trailers")].iter().chain(headers) {
            request = request.header(*name, *value);
        }
        let mut send = self.send.clone().ready().await.unwrap();
        let (response, mut stream) = send.send_request(request.body(()).unwrap(), false).unwrap();
        stream.send_data(text("hi").into(), false).unwrap();
        (response, stream)
    }

    async fn reset(self, path: &str) {
        let (_response, mut stream) = self.call(path, &[]).await;
        if path.ends_with("Unary") || path.ends_with("Down") {
            stream.send_data(Bytes::new(), true).unwrap();
        }
        self.counts.until_running(1).await;
        stream.send_reset(Reason::CANCEL);
        self.counts.until_running(0).await;
    }

    /// What Node's clients do who give a call up.
    async fn cut(self) {
        let (_response, mut stream) = self.call("/test.Echo/Up", &[]).await;
        self.counts.until_running(1).await;
        stream.send_reset(Reason::NO_ERROR);
        self.counts.until_running(0).await;
        assert_eq!(self.counts.ended.load(Ordering::SeqCst), 0, "the handler took what there was for all");
    }

    async fn lost(self) {
        let (_one, mut stream) = self.call("/test.Echo/Unary", &[]).await;
        stream.send_data(Bytes::new(), true).unwrap();
        let _two = self.call("/test.Echo/Up", &[]).await;
        self.counts.until_running(2).await;
        self.connection.abort();
        self.counts.until_running(0).await;
    }

    async fn deadline(self) {
        let (response, _stream) = self.call("/test.Echo/Both", &[("grpc-timeout", "50m")]).await;
        let mut body = response.await.unwrap().into_body();
        self.counts.until_running(1).await;
        assert!(body.data().await.is_none());
        let trailers = body.trailers().await.unwrap().unwrap();
        assert_eq!(trailers["grpc-status"], "4");
        self.counts.until_running(0).await;
    }

    async fn full_window(self) {
        let (response, mut stream) = self.call("/test.Echo/Down", &[]).await;
        stream.send_data(Bytes::new(), true).unwrap();
        let mut body = response.await.unwrap().into_body();
        let stopped = self.counts.settled().await;
        assert!((63..63 + 128).contains(&stopped), "{stopped} KiB were produced into a window of 63");
        let mut received = 0;
        while received < 60_000 {
            received += body.data().await.unwrap().unwrap().len();
        }
        assert_eq!(self.counts.settled().await, stopped, "what was read but not released let the producer go on");
        body.flow_control().release_capacity(received).unwrap();
        assert!(self.counts.settled().await > stopped + 32, "an open window did not let the producer go on");
    }

    /// The prefix of a message says how long it is; the answer comes before the message.
    async fn default_limit(self) {
        let (response, mut stream) = self.call("/test.Echo/Up", &[]).await;
        let claim = |bytes: u32| Bytes::from([&[0][..], &bytes.to_be_bytes()].concat());
        stream.send_data(claim(4 << 20), false).unwrap();
        let answer = tokio::time::timeout(Duration::from_millis(200), response).await;
        assert!(answer.is_err(), "4 MiB are refused: {answer:?}");
        let (response, mut stream) = self.call("/test.Echo/Up", &[]).await;
        stream.send_data(claim((4 << 20) + 1), false).unwrap();
        let head = response.await.unwrap();
        assert_eq!(head.headers()["grpc-status"], "8", "{head:?}");
    }

    async fn unread(self) {
        let (_response, mut stream) = self.call("/test.Echo/Up", &[]).await;
        let mut sent = 0;
        loop {
            stream.reserve_capacity(16 * 1024);
            let capacity = std::future::poll_fn(|cx| stream.poll_capacity(cx));
            let Ok(capacity) = tokio::time::timeout(Duration::from_millis(300), capacity).await else { break };
            let capacity = capacity.unwrap().unwrap();
            stream.send_data(Bytes::from(vec![0; capacity]), false).unwrap();
            sent += capacity;
            assert!(sent < 1 << 20, "{sent} bytes were taken in for a handler that reads none");
        }
        assert!(sent > 60_000, "{sent} bytes were let through");
    }
}

async fn shutdown() {
    let counts = Arc::new(Counts::default());
    let server = Server::builder()
        .add_service(EchoServer::new(Endless(Arc::clone(&counts))))
        .shutdown_grace(Duration::from_millis(200))
        .build()
        .unwrap();
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async { drop(stopped.await) };
    let served = tokio::spawn(async move { server.serve_connection_with_shutdown(theirs, shutdown).await });
    let (send, connection) = h2::client::Builder::new().handshake(ours).await.unwrap();
    let stage = Stage { counts, send, connection: tokio::spawn(async move { drop(connection.await) }) };
    let (response, _stream) = stage.call("/test.Echo/Both", &[]).await;
    let mut body = response.await.unwrap().into_body();
    stage.counts.until_running(1).await;
    let started = Instant::now();
    stop.send(()).unwrap();
    // While the stream goes on, no other may begin.
    let goaway = loop {
        match stage.send.clone().ready().await {
            Ok(_) => tokio::time::sleep(Duration::from_millis(2)).await,
            Err(error) => break error,
        }
    };
    assert!(goaway.is_go_away() && started.elapsed() < Duration::from_millis(200), "{goaway}");
    assert!(body.data().await.is_none());
    assert_eq!(body.trailers().await.unwrap().unwrap()["grpc-status"], "14");
    assert!(started.elapsed() >= Duration::from_millis(200), "no grace: {:?}", started.elapsed());
    served.await.unwrap();
    stage.counts.until_running(0).await;
}

/// Our client reads what a server writes by hand.
async fn details() {
    let target = Channel::builder("http://test").connect_with(|_| {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        tokio::spawn(answer_with_details(theirs));
        async { Ok(ours) }
    });
    let client = EchoClient::new(target.build().unwrap());
    let status = client.unary("hi".to_owned()).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::InvalidArgument, "no \u{fc}"));
    let violations = status.detail::<BadRequest>().unwrap().field_violations;
    assert_eq!(violations.iter().map(|violation| violation.field.as_str()).collect::<Vec<_>>(), ["a"]);
    assert_eq!(status.metadata().get("x-head").unwrap(), "1");
    assert_eq!(status.metadata().get_bin("x-tail-bin").unwrap().to_bytes().unwrap().as_ref(), [0, 1]);
}

async fn answer_with_details(connection: tokio::io::DuplexStream) {
    let mut connection = h2::server::handshake(connection).await.unwrap();
    while let Some(Ok((_, mut respond))) = connection.accept().await {
        let head = http::Response::builder().header("content-type", "application/grpc").header("x-head", "1");
        let mut stream = respond.send_response(head.body(()).unwrap(), false).unwrap();
        let mut trailers = http::HeaderMap::new();
        trailers.insert("grpc-status", "3".parse().unwrap());
        trailers.insert("grpc-message", "no%20%C3%BC".parse().unwrap());
        // A google.rpc.Status with a BadRequest, of which the only violation is that of the field `a`.
        let details = "CAMSBW5vIMO8GjIKKXR5cGUuZ29vZ2xlYXBpcy5jb20vZ29vZ2xlLnJwYy5CYWRSZXF1ZXN0EgUKAwoBYQ";
        trailers.insert("grpc-status-details-bin", details.parse().unwrap());
        trailers.insert("x-tail-bin", "AAE".parse().unwrap());
        stream.send_trailers(trailers).unwrap();
    }
}
