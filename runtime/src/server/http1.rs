//! An HTTP/1.1 connection of a server.

use std::{
    convert::Infallible,
    pin::pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll},
    time::Duration,
};

use http::{HeaderValue, Request, Response, header};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
};
use tonic::Status;

use super::{Server, http2::shutting_down, listen::Phase, unread::Unread};
use crate::call::{Body, Frame, Peer, Source};

/// How long the headers of a request may take, from its first byte to the last.
const HEADERS: Duration = Duration::from_secs(10);
/// Header bytes of one request, with its path: twice what REST allows a path and query to have by default. The number of
/// headers is bounded by hyper, at 100.
pub(super) const HEADER_BYTES: usize = 32 * 1024;

pub(super) async fn serve<IO>(io: IO, server: Server, peer: Arc<Peer>, phase: watch::Receiver<Phase>)
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut draining = phase.clone();
    let mut closed = phase.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let (head, body) = request.into_parts();
        let (body, ended) = Unread::new(body);
        let exchange = server.exchange(head, Body::new(body), &peer);
        let mut phase = phase.clone();
        async move {
            let mut exchange = pin!(exchange);
            let mut response = tokio::select! {
                biased;
                response = &mut exchange => response,
                () = Phase::reached(&mut phase, Phase::Aborting) => {
                    exchange.abort(shutting_down());
                    exchange.await
                }
            };
            // Nobody knows yet whether all of the request will be read, so the next must not be sent behind it.
            if !ended.load(Ordering::Acquire) {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(abortable(response, phase))
        }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .max_buf_size(HEADER_BYTES)
        .serve_connection(TokioIo::new(io), service);
    let mut connection = pin!(connection);
    let result = tokio::select! {
        result = &mut connection => result,
        () = Phase::reached(&mut draining, Phase::Draining) => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                result = connection => result,
                () = Phase::reached(&mut closed, Phase::Closed) => return,
            }
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "a connection broke");
    }
}

/// A response whose body ends with a status when the server's grace is over.
fn abortable(response: Response<Body>, mut phase: watch::Receiver<Phase>) -> Response<Body> {
    let (head, body) = response.into_parts();
    let body = body.try_into_whole().map(|(data, trailers)| Body::whole(data, trailers)).unwrap_or_else(|body| {
        let aborting = Box::pin(async move { Phase::reached(&mut phase, Phase::Aborting).await });
        Body::source(Abortable { body, aborting: Some(aborting) })
    });
    Response::from_parts(head, body)
}

struct Abortable<F> {
    body: Body,
    /// `None` once it began.
    aborting: Option<std::pin::Pin<Box<F>>>,
}

impl<F: Future<Output = ()> + Send> Source for Abortable<F> {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Status>>> {
        if let Some(aborting) = &mut self.aborting
            && aborting.as_mut().poll(cx).is_ready()
        {
            self.body.abort(shutting_down());
            self.aborting = None;
        }
        self.body.poll_next(cx)
    }
}
