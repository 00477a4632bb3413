//! Large messages are read by a thread that may take its time, and nobody can tell by anything else.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::thread::{self, ThreadId};

use prost::{
    DecodeError, Message,
    bytes::{Buf, BufMut},
    encoding::{DecodeContext, WireType, skip_field},
};
use rsgrpc::{
    Client, Code, Method, MethodKind, Request, Response, Server, Service, ServiceDescriptor, Status, Streaming,
    codegen::{Reply, ServerCall},
};

/// Knows by which thread it was read. On the wire it is a string, which is skipped; field 2 panics.
#[derive(Debug, Default)]
struct Read(Option<ThreadId>);

impl Message for Read {
    fn encode_raw(&self, _: &mut impl BufMut) {}

    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buf: &mut impl Buf,
        ctx: DecodeContext,
    ) -> Result<(), DecodeError> {
        assert!(tag != 2, "as asked");
        self.0 = Some(thread::current().id());
        skip_field(wire_type, tag, buf, ctx)
    }

    fn encoded_len(&self) -> usize {
        0
    }

    fn clear(&mut self) {}
}

static SERVICE: ServiceDescriptor = ServiceDescriptor {
    name: "test.Large",
    methods: &[
        Method::new("/test.Large/One", MethodKind::Unary),
        Method::new("/test.Large/Many", MethodKind::ClientStreaming),
    ],
    message_types: &[],
    file_descriptor_set: &[],
};

/// Answers for each message whether it was read by the thread that handles calls.
struct Large;

impl Service for Large {
    fn descriptor(&self) -> &'static ServiceDescriptor {
        &SERVICE
    }

    fn call(&self, method: usize, mut call: ServerCall) -> Reply {
        let here = |read: &Read| if read.0 == Some(thread::current().id()) { "here " } else { "elsewhere " };
        Box::pin(async move {
            let answer = if method == 0 {
                let request: Request<Read> = call.arrival().await.one()?;
                here(request.get_ref()).to_owned()
            } else {
                let request: Request<Streaming<Read>> = call.many();
                let (mut messages, mut answer) = (request.into_inner(), String::new());
                while let Some(message) = messages.message().await? {
                    answer.push_str(here(&message));
                }
                answer
            };
            call.reply(Response::new(answer))
        })
    }
}

fn client() -> Client {
    let server = Server::builder().add_service(Large).build().unwrap();
    Client::from(server).of(&SERVICE)
}

async fn one(text: String) -> Result<String, Status> {
    client().unary::<String, String>(&SERVICE.methods[0], text).await.map(Response::into_inner)
}

const LARGE: usize = 2 << 20;

#[tokio::test]
async fn what_is_large_is_read_elsewhere() {
    assert_eq!(one("x".repeat(1000)).await.unwrap(), "here ");
    assert_eq!(one("x".repeat(LARGE)).await.unwrap(), "elsewhere ");
}

#[tokio::test]
async fn messages_of_a_stream_keep_their_order() {
    let messages = [10, LARGE, 20, LARGE, LARGE, 30].map(|len| "x".repeat(len));
    let answer = client()
        .client_streaming::<_, String>(&SERVICE.methods[1], futures_util::stream::iter(messages))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer, "here elsewhere here elsewhere elsewhere here ");
}

/// Bytes that are as they are.
#[derive(Clone, PartialEq, Message)]
struct Broken {
    #[prost(bytes = "vec", tag = "1")]
    text: Vec<u8>,
    #[prost(fixed32, optional, tag = "2")]
    panics: Option<u32>,
}

#[tokio::test]
async fn what_cannot_be_read_elsewhere_is_an_error_all_the_same() {
    let broken = Broken { text: vec![b'x'; LARGE], panics: Some(1) };
    let status = client().unary::<Broken, String>(&SERVICE.methods[0], broken).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::Internal, "the handler panicked"));
}
