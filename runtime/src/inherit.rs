//! What calls that a handler makes take over from the call that it answers.

use std::{
    cell::Cell,
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    time::Instant,
};

use tonic::metadata::MetadataMap;

/// What is taken over.
#[derive(Debug, Clone, Default)]
pub(crate) struct Inherited {
    pub(crate) deadline: Option<Instant>,
    /// What an interceptor has chosen of the caller's metadata.
    pub(crate) metadata: Option<Arc<MetadataMap>>,
}

thread_local! {
    /// Set while a handler is polled. So it holds for what runs inside the handler, and not for the tasks that it starts,
    /// which may outlive its call.
    static CURRENT: Cell<Inherited> = const { Cell::new(Inherited { deadline: None, metadata: None }) };
}

impl Inherited {
    /// From the call that is being answered here; nothing outside of handlers.
    pub(crate) fn current() -> Self {
        CURRENT.with(|current| {
            let inherited = current.take();
            current.set(inherited.clone());
            inherited
        })
    }

    /// Holds until the guard is dropped.
    pub(crate) fn enter(self) -> Entered {
        Entered { before: CURRENT.replace(self) }
    }
}

/// Puts back what was there before.
#[must_use = "it holds as long as this"]
pub(crate) struct Entered {
    before: Inherited,
}

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.set(std::mem::take(&mut self.before));
    }
}

/// Runs a part of a handler that hands on this metadata, too.
pub(crate) async fn with_metadata<F: Future>(metadata: MetadataMap, inner: F) -> F::Output {
    let mut inner = pin!(inner);
    let metadata = Arc::new(metadata);
    poll_fn(|cx| {
        let deadline = Inherited::current().deadline;
        let _entered = Inherited { deadline, metadata: Some(Arc::clone(&metadata)) }.enter();
        inner.as_mut().poll(cx)
    })
    .await
}
