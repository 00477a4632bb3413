//! How a call ended, however it did.

use std::time::Instant;

use tonic::{Code, Status};

use crate::{
    client::{self, Incoming, Outgoing},
    handler::{Answer, Call},
    interceptor::Next,
};

/// Runs the rest of a call and tells its code: also when it is cut short, which drops it, by its deadline, by a caller
/// that went away, or by a panic.
pub(crate) async fn observe(call: Call, next: Next, ended: impl FnOnce(Code) + Send) -> Result<Answer, Status> {
    let mut watch = Watch::new(call.deadline(), ended);
    let result = next.run(call).await;
    watch.end(result.as_ref().map_or_else(Status::code, |_| Code::Ok));
    result
}

/// Runs the rest of a client's call and tells its code, once the answer has ended or nobody reads it any more.
pub(crate) async fn observe_client(
    call: Outgoing,
    next: client::Next,
    ended: impl FnOnce(Code) + Send + Sync + 'static,
) -> Result<Incoming, Status> {
    let mut watch = Watch::new(call.deadline(), ended);
    match next.run(call).await {
        Ok(mut incoming) => {
            incoming.on_end(move |result| {
                watch.end(result.as_ref().map_or_else(Status::code, |_| Code::Ok));
                result
            });
            Ok(incoming)
        }
        Err(status) => {
            watch.end(status.code());
            Err(status)
        }
    }
}

/// Tells how something ended: by [`end`](Self::end), or by being dropped.
pub(crate) struct Watch<F: FnOnce(Code)> {
    deadline: Option<Instant>,
    ended: Option<F>,
}

impl<F: FnOnce(Code)> Watch<F> {
    pub(crate) fn new(deadline: Option<Instant>, ended: F) -> Self {
        Self { deadline, ended: Some(ended) }
    }

    pub(crate) fn end(&mut self, code: Code) {
        if let Some(ended) = self.ended.take() {
            ended(code);
        }
    }
}

impl<F: FnOnce(Code)> Drop for Watch<F> {
    fn drop(&mut self) {
        let late = || self.deadline.is_some_and(|deadline| deadline <= crate::deadline::now());
        self.end(match () {
            () if std::thread::panicking() => Code::Internal,
            () if late() => Code::DeadlineExceeded,
            () => Code::Cancelled,
        });
    }
}
