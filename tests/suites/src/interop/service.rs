use std::time::Duration;

use futures_util::{Stream, StreamExt, stream};
use rsgrpc::{
    Code, Compression, Request, RequestExt, Response, ResponseExt, Status, Streaming,
    metadata::{AsciiMetadataValue, MetadataMap},
};

use super::proto::{
    BoolValue, EchoStatus, Empty, Payload, ResponseParameters, SimpleRequest, SimpleResponse,
    StreamingInputCallRequest, StreamingInputCallResponse, StreamingOutputCallRequest, StreamingOutputCallResponse,
    TestService,
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
        let compressed = request.was_compressed();
        let request = request.into_inner();
        expected(request.expect_compressed.as_ref(), compressed)?;
        wanted_status(request.response_status.as_ref())?;
        echo.compression.set(wanted(request.response_compressed.as_ref()));
        Ok(echo.onto(SimpleResponse { payload: Some(payload(request.response_size)?), ..SimpleResponse::default() }))
    }

    /// The payload is the request's, which is the time by the client's clock: the same request has the same answer, and
    /// another has another, as if the cache stood in between that the test description asks for.
    async fn cacheable_unary_call(&self, request: Request<SimpleRequest>) -> Result<Response<SimpleResponse>, Status> {
        let echo = Echo::of(request.metadata());
        let payload = request.into_inner().payload;
        let mut response = echo.onto(SimpleResponse { payload, ..SimpleResponse::default() });
        response.metadata_mut().insert("cache-control", AsciiMetadataValue::from_static("max-age=60, public"));
        Ok(response)
    }

    async fn streaming_output_call(
        &self,
        request: Request<StreamingOutputCallRequest>,
    ) -> Result<Response<impl Stream<Item = Result<StreamingOutputCallResponse, Status>>>, Status> {
        let echo = Echo::of(request.metadata());
        let answers = answers(Ok(request.into_inner()), echo.compression.clone());
        Ok(echo.onto(answers))
    }

    async fn streaming_input_call(
        &self,
        request: Request<Streaming<StreamingInputCallRequest>>,
    ) -> Result<Response<StreamingInputCallResponse>, Status> {
        let echo = Echo::of(request.metadata());
        let mut requests = request.into_inner();
        let mut size = 0;
        while let Some(request) = requests.message().await? {
            expected(request.expect_compressed.as_ref(), requests.was_compressed())?;
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
        let compression = echo.compression.clone();
        Ok(echo.onto(request.into_inner().flat_map(move |request| answers(request, compression.clone()))))
    }

    async fn half_duplex_call(
        &self,
        request: Request<Streaming<StreamingOutputCallRequest>>,
    ) -> Result<Response<impl Stream<Item = Result<StreamingOutputCallResponse, Status>>>, Status> {
        let echo = Echo::of(request.metadata());
        let requests: Vec<_> = request.into_inner().collect().await;
        let compression = echo.compression.clone();
        Ok(echo.onto(stream::iter(requests).flat_map(move |request| answers(request, compression.clone()))))
    }
}

/// The answers to one request of a streaming call: its status, or a payload for each of its parameters.
fn answers(
    request: Result<StreamingOutputCallRequest, Status>,
    compression: Compression,
) -> impl Stream<Item = Result<StreamingOutputCallResponse, Status>> + Send {
    let parameters = request.and_then(|request| {
        wanted_status(request.response_status.as_ref())?;
        Ok(request.response_parameters)
    });
    let parameters: Vec<_> = match parameters {
        Ok(parameters) => parameters.into_iter().map(Ok).collect(),
        Err(status) => vec![Err(status)],
    };
    stream::iter(parameters).then(move |parameters| {
        let compression = compression.clone();
        async move { answer(&parameters?, &compression).await }
    })
}

async fn answer(
    parameters: &ResponseParameters,
    compression: &Compression,
) -> Result<StreamingOutputCallResponse, Status> {
    let pause = u64::try_from(parameters.interval_us).unwrap_or_default();
    if pause > 0 {
        tokio::time::sleep(Duration::from_micros(pause)).await;
    }
    compression.set(wanted(parameters.compressed.as_ref()));
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

/// Refuses a message that is compressed where it should not be, or the other way round.
fn expected(expect_compressed: Option<&BoolValue>, compressed: bool) -> Result<(), Status> {
    match expect_compressed {
        Some(expected) if expected.value != compressed => {
            Err(Status::invalid_argument(format!("expected compressed: {}, got: {compressed}", expected.value)))
        }
        _ => Ok(()),
    }
}

fn wanted(compressed: Option<&BoolValue>) -> bool {
    compressed.is_some_and(|compressed| compressed.value)
}

/// The metadata that is to come back: one key as a header, one as a trailer. And the switch for the compression
/// of the answers, off until a request asks for it.
struct Echo {
    header: Option<AsciiMetadataValue>,
    trailers: MetadataMap,
    compression: Compression,
}

impl Echo {
    fn of(request: &MetadataMap) -> Self {
        let mut trailers = MetadataMap::new();
        if let Some(value) = request.get_bin("x-grpc-test-echo-trailing-bin") {
            trailers.insert_bin("x-grpc-test-echo-trailing-bin", value.clone());
        }
        let compression = Compression::default();
        compression.set(false);
        Self { header: request.get("x-grpc-test-echo-initial").cloned(), trailers, compression }
    }

    fn onto<T>(self, message: T) -> Response<T> {
        let mut response = Response::new(message).with_trailers(self.trailers).with_compression(self.compression);
        if let Some(value) = self.header {
            response.metadata_mut().insert("x-grpc-test-echo-initial", value);
        }
        response
    }
}
