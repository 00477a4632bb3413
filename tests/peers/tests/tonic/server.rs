//! The service of `peers.proto` on tonic.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{Stream, StreamExt, stream};
use rsgrpc_peers::proto::tonic::{
    Answer, CancelledReply, CancelledRequest, Question,
    peers_server::{Peers, PeersServer},
};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Code, Request, Response, Status, Streaming, metadata::MetadataMap};
use tonic_types::{ErrorDetails, StatusExt};

pub(crate) async fn serve(listener: TcpListener) {
    tonic::transport::Server::builder()
        .add_service(service())
        .serve_with_incoming(TcpListenerStream::new(listener))
        .await
        .unwrap();
}

/// The service, for whichever server.
pub(crate) fn service() -> PeersServer<impl Peers> {
    PeersServer::new(Service::default())
}

#[derive(Default)]
struct Service {
    cancelled: Arc<AtomicU64>,
}

type Answers = Pin<Box<dyn Stream<Item = Result<Answer, Status>> + Send>>;

#[tonic::async_trait]
impl Peers for Service {
    async fn unary(&self, request: Request<Question>) -> Result<Response<Answer>, Status> {
        let call = self.call(request.metadata());
        let answer = call.answer(request.into_inner()).await?;
        Ok(call.response(answer))
    }

    type ServerStreamStream = Answers;

    async fn server_stream(&self, request: Request<Question>) -> Result<Response<Answers>, Status> {
        let call = self.call(request.metadata());
        let question = request.into_inner();
        let questions = stream::iter(0..question.answers).map(move |_| Ok(question.clone()));
        Ok(call.stream(questions))
    }

    async fn client_stream(&self, request: Request<Streaming<Question>>) -> Result<Response<Answer>, Status> {
        let call = self.call(request.metadata());
        let mut questions = request.into_inner();
        let mut texts = Vec::new();
        while let Some(question) = questions.message().await? {
            texts.push(call.answer(question).await?.text);
        }
        Ok(call.response(Answer { text: texts.join(" "), remaining_ms: None }))
    }

    type BidiStream = Answers;

    async fn bidi(&self, request: Request<Streaming<Question>>) -> Result<Response<Answers>, Status> {
        let call = self.call(request.metadata());
        Ok(call.stream(request.into_inner()))
    }

    async fn cancelled(&self, _: Request<CancelledRequest>) -> Result<Response<CancelledReply>, Status> {
        Ok(Response::new(CancelledReply { calls: self.cancelled.load(Ordering::Relaxed) }))
    }
}

impl Service {
    fn call(&self, metadata: &MetadataMap) -> Call {
        Call { metadata: metadata.clone(), cancelled: Arc::clone(&self.cancelled) }
    }
}

#[derive(Clone)]
struct Call {
    metadata: MetadataMap,
    cancelled: Arc<AtomicU64>,
}

impl Call {
    async fn answer(&self, question: Question) -> Result<Answer, Status> {
        if question.sleep_ms > 0 {
            let given_up = CountWhenDropped(Some(&self.cancelled));
            tokio::time::sleep(Duration::from_millis(question.sleep_ms.into())).await;
            given_up.forget();
        }
        if question.fail {
            let details = ErrorDetails::with_bad_request_violation("text", question.text);
            return Err(Status::with_error_details(Code::InvalidArgument, "no ☃ today", details));
        }
        Ok(Answer { text: question.text, remaining_ms: self.remaining_ms() })
    }

    /// tonic gives a handler no deadline; what it has of it is the header, `30000000u` or the like.
    fn remaining_ms(&self) -> Option<u64> {
        let text = self.metadata.get("grpc-timeout")?.to_str().unwrap();
        let (number, unit) = text.split_at(text.len() - 1);
        let number: u64 = number.parse().unwrap();
        Some(match unit {
            "H" => number * 3_600_000,
            "M" => number * 60_000,
            "S" => number * 1_000,
            "m" => number,
            "u" => number / 1_000,
            "n" => number / 1_000_000,
            _ => panic!("`{text}` is not a timeout"),
        })
    }

    fn response<T>(&self, message: T) -> Response<T> {
        let mut response = Response::new(message);
        if let Some(value) = self.metadata.get("echo-text") {
            response.metadata_mut().insert("echo-text", value.clone());
        }
        // tonic has no trailers for a call that ends well: the bytes come back as a header.
        if let Some(value) = self.metadata.get_bin("echo-bin") {
            response.metadata_mut().insert_bin("echo-bin", value.clone());
        }
        response
    }

    fn stream(self, questions: impl Stream<Item = Result<Question, Status>> + Send + 'static) -> Response<Answers> {
        let call = self.clone();
        let answers = questions.then(move |question| {
            let call = call.clone();
            async move { call.answer(question?).await }
        });
        self.response(Box::pin(answers))
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
