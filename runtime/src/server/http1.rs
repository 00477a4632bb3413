//! An HTTP/1.1 connection of a server.

use std::{
    convert::Infallible,
    pin::pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll},
};

use http::{HeaderValue, Request, Response, header};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
};
use tonic::Status;

use super::{Server, http2::shutting_down, life::Life, listen::Phase, unread::Unread};
use crate::{
    call::{Body, Frame, Peer, Source},
    http2::{Guard, Vitals, Watched},
};

/// The least that hyper can read with.
const LEAST_BUFFER: usize = 8 * 1024;

pub(super) async fn serve<IO>(io: IO, server: Server, peer: Arc<Peer>, phase: watch::Receiver<Phase>)
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limits = &server.core.connection_limits;
    let (header_bytes, header_count) = ((limits.header_bytes as usize).max(LEAST_BUFFER), limits.header_count);
    let (io, vitals) = Guard::new(io, Some(Watched::Http1));
    let life = Life::new(phase, limits);
    let (phase, mut draining) = (life.phase(), life.phase());
    let running = Arc::clone(&vitals);
    let service = service_fn(move |request: Request<Incoming>| {
        let running = Running::new(&running);
        let (head, body) = request.into_parts();
        let (body, ended) = Unread::body(body);
        let exchange = server.exchange_within(&phase, head, body, &peer);
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
            if ended.is_some_and(|ended| !ended.load(Ordering::Acquire)) {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(abortable(response, phase, running))
        }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        // The life of the connection bounds the time that a head takes.
        .header_read_timeout(None)
        .max_buf_size(header_bytes)
        .max_headers(header_count)
        .serve_connection(TokioIo::new(io), service);
    let mut connection = pin!(connection);
    let mut life = pin!(life.lead(vitals));
    let result = tokio::select! {
        biased;
        result = &mut connection => result,
        () = &mut life => return,
        () = Phase::reached(&mut draining, Phase::Draining) => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                biased;
                result = connection => result,
                () = life => return,
            }
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "a connection broke");
    }
}

/// A call, until all of its answer was drawn.
struct Running(Arc<Vitals>);

impl Running {
    fn new(vitals: &Arc<Vitals>) -> Self {
        vitals.headed();
        Self(Arc::clone(vitals))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.busy(false);
    }
}

/// A response whose body ends with a status when the server's grace is over.
fn abortable(response: Response<Body>, mut phase: watch::Receiver<Phase>, running: Running) -> Response<Body> {
    let (head, body) = response.into_parts();
    let body = body.try_into_whole().map(|(data, trailers)| Body::whole(data, trailers)).unwrap_or_else(|body| {
        let aborting = Box::pin(async move { Phase::reached(&mut phase, Phase::Aborting).await });
        Body::source(Abortable { body, aborting: Some(aborting), _running: running })
    });
    Response::from_parts(head, body)
}

struct Abortable<F> {
    body: Body,
    /// `None` once it began.
    aborting: Option<std::pin::Pin<Box<F>>>,
    _running: Running,
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
