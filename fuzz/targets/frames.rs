//! A body gives the same messages, or fails alike, however it is cut into chunks.

#![no_main]

use std::sync::LazyLock;

use bytes::Bytes;
use futures_util::TryStreamExt;
use http::Request as HttpRequest;
use libfuzzer_sys::fuzz_target;
use rsgrpc::{Request, Response, Server, Streaming};
use rsgrpc_fuzz::{
    Whole, answer,
    support::{Answer, Echo, EchoServer},
};

const TYPES: [&str; 4] =
    ["application/grpc", "application/grpc-web", "application/grpc-web-text", "application/connect+proto"];
const TEXT: usize = 2;
const ENCODINGS: [&str; 4] = ["identity", "gzip", "deflate", "zstd"];

struct Join;

impl Echo for Join {
    async fn up(&self, request: Request<Streaming<String>>) -> Answer<String> {
        let messages: Vec<String> = request.into_inner().try_collect().await?;
        Ok(Response::new(format!("{messages:?}")))
    }
}

static SERVER: LazyLock<Server> = LazyLock::new(|| {
    let server = Server::builder().add_service(EchoServer::new(Join)).max_receive_message_bytes(4096);
    server.build().expect("a server")
});

// The first byte chooses protocol and encoding, the next four say where the body is cut.
fuzz_target!(|data: &[u8]| {
    let Some((&[mode, cuts @ ..], body)) = data.split_first_chunk::<5>() else { return };
    let (r#type, encoding) = (usize::from(mode) % 4, usize::from(mode) / 4 % 4);
    let body = Bytes::copy_from_slice(body);
    let read = |chunks| {
        let head = HttpRequest::post("/test.Echo/Up").version(http::Version::HTTP_2);
        let head = head.header("content-type", TYPES[r#type]).header("grpc-encoding", ENCODINGS[encoding]);
        let head = head.header("connect-content-encoding", ENCODINGS[encoding]);
        answer(&SERVER, head.body(chunks).expect("a request"))
    };
    let whole = read(vec![body.clone()]);
    check(r#type, &whole, read(cut(&body, cuts)));
    if body.len() <= 512 {
        check(r#type, &whole, read(body.chunks(1).map(Bytes::copy_from_slice).collect()));
    }
});

fn cut(body: &Bytes, cuts: [u8; 4]) -> Vec<Bytes> {
    let mut rest = body.clone();
    let mut chunks: Vec<_> = cuts.iter().map(|&cut| rest.split_to(rest.len().min(usize::from(cut)))).collect();
    chunks.push(rest);
    chunks
}

fn check(r#type: usize, whole: &Whole, cut: Whole) {
    if r#type == TEXT && (fails(whole) || fails(&cut)) {
        // How much of it is decoded before an error is found depends on how it arrives.
        assert!(fails(whole) && fails(&cut), "{whole:?}\n{cut:?}");
    } else {
        assert_eq!(*whole, cut);
    }
}

/// Whether an answer has no message.
fn fails(answer: &Whole) -> bool {
    !answer.body.starts_with(b"AAAA")
}
