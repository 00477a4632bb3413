//! A received body.

use std::{
    future::{Future, poll_fn},
    sync::{Arc, OnceLock},
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use bytes::Bytes;
use h2::RecvStream;
use http::{HeaderMap, HeaderName, header};
use tokio::{runtime::Handle, time::Instant};
use tonic::Status;

use super::{error::status_of, guard::Vitals, slots::Slot};
use crate::{call::Frame, task::AbortOnDrop};

/// The receiving half of an HTTP/2 stream. What is read is given back to flow control at once, and nothing is read
/// before somebody asks, so a slow reader slows its peer down.
pub(crate) struct RecvBody {
    /// `None` once it ended.
    stream: Option<RecvStream>,
    data_ended: bool,
    of: Of,
    held: Held,
}

/// What it is the body of.
enum Of {
    /// A request. What is unread when it is dropped is still taken in, for a moment. The connection tells when bytes of a frame
    /// came that is not there as a whole.
    Request(Arc<Vitals>),
    /// An answer, of which so many bytes are to come, where its head says so.
    Answer { left: Option<u64> },
}

/// What lives as long as a received body.
#[derive(Default)]
pub(crate) struct Held {
    /// Sends the other half of the stream.
    pub(crate) pump: Option<AbortOnDrop>,
    /// Why the other half could not be sent; all that the stream says is that it was reset.
    pub(crate) failure: Option<Failure>,
    /// The stream among those of its connection, until it ends.
    pub(crate) slot: Option<Slot>,
}

impl Held {
    /// The status of a call whose stream broke.
    pub(crate) fn explain(&self, error: &h2::Error) -> Status {
        if let Some(own) = self.failure.as_ref().and_then(|failure| failure.get()) {
            return own.clone();
        }
        self.slot.as_ref().map_or_else(|| status_of(error), |slot| slot.slots().explain(error))
    }

    /// The status of a call that broke, which counts against its server.
    pub(crate) fn broken(&mut self, error: &h2::Error) -> Status {
        let status = self.explain(error);
        if let Some(slot) = self.slot.take() {
            slot.end(|| false);
        }
        status
    }

    /// The stream is over, by these trailers or without any.
    pub(crate) fn ended(&mut self, trailers: Option<&HeaderMap>) {
        if let Some(slot) = self.slot.take() {
            slot.end(|| trailers.is_none_or(|trailers| trailers.get(GRPC_STATUS).is_none_or(|code| code == "0")));
        }
    }
}

/// Where gRPC's answers say how a call ended; those of other protocols count as good once their stream ends well.
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

pub(crate) type Failure = Arc<OnceLock<Status>>;

/// How much of an unwanted rest of a request is read, in bytes, and for how long: of one that is about to end.
const REST: usize = 256 * 1024;
const PATIENCE: Duration = Duration::from_millis(250);

impl RecvBody {
    /// The body of an answer with this head.
    pub(crate) fn of_answer(head: &HeaderMap, stream: RecvStream, held: Held) -> Self {
        let length = head.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        Self { stream: Some(stream), data_ended: false, of: Of::Answer { left: length }, held }
    }

    /// The body of a request. A server that has answered may reset a stream whose request has not ended (RFC 9113, 8.1),
    /// but there are clients that then forget the answer, so a request that is about to end gets the time to do so.
    pub(crate) fn of_request(stream: RecvStream, vitals: Arc<Vitals>) -> Self {
        Self { stream: Some(stream), data_ended: false, of: Of::Request(vitals), held: Held::default() }
    }

    /// When bytes last came of a frame that is not there as a whole. h2 tells nothing of it before it is, and it may be
    /// large.
    pub(crate) fn last_arrival(&self) -> Option<Instant> {
        let Of::Request(vitals) = &self.of else { return None };
        vitals.last_arrival(self.stream.as_ref()?.stream_id().as_u32())
    }

    pub(crate) fn at_end(&self) -> bool {
        self.stream.as_ref().is_none_or(RecvStream::is_end_stream)
    }

    pub(crate) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Status>>> {
        let Some(stream) = &mut self.stream else {
            return Poll::Ready(None);
        };
        if !self.data_ended {
            match ready!(poll_data(stream, cx)) {
                Some(Ok(data)) => {
                    if let Of::Answer { left: Some(left) } = &mut self.of {
                        *left = left.saturating_sub(data.len() as u64);
                    }
                    return Poll::Ready(Some(Ok(Frame::data(data.into()))));
                }
                Some(Err(error)) => return self.fail(&error),
                None => self.data_ended = true,
            }
        }
        match ready!(stream.poll_trailers(cx)) {
            Ok(trailers) => {
                self.stream = None;
                self.held.ended(trailers.as_ref());
                Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))))
            }
            Err(error) => self.fail(&error),
        }
    }

    fn fail(&mut self, error: &h2::Error) -> Poll<Option<Result<Frame, Status>>> {
        self.stream = None;
        let is_reset_without_error = error.is_reset() && error.reason() == Some(h2::Reason::NO_ERROR);
        match self.of {
            // Which is how some clients give a call up.
            Of::Request(_) if is_reset_without_error => {
                Poll::Ready(Some(Err(Status::cancelled(format!("the peer reset the stream: {error}")))))
            }
            // A server that has sent all of its answer may stop reading the request so (RFC 9113, 8.1). Whether the stream
            // had ended, h2 does not tell then; what ends an answer by itself, such as trailers, comes before.
            Of::Answer { left: Some(0) } if is_reset_without_error => Poll::Ready(None),
            Of::Answer { left: Some(_) }
                if error.is_reset() && error.is_library() && error.reason() == Some(h2::Reason::PROTOCOL_ERROR) =>
            {
                drop(self.held.broken(error));
                let status =
                    Status::internal("the answer is not as long as its head says, or its trailers break the rules");
                Poll::Ready(Some(Err(status)))
            }
            _ => Poll::Ready(Some(Err(self.held.broken(error)))),
        }
    }
}

impl Drop for RecvBody {
    fn drop(&mut self) {
        if !matches!(self.of, Of::Request(_)) || self.at_end() {
            return;
        }
        let Some(mut rest) = self.stream.take().map(|stream| Box::pin(take_in(stream))) else {
            return;
        };
        // Mostly all of it is there already.
        let arrived = rest.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        if let (Poll::Pending, Ok(runtime)) = (arrived, Handle::try_current()) {
            runtime.spawn(tokio::time::timeout(PATIENCE, rest));
        }
    }
}

async fn take_in(mut stream: RecvStream) {
    let mut taken = 0;
    while taken < REST {
        let Some(Ok(data)) = poll_fn(|cx| poll_data(&mut stream, cx)).await else {
            return;
        };
        taken += data.len();
    }
}

fn poll_data(stream: &mut RecvStream, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, h2::Error>>> {
    let data = ready!(stream.poll_data(cx));
    if let Some(Ok(data)) = &data {
        // Fails only for more than was received.
        let _ = stream.flow_control().release_capacity(data.len());
    }
    Poll::Ready(data)
}
