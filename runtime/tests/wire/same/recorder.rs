//! Notes all that an interceptor can see.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use rsgrpc::{Answer, Call, Interceptor, Next, Status};

use super::lane::pairs;
use crate::rest::items::Item;

/// What happened in calls, in order.
#[derive(Clone, Default)]
pub struct Recorder(Arc<Mutex<Vec<String>>>);

impl Recorder {
    fn note(&self, what: String) {
        self.0.lock().unwrap().push(what);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// Waits until the call is over, however it ended.
    pub async fn ended(&self) -> Vec<String> {
        self.until(|notes| notes.last().is_some_and(|last| last == "over")).await;
        self.take()
    }

    /// Waits until this much happened.
    pub async fn until(&self, happened: impl Fn(&[String]) -> bool) {
        for _ in 0..1000 {
            if happened(&self.0.lock().unwrap()) {
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
        let (metadata, deadline) = (pairs(call.metadata()), call.deadline().is_some());
        self.note(format!("{} metadata {metadata:?} deadline {deadline}", call.method().full_name()));
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
