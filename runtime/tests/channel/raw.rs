//! Servers that misbehave by HTTP/2: the six of gRPC's doc/negative-http2-interop-test-descriptions.md, and their like.

use std::{
    future::{Future, IntoFuture},
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::future::{join_all, poll_fn};
use h2::{
    Reason,
    server::{Connection, SendResponse},
};
use http::{HeaderMap, Response};
use rsgrpc::{Channel, Client, Code, Protocol, Status};
use tokio::{
    io::AsyncReadExt,
    net::{TcpListener, TcpStream},
};

use crate::{node::within, support::EchoClient};

type Http2 = Connection<TcpStream, Bytes>;

/// A server whose connections do this, and how many it had. The first argument counts them.
async fn server<F>(
    settings: h2::server::Builder,
    run: impl Fn(usize, Http2) -> F + Send + 'static,
) -> (SocketAddr, Arc<AtomicUsize>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let accepted = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&accepted);
    tokio::spawn(async move {
        loop {
            let stream = listener.accept().await.unwrap().0;
            let connection = settings.handshake(stream).await.unwrap();
            tokio::spawn(run(count.fetch_add(1, Ordering::SeqCst), connection));
        }
    });
    (addr, accepted)
}

fn client(addr: SocketAddr) -> (EchoClient, Channel) {
    let channel = Channel::connect(format!("http://{addr}")).unwrap();
    (EchoClient::new(channel.clone()), channel)
}

fn head() -> Response<()> {
    Response::builder().header("content-type", "application/grpc").body(()).unwrap()
}

/// The message "hi", as gRPC frames it.
const MESSAGE: &[u8] = b"\0\0\0\0\x04\x0a\x02hi";

fn answer(mut respond: SendResponse<Bytes>) {
    let mut stream = respond.send_response(head(), false).unwrap();
    stream.send_data(Bytes::from_static(MESSAGE), false).unwrap();
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", "0".parse().unwrap());
    stream.send_trailers(trailers).unwrap();
}

async fn answer_all(mut connection: Http2) {
    while let Some(Ok((_, respond))) = connection.accept().await {
        answer(respond);
    }
}

async fn call(client: &EchoClient) -> Result<String, Status> {
    within("an outcome", client.unary("hi".to_owned()).into_future()).await.map(|response| response.into_inner())
}

#[tokio::test]
async fn goaway() {
    let (addr, accepted) = server(h2::server::Builder::new(), |_, mut connection| async move {
        if let Some(Ok((_, respond))) = connection.accept().await {
            answer(respond);
            connection.graceful_shutdown();
        }
        answer_all(connection).await;
    })
    .await;
    let (client, _channel) = client(addr);
    for connections in 1..=3 {
        assert_eq!(call(&client).await.unwrap(), "hi");
        assert_eq!(accepted.load(Ordering::SeqCst), connections);
        // The client needs a moment to hear of it; a call until then is sent elsewhere by the channel itself.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn goaway_with_an_error_says_why() {
    let (addr, _) = server(h2::server::Builder::new(), |_, mut connection| async move {
        let _call = connection.accept().await;
        connection.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM);
        let _ = poll_fn(|cx| connection.poll_closed(cx)).await;
    })
    .await;
    let error = call(&client(addr).0).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(error.message().starts_with(&format!("the connection to {addr} broke: ")), "{error}");
}

/// What a client makes of an answer that is reset after so many bytes of its message.
async fn reset_after(bytes: Option<usize>, reason: Reason) -> Status {
    let (addr, accepted) = server(h2::server::Builder::new(), move |_, mut connection| async move {
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            let mut stream = respond.send_response(head(), false).unwrap();
            if let Some(bytes) = bytes {
                stream.send_data(Bytes::from_static(&MESSAGE[..bytes]), false).unwrap();
            }
            tokio::spawn(async move {
                // So that the frames before it are not dropped.
                tokio::time::sleep(Duration::from_millis(50)).await;
                stream.send_reset(reason);
            });
        }
    })
    .await;
    let (client, _channel) = client(addr);
    let error = call(&client).await.unwrap_err();
    call(&client).await.unwrap_err();
    assert_eq!(accepted.load(Ordering::SeqCst), 1, "the connection is none the worse");
    error
}

#[tokio::test]
async fn resets() {
    for (bytes, reason, code) in [
        (None, Reason::NO_ERROR, Code::Internal),
        (Some(5), Reason::NO_ERROR, Code::Internal),
        (Some(MESSAGE.len()), Reason::NO_ERROR, Code::Internal),
        (None, Reason::CANCEL, Code::Cancelled),
        (Some(7), Reason::INTERNAL_ERROR, Code::Internal),
        (Some(MESSAGE.len()), Reason::ENHANCE_YOUR_CALM, Code::ResourceExhausted),
        (None, Reason::REFUSED_STREAM, Code::Unavailable),
    ] {
        let error = reset_after(bytes, reason).await;
        assert_eq!(error.code(), code, "{bytes:?} {reason}: {error}");
        assert!(error.message().starts_with("the peer reset the stream: "), "{bytes:?} {reason}: {error}");
    }
}

/// An answer without an end of its own is whole if its head says how long it is, or its stream has ended; to be asked to
/// send no more (RFC 9113, 8.1) does not make it so.
#[tokio::test]
async fn an_answer_that_is_cut_by_a_reset_without_an_error() {
    for (length, is_whole) in [(None, false), (Some("100"), false), (Some("4"), true)] {
        let (addr, _) = server(h2::server::Builder::new(), move |_, mut connection| async move {
            while let Some(Ok((_, mut respond))) = connection.accept().await {
                let mut head = Response::builder().header("content-type", "application/proto");
                if let Some(length) = length {
                    head = head.header("content-length", length);
                }
                let mut stream = respond.send_response(head.body(()).unwrap(), false).unwrap();
                stream.send_data(Bytes::from_static(&MESSAGE[5..]), false).unwrap();
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    stream.send_reset(Reason::NO_ERROR);
                });
            }
        })
        .await;
        let channel = Channel::connect(format!("http://{addr}")).unwrap();
        let client = EchoClient::new(Client::from(channel).protocol(Protocol::Connect));
        let answer = call(&client).await;
        assert_eq!(answer.is_ok(), is_whole, "{length:?}: {answer:?}");
    }
}

#[tokio::test]
async fn an_answer_of_another_length_than_its_head_says() {
    for (length, data) in [("10", &MESSAGE[5..]), ("3", &MESSAGE[5..])] {
        let (addr, _) = server(h2::server::Builder::new(), move |_, mut connection| async move {
            while let Some(Ok((_, mut respond))) = connection.accept().await {
                let head =
                    Response::builder().header("content-type", "application/proto").header("content-length", length);
                let mut stream = respond.send_response(head.body(()).unwrap(), false).unwrap();
                stream.send_data(Bytes::from_static(data), true).unwrap();
            }
        })
        .await;
        let channel = Channel::connect(format!("http://{addr}")).unwrap();
        let client = EchoClient::new(Client::from(channel).protocol(Protocol::Connect));
        let error = call(&client).await.unwrap_err();
        assert_eq!(error.code(), Code::Internal, "{length}: {error}");
        assert!(error.message().starts_with("the answer is not as long as its head says"), "{length}: {error}");
    }
}

#[tokio::test]
async fn ping() {
    let (addr, _) = server(h2::server::Builder::new(), |_, mut connection| async move {
        let mut pings = connection.ping_pong().unwrap();
        while let Some(Ok((_, respond))) = connection.accept().await {
            // Answers only once the client has.
            let ponged = pings.ping(h2::Ping::opaque());
            tokio::pin!(ponged);
            tokio::select! {
                pong = &mut ponged => drop(pong.unwrap()),
                _ = connection.accept() => panic!("another call"),
            }
            answer(respond);
        }
    })
    .await;
    let (client, _channel) = client(addr);
    for _ in 0..3 {
        assert_eq!(call(&client).await.unwrap(), "hi");
    }
}

#[tokio::test]
async fn max_streams() {
    let mut one = h2::server::Builder::new();
    one.max_concurrent_streams(1);
    let (addr, accepted) = server(one, |_, connection| answer_all(connection)).await;
    let (client, channel) = client(addr);
    assert_eq!(call(&client).await.unwrap(), "hi");
    for result in join_all((0..50).map(|_| call(&client))).await {
        assert_eq!(result.unwrap(), "hi");
    }
    assert_eq!(accepted.load(Ordering::SeqCst), 1);
    assert_eq!(channel.figures().queued, 0);
}

#[tokio::test]
async fn a_server_that_is_gone_as_soon_as_it_is_there_is_not_asked_without_a_pause() {
    let (addr, accepted) = server(h2::server::Builder::new(), |_, mut connection| async move {
        connection.abrupt_shutdown(Reason::NO_ERROR);
        let _ = poll_fn(|cx| connection.poll_closed(cx)).await;
    })
    .await;
    let builder = Channel::builder("http://service").resolver(vec![rsgrpc::client::channel::Endpoint::new(addr)]);
    let channel = builder.load_balancing(rsgrpc::client::channel::LoadBalancing::RoundRobin).build().unwrap();
    let client = EchoClient::new(channel);
    let call = client.unary(String::new()).timeout(Duration::from_millis(500)).await;
    let error = call.unwrap_err();
    let why = format!("the connection to {addr} broke: the server said that it goes away (GOAWAY, NO_ERROR)");
    assert!(error.message().ends_with(&why), "{error}");
    assert!(accepted.load(Ordering::SeqCst) <= 2, "{accepted:?}");
}

/// A server that knows at once how a call ends, and says so in the head, though a body follows.
#[cfg(feature = "gzip")]
#[tokio::test]
async fn a_body_behind_a_status_is_read_as_its_head_says() {
    let (addr, _) = server(h2::server::Builder::new(), |_, mut connection| async move {
        let mut types = ["application/grpc", "text/html"].into_iter();
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            let head = Response::builder().header("content-type", types.next().unwrap());
            let head = head.header("grpc-encoding", "gzip").header("grpc-status", "9").header("grpc-message", "no");
            let mut stream = respond.send_response(head.body(()).unwrap(), false).unwrap();
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            std::io::Write::write_all(&mut encoder, &MESSAGE[5..]).unwrap();
            let packed = encoder.finish().unwrap();
            let framed = [&[1][..], &(packed.len() as u32).to_be_bytes(), &packed].concat();
            stream.send_data(framed.into(), false).unwrap();
            let mut trailers = HeaderMap::new();
            trailers.insert("grpc-status", "0".parse().unwrap());
            stream.send_trailers(trailers).unwrap();
        }
    })
    .await;
    let (client, _channel) = client(addr);
    assert_eq!(call(&client).await.unwrap(), "hi");
    // A body that is none of gRPC says nothing about the call.
    let error = call(&client).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::FailedPrecondition, "no"));
}

/// Calls beyond the server's limit of streams wait in the channel and keep nothing of the connection's window (h2#853,
/// where those that waited had all of it), and neither do uploads that are given up.
#[tokio::test]
async fn what_waits_for_a_stream_takes_no_window() {
    let mut settings = h2::server::Builder::new();
    settings.max_concurrent_streams(4).initial_window_size(20_000);
    let (addr, _) = server(settings, |_, mut connection| async move {
        while let Some(Ok((request, respond))) = connection.accept().await {
            tokio::spawn(async move {
                let mut body = request.into_body();
                while let Some(Ok(data)) = body.data().await {
                    tokio::task::yield_now().await;
                    let _ = body.flow_control().release_capacity(data.len());
                }
                if body.is_end_stream() {
                    answer(respond);
                }
            });
        }
    })
    .await;
    let (client, _channel) = client(addr);
    // The window of the connection holds less than one.
    let text = "x".repeat(100_000);
    let call = |number: usize| {
        let (client, text) = (&client, text.clone());
        async move {
            let call = client.unary(text).into_future();
            if !number.is_multiple_of(3) {
                assert_eq!(call.await.unwrap().into_inner(), "hi");
            } else {
                let _ = tokio::time::timeout(Duration::from_millis(number as u64), call).await;
            }
        }
    };
    within("all of them", join_all((0..60).map(call))).await;
}

#[tokio::test]
async fn a_head_beyond_all_measure_is_named_by_each_call_that_it_ends() {
    let (addr, _) = server(h2::server::Builder::new(), |_, mut connection| async move {
        let held = connection.accept().await;
        if let Some(Ok((_, mut respond))) = connection.accept().await {
            let head = Response::builder().header("content-type", "application/grpc");
            let _ = respond.send_response(head.header("large", "x".repeat(70_000)).body(()).unwrap(), true);
        }
        let _ = poll_fn(|cx| connection.poll_closed(cx)).await;
        drop(held);
    })
    .await;
    let (client, _channel) = client(addr);
    let why = "a head or trailers of the server are larger than four times the 16384 bytes that the channel takes \
               (max_header_bytes)";
    for result in join_all([call(&client), call(&client)]).await {
        let error = result.unwrap_err();
        assert_eq!(error.code(), Code::Unavailable);
        assert_eq!(error.message(), format!("the connection to {addr} broke: {why}"));
    }
}

#[tokio::test]
async fn answers_that_mean_nothing_are_told_in_words() {
    for (names, code, message) in [
        (
            &[("content-type", "application/grpc"), ("grpc-status", "soon"), ("grpc-message", "why")][..],
            Code::Unknown,
            r#"the server ended the call with grpc-status "soon", which is no number: why"#,
        ),
        (
            &[("content-type", "text/html")],
            Code::Unknown,
            r#"the server answered with content-type "text/html", not with application/grpc"#,
        ),
        (&[], Code::Unknown, "the server answered without a content-type, not with application/grpc"),
    ] {
        let (addr, _) = server(h2::server::Builder::new(), move |_, mut connection| async move {
            while let Some(Ok((_, mut respond))) = connection.accept().await {
                let head = names.iter().fold(Response::builder(), |head, (name, value)| head.header(*name, *value));
                let _ = respond.send_response(head.body(()).unwrap(), true);
            }
        })
        .await;
        let error = call(&client(addr).0).await.unwrap_err();
        assert_eq!((error.code(), error.message()), (code, message));
    }
}

/// What the docs of `max_header_bytes` say of h2, which does not tell.
#[tokio::test]
async fn trailers_beyond_the_limit_are_cut() {
    let (addr, _) = server(h2::server::Builder::new(), |_, mut connection| async move {
        let mut orders = [["grpc-status", "large"], ["large", "grpc-status"]].into_iter();
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            let mut stream = respond.send_response(head(), false).unwrap();
            stream.send_data(Bytes::from_static(MESSAGE), false).unwrap();
            let mut trailers = HeaderMap::new();
            for name in orders.next().unwrap() {
                let value = if name == "large" { "x".repeat(20_000) } else { "0".to_owned() };
                trailers.insert(name, value.parse().unwrap());
            }
            stream.send_trailers(trailers).unwrap();
        }
    })
    .await;
    let (client, _channel) = client(addr);
    assert_eq!(call(&client).await.unwrap(), "hi");
    assert_eq!(call(&client).await.unwrap_err().code(), Code::Internal);
}

/// What a connection begins with: SETTINGS with the window of a stream (4), and a WINDOW_UPDATE for what the connection's has
/// more than the first 65,535 bytes.
#[tokio::test]
async fn windows_are_announced() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = format!("http://{}", listener.local_addr().unwrap());
    let wide = Channel::builder(&target).windows(1 << 20, 3 << 20);
    for (builder, stream, connection) in
        [(Channel::builder(&target), 512u32 << 10, 16u32 << 20), (wide, 1u32 << 20, 3u32 << 20)]
    {
        let client = EchoClient::new(builder.build().unwrap());
        let call = tokio::spawn(async move { client.unary(String::new()).await });
        let (mut socket, _) = listener.accept().await.unwrap();
        let more = (connection - 65_535).to_be_bytes();
        let mut awaited =
            vec![[&[0, 4][..], &stream.to_be_bytes()].concat(), [&[8, 0, 0, 0, 0, 0][..], &more].concat()];
        let mut said = Vec::new();
        while !awaited.is_empty() {
            assert_ne!(within("more", socket.read_buf(&mut said)).await.unwrap(), 0, "{awaited:?} is not in {said:?}");
            awaited.retain(|wanted| !said.windows(wanted.len()).any(|part| part == wanted));
        }
        call.abort();
    }
}
