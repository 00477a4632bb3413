//! Notes all that an interceptor can see.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use rsgrpc::{Answer, Call, Interceptor, Next, Status};

use super::lane::pairs;
use crate::rest::items::Item;

/// No machine takes so long from a caller to the interceptor.
const SLOWEST: Duration = Duration::from_secs(30);

/// What happened in calls, in order.
#[derive(Clone, Default)]
pub struct Recorder {
    notes: Arc<Mutex<Vec<String>>>,
    /// The time that the caller of the next call allows.
    asked: Arc<Mutex<Option<Duration>>>,
}

impl Recorder {
    /// Tells what the caller of the next call allows, to be held against what arrives.
    pub fn expect(&self, timeout: Option<Duration>) {
        *self.asked.lock().unwrap() = timeout;
    }

    fn note(&self, what: String) {
        self.notes.lock().unwrap().push(what);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.notes.lock().unwrap())
    }

    /// What is left of the time that the caller allows: all of it but for the way, or what is found instead.
    fn left(&self, deadline: Option<Instant>) -> String {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let asked = *self.asked.lock().unwrap();
        match (left, asked) {
            (None, None) => "for ever".to_owned(),
            (Some(left), Some(asked)) if left <= asked && asked < left + SLOWEST => format!("{asked:?}"),
            _ => format!("{left:?} in place of {asked:?}"),
        }
    }

    /// Waits until the call is over, however it ended.
    pub async fn ended(&self) -> Vec<String> {
        self.until(|notes| notes.last().is_some_and(|last| last == "over")).await;
        self.take()
    }

    /// Waits until this much happened.
    pub async fn until(&self, happened: impl Fn(&[String]) -> bool) {
        for _ in 0..1000 {
            if happened(&self.notes.lock().unwrap()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the call goes on: {:?}", self.take());
    }
}

/// Notes the end of a call, even of one that is dropped.
struct Over(Recorder);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.note("over".into());
    }
}

impl Interceptor for Recorder {
    async fn intercept(&self, mut call: Call, next: Next) -> Result<Answer, Status> {
        let _over = Over(self.clone());
        let (metadata, left) = (pairs(call.metadata()), self.left(call.deadline()));
        self.note(format!("{} metadata {metadata:?} time {left}", call.method().full_name()));
        let (requests, responses) = (self.clone(), self.clone());
        call.on_request(move |payload| {
            let mut item: Item = payload.decode()?;
            requests.note(format!("request {item:?}"));
            item.tags.push("seen".into());
            payload.replace(&item)
        });
        call.on_response(move |payload| {
            let mut item: Item = payload.decode()?;
            responses.note(format!("response {item:?}"));
            item.tags.push("answered".into());
            payload.replace(&item)
        });
        call.on_head(|metadata| drop(metadata.insert("x-head", "on".parse().unwrap())));
        let result = next.run(call).await;
        self.note(format!("ended {:?}", result.as_ref().map(drop).map_err(Status::code)));
        result
    }
}
