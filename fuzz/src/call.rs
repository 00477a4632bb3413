//! Requests straight into a server, without a socket.

use std::{cell::RefCell, future::Future};

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, StreamBody};
use rsgrpc::{Server, Status};
use tower_service::Service;

/// A response that is complete.
#[derive(Debug, PartialEq)]
pub struct Whole {
    pub status: u16,
    pub head: HeaderMap,
    pub body: Bytes,
    pub trailers: Option<HeaderMap>,
}

impl Whole {
    /// The gRPC status, wherever it stands.
    pub fn code(&self) -> Option<&str> {
        let fields = self.trailers.as_ref().filter(|fields| fields.contains_key("grpc-status")).unwrap_or(&self.head);
        fields.get("grpc-status").map(|value| value.to_str().expect("digits"))
    }
}

/// Runs a future on the runtime of this thread, whose timers work.
pub fn block_on<F: Future>(future: F) -> F::Output {
    thread_local! {
        static RUNTIME: RefCell<tokio::runtime::Runtime> =
            RefCell::new(tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime"));
    }
    RUNTIME.with_borrow(|runtime| runtime.block_on(future))
}

/// The answer to a request whose body arrives in these chunks.
pub fn answer(server: &Server, request: Request<Vec<Bytes>>) -> Whole {
    block_on(async {
        let frames =
            |chunks: Vec<Bytes>| chunks.into_iter().map(|chunk| Ok::<_, Status>(http_body::Frame::data(chunk)));
        let request = request.map(|chunks| StreamBody::new(futures_util::stream::iter(frames(chunks))));
        let Ok(response) = server.clone().call(request).await;
        let (head, body) = response.into_parts();
        let body = body.collect().await.expect("a server's body has no errors");
        let trailers = body.trailers().cloned();
        Whole { status: head.status.as_u16(), head: head.headers, body: body.to_bytes(), trailers }
    })
}
