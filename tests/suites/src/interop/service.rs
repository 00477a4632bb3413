use std::time::Duration;

use futures_util::{Stream, StreamExt, stream};
use rsgrpc::{
    Code, Request, Response, ResponseExt, Status, Streaming,
    metadata::{AsciiMetadataValue, MetadataMap},
};

use super::proto::{
    EchoStatus, Empty, Payload, ResponseParameters, SimpleRequest, SimpleResponse, StreamingInputCallRequest,
    StreamingInputCallResponse, StreamingOutputCallRequest, StreamingOutputCallResponse, TestService,
};

/// `grpc.testing.TestService` as gRPC's interop test descriptions want it. `UnimplementedCall` keeps its default.
#[derive(Debug, Default)]
pub struct Interop;

impl TestService for Interop {
    async fn empty_call(&self, request: Request<Empty>) -> Result<Response<Empty>, Status> {
        Ok(Echo::of(request.metadata()).onto(Empty {}))
    }

    async fn unary_call(&self, request: Request<SimpleRequest>) -> Result<Response<SimpleResponse>, Status> {
        let echo = Echo::of(request.metadata());
        let request = request.into_inner();
        wanted_status(request.response_status.as_ref())?;
        Ok(echo.onto(SimpleResponse { payload: Some(payload(request.response_size)?), ..SimpleResponse::default() }))
    }

    async fn cacheable_unary_call(&self, request: Request<SimpleRequest>) -> Result<Response<SimpleResponse>, Status> {
        let mut response = self.unary_call(request).await?;
        response.metadata_mut().insert("cache-control", AsciiMetadataValue::from_static("max-age=60, public"));
        Ok(response)
    }

    async fn streaming_output_call(
        &self,
        request: Request<StreamingOutputCallRequest>,
    ) -> Result<Response<impl Stream<Item = Result<StreamingOutputCallResponse, Status>>>, Status> {
        let echo = Echo::of(request.metadata());
        Ok(echo.onto(answers(Ok(request.into_inner()))))
    }

    async fn streaming_input_call(
        &self,
        request: Request<Streaming<StreamingInputCallRequest>>,
    ) -> Result<Response<StreamingInputCallResponse>, Status> {
        let echo = Echo::of(request.metadata());
        let mut requests = request.into_inner();
        let mut size = 0;
        while let Some(request) = requests.message().await? {
            size += request.payload.map_or(0, |payload| payload.body.len());
        }
        let aggregated_payload_size =
            i32::try_from(size).map_err(|_| Status::out_of_range("the payloads add up to more than an int32 holds"))?;
        Ok(echo.onto(StreamingInputCallResponse { aggregated_payload_size }))
    }

    async fn full_duplex_call(
        &self,
        request: Request<Streaming<StreamingOutputCallRequest>>,
    ) -> Result<Response<impl Stream<Item = Result<StreamingOutputCallResponse, Status>>>, Status> {
        let echo = Echo::of(request.metadata());
        Ok(echo.onto(request.into_inner().flat_map(answers)))
    }

    async fn half_duplex_call(
        &self,
        request: Request<Streaming<StreamingOutputCallRequest>>,
    ) -> Result<Response<impl Stream<Item = Result<StreamingOutputCallResponse, Status>>>, Status> {
        let echo = Echo::of(request.metadata());
        let requests: Vec<_> = request.into_inner().collect().await;
        Ok(echo.onto(stream::iter(requests).flat_map(answers)))
    }
}

/// The answers to one request of a streaming call: its status, or a payload for each of its parameters.
fn answers(
    request: Result<StreamingOutputCallRequest, Status>,
) -> impl Stream<Item = Result<StreamingOutputCallResponse, Status>> + Send {
    let parameters = request.and_then(|request| {
        wanted_status(request.response_status.as_ref())?;
        Ok(request.response_parameters)
    });
    let parameters: Vec<_> = match parameters {
        Ok(parameters) => parameters.into_iter().map(Ok).collect(),
        Err(status) => vec![Err(status)],
    };
    stream::iter(parameters).then(|parameters| async { answer(&parameters?).await })
}

async fn answer(parameters: &ResponseParameters) -> Result<StreamingOutputCallResponse, Status> {
    let pause = u64::try_from(parameters.interval_us).unwrap_or_default();
    if pause > 0 {
        tokio::time::sleep(Duration::from_micros(pause)).await;
    }
    Ok(StreamingOutputCallResponse { payload: Some(payload(parameters.size)?) })
}

fn payload(size: i32) -> Result<Payload, Status> {
    let size = usize::try_from(size).map_err(|_| Status::invalid_argument("a payload has no negative size"))?;
    Ok(Payload { body: vec![0; size], ..Payload::default() })
}

/// The status a request asks for, if it asks for one.
fn wanted_status(status: Option<&EchoStatus>) -> Result<(), Status> {
    match status {
        Some(status) if status.code != 0 => Err(Status::new(Code::from_i32(status.code), status.message.clone())),
        _ => Ok(()),
    }
}

/// The metadata that is to come back: one key as a header, one as a trailer.
struct Echo {
    header: Option<AsciiMetadataValue>,
    trailers: MetadataMap,
}

impl Echo {
    fn of(request: &MetadataMap) -> Self {
        let mut trailers = MetadataMap::new();
        if let Some(value) = request.get_bin("x-grpc-test-echo-trailing-bin") {
            trailers.insert_bin("x-grpc-test-echo-trailing-bin", value.clone());
        }
        Self { header: request.get("x-grpc-test-echo-initial").cloned(), trailers }
    }

    fn onto<T>(self, message: T) -> Response<T> {
        let mut response = Response::new(message).with_trailers(self.trailers);
        if let Some(value) = self.header {
            response.metadata_mut().insert("x-grpc-test-echo-initial", value);
        }
        response
    }
}
