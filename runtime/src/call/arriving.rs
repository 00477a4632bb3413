//! Waiting for the bytes of messages, and for how long.

use std::{
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::runtime::Handle;
use tonic::Status;

use super::{Inbound, inbound::State};
use crate::deadline;

/// A body may go on for as long behind what says how the call ended.
const GRACE: Duration = Duration::from_millis(250);

impl Inbound {
    /// Waits for the next bytes of the body, or for its end.
    pub(super) fn poll_body(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        // Before the body, so that a peer with always more to say cannot hold the deadline up.
        if let Some(timer) = &mut self.timer
            && deadline::poll_timer(timer, cx).is_ready()
        {
            return Poll::Ready(Err(deadline::exceeded()));
        }
        let frame = match self.body.poll_next(cx) {
            Poll::Ready(frame) => frame.transpose(),
            Poll::Pending => return self.poll_stalled(cx).map(Err),
        };
        if let Some(progress) = &mut self.progress {
            progress.made();
        }
        let frame = frame.map_err(|status| deadline::broken(status, self.timer.as_ref()))?;
        match frame.map(|frame| frame.into_data().map_err(|frame| frame.into_trailers())) {
            Some(Ok(data)) => {
                data.into_slices().for_each(|slice| self.chunks.push(slice));
                if self.body.at_end() {
                    self.state = State::Draining;
                }
            }
            Some(Err(trailers)) => self.ending.trailers = trailers.ok(),
            None => self.state = State::Draining,
        }
        Poll::Ready(Ok(()))
    }

    /// Reads on where it is known how the call ended: only a connection whose answer came to its end can carry another call,
    /// and more of an answer is an error. But a body that breaks now, or does not end, changes nothing any more.
    pub(super) fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut read = self.poll_body(cx);
        if read.is_pending() {
            if !deadline::HAS_CLOCK || Handle::try_current().is_err() {
                self.state = State::Draining;
                return Poll::Ready(());
            }
            let end = deadline::after(GRACE);
            if self.timer.as_ref().is_none_or(|timer| timer.deadline().into_std() > end) {
                self.timer = Some(deadline::timer(end));
                read = self.poll_body(cx);
            }
        }
        if ready!(read).is_err() {
            self.state = State::Draining;
        }
        Poll::Ready(())
    }

    /// Ready once it is no use to wait: the peer has let a message wait for too long, or the requests broke off.
    fn poll_stalled(&mut self, cx: &mut Context<'_>) -> Poll<Status> {
        if let Some(upload) = &self.upload
            && let Poll::Ready(status) = upload.poll_broken(cx)
        {
            return Poll::Ready(status);
        }
        let Some(progress) = &mut self.progress else {
            return Poll::Pending;
        };
        if let Some(last) = self.body.last_arrival() {
            progress.made_at(last);
        }
        let has_begun = self.is_awaited || !self.chunks.is_empty() || self.framing.keeps_some();
        let limit = ready!(progress.poll_stalled(has_begun, cx));
        let what = if has_begun { "nothing more of a message" } else { "no further message" };
        Poll::Ready(Status::deadline_exceeded(format!("{what} arrived for {limit:?}")))
    }
}
