//! What rsgrpc's client checks of a server that speaks for another implementation.

use std::{error::Error, fmt::Debug, pin::Pin, time::Duration};

use futures_util::{StreamExt, stream};
use rsgrpc::{
    Channel, Client, Code, ResponseExt, Status, StatusExt, Streaming, google::rpc::BadRequest, metadata::MetadataMap,
};

use crate::proto::ours::{Answer, CancelledRequest, PeersClient, Question};

/// Why a check failed.
pub type Failure = Box<dyn Error + Send + Sync>;

/// What the server under test can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trailers {
    /// It sends trailing metadata after calls that end well.
    Full,
    /// It cannot, and `echo-bin` comes back as a header.
    OnlyWithErrors,
}

type Check = fn(PeersClient) -> Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>>;

const CHECKS: &[(&str, Check)] = &[
    ("unary", |client| Box::pin(unary(client))),
    ("server stream", |client| Box::pin(server_stream(client))),
    ("client stream", |client| Box::pin(client_stream(client))),
    ("bidi", |client| Box::pin(bidi(client))),
    ("header", |client| Box::pin(header(client))),
    ("error details", |client| Box::pin(error_details(client))),
    ("error in a stream", |client| Box::pin(error_in_a_stream(client))),
    ("deadline", |client| Box::pin(deadline(client))),
    ("deadline of a stream", |client| Box::pin(deadline_of_a_stream(client))),
    ("cancellation", |client| Box::pin(cancellation(client))),
    ("cancellation of a stream", |client| Box::pin(cancellation_of_a_stream(client))),
];

/// Runs every check, each on a connection of its own, and returns what failed as `name: why`.
///
/// # Errors
/// The address is not one.
pub async fn run(address: &str, trailers: Trailers) -> Result<Vec<String>, Failure> {
    run_with(|| Ok(Channel::connect(address)?.into()), trailers).await
}

/// The same with a client for each check.
///
/// # Errors
/// There is no client.
pub async fn run_with(
    client: impl Fn() -> Result<Client, Failure>,
    trailers: Trailers,
) -> Result<Vec<String>, Failure> {
    let mut failures = Vec::new();
    let trailer_check: (&str, Check) = match trailers {
        Trailers::Full => ("trailer", |client| Box::pin(trailer(client))),
        Trailers::OnlyWithErrors => ("binary header", |client| Box::pin(binary_header(client))),
    };
    for (name, check) in CHECKS.iter().chain([&trailer_check]) {
        let client = PeersClient::new(client()?);
        let done = tokio::time::timeout(Duration::from_secs(20), check(client)).await;
        if let Err(failure) = done.unwrap_or_else(|_| Err("it hung".into())) {
            failures.push(format!("{name}: {failure}"));
        }
    }
    Ok(failures)
}

async fn unary(client: PeersClient) -> Result<(), Failure> {
    let answer = client.unary(question("hello")).await?.into_inner();
    same("the answer", &answer, &Answer { text: "hello".to_owned(), remaining_ms: None })
}

async fn server_stream(client: PeersClient) -> Result<(), Failure> {
    let answers = client.server_stream(Question { answers: 3, ..question("again") }).await?.into_inner();
    same("the answers", &texts(answers).await?, &["again"; 3].map(str::to_owned).to_vec())
}

async fn client_stream(client: PeersClient) -> Result<(), Failure> {
    let answer = client.client_stream(stream::iter(["a", "b", "c"].map(question))).await?.into_inner();
    same("the answer", &answer.text.as_str(), &"a b c")
}

/// Each question is sent only once the one before is answered: nothing may be held back. The first goes ahead of the
/// call: the call is there when the head of its answer is, and a server may keep that until it has a message.
async fn bidi(client: PeersClient) -> Result<(), Failure> {
    let (send, receive) = tokio::sync::mpsc::unbounded_channel();
    let questions = stream::unfold(receive, |mut receive| async { Some((receive.recv().await?, receive)) });
    send.send(question("one"))?;
    let mut answers = client.bidi(questions).await?.into_inner();
    for (text, next) in [("one", "two"), ("two", "three"), ("three", "four")] {
        let answer = answers.message().await?.ok_or("the answers ended early")?;
        same("the answer", &answer.text.as_str(), &text)?;
        send.send(question(next))?;
    }
    let answer = answers.message().await?.ok_or("the answers ended early")?;
    same("the last answer", &answer.text.as_str(), &"four")?;
    drop(send);
    same("the end", &answers.message().await?, &None)
}

async fn header(client: PeersClient) -> Result<(), Failure> {
    let response = client.unary(question("x")).metadata("echo-text", "a b").await?;
    same("the header", &text_of(response.metadata()).as_deref(), &Some("a b"))?;
    let response = client.server_stream(question("x")).metadata("echo-text", "c").await?;
    same("the header of a server stream", &text_of(response.metadata()).as_deref(), &Some("c"))?;
    let response = client.client_stream(stream::iter([question("x")])).metadata("echo-text", "d").await?;
    same("the header of a client stream", &text_of(response.metadata()).as_deref(), &Some("d"))?;
    let response = client.bidi(stream::iter([question("x")])).metadata("echo-text", "e").await?;
    same("the header of streams both ways", &text_of(response.metadata()).as_deref(), &Some("e"))
}

const BYTES: &[u8] = &[0, 1, 0xfe, 0xff];

async fn trailer(client: PeersClient) -> Result<(), Failure> {
    let response = client.unary(question("x")).metadata_bin("echo-bin", BYTES).await?;
    same("the trailer", &bytes_of(&response.trailers()).as_deref(), &Some(BYTES))?;
    let call = client.server_stream(Question { answers: 1, ..question("x") });
    let answers = call.metadata_bin("echo-bin", BYTES).await?.into_inner();
    same("the trailer of a server stream", &trailing(answers).await?.as_deref(), &Some(BYTES))?;
    let call = client.client_stream(stream::iter([question("x")]));
    let response = call.metadata_bin("echo-bin", BYTES).await?;
    same("the trailer of a client stream", &bytes_of(&response.trailers()).as_deref(), &Some(BYTES))?;
    let call = client.bidi(stream::iter([question("x")]));
    let answers = call.metadata_bin("echo-bin", BYTES).await?.into_inner();
    same("the trailer of streams both ways", &trailing(answers).await?.as_deref(), &Some(BYTES))
}

async fn trailing(mut answers: Streaming<Answer>) -> Result<Option<Vec<u8>>, Failure> {
    while answers.message().await?.is_some() {}
    Ok(bytes_of(&answers.trailers().await?))
}

async fn binary_header(client: PeersClient) -> Result<(), Failure> {
    let response = client.unary(question("x")).metadata_bin("echo-bin", BYTES).await?;
    same("the header", &bytes_of(response.metadata()).as_deref(), &Some(BYTES))
}

async fn error_details(client: PeersClient) -> Result<(), Failure> {
    let failed = client.unary(Question { fail: true, ..question("why") }).await;
    refused(&failed.err().ok_or("the call should fail")?)
}

async fn error_in_a_stream(client: PeersClient) -> Result<(), Failure> {
    let questions = [question("fine"), Question { fail: true, ..question("why") }];
    let mut answers = client.bidi(stream::iter(questions)).await?.into_inner();
    same("the first answer", &answers.message().await?.map(|answer| answer.text).as_deref(), &Some("fine"))?;
    refused(&answers.message().await.err().ok_or("the stream should fail")?)
}

async fn deadline(client: PeersClient) -> Result<(), Failure> {
    let answer = client.unary(question("x")).timeout(Duration::from_secs(30)).await?.into_inner();
    let left = answer.remaining_ms.ok_or("the handler saw no deadline")?;
    if !(20_000..=30_000).contains(&left) {
        return Err(format!("the handler saw {left} ms of 30,000").into());
    }
    let late = client.unary(Question { sleep_ms: 60_000, ..question("x") }).timeout(Duration::from_millis(200)).await;
    same("the code", &late.map(|_| ()).map_err(|status| status.code()), &Err(Code::DeadlineExceeded))
}

async fn deadline_of_a_stream(client: PeersClient) -> Result<(), Failure> {
    let (first, second) = (question("x"), Question { sleep_ms: 60_000, ..question("y") });
    let call = client.bidi(stream::iter([first, second])).timeout(Duration::from_millis(500));
    let mut answers = call.await?.into_inner();
    same("the first answer", &answers.message().await?.map(|answer| answer.text).as_deref(), &Some("x"))?;
    let late = answers.message().await;
    same("the code", &late.map(|_| ()).map_err(|status| status.code()), &Err(Code::DeadlineExceeded))
}

async fn cancellation(client: PeersClient) -> Result<(), Failure> {
    let before = cancelled(&client).await?;
    let call = client.unary(Question { sleep_ms: 60_000, ..question("x") });
    if tokio::time::timeout(Duration::from_millis(300), call).await.is_ok() {
        return Err("the call should still be going on".into());
    }
    more_cancelled(&client, before).await
}

async fn cancellation_of_a_stream(client: PeersClient) -> Result<(), Failure> {
    let before = cancelled(&client).await?;
    let (first, second) = (question("x"), Question { sleep_ms: 60_000, ..question("y") });
    // The questions do not end, so that only the dropped call can tell the server.
    let mut answers = client.bidi(stream::iter([first, second]).chain(stream::pending())).await?.into_inner();
    same("the first answer", &answers.message().await?.map(|answer| answer.text).as_deref(), &Some("x"))?;
    tokio::time::sleep(Duration::from_millis(200)).await;
    drop(answers);
    more_cancelled(&client, before).await
}

/// Waits until the server knows of one more call that was given up.
async fn more_cancelled(client: &PeersClient, before: u64) -> Result<(), Failure> {
    for _ in 0..50 {
        if cancelled(client).await? > before {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err("the server did not notice".into())
}

async fn cancelled(client: &PeersClient) -> Result<u64, Failure> {
    Ok(client.cancelled(CancelledRequest {}).await?.into_inner().calls)
}

fn refused(status: &Status) -> Result<(), Failure> {
    same("the code", &status.code(), &Code::InvalidArgument)?;
    same("the message", &status.message(), &"no ☃ today")?;
    let detail: BadRequest = status.detail().ok_or("no google.rpc.BadRequest")?;
    let violations: Vec<_> = detail.field_violations.iter().map(|one| (&*one.field, &*one.description)).collect();
    same("the violations", &violations, &vec![("text", "why")])
}

async fn texts(mut answers: Streaming<Answer>) -> Result<Vec<String>, Failure> {
    let mut texts = Vec::new();
    while let Some(answer) = answers.message().await? {
        texts.push(answer.text);
    }
    Ok(texts)
}

fn question(text: &str) -> Question {
    Question { text: text.to_owned(), ..Question::default() }
}

fn text_of(metadata: &MetadataMap) -> Option<String> {
    Some(metadata.get("echo-text")?.to_str().ok()?.to_owned())
}

fn bytes_of(metadata: &MetadataMap) -> Option<Vec<u8>> {
    Some(metadata.get_bin("echo-bin")?.to_bytes().ok()?.to_vec())
}

fn same<T: PartialEq + Debug>(what: &str, got: &T, wanted: &T) -> Result<(), Failure> {
    if got == wanted {
        return Ok(());
    }
    Err(format!("{what}: {got:?} instead of {wanted:?}").into())
}
