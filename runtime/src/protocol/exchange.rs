//! One request and its response: runs a call and writes its answer in either form.

#[cfg(feature = "tower")]
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

#[cfg(feature = "tower")]
use http::StatusCode;
use http::{HeaderMap, Response, header};
use tonic::Status;

#[cfg(feature = "tower")]
use super::bare_response;
use super::{Accepted, Negotiated, Protocol, without_body};
use crate::{
    call::{Body, Data, Frame, Output, Source},
    dispatch::{Outcome, Running},
    handler::{Answer, Pipe},
};

/// A call with the protocol that writes its answer. As a future it gives the response, whose body goes on running the
/// call where it streams.
pub(crate) struct Exchange {
    state: Option<State>,
    /// Headers of the response that are no protocol's.
    extra: Option<Box<HeaderMap>>,
    /// The request was a HEAD.
    bodiless: bool,
}

enum State {
    Refused(Box<Response<Body>>),
    /// A service of others answers.
    #[cfg(feature = "tower")]
    Foreign(Foreign),
    Running(Answering),
}

struct Answering {
    running: Running,
    pipe: Option<Arc<Pipe>>,
    protocol: &'static dyn Protocol,
    negotiated: Negotiated,
}

impl Exchange {
    pub(crate) fn new(protocol: &'static dyn Protocol, accepted: Result<Accepted, Response<Body>>) -> Self {
        let state = match accepted {
            Err(response) => State::Refused(Box::new(response)),
            Ok(Accepted { route, mut call, negotiated }) => {
                call.parts.pipe = route.method.kind.streams_responses().then(Arc::default);
                let pipe = call.parts.pipe.clone();
                State::Running(Answering { running: route.start(call), pipe, protocol, negotiated })
            }
        };
        Self::in_state(state)
    }

    /// One that is answered already.
    pub(crate) fn answered(response: Response<Body>) -> Self {
        Self::in_state(State::Refused(Box::new(response)))
    }

    /// Adds headers to the response.
    pub(crate) fn with_headers(mut self, headers: HeaderMap) -> Self {
        self.extra = Some(Box::new(headers));
        self
    }

    /// Leaves the body of the response out, but says how long it is (RFC 9110, 9.3.2).
    pub(crate) fn without_body(mut self) -> Self {
        self.bodiless = true;
        self
    }

    #[cfg(feature = "tower")]
    pub(crate) fn foreign(answer: Pin<Box<dyn Future<Output = Response<Body>> + Send>>) -> Self {
        Self::in_state(State::Foreign(Foreign { answer, aborted: false }))
    }

    /// Ends the call with this status; an answer of others that is not there yet, with 503.
    #[cfg(feature = "net")]
    pub(crate) fn abort(&mut self, status: Status) {
        match &mut self.state {
            Some(State::Running(answering)) => answering.running.abort(status),
            #[cfg(feature = "tower")]
            Some(State::Foreign(foreign)) => foreign.aborted = true,
            Some(State::Refused(_)) | None => {}
        }
    }
}

impl Future for Exchange {
    type Output = Response<Body>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response<Body>> {
        // Changed where it lies: it is large.
        let mut polled = self.poll_response(cx);
        if let Poll::Ready(response) = &mut polled {
            self.change(response);
        }
        polled
    }
}

impl Exchange {
    fn in_state(state: State) -> Self {
        Self { state: Some(state), extra: None, bodiless: false }
    }

    fn change(&self, response: &mut Response<Body>) {
        for (name, value) in self.extra.iter().flat_map(|extra| extra.iter()) {
            response.headers_mut().append(name, value.clone());
        }
        if self.bodiless {
            let body = std::mem::take(response.body_mut());
            if let Some(length) = http_body::Body::size_hint(&body).exact().filter(|&length| length > 0) {
                response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
            }
        }
    }

    fn poll_response(&mut self, cx: &mut Context<'_>) -> Poll<Response<Body>> {
        let response = match &mut self.state {
            None => return Poll::Pending,
            Some(State::Refused(response)) => std::mem::take(&mut **response),
            #[cfg(feature = "tower")]
            Some(State::Foreign(foreign)) => std::task::ready!(foreign.poll(cx)),
            Some(State::Running(answering)) => match answering.poll_response(cx) {
                Progress::Waiting => return Poll::Pending,
                Progress::Answered(response) => response,
                Progress::Headed(head) => return Poll::Ready(without_body(head.map(|()| self.rest()))),
            },
        };
        self.state = None;
        Poll::Ready(response)
    }

    /// What follows the head of a framed answer.
    fn rest(&mut self) -> Body {
        match self.state.take() {
            Some(State::Running(answering)) => Body::source(Framed::new(answering)),
            _ => Body::empty(),
        }
    }
}

/// The answer of a layer or of a service of others.
#[cfg(feature = "tower")]
struct Foreign {
    answer: Pin<Box<dyn Future<Output = Response<Body>> + Send>>,
    aborted: bool,
}

#[cfg(feature = "tower")]
impl Foreign {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Response<Body>> {
        // A panic must not reach the connection, which is its neighbours', too.
        let polled = catch_unwind(AssertUnwindSafe(|| self.answer.as_mut().poll(cx)));
        match polled {
            Ok(Poll::Pending) if self.aborted => Poll::Ready(bare_response(StatusCode::SERVICE_UNAVAILABLE)),
            Ok(polled) => polled,
            Err(_) => {
                tracing::error!("a layer or a service behind tower panicked");
                Poll::Ready(bare_response(StatusCode::INTERNAL_SERVER_ERROR))
            }
        }
    }
}

enum Progress {
    Waiting,
    /// The head is known, the rest is to come.
    Headed(Response<()>),
    Answered(Response<Body>),
}

impl Answering {
    fn poll_response(&mut self, cx: &mut Context<'_>) -> Progress {
        let outcome = self.running.poll(cx);
        let waits = self.protocol.waits() && !matches!(&outcome, Poll::Ready(outcome) if outcome.result.is_ok());
        let head = self.pipe.as_ref().and_then(|pipe| {
            let mut state = pipe.lock();
            if waits && state.output.is_empty() { None } else { state.head.take() }
        });
        match (outcome, head) {
            (Poll::Pending, None) => Progress::Waiting,
            (Poll::Pending, Some(metadata)) => Progress::Headed(self.protocol.head(&self.negotiated, metadata)),
            (Poll::Ready(outcome), None) => Progress::Answered(self.protocol.whole(&self.negotiated, outcome.result)),
            (Poll::Ready(outcome), Some(metadata)) => {
                // Nothing was sent yet, so the error can have an answer of its own.
                if self.broken(&outcome).is_some() {
                    return Progress::Answered(self.protocol.whole(&self.negotiated, outcome.result));
                }
                let (data, trailers) = self.end(outcome);
                let head = self.protocol.head(&self.negotiated, metadata);
                Progress::Answered(without_body(head.map(|()| Body::known(data, trailers))))
            }
        }
    }

    /// Why the body breaks off, if it does.
    fn broken<'o>(&self, outcome: &'o Outcome) -> Option<&'o Status> {
        outcome.result.as_ref().err().filter(|_| self.protocol.breaks_off(&self.negotiated))
    }

    /// What is left to write once the call ended.
    fn end(&self, outcome: Outcome) -> (Option<Data>, Option<HeaderMap>) {
        let buffered = self.pipe.as_ref().and_then(|pipe| pipe.take());
        let drops = outcome.cut && !self.protocol.waits();
        let mut output = if drops { Output::default() } else { buffered.unwrap_or_default() };
        let result = outcome.result.map(Answer::into_trailers);
        let trailers = self.protocol.end(&self.negotiated, result, output.buffer());
        (output.into_data(), trailers)
    }
}

/// The rest of a framed answer, as the source of a response body.
struct Framed {
    answering: Answering,
    /// What follows the last data: trailers, or why it breaks off.
    last: Option<Result<HeaderMap, Status>>,
    ended: bool,
}

impl Framed {
    fn new(answering: Answering) -> Self {
        Self { answering, last: None, ended: false }
    }
}

impl Source for Framed {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Status>>> {
        if self.ended {
            return Poll::Ready(self.last.take().map(|last| last.map(Frame::trailers)));
        }
        match self.answering.running.poll(cx) {
            Poll::Ready(outcome) => {
                let why = self.answering.broken(&outcome).cloned();
                let (data, trailers) = self.answering.end(outcome);
                self.ended = true;
                self.last = why.map(Err).or(trailers.map(Ok));
                match data {
                    Some(data) => Poll::Ready(Some(Ok(Frame::data(data)))),
                    None => self.poll_frame(cx),
                }
            }
            Poll::Pending => match self.answering.pipe.as_ref().and_then(|pipe| pipe.take()) {
                Some(output) => Poll::Ready(output.into_data().map(|data| Ok(Frame::data(data)))),
                None => Poll::Pending,
            },
        }
    }

    fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.ended { Poll::Pending } else { self.answering.running.poll_expired(cx) }
    }

    fn abort(&mut self, status: Status) {
        self.answering.running.abort(status);
    }
}
