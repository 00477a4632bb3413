//! A received body.

use std::{
    sync::Arc,
    task::{Context, Poll, ready},
};

use h2::RecvStream;
use tonic::Status;

use super::error::status_of;
use crate::{call::Frame, task::AbortOnDrop};

/// The receiving half of an HTTP/2 stream. What is read is given back to flow control at once, and nothing is read
/// before somebody asks, so a slow reader slows its peer down.
pub(crate) struct RecvBody {
    stream: RecvStream,
    data_ended: bool,
    ended: bool,
    _held: Held,
}

/// What lives as long as a received body: the task that sends the other half of the stream, and the token of the call.
type Held = (Option<AbortOnDrop>, Option<Arc<()>>);

impl RecvBody {
    pub(crate) fn new(stream: RecvStream, held: Held) -> Self {
        Self { stream, data_ended: false, ended: false, _held: held }
    }

    pub(crate) fn at_end(&self) -> bool {
        self.ended || self.stream.is_end_stream()
    }

    pub(crate) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Status>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        if !self.data_ended {
            match ready!(self.stream.poll_data(cx)) {
                Some(Ok(data)) => {
                    // Fails only for more than was received.
                    let _ = self.stream.flow_control().release_capacity(data.len());
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                Some(Err(error)) => return self.fail(&error),
                None => self.data_ended = true,
            }
        }
        match ready!(self.stream.poll_trailers(cx)) {
            Ok(trailers) => {
                self.ended = true;
                Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))))
            }
            Err(error) => self.fail(&error),
        }
    }

    fn fail(&mut self, error: &h2::Error) -> Poll<Option<Result<Frame, Status>>> {
        self.ended = true;
        // A server that has its answer ready may stop reading the request with NO_ERROR (RFC 9113, 8.1).
        if error.is_reset() && error.reason() == Some(h2::Reason::NO_ERROR) {
            return Poll::Ready(None);
        }
        Poll::Ready(Some(Err(status_of(error))))
    }
}
