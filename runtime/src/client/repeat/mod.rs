//! Sending a call more than once: retries, hedging, and what no server has looked at (gRFC A6).
//!
//! It happens at the end of the chain, so interceptors see one call. An attempt whose head has come is the one: nothing is
//! sent again after it.

mod backoff;
mod hedge;
mod replay;
mod retry;
mod throttle;

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use tonic::{
    Status,
    metadata::{MetadataMap, MetadataValue},
};

use self::replay::Replay;
pub(super) use self::throttle::Throttle;
use super::{
    Client, Incoming, Plan, Protocol,
    attempt::Prepared,
    config::{Codes, MethodConfig, Repeat},
    reach::Unprocessed,
};
use crate::call::Body;

/// How often a call is sent again that has not left this client. A server that cannot be reached fails such calls at
/// once, so there has to be an end.
const UNSENT: u32 = 3;
/// And one that a server said it has not looked at.
const REFUSED: u32 = 1;

/// A call that may be sent more than once.
pub(super) struct Repeated<'c> {
    client: &'c Client,
    call: Prepared,
    metadata: MetadataMap,
    body: Replay,
    plan: Option<Arc<Plan>>,
    config: Option<Arc<MethodConfig>>,
    /// How often it was sent again without counting.
    resent: AtomicU32,
}

impl<'c> Repeated<'c> {
    pub(super) fn new(
        client: &'c Client,
        call: Prepared,
        metadata: MetadataMap,
        body: Body,
        (plan, config): (Option<Arc<Plan>>, Option<Arc<MethodConfig>>),
        resent: u32,
    ) -> Self {
        Self { client, call, metadata, body: Replay::new(body), plan, config, resent: AtomicU32::new(resent) }
    }

    fn throttle(&self) -> Option<&Throttle> {
        self.plan.as_ref()?.throttle.as_ref()
    }

    /// Makes the call, until the head of its answer is there.
    pub(super) async fn run(self) -> Result<Incoming, Status> {
        let config = self.config.clone();
        match config.as_ref().and_then(|config| config.repeat.as_ref()) {
            None => self.retry(None).await,
            Some(Repeat::Retry(policy)) => self.retry(Some(policy)).await,
            Some(Repeat::Hedging(policy)) => self.hedge(policy).await,
        }
    }

    /// One attempt, which counts as one even if it has to be sent again because no server has looked at it. The number is
    /// that of the reader of the body.
    async fn attempt(&self, previous: u32) -> (usize, Result<Incoming, Status>) {
        loop {
            let (number, body) = self.body.reader();
            let result = self.answered(previous, body).await;
            let most = match result.as_ref().err().and_then(Unprocessed::of) {
                None | Some(Unprocessed::Closed) => 0,
                Some(Unprocessed::Unsent) => UNSENT,
                Some(Unprocessed::Refused) => REFUSED,
            };
            if self.resent.load(Ordering::Relaxed) >= most || !self.body.is_open() {
                return (number, result);
            }
            self.resent.fetch_add(1, Ordering::Relaxed);
        }
    }

    async fn answered(&self, previous: u32, body: Body) -> Result<Incoming, Status> {
        let mut metadata = self.metadata.clone();
        if previous > 0 {
            metadata.insert("grpc-previous-rpc-attempts", MetadataValue::from(previous));
        }
        let mut incoming = self.client.attempt(&self.call, metadata, body).await?;
        // Other protocols than gRPC have errors in the body.
        let is_one = self.client.settings.protocol != Protocol::Grpc && !self.call.method.kind.streams_responses();
        if is_one && self.config.is_some() || incoming.inbound.is_failure() {
            incoming.inbound.look_ahead().await?;
        }
        Ok(incoming)
    }

    /// The answer of the attempt that is the one. How it ends counts for the throttle.
    fn commit(&self, number: usize, mut incoming: Incoming, codes: Codes) -> Incoming {
        self.body.commit(number);
        if let Some(throttle) = self.throttle().cloned() {
            incoming.on_end(move |result| {
                match &result {
                    Ok(_) => throttle.succeeded(),
                    Err(status) if codes.contains(status.code()) => throttle.failed(),
                    Err(_) => {}
                }
                result
            });
        }
        incoming
    }

    /// Whether another attempt would be in vain.
    fn is_closed(status: &Status) -> bool {
        Unprocessed::of(status) == Some(Unprocessed::Closed)
    }

    fn count_failure(&self) {
        if let Some(throttle) = self.throttle() {
            throttle.failed();
        }
    }

    /// Whether there may be another attempt.
    fn may_repeat(&self) -> bool {
        self.body.is_open() && self.throttle().is_none_or(Throttle::allows)
    }
}
