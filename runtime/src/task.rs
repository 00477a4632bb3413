//! Tasks that must not outlive what they work for, and futures that hardly ever have something to do.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use futures_util::task::AtomicWaker;
use tokio::task::{AbortHandle, JoinHandle};

/// Aborts a task when it is dropped.
#[derive(Debug)]
pub(crate) struct AbortOnDrop(AbortHandle);

impl AbortOnDrop {
    pub(crate) fn new(task: &JoinHandle<()>) -> Self {
        Self(task.abort_handle())
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Drops what a user's code made, whose panic ends here.
pub(crate) fn discard<T>(value: T) {
    if catch_unwind(AssertUnwindSafe(|| drop(value))).is_err() {
        tracing::error!("a panic while a {} was dropped", std::any::type_name::<T>());
    }
}

/// What a user's code made; it is [discarded](discard) when it is no longer needed.
pub(crate) struct Theirs<T>(Option<T>);

impl<T> Theirs<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Some(value))
    }

    pub(crate) fn none() -> Self {
        Self(None)
    }

    pub(crate) fn get(&mut self) -> Option<&mut T> {
        self.0.as_mut()
    }
}

impl<T> Drop for Theirs<T> {
    fn drop(&mut self) {
        discard(self.0.take());
    }
}

/// A future that is polled when something has woken it, rather than whenever its task is polled: a connection has timers
/// that fire once in a minute, and is itself polled for each request.
pub(crate) struct Rare<F> {
    future: F,
    alarm: Arc<Alarm>,
    task: Waker,
}

#[derive(Default)]
struct Alarm {
    rung: AtomicBool,
    task: AtomicWaker,
}

impl<F: Future + Unpin> Rare<F> {
    pub(crate) fn new(future: F) -> Self {
        let alarm = Arc::new(Alarm { rung: AtomicBool::new(true), task: AtomicWaker::new() });
        Self { future, alarm, task: Waker::noop().clone() }
    }

    pub(crate) fn get(&self) -> &F {
        &self.future
    }

    /// Polls it if it was woken, or has to see what nothing wakes it for.
    pub(crate) fn poll(&mut self, cx: &Context<'_>, has_to: bool) -> Poll<F::Output> {
        let is_known = self.task.will_wake(cx.waker());
        let rung = self.alarm.rung.load(Ordering::Acquire);
        if is_known && !rung && !has_to {
            return Poll::Pending;
        }
        if !is_known {
            self.task = cx.waker().clone();
        }
        // Before it is polled, so that what wakes it from here on wakes the task; waking takes the task away.
        self.alarm.task.register(&self.task);
        self.alarm.rung.store(false, Ordering::SeqCst);
        let waker = Waker::from(Arc::clone(&self.alarm));
        Pin::new(&mut self.future).poll(&mut Context::from_waker(&waker))
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rung.store(true, Ordering::SeqCst);
        self.task.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, pin::pin, sync::atomic::AtomicUsize, time::Duration};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn polled_when_woken_and_not_else() {
        let polls = AtomicUsize::new(0);
        let mut timer = pin!(tokio::time::sleep(Duration::from_secs(1)));
        let mut rare = Rare::new(poll_fn(|cx| {
            polls.fetch_add(1, Ordering::Relaxed);
            timer.as_mut().poll(cx)
        }));
        let mut turns = 0;
        poll_fn(|cx| {
            turns += 1;
            if turns < 10 {
                cx.waker().wake_by_ref();
            }
            rare.poll(cx, turns == 5)
        })
        .await;
        assert_eq!((turns, polls.load(Ordering::Relaxed)), (11, 3));
    }
}
