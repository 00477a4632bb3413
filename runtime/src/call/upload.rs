//! Requests that are sent one by one, as the call sees them.

use std::{
    sync::atomic::{AtomicU8, Ordering},
    task::{Context, Poll},
};

use futures_util::task::AtomicWaker;
use tonic::Status;

/// Whether the requests of a call are all that was to be sent: their sender, their stream and the call share it. The call
/// learns from it that they broke off even while nobody reads them: their server does not, there is no server yet, or
/// the window is full.
#[derive(Debug, Default)]
pub struct Upload {
    state: AtomicU8,
    call: AtomicWaker,
}

const OPEN: u8 = 0;
/// All that there will be was sent, or is about to be.
const FINISHED: u8 = 1;
const BROKEN: u8 = 2;
/// Nobody takes requests any more, so none can be missing.
const UNWANTED: u8 = 3;

impl Upload {
    pub(crate) fn finish(&self) {
        self.leave_open(FINISHED);
    }

    pub(crate) fn break_off(&self) {
        if self.leave_open(BROKEN) {
            self.call.wake();
        }
    }

    pub(crate) fn reject(&self) {
        self.leave_open(UNWANTED);
    }

    /// What came first counts.
    fn leave_open(&self, state: u8) -> bool {
        self.state.compare_exchange(OPEN, state, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// What the end of the stream means.
    pub(crate) fn check(&self) -> Result<(), Status> {
        if self.state.load(Ordering::Acquire) == FINISHED { Ok(()) } else { Err(broken_off()) }
    }

    /// Ready once the requests broke off. The last that asks is woken.
    pub(crate) fn poll_broken(&self, cx: &Context<'_>) -> Poll<Status> {
        self.call.register(cx.waker());
        if self.state.load(Ordering::Acquire) == BROKEN { Poll::Ready(broken_off()) } else { Poll::Pending }
    }
}

fn broken_off() -> Status {
    Status::cancelled("the requests were broken off: their sender was dropped before it finished")
}
