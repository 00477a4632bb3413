//! What the service asks of its clients, as a channel has heard.

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU8, Ordering},
    },
    task::Poll,
};

use crate::client::{Plan, ServiceConfig, ServiceConfigError};

/// The service config that a channel goes by: that of its resolver, or else its own (gRFC A21).
#[derive(Debug)]
pub(super) struct Asked {
    /// What most calls need to know.
    phase: AtomicU8,
    now: RwLock<Now>,
    /// The channel's own.
    default: Option<Arc<Plan>>,
}

#[derive(Debug)]
struct Now {
    plan: Option<Arc<Plan>>,
    /// Whether a resolver has decided on it.
    chosen: bool,
}

const UNKNOWN: u8 = 0;
const NOTHING: u8 = 1;
const SOMETHING: u8 = 2;

impl Asked {
    /// With the config that holds where a resolver has none; it has `silent`ly none, where that is known.
    pub(super) fn new(default: Option<ServiceConfig>, silent: bool) -> Self {
        let default = default.map(Plan::new);
        let now = RwLock::new(Now { plan: None, chosen: false });
        let this = Self { phase: AtomicU8::new(UNKNOWN), now, default };
        if silent {
            this.set(this.default.clone(), true);
        }
        this
    }

    /// Pending until a resolver has told, or failed to.
    pub(super) fn plan(&self) -> Poll<Option<Arc<Plan>>> {
        match self.phase.load(Ordering::Acquire) {
            UNKNOWN => Poll::Pending,
            NOTHING => Poll::Ready(None),
            _ => Poll::Ready(self.now.read().unwrap_or_else(PoisonError::into_inner).plan.clone()),
        }
    }

    /// The resolver failed: whoever waits for the config goes by the default for now.
    pub(super) fn failed(&self) {
        if self.plan().is_pending() {
            self.set(self.default.clone(), false);
        }
    }

    /// The resolver has said this. A config that cannot be used changes nothing, where one was chosen before; otherwise
    /// the default holds.
    ///
    /// # Errors
    ///
    /// It cannot be used, and nothing else can.
    pub(super) fn hear(
        &self,
        found: Option<Result<ServiceConfig, ServiceConfigError>>,
    ) -> Result<(), ServiceConfigError> {
        match found {
            None => self.set(self.default.clone(), true),
            // The same once more keeps its tokens.
            Some(Ok(config)) if matches!(self.plan(), Poll::Ready(Some(plan)) if plan.config == config) => {}
            Some(Ok(config)) => self.set(Some(Plan::new(config)), true),
            Some(Err(error)) => {
                tracing::warn!(%error, "the resolver has a service config that cannot be used");
                let chosen = self.now.read().unwrap_or_else(PoisonError::into_inner).chosen;
                if !chosen && self.default.is_none() {
                    return Err(error);
                }
                self.failed();
            }
        }
        Ok(())
    }

    fn set(&self, plan: Option<Arc<Plan>>, chosen: bool) {
        let phase = if plan.is_some() { SOMETHING } else { NOTHING };
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = Now { plan, chosen };
        self.phase.store(phase, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seconds of the timeout of every call.
    fn config(seconds: u64) -> ServiceConfig {
        format!(r#"{{"methodConfig": [{{"name": [{{}}], "timeout": "{seconds}s"}}]}}"#).parse().unwrap()
    }

    fn bad() -> Option<Result<ServiceConfig, ServiceConfigError>> {
        Some("{".parse())
    }

    fn told(asked: &Asked) -> Poll<Option<u64>> {
        let method = &crate::grpc::health::v1::HEALTH.methods[0];
        asked.plan().map(|plan| plan.map(|plan| plan.config.of(method).unwrap().timeout.unwrap().as_secs()))
    }

    #[test]
    fn what_a_resolver_says_goes_before_the_default() {
        let asked = Asked::new(Some(config(1)), false);
        assert_eq!(told(&asked), Poll::Pending);
        asked.hear(Some(Ok(config(2)))).unwrap();
        assert_eq!(told(&asked), Poll::Ready(Some(2)));
        asked.hear(bad()).unwrap();
        asked.failed();
        assert_eq!(told(&asked), Poll::Ready(Some(2)), "the last good one stays");
        asked.hear(None).unwrap();
        assert_eq!(told(&asked), Poll::Ready(Some(1)));
        asked.hear(bad()).unwrap();
        assert_eq!(told(&asked), Poll::Ready(Some(1)));
    }

    #[test]
    fn a_bad_one_at_first_leaves_the_default_or_nothing() {
        let asked = Asked::new(Some(config(1)), false);
        asked.hear(bad()).unwrap();
        assert_eq!(told(&asked), Poll::Ready(Some(1)));

        let asked = Asked::new(None, false);
        asked.failed();
        assert_eq!(told(&asked), Poll::Ready(None));
        asked.hear(bad()).unwrap_err();
        asked.hear(None).unwrap();
        asked.hear(bad()).unwrap();
        assert_eq!(told(&Asked::new(None, true)), Poll::Ready(None));
    }

    #[test]
    fn the_same_one_again_is_no_other() {
        let asked = Asked::new(None, false);
        let plan = |seconds| {
            asked.hear(Some(Ok(config(seconds)))).unwrap();
            let Poll::Ready(Some(plan)) = asked.plan() else { panic!("there is one") };
            plan
        };
        let first = plan(1);
        assert!(Arc::ptr_eq(&first, &plan(1)));
        assert!(!Arc::ptr_eq(&first, &plan(2)));
    }
}
