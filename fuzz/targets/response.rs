//! Whatever a server answers, a client gets a result; and the status that our server sends is the one that our client
//! gets.

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
use rsgrpc::{Client, Code, Protocol, Request, Server, Status, StatusExt, json};
use rsgrpc_fuzz::{
    block_on, fields,
    support::{Answer, Echo, EchoClient, EchoServer},
};

thread_local! {
    /// What the server answers. A call runs on the thread of its caller here.
    static SAID: RefCell<Vec<u8>> = RefCell::default();
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
        ready(Ok(SAID.with_borrow(|said| response(said))))
    }
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

fn clients(client: &Client) -> Vec<EchoClient> {
    let protocols = [Protocol::Grpc, Protocol::GrpcWeb, Protocol::Connect, Protocol::GrpcWebText];
    let both = |client: Client| [client.clone(), client.json(json::Options::new())];
    protocols.into_iter().flat_map(|protocol| both(client.clone().protocol(protocol))).map(EchoClient::new).collect()
}

// The first byte chooses the client, and what to do with the others.
fuzz_target!(|data: &[u8]| {
    let Some((&mode, said)) = data.split_first() else { return };
    let (mode, client) = (mode % 3, usize::from(mode / 3) % SAYS.len());
    SAID.with_borrow_mut(|bytes| said.clone_into(bytes));
    block_on(async {
        let outcome = match mode {
            0 => SAYS[client].unary(String::new()).await.map(drop),
            1 => stream(&SAYS[client]).await,
            _ => {
                let (sent, got) = (status(said), FAILS[client].unary(String::new()).await.expect_err("it fails"));
                assert_eq!(sent.code(), got.code());
                assert!(is_message(sent.message(), got.message()), "{sent:?}\n{got:?}");
                // Connect has the details one by one, so only those that are details arrive.
                if CONNECT.contains(&client) {
                    assert_eq!(types(&sent), types(&got));
                } else {
                    assert_eq!(sent.details(), got.details());
                }
                Err(got)
            }
        };
        if let Err(status) = outcome {
            assert_ne!(status.code(), Code::Ok);
            status.any_details();
        }
    });
});

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

/// As many bytes arrive uncut, as an escape is three times as long as what it stands for.
const LEAST: usize = 2048 / 3 - 3;
