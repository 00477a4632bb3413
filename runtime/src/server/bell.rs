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
    /// Whether no bell may ring on this thread, and whether one would have.
    static HUSHED: Cell<Option<bool>> = const { Cell::new(None) };
}

/// Wakes the task of a connection, except while it is muted. h2 wakes the connection for every answer that is handed to
/// it. Where the connection hands them over itself and looks at h2 once more afterwards, each request would cost it a
/// second turn with nothing to do.
#[derive(Debug, Default)]
pub(super) struct Bell {
    muted: AtomicBool,
    task: AtomicWaker,
}

impl Bell {
    /// The waker to poll h2 with.
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

/// Does something that can ring no bell but one; whether it would have.
pub(super) fn hushed<T>(act: impl FnOnce() -> T) -> (T, bool) {
    struct Hush;
    impl Drop for Hush {
        fn drop(&mut self) {
            HUSHED.set(None);
        }
    }
    let _hush = Hush;
    HUSHED.set(Some(false));
    let done = act();
    (done, HUSHED.get() == Some(true))
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if HUSHED.get().is_some() {
            return HUSHED.set(Some(true));
        }
        fence(Ordering::SeqCst);
        if !self.muted.load(Ordering::Relaxed) {
            self.task.wake();
        }
    }
}
