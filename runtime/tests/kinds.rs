//! The four kinds of call, over TCP, over a Unix socket and in process.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use futures_util::{StreamExt, TryStreamExt, stream};
use rsgrpc::{Channel, Code, Request, Response, ResponseExt, Server, Status, Streaming, codegen::Stream};
use support::{Answer, Echo, EchoClient, EchoServer};

struct Repeater {
    greeting: String,
}

impl Echo for Repeater {
    async fn unary(&self, request: Request<String>) -> Answer<String> {
        let value = request.metadata().get("x-in").cloned();
        let binary = request.metadata().get_bin("x-in-bin").cloned();
        if request.get_ref() == "fail" {
            let mut status = Status::not_found("nothing \u{fc} here\n");
            status.metadata_mut().insert("x-why", "because".parse().unwrap());
            return Err(status);
        }
        let mut response = Response::new(format!("{} {}", self.greeting, request.into_inner()));
        let mut trailers = rsgrpc::metadata::MetadataMap::new();
        if let Some(value) = value {
            response.metadata_mut().insert("x-out", value.clone());
            trailers.insert("x-trailer", value);
        }
        if let Some(value) = binary {
            trailers.insert_bin("x-trailer-bin", value);
        }
        Ok(response.with_trailers(trailers))
    }

    async fn down(&self, request: Request<String>) -> Answer<impl Stream<Item = Result<String, Status>>> {
        let count: usize = request.into_inner().parse().map_err(|_| Status::invalid_argument("no number"))?;
        // Borrows the service.
        Ok(Response::new(stream::iter(0..count).map(move |i| Ok(format!("{} {i}", self.greeting)))))
    }

    async fn up(&self, request: Request<Streaming<String>>) -> Answer<String> {
        let all: Vec<String> = request.into_inner().try_collect().await?;
        Ok(Response::new(all.join(",")))
    }

    async fn both(&self, request: Request<Streaming<String>>) -> Answer<impl Stream<Item = Result<String, Status>>> {
        Ok(Response::new(request.into_inner().map_ok(|text| text.to_uppercase())))
    }
}

fn server() -> Server {
    Server::builder().add_service(EchoServer::new(Repeater { greeting: "hello".into() })).build().unwrap()
}

async fn clients() -> Vec<EchoClient> {
    let server = server();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let in_process = EchoClient::new(server.clone());
    let path = std::env::temp_dir().join(format!("rsgrpc-{}.sock", addr.port()));
    let _ = std::fs::remove_file(&path);
    let unix = tokio::net::UnixListener::bind(&path).unwrap();
    tokio::spawn(async move { server.serve_all([listener.into(), unix.into()], std::future::pending()).await });
    let tcp = Channel::connect(format!("http://{addr}")).unwrap();
    let unix = Channel::connect(format!("unix://{}", path.display())).unwrap();
    vec![in_process, EchoClient::new(tcp), EchoClient::new(unix)]
}

#[tokio::test]
async fn a_service_alone_stands_in_for_a_server() {
    struct Fake;
    impl Echo for Fake {
        async fn unary(&self, _: Request<String>) -> Answer<String> {
            Ok(Response::new("fake".to_owned()))
        }
    }
    let client = EchoClient::new(EchoServer::new(Fake));
    assert_eq!(client.unary(String::new()).await.unwrap().into_inner(), "fake");
    assert_eq!(client.up(stream::empty()).await.unwrap_err().code(), Code::Unimplemented);
}

#[tokio::test]
async fn unary() {
    for client in clients().await {
        let call = client.unary("you".to_owned()).metadata("x-in", "7").metadata_bin("x-in-bin", &[0, 255]);
        let response = call.await.unwrap();
        assert_eq!(response.get_ref(), "hello you");
        assert_eq!(response.metadata().get("x-out").unwrap(), "7");
        assert_eq!(response.trailers().get("x-trailer").unwrap(), "7");
        assert_eq!(response.trailers().get_bin("x-trailer-bin").unwrap().to_bytes().unwrap()[..], [0, 255]);
    }
}

#[tokio::test]
async fn an_error_keeps_its_message_and_metadata() {
    for client in clients().await {
        let status = client.unary("fail".to_owned()).await.unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::NotFound, "nothing \u{fc} here\n"));
        assert_eq!(status.metadata().get("x-why").unwrap(), "because");
    }
}

#[tokio::test]
async fn server_streaming() {
    for client in clients().await {
        for count in [0, 1, 10_000] {
            let stream = client.down(count.to_string()).await.unwrap().into_inner();
            let all: Vec<String> = stream.try_collect().await.unwrap();
            assert_eq!(all.len(), count);
            assert!(all.iter().enumerate().all(|(i, text)| *text == format!("hello {i}")));
        }
        let status = client.down("x".to_owned()).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
    }
}

#[tokio::test]
async fn client_streaming() {
    for client in clients().await {
        let response = client.up(stream::iter((0..5000).map(|i| i.to_string()))).await.unwrap();
        assert_eq!(response.get_ref().split(',').count(), 5000);
    }
}

#[tokio::test]
async fn bidi_streaming_answers_while_the_caller_sends() {
    for client in clients().await {
        let (send, receive) = tokio::sync::mpsc::unbounded_channel::<String>();
        let requests =
            stream::unfold(receive, |mut receive| async { receive.recv().await.map(|item| (item, receive)) });
        let mut answers = client.both(requests).await.unwrap().into_inner();
        for word in ["a", "b", "c"] {
            send.send(word.to_owned()).unwrap();
            assert_eq!(answers.message().await.unwrap().unwrap(), word.to_uppercase());
        }
        drop(send);
        assert_eq!(answers.message().await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_message_too_large_to_send_says_so_for_every_kind() {
    for client in clients().await {
        let large = || "x".repeat(4 << 20);
        let many = || stream::iter(["first".to_owned(), large()]);
        let statuses = [
            client.unary(large()).await.unwrap_err(),
            client.down(large()).await.unwrap_err(),
            client.up(many()).await.unwrap_err(),
            match client.both(many()).await {
                Err(status) => status,
                Ok(response) => response.into_inner().try_collect::<Vec<_>>().await.unwrap_err(),
            },
        ];
        for status in statuses {
            assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
            assert!(status.message().starts_with("sending a message of 4194309 bytes"), "{status}");
        }
    }
}

#[tokio::test]
async fn metadata_that_cannot_be_sent_is_refused() {
    let client = EchoClient::new(server());
    for (key, value, why) in [
        ("k", "\u{fc}", "not printable ASCII"),
        ("k", "a\nb", "not printable ASCII"),
        ("k", "a\tb", "not printable ASCII"),
        ("K", "a", "lower-case key"),
        ("k-bin", "a", "without `-bin`"),
        ("a b", "a", "lower-case key"),
        ("", "a", "lower-case key"),
        ("host", "a", "belongs to HTTP"),
        ("grpc-timeout", "1S", "belongs to HTTP"),
        ("te", "a", "belongs to HTTP"),
    ] {
        let status = client.unary("hi".to_owned()).metadata(key, value).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{key:?} {value:?}");
        assert!(status.message().contains(why), "{key:?} {value:?}: {status}");
    }
    for key in ["k", "K-bin", "grpc-status-details-bin"] {
        let status = client.unary("hi".to_owned()).metadata_bin(key, b"\0").await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{key:?}");
    }
}

#[tokio::test]
async fn a_stream_ends_with_a_message_that_does_not_decode() {
    // To the service these are strings.
    let messages = stream::iter([1, 0, 2].map(|seconds| rsgrpc::prost_types::Duration { seconds, nanos: 0 }));
    let client: rsgrpc::Client = server().into();
    let call: rsgrpc::BidiStreamingCall<'_, _, String> = client.bidi_streaming(&support::ECHO.methods[3], messages);
    let mut received = call.await.unwrap().into_inner();
    assert_eq!(received.message().await.unwrap_err().code(), Code::Internal);
    assert_eq!(received.message().await.unwrap(), None);
}
