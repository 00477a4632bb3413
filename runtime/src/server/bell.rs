//! The waker of a connection that answers its own requests.

use std::{
    cell::Cell,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering, fence},
    },
    task::{Context, Wake, Waker},
};

use futures_util::task::AtomicWaker;

thread_local! {
    /// The bell that may not ring on this thread, and whether it would have.
    static HUSHED: Cell<(*const Bell, bool)> = const { Cell::new((std::ptr::null(), false)) };
}

/// Wakes the task of a connection, except while it is muted. h2 wakes the connection for every answer that is handed to
/// it. Where the connection hands them over itself and looks at h2 once more afterwards, each request would cost it a
/// second turn with nothing to do. hyper wakes it for each part of a request's body that is taken: see [`hushed`].
#[derive(Debug, Default)]
pub(super) struct Bell {
    muted: AtomicBool,
    task: AtomicWaker,
}

impl Bell {
    /// The waker to poll h2 or hyper with.
    pub(super) fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(Arc::clone(self))
    }

    /// Wakes this task from now on.
    pub(super) fn listen(&self, cx: &Context<'_>) {
        self.task.register(cx.waker());
    }

    /// What happens until `unmute` wakes nobody.
    pub(super) fn mute(&self) {
        self.muted.store(true, Ordering::Relaxed);
    }

    /// From now on everything wakes; who calls this looks afterwards for what happened before.
    pub(super) fn unmute(&self) {
        self.muted.store(false, Ordering::Relaxed);
        // Whoever has something to say does so before it wakes. With a fence on each side either it sees that nothing is
        // muted any more, or what it said is seen by the look that follows here.
        fence(Ordering::SeqCst);
    }
}

/// Does something while this bell does not ring on this thread; whether it would have. Other bells ring.
pub(super) fn hushed<T>(bell: &Arc<Bell>, act: impl FnOnce() -> T) -> (T, bool) {
    struct Hush((*const Bell, bool));
    impl Drop for Hush {
        fn drop(&mut self) {
            HUSHED.set(self.0);
        }
    }
    let _before = Hush(HUSHED.replace((Arc::as_ptr(bell), false)));
    let done = act();
    (done, HUSHED.get().1)
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let (hushed, _) = HUSHED.get();
        if hushed == Arc::as_ptr(self) {
            return HUSHED.set((hushed, true));
        }
        fence(Ordering::SeqCst);
        if !self.muted.load(Ordering::Relaxed) {
            self.task.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn listening() -> (Arc<Bell>, Arc<Count>) {
        let (bell, count) = (Arc::<Bell>::default(), Arc::<Count>::default());
        bell.listen(&Context::from_waker(&Arc::clone(&count).into()));
        (bell, count)
    }

    #[test]
    fn one_bell_is_hushed_and_no_other() {
        let ((first, woken_first), (second, woken_second)) = (listening(), listening());
        let counts = || (woken_first.0.load(Ordering::Relaxed), woken_second.0.load(Ordering::Relaxed));
        let ((), rung) = hushed(&first, || {
            first.wake_by_ref();
            second.wake_by_ref();
        });
        assert_eq!((rung, counts()), (true, (0, 1)));
        assert!(!hushed(&first, || {}).1);
        // Within another hush, and behind it.
        let (within, rung) = hushed(&first, || hushed(&second, || second.wake_by_ref()).1);
        assert_eq!((within, rung, counts()), (true, false, (0, 1)));
        let ((), rung) = hushed(&first, || {
            hushed(&second, || {});
            first.wake_by_ref();
        });
        assert_eq!((rung, counts()), (true, (0, 1)));
        first.wake_by_ref();
        assert_eq!(counts(), (1, 1));
    }
}
