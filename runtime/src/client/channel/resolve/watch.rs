//! The resolver of a channel while it is watched, which may be a user's own and panic, end, or never have to wait.

use std::{panic::AssertUnwindSafe, pin::Pin, sync::Arc};

use futures_util::{FutureExt, StreamExt};
use tokio::{sync::Notify, task::coop::cooperative, time::Sleep};
use tonic::Status;

use super::{Refresh, Resolution, Resolutions, Resolver};
use crate::{
    client::{
        channel::{backoff::Backoff, random::Random},
        reach::Unprocessed,
    },
    http2::unavailable,
    task::Theirs,
};

/// What a resolver tells. One that panics, or ends before it has named servers, is begun anew after a pause.
pub(in super::super) struct Watch {
    resolver: Arc<dyn Resolver>,
    refresh: Arc<Notify>,
    now: Now,
    /// Whether it has ever named servers that calls may go to.
    named: bool,
    /// Whether it has said since it began why it names none.
    failed: bool,
    /// When it is asked for better, where what it told last cannot be used.
    again: Option<Pin<Box<Sleep>>>,
    backoff: Backoff,
    random: Random,
}

enum Now {
    Begins,
    Tells(Theirs<Resolutions>),
    Rests(Pin<Box<Sleep>>),
    /// It has said all that it had to say.
    Ended,
}

impl Watch {
    pub(in super::super) fn new(resolver: Arc<dyn Resolver>, refresh: Arc<Notify>) -> Self {
        let (backoff, random) = (Backoff::default(), Random::default());
        Self { resolver, refresh, now: Now::Begins, named: false, failed: false, again: None, backoff, random }
    }

    /// What it tells next. It may be asked again where this was not waited for.
    pub(in super::super) async fn next(&mut self) -> Result<Resolution, Status> {
        loop {
            match &mut self.now {
                Now::Begins => {
                    let watch = AssertUnwindSafe(async { self.resolver.watch(Refresh(Arc::clone(&self.refresh))) });
                    match watch.catch_unwind().await {
                        Ok(resolutions) => (self.now, self.failed) = (Now::Tells(Theirs::new(resolutions)), false),
                        Err(_) => return Err(self.rest(PANICKED)),
                    }
                }
                Now::Tells(resolutions) => {
                    let next = async {
                        match resolutions.get() {
                            Some(resolutions) => resolutions.next().await,
                            None => None,
                        }
                    };
                    // A stream that never has to wait would let nobody else on this thread work.
                    let next = cooperative(AssertUnwindSafe(next).catch_unwind());
                    let next = tokio::select! {
                        next = next => next,
                        () = due(&mut self.again) => {
                            self.again = None;
                            self.refresh.notify_one();
                            continue;
                        }
                    };
                    match next {
                        Ok(Some(Ok(resolution))) => {
                            self.hear(&resolution);
                            return Ok(resolution);
                        }
                        Ok(Some(Err(status))) => {
                            self.failed = true;
                            return Err(status);
                        }
                        Ok(None) if self.named => self.now = Now::Ended,
                        Ok(None) => {
                            let status = self.rest("the resolver ended without naming a server");
                            // What it has said itself tells more.
                            if !self.failed {
                                return Err(status);
                            }
                        }
                        Err(_) => return Err(self.rest(PANICKED)),
                    }
                }
                Now::Rests(pause) => {
                    pause.await;
                    self.now = Now::Begins;
                }
                Now::Ended => std::future::pending().await,
            }
        }
    }

    fn hear(&mut self, resolution: &Resolution) {
        let is_usable = !matches!(resolution.service_config, Some(Err(_)));
        if is_usable {
            self.again = None;
        } else if self.again.is_none() {
            self.again = Some(self.pause());
        }
        if is_usable && !resolution.endpoints.is_empty() {
            (self.named, self.backoff) = (true, Backoff::default());
        } else {
            self.failed = true;
        }
    }

    fn rest(&mut self, why: &str) -> Status {
        tracing::error!("{why}");
        (self.now, self.again) = (Now::Rests(self.pause()), None);
        Unprocessed::Unsent.mark(unavailable(why))
    }

    fn pause(&mut self) -> Pin<Box<Sleep>> {
        Box::pin(tokio::time::sleep(self.backoff.next(&self.random)))
    }
}

async fn due(pause: &mut Option<Pin<Box<Sleep>>>) {
    match pause {
        Some(pause) => pause.await,
        None => std::future::pending().await,
    }
}

const PANICKED: &str = "the resolver panicked";
