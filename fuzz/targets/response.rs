//! An answer that is written here gives a client of its protocol exactly the messages, the metadata and the status that
//! are in it; the status that our server sends is the one that our client gets; an error in JSON of Connect's means
//! what its fields say; and whatever a server answers, a client gets a result.

#![no_main]

use std::{
    cell::RefCell,
    convert::Infallible,
    future::{Ready, ready},
    ops::Range,
    sync::LazyLock,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, Request as HttpRequest, Response as HttpResponse};
use http_body::Frame;
use http_body_util::StreamBody;
use libfuzzer_sys::fuzz_target;
use rsgrpc::{Client, Code, Protocol, Request, Response, ResponseExt, Server, Status, StatusExt, json};
use rsgrpc_fuzz::{
    Input, block_on, fields,
    reply::{self, CODES, Failure, Parts, Reply},
    support::{Answer, Echo, EchoClient, EchoServer},
};

thread_local! {
    /// What the server answers. A call runs on the thread of its caller here.
    static SAID: RefCell<Vec<u8>> = RefCell::default();
    /// What it answers instead, once.
    static WRITTEN: RefCell<Option<HttpResponse<Body>>> = RefCell::default();
}

/// Answers with what was said, taken for a response.
#[derive(Clone)]
struct Says;

impl tonic::server::NamedService for Says {
    const NAME: &'static str = "test.Echo";
}

type Body = StreamBody<stream::Iter<std::vec::IntoIter<Result<Frame<Bytes>, Status>>>>;

impl<B> tower_service::Service<HttpRequest<B>> for Says {
    type Response = HttpResponse<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: HttpRequest<B>) -> Self::Future {
        ready(Ok(WRITTEN.take().unwrap_or_else(|| SAID.with_borrow(|said| response(said)))))
    }
}

/// Lets the next call be answered so.
fn write(parts: Parts) {
    let trailers = parts.trailers.map(Frame::trailers);
    let frames: Vec<_> = parts.body.into_iter().map(Frame::data).chain(trailers).map(Ok).collect();
    let mut response = HttpResponse::new(StreamBody::new(stream::iter(frames)));
    *response.status_mut() = http::StatusCode::from_u16(parts.status).expect("a status");
    *response.headers_mut() = parts.head;
    WRITTEN.set(Some(response));
}

/// A byte for the HTTP status, the head and the trailers as lines, then the body.
fn response(said: &[u8]) -> HttpResponse<Body> {
    let (&status, mut rest) = said.split_first().unwrap_or((&0, &[]));
    let (head, trailers): (_, HeaderMap) = (fields(&mut rest), fields(&mut rest));
    let frames = vec![Ok(Frame::data(Bytes::copy_from_slice(rest))), Ok(Frame::trailers(trailers))];
    let mut response = HttpResponse::new(StreamBody::new(stream::iter(frames)));
    *response.status_mut() = http::StatusCode::from_u16(200 + u16::from(status)).expect("100 to 999");
    *response.headers_mut() = head;
    response
}

/// Fails with what was said, taken for a status.
struct Fails;

impl Echo for Fails {
    async fn unary(&self, _: Request<String>) -> Answer<String> {
        Err(SAID.with_borrow(|said| status(said)))
    }

    async fn down(
        &self,
        request: Request<String>,
    ) -> Answer<impl rsgrpc::codegen::Stream<Item = Result<String, Status>> + Send> {
        let messages = request.into_inner().chars().map(|c| Ok(c.to_string())).collect::<Vec<_>>();
        let status = SAID.with_borrow(|said| status(said));
        Ok(Response::new(stream::iter(messages.into_iter().chain([Err(status)]))))
    }
}

/// A byte for the code, one for the length of the message, the message, then the details.
fn status(said: &[u8]) -> Status {
    let Some((&[code, length], rest)) = said.split_first_chunk::<2>() else { return Status::unknown("") };
    let (message, details) = rest.split_at(rest.len().min(usize::from(length)));
    let code = Code::from_i32(1 + i32::from(code % 16));
    let details = Bytes::copy_from_slice(&details[..details.len().min(4096)]);
    Status::with_details(code, String::from_utf8_lossy(message), details)
}

/// One for each protocol, in protobuf and in JSON.
type Clients = LazyLock<Vec<EchoClient>>;

static SAYS: Clients =
    LazyLock::new(|| clients(&Server::builder().add_tonic_service(Says).build().expect("a server").into()));
static FAILS: Clients = LazyLock::new(|| clients(&EchoServer::new(Fails).into()));

const PROTOCOLS: [Protocol; 4] = [Protocol::Grpc, Protocol::GrpcWeb, Protocol::Connect, Protocol::GrpcWebText];

fn clients(client: &Client) -> Vec<EchoClient> {
    let both = |client: Client| [client.clone(), client.json(json::Options::new())];
    PROTOCOLS.into_iter().flat_map(|protocol| both(client.clone().protocol(protocol))).map(EchoClient::new).collect()
}

// The first byte chooses the client, and what to do with the others.
fuzz_target!(|data: &[u8]| {
    let Some((&mode, said)) = data.split_first() else { return };
    let (is_written, mode, client) = (mode / 24 % 2 == 1, mode % 3, usize::from(mode / 3) % SAYS.len());
    SAID.with_borrow_mut(|bytes| said.clone_into(bytes));
    block_on(async {
        let outcome = match (is_written, mode) {
            (false, 0) => SAYS[client].unary(String::new()).await.map(drop),
            (false, 1) => stream(&SAYS[client]).await,
            (false, _) => fails(client, said).await,
            (true, 0) => unary_reply(client, said).await,
            (true, 1) => stream_reply(client, said).await,
            (true, _) => error_json(client, said).await,
        };
        if let Err(status) = outcome {
            assert_ne!(status.code(), Code::Ok);
            status.any_details();
        }
    });
});

/// Both sides are ours.
async fn fails(client: usize, said: &[u8]) -> Result<(), Status> {
    let sent = status(said);
    let mut ends = vec![FAILS[client].unary(String::new()).await.expect_err("it fails")];
    let (messages, end) = collect(FAILS[client].down("ab".to_owned()).await).await;
    assert_eq!(messages, ["a", "b"]);
    ends.push(end.expect_err("it fails"));
    for got in &ends {
        assert_eq!(sent.code(), got.code());
        assert!(is_message(sent.message(), got.message()), "{sent:?}\n{got:?}");
        // Connect has the details one by one, so only those that are details arrive.
        if CONNECT.contains(&client) {
            assert_eq!(types(&sent), types(got));
            assert_eq!(sent.message(), got.message());
        } else {
            assert_eq!(sent.details(), got.details());
        }
    }
    Err(ends.swap_remove(0))
}

/// All messages of a stream, and how it ends.
async fn collect(
    call: Result<Response<rsgrpc::Streaming<String>>, Status>,
) -> (Vec<String>, Result<rsgrpc::metadata::MetadataMap, Status>) {
    let mut messages = Vec::new();
    let mut stream = match call {
        Ok(response) => response.into_inner(),
        Err(status) => return (messages, Err(status)),
    };
    loop {
        match stream.message().await {
            Ok(Some(message)) => messages.push(message),
            Ok(None) => return (messages, stream.trailers().await),
            Err(status) => return (messages, Err(status)),
        }
    }
}

async fn unary_reply(client: usize, said: &[u8]) -> Result<(), Status> {
    let (reply, parts) = Reply::read(PROTOCOLS[client / 2], client % 2 == 1, true, &mut Input::new(said));
    write(parts);
    let result = SAYS[client].unary(String::new()).await;
    if reply.breaks_off || (reply.failure.is_none() && reply.messages.len() != 1) {
        return Err(result.expect_err("it is no answer"));
    }
    if reply.failure.is_some() {
        let status = result.expect_err("it fails");
        // Of such a call there is nowhere else to look for the metadata of the head, and Connect has all of it there.
        let join = if CONNECT.contains(&client) { reply::concatenated } else { reply::joined };
        is_failure(&reply, &status, join(&reply.initial, &reply.trailing));
        return Err(status);
    }
    let response = result.expect("it ends well");
    assert_eq!(*response.get_ref(), reply.messages[0]);
    assert_eq!(reply::fields(response.metadata()), reply.initial);
    assert_eq!(reply::fields(&response.trailers()), reply.trailing);
    Ok(())
}

async fn stream_reply(client: usize, said: &[u8]) -> Result<(), Status> {
    let (reply, parts) = Reply::read(PROTOCOLS[client / 2], client % 2 == 1, false, &mut Input::new(said));
    write(parts);
    let call = SAYS[client].down(String::new()).await;
    if let Ok(response) = &call
        && !reply.is_trailers_only
    {
        assert_eq!(reply::fields(response.metadata()), reply.initial);
    }
    let (messages, end) = collect(call).await;
    if reply.breaks_off {
        // Of a text, as much is decoded at once as has arrived.
        let is_text = PROTOCOLS[client / 2] == Protocol::GrpcWebText;
        assert!(messages == reply.messages || is_text && reply.messages.starts_with(&messages), "{reply:?}");
        return Err(end.expect_err("it breaks off"));
    }
    assert_eq!(messages, reply.messages);
    if reply.failure.is_some() {
        let status = end.expect_err("it fails");
        is_failure(&reply, &status, reply.trailing.clone());
        return Err(status);
    }
    assert_eq!(reply::fields(&end.expect("it ends well")), reply.trailing);
    Ok(())
}

fn is_failure(reply: &Reply, status: &Status, metadata: reply::Fields) {
    assert_eq!(Some(failure_of(status)), reply.failure);
    assert_eq!(reply::fields(status.metadata()), metadata);
}

fn failure_of(status: &Status) -> Failure {
    Failure { code: status.code(), message: status.message().to_owned(), details: status.any_details() }
}

/// A byte for the HTTP status, then the body: an error of Connect's, or anything else. A client of another protocol
/// does with it whatever it likes.
async fn error_json(client: usize, said: &[u8]) -> Result<(), Status> {
    let (&http, body) = said.split_first().unwrap_or((&0, &[]));
    let value = serde_json::from_slice::<serde_json::Value>(body);
    // What is said twice, or deeper than anybody looks, serde and we read differently.
    let value = value.ok().filter(|value| depth(value) < 90);
    let body = value.as_ref().map_or_else(|| body.to_vec(), |value| serde_json::to_vec(value).expect("JSON"));
    let status = 400 + u16::from(http) % 200;
    let head =
        http::HeaderMap::from_iter([(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"))]);
    write(Parts { status, head, body: vec![body.into()], trailers: None });
    let got = SAYS[client].unary(String::new()).await.expect_err("an error");
    if let Some(value) = value
        && CONNECT.contains(&client)
    {
        let otherwise = match status {
            400 => Code::Internal,
            401 => Code::Unauthenticated,
            403 => Code::PermissionDenied,
            404 => Code::Unimplemented,
            429 | 502..=504 => Code::Unavailable,
            _ => Code::Unknown,
        };
        match error_of(&value, otherwise) {
            Some(failure) => assert_eq!(failure_of(&got), failure, "{value}"),
            None => assert_eq!((got.code(), got.any_details()), (otherwise, Vec::new()), "{value}"),
        }
    }
    Err(got)
}

fn depth(value: &serde_json::Value) -> usize {
    use serde_json::Value::{Array, Object};
    match value {
        Array(values) => 1 + values.iter().map(depth).max().unwrap_or(0),
        Object(values) => 1 + values.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// What an error in JSON says; `None` if it has no part of one, or a code or message that is no text.
fn error_of(value: &serde_json::Value, otherwise: Code) -> Option<Failure> {
    use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
    use serde_json::Value;
    let error = value.as_object()?;
    if !["code", "message", "details"].iter().any(|part| error.contains_key(*part)) {
        return None;
    }
    let text = |of: &serde_json::Map<String, Value>, name: &str| match of.get(name) {
        None | Some(Value::Null) => Some(String::new()),
        Some(Value::String(text)) => Some(text.clone()),
        Some(_) => None,
    };
    // One that cannot be read is left out.
    let detail = |detail: &Value| {
        let (name, value) = (detail.get("type")?.as_str()?, detail.get("value")?.as_str()?);
        let bare = value.trim_end_matches('=');
        let is_padded = value.len() == bare.len() || value.len() == bare.len().next_multiple_of(4);
        let value = STANDARD_NO_PAD.decode(bare).ok().filter(|_| is_padded)?;
        Some(prost_types::Any { type_url: format!("type.googleapis.com/{name}"), value })
    };
    let code = text(error, "code")?;
    let code = CODES.iter().position(|name| *name == code).map_or(otherwise, |at| Code::from_i32(at as i32 + 1));
    let details = match error.get("details") {
        Some(Value::Array(details)) => details.iter().filter_map(detail).collect(),
        _ => Vec::new(),
    };
    Some(Failure { code, message: text(error, "message")?, details })
}

/// The clients that speak Connect.
const CONNECT: Range<usize> = 4..6;

/// The details, of whose types Connect leaves out who defines them.
fn types(status: &Status) -> Vec<(String, Vec<u8>)> {
    let details = status.any_details().into_iter();
    details.map(|any| (any.type_url.rsplit('/').next().unwrap_or_default().to_owned(), any.value)).collect()
}

async fn stream(client: &EchoClient) -> Result<(), Status> {
    let mut messages = client.down(String::new()).await?.into_inner();
    while messages.message().await?.is_some() {}
    messages.trailers().await.map(drop)
}

/// Whether this is what arrives of a message: one that is longer than 2 KiB when it is escaped is cut.
fn is_message(sent: &str, got: &str) -> bool {
    let is_cut = sent.len() > LEAST && got.len() > LEAST && sent.starts_with(got.trim_end_matches('\u{fffd}'));
    sent == got || is_cut
}

/// More bytes than these arrive uncut, as an escape is three times as long as what it stands for: four are kept for spaces,
/// and a character that does not fit is no longer than twelve.
const LEAST: usize = (2048 - 4 - 11) / 3;
