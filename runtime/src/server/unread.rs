//! Request bodies over HTTP/1.1 of which the call did not want everything.

use std::{
    error::Error,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::Body as _;
use hyper::body::Incoming;
use tokio::runtime::Handle;
use tonic::Status;

use crate::call::{Body, Frame};

/// How much of an unwanted rest is read, in bytes, and for how long.
const REST: usize = 4 * 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(2);

/// The body of a request. What of it is unread when it is dropped is still taken in, within bounds: a caller whose
/// connection is closed while it sends never sees the answer that was given early.
pub(crate) struct Unread {
    body: Option<Incoming>,
    /// Of the connection, whose requests come one after the other: there is more to read of the last one.
    flag: Arc<AtomicBool>,
}

impl Unread {
    /// The body of a request; the flag is set until it was read to its end.
    pub(super) fn body(body: Incoming, flag: &Arc<AtomicBool>) -> Body {
        if body.is_end_stream() {
            return Body::empty();
        }
        flag.store(true, Ordering::Release);
        Body::h1(Self { body: Some(body), flag: Arc::clone(flag) })
    }

    /// Whether it was read to its end.
    pub(crate) fn at_end(&self) -> bool {
        self.body.is_none()
    }

    pub(crate) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Status>>> {
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        let frame = ready!(Pin::new(&mut *body).poll_frame(cx));
        if body.is_end_stream() || !matches!(frame, Some(Ok(_))) {
            self.flag.store(false, Ordering::Release);
            self.body = None;
        }
        Poll::Ready(frame.map(|frame| frame.map_err(|error| broken(&error))))
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

impl Drop for Unread {
    fn drop(&mut self) {
        let rest = self.body.take().filter(|body| !body.is_end_stream());
        if let (Some(rest), Ok(runtime)) = (rest, Handle::try_current()) {
            runtime.spawn(tokio::time::timeout(PATIENCE, take_in(rest)));
        }
    }
}

async fn take_in(mut body: Incoming) {
    let mut taken = 0;
    while taken < REST {
        let frame = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
        let Some(Ok(frame)) = frame else {
            return;
        };
        taken += frame.data_ref().map_or(0, Bytes::len);
    }
}
