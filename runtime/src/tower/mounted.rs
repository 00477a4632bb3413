//! A service that tonic's generator made, in our server. It answers by itself, but for what its own transport would do for
//! it, and what must not reach its neighbours: deadlines, the end of a grace, a panic.

use std::{
    convert::Infallible,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{Request, Response, Version, header};
use tokio::time::Sleep;
use tonic::Status;
use tower_service::Service as TowerService;

use super::{BoxError, Foreign};
use crate::{
    call::{Body, Frame, Source},
    deadline,
    protocol::grpc,
};

pub(crate) struct Mounted<S>(pub(crate) S);

impl<S, B> Foreign for Mounted<S>
where
    S: TowerService<Request<tonic::body::Body>, Response = Response<B>, Error = Infallible>,
    S: Clone + Send + Sync + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    fn answer(&self, request: Request<Body>) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>> {
        let (mut service, is_grpc) = (self.0.clone(), is_grpc(&request));
        let timeout = request.headers().get(deadline::GRPC_TIMEOUT).filter(|_| is_grpc);
        let timeout = timeout.map(deadline::parse).transpose();
        Box::pin(async move {
            let mut timer = match timeout {
                Ok(timeout) => timeout.map(|timeout| deadline::timer(deadline::after(timeout))),
                Err(status) => return status.into_http(),
            };
            let answer = async {
                let Ok(()) = poll_fn(|cx| service.poll_ready(cx)).await;
                service.call(request.map(tonic::body::Body::new)).await
            };
            let Ok(response) = tokio::select! {
                biased;
                response = answer => response,
                () = poll_fn(|cx| poll_expired(&mut timer, cx)) => return deadline::exceeded().into_http(),
            };
            let response = response.map(Body::new);
            match is_grpc && !response.body().at_end() {
                true => response.map(|body| Body::source(Bounded { body, timer, end: None })),
                false => response,
            }
        })
    }
}

fn poll_expired(timer: &mut Option<Pin<Box<Sleep>>>, cx: &mut Context<'_>) -> Poll<()> {
    timer.as_mut().map_or(Poll::Pending, |timer| deadline::poll_timer(timer, cx))
}

/// Whether the answer ends in HTTP trailers, which a status can stand in.
fn is_grpc(request: &Request<Body>) -> bool {
    let content_type = request.headers().get(header::CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
    let is_grpc = content_type.starts_with(b"application/grpc") && !content_type.starts_with(b"application/grpc-web");
    is_grpc && request.version() == Version::HTTP_2
}

/// An answer that ends with a status where it does not come to its own end.
struct Bounded {
    body: Body,
    timer: Option<Pin<Box<Sleep>>>,
    end: Option<Status>,
}

impl Bounded {
    fn poll_body(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Status>>> {
        if let Some(status) = self.end.take() {
            return Poll::Ready(Some(Err(status)));
        }
        match self.poll_expired(cx) {
            Poll::Ready(()) => Poll::Ready(Some(Err(deadline::exceeded()))),
            Poll::Pending => self.body.poll_next(cx),
        }
    }
}

impl Source for Bounded {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Status>>> {
        let frame = ready!(self.poll_body(cx));
        let is_last = frame.as_ref().is_none_or(|frame| !frame.as_ref().is_ok_and(Frame::is_data));
        if is_last {
            (self.body, self.timer) = (Body::empty(), None);
        }
        Poll::Ready(
            frame.map(|frame| Ok(frame.unwrap_or_else(|status| Frame::trailers(grpc::to_trailers(Err(status)))))),
        )
    }

    fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.end.is_some() { Poll::Ready(()) } else { poll_expired(&mut self.timer, cx) }
    }

    fn abort(&mut self, status: Status) {
        self.end.get_or_insert(status);
    }
}
