//! One line for each call.

use std::time::Instant;

use tonic::Status;

use super::{Id, outcome::observe};
use crate::{
    handler::{Answer, Call},
    interceptor::{Interceptor, Next},
};

/// Writes an event of [`tracing`] at the end of each call, at the level INFO: method, code, duration in milliseconds,
/// peer, and the request id where [`RequestId`](super::RequestId) ran before. Nothing that a caller chose goes into it
/// unescaped.
#[derive(Debug, Clone, Copy, Default)]
pub struct AccessLog;

impl Interceptor for AccessLog {
    async fn intercept(&self, call: Call, next: Next) -> Result<Answer, Status> {
        let started = Instant::now();
        let method = call.method().full_name();
        let peer = call.peer().remote_addr;
        let id = call.extensions().get::<Id>().cloned();
        observe(call, next, move |code| {
            let ms = started.elapsed().as_micros() as f64 / 1e3;
            tracing::info!(target: "rsgrpc::access", method, ?code, ms, ?peer, id = id.as_ref().map(Id::as_str), "call");
        })
        .await
    }
}
