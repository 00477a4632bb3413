//! A service that tonic's generator made, in our server. It answers by itself, but for what its own transport would do for
//! it, and what must not reach its neighbours: deadlines, the end of a grace, a panic.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{Request, Response};
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
        let mut service = self.0.clone();
        let timeout = request.headers().get(deadline::GRPC_TIMEOUT).map(deadline::parse).transpose();
        Box::pin(async move {
            let mut timer = match timeout {
                Ok(timeout) => timeout.map(|timeout| deadline::timer(deadline::after(timeout))),
                Err(status) => return status.into_http(),
            };
            let expired =
                std::future::poll_fn(|cx| timer.as_mut().map_or(Poll::Pending, |timer| timer.as_mut().poll(cx)));
            let answer = async {
                let Ok(()) = std::future::poll_fn(|cx| service.poll_ready(cx)).await;
                service.call(request.map(tonic::body::Body::new)).await
            };
            let Ok(response) = tokio::select! {
                biased;
                response = answer => response,
                () = expired => return deadline::exceeded().into_http(),
            };
            response.map(|body| Body::source(Bounded { body: Body::new(body), timer, end: None }))
        })
    }
}

/// An answer that ends with a status where it does not come to its own end.
struct Bounded {
    body: Body,
    timer: Option<Pin<Box<Sleep>>>,
    end: Option<Status>,
}

impl Bounded {
    fn poll_body(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Status>>> {
        if self.poll_expired(cx).is_ready() {
            return Poll::Ready(Some(Err(deadline::exceeded())));
        }
        match self.end.take() {
            Some(status) => Poll::Ready(Some(Err(status))),
            None => self.body.poll_next(cx),
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
        self.timer.as_mut().map_or(Poll::Pending, |timer| deadline::poll_timer(timer, cx))
    }

    fn abort(&mut self, status: Status) {
        self.end.get_or_insert(status);
    }
}
