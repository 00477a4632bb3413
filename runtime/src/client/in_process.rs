//! The transport without a socket: a client's requests go straight into a server's dispatch core.

use std::{
    future::{Future, poll_fn},
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use tokio::sync::mpsc;
use tonic::Status;

use super::{Sending, Transport, reach::Patience};
use crate::{
    call::{Body, Frame, Peer, Source},
    method::Method,
    server::Server,
    task::AbortOnDrop,
};

/// Frames of a streaming answer that may wait for the caller.
const AHEAD: usize = 4;

pub(super) struct InProcess {
    server: Server,
    peer: Arc<Peer>,
}

impl InProcess {
    pub(super) fn new(server: Server) -> Self {
        Self { server, peer: Arc::default() }
    }
}

impl Transport for InProcess {
    fn send<'a>(&'a self, request: Request<Body>, method: &'static Method, _: Patience) -> Sending<'a> {
        let (head, body) = request.into_parts();
        let exchange = self.server.exchange(head, body, &self.peer);
        if !method.kind.streams_responses() {
            return Box::pin(async move { Ok(exchange.await) });
        }
        // Over a network the handler of a stream goes on whether its caller reads or not; so it does here.
        Box::pin(async move { detach(exchange).await })
    }
}

async fn detach(exchange: impl Future<Output = Response<Body>> + Send + 'static) -> Result<Response<Body>, Status> {
    let (frames, received) = mpsc::channel(AHEAD);
    let (head, response) = tokio::sync::oneshot::channel();
    let task = tokio::spawn(async move {
        let (parts, mut body) = exchange.await.into_parts();
        let at_end = body.at_end();
        if head.send((parts, at_end)).is_err() || at_end {
            return;
        }
        while let Some(frame) = poll_fn(|cx| body.poll_next(cx)).await {
            // A deadline ends the handler even while nobody takes its frames.
            tokio::select! {
                sent = frames.send(frame) => if sent.is_err() { return },
                () = poll_fn(|cx| body.poll_expired(cx)) => {}
            }
        }
    });
    let task = AbortOnDrop::new(&task);
    let (parts, at_end) = response.await.map_err(|_| Status::cancelled("the in-process call was shut down"))?;
    if at_end {
        return Ok(Response::from_parts(parts, Body::empty()));
    }
    Ok(Response::from_parts(parts, Body::source(Received { frames: received, _task: task })))
}

/// The frames of an answer that a task produces, which ends with them.
struct Received {
    frames: mpsc::Receiver<Result<Frame, Status>>,
    _task: AbortOnDrop,
}

impl Source for Received {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Status>>> {
        self.frames.poll_recv(cx)
    }
}
