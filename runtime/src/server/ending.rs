//! Calls within layers, where their connection cannot end them: they watch for the end of the grace themselves.

use std::{
    pin::{Pin, pin},
    task::{Context, Poll},
};

use http::Response;
use tonic::Status;

use super::{
    http2::shutting_down,
    phase::{Phase, Phases},
};
use crate::{
    call::{Body, Frame, Source},
    protocol::Exchange,
};

/// Answers a request, and ends its call and the body of its answer with a status when the grace of the server or of its
/// connection is over.
pub(crate) async fn bounded(exchange: Exchange, phases: Phases) -> Response<Body> {
    let mut exchange = pin!(exchange);
    let response = tokio::select! {
        biased;
        response = &mut exchange => response,
        () = phases.until(Phase::Aborting) => {
            exchange.abort(shutting_down());
            exchange.await
        }
    };
    let (head, body) = response.into_parts();
    let body = body.try_into_whole().map(|(data, trailers)| Body::known(data, trailers)).unwrap_or_else(|body| {
        let aborting = Box::pin(phases.into_until(Phase::Aborting));
        Body::source(Abortable { body, aborting: Some(aborting) })
    });
    Response::from_parts(head, body)
}

struct Abortable<F> {
    body: Body,
    /// `None` once it began.
    aborting: Option<Pin<Box<F>>>,
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

    fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.body.poll_expired(cx)
    }

    fn abort(&mut self, status: Status) {
        self.body.abort(status);
    }
}
