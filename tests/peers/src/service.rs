use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use futures_util::{Stream, StreamExt, stream};
use rsgrpc::{
    Request, RequestExt, Response, ResponseExt, Status, StatusExt, Streaming,
    google::rpc::{BadRequest, bad_request::FieldViolation},
    metadata::{AsciiMetadataValue, MetadataMap},
};

use crate::proto::ours::{Answer, CancelledReply, CancelledRequest, Peers, Question};

/// The service as `peers.proto` describes it.
#[derive(Debug, Default)]
pub struct PeersService {
    cancelled: AtomicU64,
}

impl Peers for PeersService {
    async fn unary(&self, request: Request<Question>) -> Result<Response<Answer>, Status> {
        let (echo, deadline) = (Echo::of(request.metadata()), request.deadline());
        let answer = self.answer(request.into_inner(), deadline).await?;
        Ok(echo.onto(answer))
    }

    async fn server_stream(
        &self,
        request: Request<Question>,
    ) -> Result<Response<impl Stream<Item = Result<Answer, Status>>>, Status> {
        let (echo, deadline) = (Echo::of(request.metadata()), request.deadline());
        let question = request.into_inner();
        let answers = stream::iter(0..question.answers).then(move |_| self.answer(question.clone(), deadline));
        Ok(echo.onto(answers))
    }

    async fn client_stream(&self, request: Request<Streaming<Question>>) -> Result<Response<Answer>, Status> {
        let (echo, deadline) = (Echo::of(request.metadata()), request.deadline());
        let mut questions = request.into_inner();
        let mut texts = Vec::new();
        while let Some(question) = questions.message().await? {
            texts.push(self.answer(question, deadline).await?.text);
        }
        Ok(echo.onto(Answer { text: texts.join(" "), remaining_ms: remaining_ms(deadline) }))
    }

    async fn bidi(
        &self,
        request: Request<Streaming<Question>>,
    ) -> Result<Response<impl Stream<Item = Result<Answer, Status>>>, Status> {
        let (echo, deadline) = (Echo::of(request.metadata()), request.deadline());
        let answers = request.into_inner().then(move |question| async move { self.answer(question?, deadline).await });
        Ok(echo.onto(answers))
    }

    async fn cancelled(&self, _: Request<CancelledRequest>) -> Result<Response<CancelledReply>, Status> {
        Ok(Response::new(CancelledReply { calls: self.cancelled.load(Ordering::Relaxed) }))
    }
}

impl PeersService {
    async fn answer(&self, question: Question, deadline: Option<Instant>) -> Result<Answer, Status> {
        if question.sleep_ms > 0 {
            let given_up = CountWhenDropped(Some(&self.cancelled));
            tokio::time::sleep(Duration::from_millis(question.sleep_ms.into())).await;
            given_up.forget();
        }
        if question.fail {
            return Err(failure(question.text));
        }
        Ok(Answer { text: question.text, remaining_ms: remaining_ms(deadline) })
    }
}

fn failure(description: String) -> Status {
    let violation = FieldViolation { field: "text".to_owned(), description, ..FieldViolation::default() };
    Status::invalid_argument("no ☃ today").with_detail(&BadRequest { field_violations: vec![violation] })
}

fn remaining_ms(deadline: Option<Instant>) -> Option<u64> {
    let left = deadline?.saturating_duration_since(Instant::now());
    Some(u64::try_from(left.as_millis()).unwrap_or(u64::MAX))
}

/// What comes back of the request's metadata.
struct Echo {
    header: Option<AsciiMetadataValue>,
    trailers: MetadataMap,
}

impl Echo {
    fn of(request: &MetadataMap) -> Self {
        let mut trailers = MetadataMap::new();
        if let Some(value) = request.get_bin("echo-bin") {
            trailers.insert_bin("echo-bin", value.clone());
        }
        Self { header: request.get("echo-text").cloned(), trailers }
    }

    fn onto<T>(self, message: T) -> Response<T> {
        let mut response = Response::new(message).with_trailers(self.trailers);
        if let Some(value) = self.header {
            response.metadata_mut().insert("echo-text", value);
        }
        response
    }
}

/// Counts a handler that was dropped while it slept: the caller gave it up.
struct CountWhenDropped<'a>(Option<&'a AtomicU64>);

impl CountWhenDropped<'_> {
    fn forget(mut self) {
        self.0 = None;
    }
}

impl Drop for CountWhenDropped<'_> {
    fn drop(&mut self) {
        if let Some(count) = self.0 {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}
