//! How much at once.

use tokio::sync::Semaphore;
use tonic::Status;

use crate::{
    handler::{Answer, Call},
    interceptor::{Interceptor, Next},
};

/// Bounds how many calls run at once, streams for as long as they are open. What comes on top is refused with
/// `UNAVAILABLE` at once, so that a server under too much load answers what it can in good time.
///
/// It counts the calls it is run around: all of a server, or those of one service or method.
#[derive(Debug)]
pub struct ConcurrencyLimit {
    running: Semaphore,
    /// Those that run and those that wait.
    admitted: Semaphore,
}

impl ConcurrencyLimit {
    /// At most so many calls at once, and none that waits.
    pub fn new(calls: usize) -> Self {
        Self { running: Semaphore::new(calls), admitted: Semaphore::new(calls) }
    }

    /// Lets so many more calls wait for their turn, each within its deadline. Default: 0.
    #[must_use]
    pub fn waiting(self, calls: usize) -> Self {
        self.admitted.add_permits(calls);
        self
    }
}

impl Interceptor for ConcurrencyLimit {
    async fn intercept(&self, call: Call, next: Next) -> Result<Answer, Status> {
        let Ok(_admitted) = self.admitted.try_acquire() else {
            return Err(Status::unavailable("the server has too many calls to answer; try again later"));
        };
        // Neither semaphore is ever closed.
        let _running = self.running.acquire().await;
        next.run(call).await
    }
}
