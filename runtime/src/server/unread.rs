//! Request bodies over HTTP/1.1 of which the call did not want everything.

use std::{
    error::Error,
    future::poll_fn,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Wake, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::Body as _;
use hyper::body::Incoming;
use tokio::runtime::Handle;
use tonic::Status;

use super::{
    bell::{Bell, hushed},
    http1::Calls,
};
use crate::{
    call::{Body, Data, Frame},
    http2::Vitals,
};

/// How much of an unwanted rest is read, in bytes, and for how long.
const REST: usize = 4 * 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(2);

/// The body of a request. What of it is unread when it is dropped is still taken in, within bounds: a caller whose
/// connection is closed while it sends never sees the answer that was given early.
pub(crate) struct Unread {
    /// `None` once it was read to its end.
    rest: Option<Rest>,
}

impl Unread {
    /// The body of a request of this connection, which knows from then on that there is more to read of it.
    pub(super) fn body(body: Incoming, calls: &Arc<Calls>) -> Body {
        if body.is_end_stream() {
            return Body::empty();
        }
        calls.with_body();
        // Not all that calls share: an answer may stream from its own request.
        let (vitals, bell) = (Arc::clone(&calls.vitals), Arc::clone(&calls.bell));
        Body::h1(Self { rest: Some(Rest { body, vitals, bell }) })
    }

    /// Whether it was read to its end.
    pub(crate) fn at_end(&self) -> bool {
        self.rest.is_none()
    }

    pub(crate) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Status>>> {
        let Some(rest) = &mut self.rest else {
            return Poll::Ready(None);
        };
        let (frame, at_end) = ready!(rest.poll_frame(cx));
        if at_end {
            self.rest = None;
        }
        Poll::Ready(frame.map(|frame| match frame {
            Ok(frame) => Ok(frame.map_data(Data::from)),
            Err(error) => Err(broken(&error)),
        }))
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        if let (Some(rest), Ok(runtime)) = (self.rest.take(), Handle::try_current()) {
            runtime.spawn(tokio::time::timeout(PATIENCE, rest.take_in()));
        }
    }
}

/// What is left of a body.
struct Rest {
    body: Incoming,
    vitals: Arc<Vitals>,
    bell: Arc<Bell>,
}

type Received = Result<http_body::Frame<Bytes>, hyper::Error>;

impl Rest {
    /// The next frame, and whether it is the last.
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<(Option<Received>, bool)> {
        // With each frame that is taken hyper wakes the connection, to read on. After the last of a known length that would
        // be for nothing: it has let go of this channel in the turn in which it put that in.
        let (polled, rung) = hushed(&self.bell, || Pin::new(&mut self.body).poll_frame(cx));
        if rung && !(polled.is_ready() && self.body.is_end_stream()) {
            self.bell.wake_by_ref();
        }
        let frame = ready!(polled);
        let at_end = self.body.is_end_stream() || !matches!(frame, Some(Ok(_)));
        if at_end {
            self.vitals.unread(false);
        }
        Poll::Ready((frame, at_end))
    }

    async fn take_in(mut self) {
        let mut taken = 0;
        while taken < REST {
            let (frame, at_end) = poll_fn(|cx| self.poll_frame(cx)).await;
            if at_end {
                return;
            }
            taken += frame.and_then(Result::ok).as_ref().and_then(http_body::Frame::data_ref).map_or(0, Bytes::len);
        }
    }
}

/// Why there is no more of a body: its chunks are none, or the caller went away.
fn broken(error: &hyper::Error) -> Status {
    let source = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    match source.filter(|source| matches!(source.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData)) {
        Some(source) => Status::invalid_argument(format!("the chunks of the request cannot be read: {source}")),
        None => Status::cancelled("the connection broke within the request"),
    }
}
