//! tonic's client on our server.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use rsgrpc_peers::proto::tonic::{Answer, CancelledRequest, Question, peers_client::PeersClient};
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::{Code, Request, Status, metadata::MetadataValue, transport::Channel};
use tonic_types::StatusExt;

use crate::our_server;

async fn client() -> PeersClient<Channel> {
    PeersClient::connect(format!("http://{}", our_server().await)).await.unwrap()
}

fn question(text: &str) -> Question {
    Question { text: text.to_owned(), ..Question::default() }
}

#[tokio::test]
async fn unary() {
    let answer = client().await.unary(question("hello")).await.unwrap().into_inner();
    assert_eq!(answer, Answer { text: "hello".to_owned(), remaining_ms: None });
}

#[tokio::test]
async fn server_stream() {
    let question = Question { answers: 3, ..question("again") };
    let answers = client().await.server_stream(question).await.unwrap().into_inner();
    let texts: Vec<_> = answers.map(|answer| answer.unwrap().text).collect().await;
    assert_eq!(texts, ["again"; 3]);
}

#[tokio::test]
async fn client_stream() {
    let questions = stream::iter(["a", "b", "c"].map(question));
    let answer = client().await.client_stream(questions).await.unwrap().into_inner();
    assert_eq!(answer.text, "a b c");
}

/// Each question is sent only once the one before is answered: nothing may be held back.
#[tokio::test]
async fn bidi() {
    let (send, questions) = mpsc::unbounded_channel();
    let mut answers = client().await.bidi(UnboundedReceiverStream::new(questions)).await.unwrap().into_inner();
    for text in ["one", "two", "three"] {
        send.send(question(text)).unwrap();
        assert_eq!(answers.message().await.unwrap().unwrap().text, text);
    }
    drop(send);
    assert_eq!(answers.message().await.unwrap(), None);
}

#[tokio::test]
async fn metadata() {
    let mut client = client().await;
    let response = client.unary(with_metadata(question("x"))).await.unwrap();
    assert_eq!(response.metadata().get("echo-text").unwrap(), "a b");
    // tonic puts the trailers of a unary call among its metadata.
    assert_eq!(response.metadata().get_bin("echo-bin").unwrap().to_bytes().unwrap().as_ref(), BYTES);

    let response = client.server_stream(with_metadata(Question { answers: 1, ..question("x") })).await.unwrap();
    assert_eq!(response.metadata().get("echo-text").unwrap(), "a b");
    let mut answers = response.into_inner();
    let trailers = answers.trailers().await.unwrap().unwrap();
    assert_eq!(trailers.get_bin("echo-bin").unwrap().to_bytes().unwrap().as_ref(), BYTES);
}

const BYTES: &[u8] = &[0, 1, 0xfe, 0xff];

fn with_metadata<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("echo-text", "a b".parse().unwrap());
    request.metadata_mut().insert_bin("echo-bin", MetadataValue::from_bytes(BYTES));
    request
}

#[tokio::test]
async fn error_details() {
    let status = client().await.unary(Question { fail: true, ..question("why") }).await.unwrap_err();
    assert_refused(&status);
}

#[tokio::test]
async fn error_in_a_stream() {
    let questions = [question("fine"), Question { fail: true, ..question("why") }];
    let mut answers = client().await.bidi(stream::iter(questions)).await.unwrap().into_inner();
    assert_eq!(answers.message().await.unwrap().unwrap().text, "fine");
    assert_refused(&answers.message().await.unwrap_err());
}

fn assert_refused(status: &Status) {
    assert_eq!((status.code(), status.message()), (Code::InvalidArgument, "no ☃ today"));
    let detail = status.get_details_bad_request().unwrap();
    assert_eq!(detail.field_violations.len(), 1);
    assert_eq!((&*detail.field_violations[0].field, &*detail.field_violations[0].description), ("text", "why"));
}

#[tokio::test]
async fn deadline() {
    let mut client = client().await;
    let mut request = Request::new(question("x"));
    request.set_timeout(Duration::from_secs(30));
    let left = client.unary(request).await.unwrap().into_inner().remaining_ms.unwrap();
    assert!((20_000..=30_000).contains(&left), "{left}");
}

/// tonic's client does not wait for the answer, so it is the server that is asked whether it kept the deadline.
#[tokio::test]
async fn deadline_exceeded() {
    let mut client = client().await;
    let mut request = Request::new(Question { sleep_ms: 60_000, ..question("x") });
    request.set_timeout(Duration::from_millis(200));
    assert_eq!(client.unary(request).await.unwrap_err().code(), Code::Cancelled);
    assert_cancelled(client).await;
}

#[tokio::test]
async fn deadline_of_a_stream() {
    let (first, second) = (question("x"), Question { sleep_ms: 60_000, ..question("y") });
    let mut request = Request::new(stream::iter([first, second]));
    request.metadata_mut().insert("grpc-timeout", "500m".parse().unwrap());
    let mut answers = client().await.bidi(request).await.unwrap().into_inner();
    assert_eq!(answers.message().await.unwrap().unwrap().text, "x");
    assert_eq!(answers.message().await.unwrap_err().code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn cancellation() {
    let mut client = client().await;
    let call = client.unary(Question { sleep_ms: 60_000, ..question("x") });
    assert!(tokio::time::timeout(Duration::from_millis(300), call).await.is_err());
    assert_cancelled(client).await;
}

#[tokio::test]
async fn cancellation_of_a_stream() {
    let mut client = client().await;
    let (first, second) = (question("x"), Question { sleep_ms: 60_000, ..question("y") });
    // The questions have to end: tonic's client keeps the call for as long as it might send.
    let mut answers = client.bidi(stream::iter([first, second])).await.unwrap().into_inner();
    assert_eq!(answers.message().await.unwrap().unwrap().text, "x");
    tokio::time::sleep(Duration::from_millis(200)).await;
    drop(answers);
    assert_cancelled(client).await;
}

/// Waits until the server knows of the one call that was given up.
async fn assert_cancelled(mut client: PeersClient<Channel>) {
    for _ in 0..50 {
        if client.cancelled(CancelledRequest {}).await.unwrap().into_inner().calls == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the server did not notice");
}
