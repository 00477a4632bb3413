//! What a transport is told of a call beside its request, and what it tells beside a status.

use std::{
    error::Error,
    fmt,
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Instant,
};

use tonic::{Code, Status};

use crate::{deadline, protocol::code_name};

/// How long a call waits for a server.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Patience {
    /// Whether it waits while no server can be reached, instead of failing at once (gRPC's doc/wait-for-ready.md); `None`
    /// where neither the call nor the service config says, so that the channel does.
    pub(crate) for_ready: Option<bool>,
    /// The call's deadline.
    pub(crate) until: Option<Instant>,
}

impl Patience {
    /// Waits as long as the call may.
    ///
    /// # Errors
    ///
    /// `DEADLINE_EXCEEDED`, and what the call waited for.
    pub(crate) async fn wait<T, W: fmt::Display>(
        self,
        waiting: impl Future<Output = T>,
        what: impl FnOnce() -> W,
    ) -> Result<T, Status> {
        self.wait_or(waiting, || deadline::exceeded_waiting_for(what())).await
    }

    /// The same with words of its own.
    pub(crate) async fn wait_or<T>(
        self,
        waiting: impl Future<Output = T>,
        exceeded: impl FnOnce() -> Status,
    ) -> Result<T, Status> {
        let Some(until) = self.until else { return Ok(waiting.await) };
        let (mut waiting, mut timer) = (pin!(waiting), deadline::timer(until));
        let done = poll_fn(|cx| match waiting.as_mut().poll(cx) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            // The timer of the whole call may be the one that woke it, and it ends the call without these words.
            Poll::Pending if until <= deadline::now() => Poll::Ready(None),
            Poll::Pending => deadline::poll_timer(&mut timer, cx).map(|()| None),
        });
        done.await.ok_or_else(exceeded)
    }
}

/// What a resolver or a policy fails calls with. Codes that speak of a call's own work are a server's to give: from
/// elsewhere they would mislead the caller, so they become INTERNAL (gRFC A54).
pub(crate) fn of_control_plane(status: Status) -> Status {
    let code = match status.code() {
        Code::Ok => "OK",
        code @ (Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::OutOfRange
        | Code::DataLoss) => code_name(code),
        _ => return status,
    };
    Status::internal(format!("the resolver or the load balancing policy said {code}: {}", status.message()))
}

/// A server that cannot be reached for now, in the words of an error.
pub(crate) fn a_server(last: &Status) -> String {
    format!("a server; the last attempt: {}", last.message())
}

/// What calls on a closed channel end with.
pub(crate) fn closed() -> Status {
    Unprocessed::Closed.mark(Status::unavailable("the channel was closed"))
}

/// No server has begun to work on a call, so it may be sent again whatever it does (gRFC A6, transparent retries), unless
/// that is in vain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unprocessed {
    /// The request has not left this client.
    Unsent,
    /// A server said that it has not looked at it: by REFUSED_STREAM, or by a GOAWAY with a lower stream.
    Refused,
    /// And none ever will, since the channel was closed.
    Closed,
}

impl Unprocessed {
    /// Marks the status of a call.
    pub(crate) fn mark(self, mut status: Status) -> Status {
        status.set_source(Arc::new(self));
        status
    }

    /// What the status of a call says about it; `None` where a server may have worked on the call.
    pub(crate) fn of(status: &Status) -> Option<Self> {
        status.source()?.downcast_ref().copied()
    }
}

impl fmt::Display for Unprocessed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unsent => "the request was not sent",
            Self::Refused => "the server did not process the request",
            Self::Closed => "the channel takes no more requests",
        })
    }
}

impl Error for Unprocessed {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_survives_what_happens_to_a_status() {
        for mark in [Unprocessed::Unsent, Unprocessed::Refused, Unprocessed::Closed] {
            let status = mark.mark(Status::unavailable("gone"));
            assert_eq!(Unprocessed::of(&status.clone()), Some(mark));
        }
        assert_eq!(Unprocessed::of(&Status::unavailable("gone")), None);
    }
}
