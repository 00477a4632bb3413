//! How calls and servers end: cancellation, deadlines, backpressure, shutdown. Over a socket and in process where both
//! make sense.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::{
    future::{Future, IntoFuture, pending},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream};
use rsgrpc::{Channel, Code, Request, Response, Server, Status, Streaming, codegen::Stream};
use support::{Answer, Echo, EchoClient, EchoServer};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

/// Counts what runs and what was produced.
#[derive(Default)]
struct Counts {
    running: AtomicUsize,
    produced: AtomicUsize,
}

struct Counting(Arc<Counts>);

/// One running handler or stream, until it is dropped.
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

impl Echo for Counting {
    async fn unary(&self, request: Request<String>) -> Answer<String> {
        let _running = Running::new(&self.0);
        if request.get_ref() == "hang" {
            pending::<()>().await;
        }
        if request.get_ref() == "spin" {
            loop {
                tokio::task::consume_budget().await;
            }
        }
        if request.get_ref() == "slow" {
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        Ok(Response::new(request.into_inner()))
    }

    /// As many messages of 1 KiB as somebody takes.
    async fn down(&self, _: Request<String>) -> Answer<impl Stream<Item = Result<String, Status>>> {
        let running = Running::new(&self.0);
        Ok(Response::new(stream::repeat("x".repeat(1024)).map(move |text| {
            running.0.produced.fetch_add(1, Ordering::SeqCst);
            Ok(text)
        })))
    }

    /// Reads one message that is no flood, then nothing more.
    async fn up(&self, request: Request<Streaming<String>>) -> Answer<String> {
        let _running = Running::new(&self.0);
        let mut messages = request.into_inner();
        while messages.message().await?.as_deref() == Some("flood") {}
        pending().await
    }

    async fn both(&self, request: Request<Streaming<String>>) -> Answer<impl Stream<Item = Result<String, Status>>> {
        let running = Running::new(&self.0);
        Ok(Response::new(request.into_inner().inspect(move |_| {
            running.0.produced.fetch_add(1, Ordering::SeqCst);
        })))
    }
}

struct Fixture {
    counts: Arc<Counts>,
    client: EchoClient,
    /// Begins the shutdown.
    shutdown: oneshot::Sender<()>,
    served: JoinHandle<std::io::Result<()>>,
    addr: std::net::SocketAddr,
}

impl Fixture {
    async fn new(grace: Duration) -> Self {
        let counts = Arc::new(Counts::default());
        let server = Server::builder()
            .add_service(EchoServer::new(Counting(Arc::clone(&counts))))
            .shutdown_grace(grace)
            .build()
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let client = EchoClient::new(Channel::connect(format!("http://{addr}")).unwrap());
        let (shutdown, stopped) = oneshot::channel();
        let stopped = async { drop(stopped.await) };
        let served = tokio::spawn(async move { server.serve_with_shutdown(listener, stopped).await });
        Self { counts, client, shutdown, served, addr }
    }

    /// The same service, in process.
    fn in_process() -> (Arc<Counts>, EchoClient) {
        let counts = Arc::new(Counts::default());
        let server = Server::builder().add_service(EchoServer::new(Counting(Arc::clone(&counts)))).build().unwrap();
        (counts, EchoClient::new(server))
    }
}

/// Waits until a condition holds; fails after five seconds.
async fn until(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(5), "not within five seconds: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn ends_with(code: Code, call: impl Future<Output = Answer<String>>) {
    assert_eq!(call.await.unwrap_err().code(), code);
}

#[tokio::test]
async fn dropping_a_call_drops_its_handler() {
    let fixture = Fixture::new(Duration::ZERO).await;
    let (in_process, local) = Fixture::in_process();
    for (counts, client) in [(&fixture.counts, &fixture.client), (&in_process, &local)] {
        let running = || counts.running.load(Ordering::SeqCst);

        let call = tokio::time::timeout(Duration::from_millis(100), client.unary("hang".to_owned()).into_future());
        assert!(call.await.is_err());
        until("the unary handler is gone", || running() == 0).await;

        let mut messages = client.down(String::new()).await.unwrap().into_inner();
        messages.message().await.unwrap().unwrap();
        assert_eq!(running(), 1);
        drop(messages);
        until("the stream is gone", || running() == 0).await;

        let endless = stream::repeat("x".to_owned());
        let call = tokio::time::timeout(Duration::from_millis(100), client.up(endless).into_future());
        assert!(call.await.is_err());
        until("the reader is gone", || running() == 0).await;

        let mut messages = client.both(stream::repeat("x".to_owned())).await.unwrap().into_inner();
        messages.message().await.unwrap().unwrap();
        drop(messages);
        until("the bidi stream is gone", || running() == 0).await;
    }
}

#[tokio::test]
async fn a_broken_connection_drops_its_handlers() {
    let fixture = Fixture::new(Duration::ZERO).await;
    let stream = tokio::net::TcpStream::connect(fixture.addr).await.unwrap();
    let (send, connection) = h2::client::handshake(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let request = http::Request::post("http://test/test.Echo/Unary").header("content-type", "application/grpc");
    let (_response, mut body) = send.ready().await.unwrap().send_request(request.body(()).unwrap(), false).unwrap();
    body.send_data(bytes::Bytes::from_static(b"\0\0\0\0\x06\x0a\x04hang"), true).unwrap();
    until("the handler runs", || fixture.counts.running.load(Ordering::SeqCst) == 1).await;
    connection.abort();
    until("the handler is gone", || fixture.counts.running.load(Ordering::SeqCst) == 0).await;
}

#[tokio::test]
async fn a_deadline_bounds_every_kind_on_both_sides() {
    let fixture = Fixture::new(Duration::ZERO).await;
    let (in_process, local) = Fixture::in_process();
    for (counts, client) in [(&fixture.counts, &fixture.client), (&in_process, &local)] {
        let limit = Duration::from_millis(60);
        let start = Instant::now();
        ends_with(Code::DeadlineExceeded, client.unary("hang".to_owned()).timeout(limit).into_future()).await;
        ends_with(Code::DeadlineExceeded, client.up(stream::pending::<String>()).timeout(limit).into_future()).await;

        let mut messages = client.both(stream::pending::<String>()).timeout(limit).await.unwrap().into_inner();
        assert_eq!(messages.message().await.unwrap_err().code(), Code::DeadlineExceeded);

        let mut messages = client.down(String::new()).timeout(limit).await.unwrap().into_inner();
        let status = loop {
            if let Err(status) = messages.message().await {
                break status;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        };
        assert_eq!(status.code(), Code::DeadlineExceeded);
        assert!(start.elapsed() < Duration::from_secs(2), "took {:?}", start.elapsed());
        until("all handlers are gone", || counts.running.load(Ordering::SeqCst) == 0).await;
    }
}

#[tokio::test]
async fn a_deadline_ends_a_stream_that_nobody_reads() {
    let fixture = Fixture::new(Duration::ZERO).await;
    // A raw peer that opens no window, so that the server cannot send.
    let stream = tokio::net::TcpStream::connect(fixture.addr).await.unwrap();
    let (send, connection) =
        h2::client::Builder::new().initial_window_size(0).handshake::<_, bytes::Bytes>(stream).await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::post("http://test/test.Echo/Down")
        .header("content-type", "application/grpc")
        .header("grpc-timeout", "100m");
    let (response, mut body) = send.ready().await.unwrap().send_request(request.body(()).unwrap(), false).unwrap();
    body.send_data(bytes::Bytes::from_static(b"\0\0\0\0\0"), true).unwrap();
    let mut received = response.await.unwrap().into_body();
    let trailers = tokio::time::timeout(Duration::from_secs(2), received.trailers()).await.unwrap().unwrap().unwrap();
    assert_eq!(trailers["grpc-status"], "4");
    until("the stream is gone", || fixture.counts.running.load(Ordering::SeqCst) == 0).await;
}

#[tokio::test]
async fn a_slow_reader_slows_the_producer() {
    let fixture = Fixture::new(Duration::ZERO).await;
    let (in_process, local) = Fixture::in_process();
    for (counts, client) in [(&fixture.counts, &fixture.client), (&in_process, &local)] {
        let produced = || counts.produced.load(Ordering::SeqCst);
        let mut messages = client.down(String::new()).await.unwrap().into_inner();
        messages.message().await.unwrap().unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        let ahead = produced();
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(produced(), ahead, "the producer goes on without a reader");
        assert!(ahead < 4096, "{ahead} KiB were produced ahead");
        for _ in 0..8192 {
            messages.message().await.unwrap().unwrap();
        }
        assert!(produced() > ahead, "the producer does not go on with its reader");
    }
}

#[tokio::test]
async fn a_slow_handler_slows_the_sender() {
    let fixture = Fixture::new(Duration::ZERO).await;
    let (_, local) = Fixture::in_process();
    for client in [&fixture.client, &local] {
        let sent = Arc::new(AtomicUsize::new(0));
        let counting = Arc::clone(&sent);
        let endless = stream::repeat("x".repeat(1024)).inspect(move |_| {
            counting.fetch_add(1, Ordering::SeqCst);
        });
        let call = client.up(endless).timeout(Duration::from_millis(400));
        ends_with(Code::DeadlineExceeded, call.into_future()).await;
        let sent = sent.load(Ordering::SeqCst);
        assert!((1..4096).contains(&sent), "{sent} KiB were sent to a handler that read one message");
    }
}

#[tokio::test]
async fn a_shutdown_lets_calls_finish_and_takes_no_more() {
    let fixture = Fixture::new(Duration::from_secs(10)).await;
    let client = fixture.client.clone();
    let call = tokio::spawn(async move { client.unary("slow".to_owned()).await });
    until("the call runs", || fixture.counts.running.load(Ordering::SeqCst) == 1).await;
    let start = Instant::now();
    fixture.shutdown.send(()).unwrap();
    assert_eq!(call.await.unwrap().unwrap().into_inner(), "slow");
    fixture.served.await.unwrap().unwrap();
    assert!(start.elapsed() < Duration::from_secs(2), "took {:?}", start.elapsed());
    ends_with(Code::Unavailable, fixture.client.unary("late".to_owned()).into_future()).await;
}

#[tokio::test]
async fn a_shutdown_is_bounded_by_its_grace() {
    let grace = Duration::from_millis(200);
    let fixture = Fixture::new(grace).await;
    // A connection that never says a word, calls that never end, and a stream.
    let _mute = tokio::net::TcpStream::connect(fixture.addr).await.unwrap();
    let client = fixture.client.clone();
    let hanging = tokio::spawn(async move { client.unary("hang".to_owned()).await });
    let mut messages = fixture.client.both(stream::pending::<String>()).await.unwrap().into_inner();
    until("both calls run", || fixture.counts.running.load(Ordering::SeqCst) == 2).await;
    let start = Instant::now();
    fixture.shutdown.send(()).unwrap();
    let status = hanging.await.unwrap().unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::Unavailable, "the server is shutting down"));
    assert_eq!(messages.message().await.unwrap_err().code(), Code::Unavailable);
    fixture.served.await.unwrap().unwrap();
    let took = start.elapsed();
    assert!(took >= grace && took < grace + Duration::from_millis(500), "took {took:?}");
    until("all handlers are gone", || fixture.counts.running.load(Ordering::SeqCst) == 0).await;
}

#[tokio::test]
async fn a_deadline_ends_a_flood_in_process() {
    // Neither side ever has to wait.
    let (counts, client) = Fixture::in_process();
    let call = client.both(stream::repeat("x".to_owned())).timeout(Duration::from_millis(100));
    let mut messages = call.await.unwrap().into_inner();
    let status = loop {
        if let Err(status) = messages.message().await {
            break status;
        }
    };
    assert_eq!(status.code(), Code::DeadlineExceeded);
    drop(messages);
    let call = client.up(stream::repeat("flood".to_owned())).timeout(Duration::from_millis(100));
    ends_with(Code::DeadlineExceeded, call.into_future()).await;
    until("the handler is gone", || counts.running.load(Ordering::SeqCst) == 0).await;
    let call = client.unary("hi".to_owned()).timeout(Duration::ZERO);
    ends_with(Code::DeadlineExceeded, call.into_future()).await;
}

/// Whoever reads many small messages that are there already lets others have their turn, as at any other wait.
#[tokio::test]
async fn a_flood_of_small_messages_leaves_others_their_turn() {
    let turns = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&turns);
    let other = tokio::spawn(async move {
        loop {
            counted.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
        }
    });
    // 1.2 MB, of which the handler always finds more.
    let (_, client) = Fixture::in_process();
    let (sender, end) = oneshot::channel();
    let last = Arc::clone(&turns);
    let last = stream::once(async move {
        let _ = sender.send(last.load(Ordering::SeqCst));
        "end".to_owned()
    });
    let flood = stream::repeat("flood".to_owned()).take(100_000).chain(last);
    let during = tokio::select! {
        during = end => during.unwrap(),
        answer = client.up(flood).into_future() => panic!("{answer:?} of a handler that gives none"),
    };
    other.abort();
    assert!(during > 10, "another task had {during} turns");
}

#[tokio::test]
async fn calls_after_a_goaway_go_to_a_new_connection() {
    let fixture = Fixture::new(Duration::from_secs(10)).await;
    let mut messages = fixture.client.both(stream::pending::<String>()).await.unwrap().into_inner();
    fixture.shutdown.send(()).unwrap();
    // The successor takes the port over as soon as it is free, while the stream goes on.
    let listener = loop {
        match TcpListener::bind(fixture.addr).await {
            Ok(listener) => break listener,
            Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    };
    let successor = Server::builder().add_service(EchoServer::new(Counting(Arc::default()))).build().unwrap();
    tokio::spawn(async move { successor.serve_with_shutdown(listener, pending()).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    for _ in 0..3 {
        assert_eq!(fixture.client.unary("hi".to_owned()).await.unwrap().into_inner(), "hi");
    }
    let running = tokio::time::timeout(Duration::from_millis(20), messages.message()).await;
    assert!(running.is_err(), "the stream on the old connection ended: {running:?}");
}

#[tokio::test]
async fn streams_that_nobody_reads_do_not_stop_others() {
    let fixture = Fixture::new(Duration::from_secs(10)).await;
    let mut unread = Vec::new();
    for _ in 0..16 {
        unread.push(fixture.client.down(String::new()).await.unwrap());
    }
    let produced = || fixture.counts.produced.load(Ordering::SeqCst);
    // Each is produced until its window is full, which together is more than the windows of a few large streams.
    until("the windows are full", || produced() > 4000).await;
    let call = fixture.client.unary("x".repeat(100_000)).timeout(Duration::from_secs(5));
    assert_eq!(call.await.unwrap().into_inner().len(), 100_000);
}

#[tokio::test]
async fn a_deadline_ends_a_handler_that_always_has_work() {
    let (counts, client) = Fixture::in_process();
    let call = client.unary("spin".to_owned()).timeout(Duration::from_millis(100));
    ends_with(Code::DeadlineExceeded, call.into_future()).await;
    until("the handler is gone", || counts.running.load(Ordering::SeqCst) == 0).await;

    // The server's own limit, of which the caller knows nothing.
    let counts = Arc::new(Counts::default());
    let echo = EchoServer::new(Counting(Arc::clone(&counts)));
    let server = Server::builder().add_service(echo).timeout(Duration::from_millis(100)).build().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = EchoClient::new(Channel::connect(format!("http://{}", listener.local_addr().unwrap())).unwrap());
    tokio::spawn(async move { server.serve_with_shutdown(listener, pending()).await });
    ends_with(Code::DeadlineExceeded, client.unary("spin".to_owned()).into_future()).await;
    until("the handler is gone", || counts.running.load(Ordering::SeqCst) == 0).await;
}

#[tokio::test]
async fn callers_that_give_up_leave_the_attempt_to_connect() {
    let echo = EchoServer::new(Counting(Arc::default()));
    let server = Server::builder().add_service(echo).build().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = EchoClient::new(Channel::connect(format!("http://{}", listener.local_addr().unwrap())).unwrap());
    let accepted = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&accepted);
    tokio::spawn(async move {
        loop {
            let socket = listener.accept().await.unwrap().0;
            count.fetch_add(1, Ordering::SeqCst);
            let server = server.clone();
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(150)).await;
                server.serve_connection(socket).await;
            });
        }
    });
    let mut tries = 0;
    while client.unary("hi".to_owned()).timeout(Duration::from_millis(50)).await.is_err() {
        tries += 1;
        assert!(tries < 20, "callers in a hurry never get a connection");
    }
    assert!(tries > 0);
    assert_eq!(accepted.load(Ordering::SeqCst), 1);
}
