use std::{
    error::Error,
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream};
use rsgrpc::{Channel, Code, Response, ResponseExt, Status, metadata::MetadataMap};
use tokio::sync::mpsc;

use super::{
    compressed,
    expect::{Done, next, parameters, payload, same, zeros},
    proto::{
        EchoStatus, Empty, SimpleRequest, StreamingInputCallRequest, StreamingOutputCallRequest, TestServiceClient,
        UnimplementedServiceClient,
    },
};

/// Runs one case by its name in gRPC's interop test descriptions, which say what it does.
///
/// # Errors
/// What the case found, or that there is no such case.
pub async fn run(case: &str, channel: impl Fn() -> Result<Channel, Box<dyn Error>>) -> Done {
    let client = TestServiceClient::new(channel()?);
    match case {
        "empty_unary" => empty_unary(&client).await,
        "large_unary" => large_unary(&client).await,
        "client_streaming" => client_streaming(&client).await,
        "server_streaming" => server_streaming(&client).await,
        "ping_pong" => ping_pong(&client).await,
        "empty_stream" => empty_stream(&client).await,
        "custom_metadata" => custom_metadata(&client).await,
        "status_code_and_message" => status_code_and_message(&client, "test status message").await,
        "special_status_message" => special_status_message(&client).await,
        "unimplemented_method" => unimplemented(client.unimplemented_call(Empty {}).await),
        "unimplemented_service" => {
            unimplemented(UnimplementedServiceClient::new(channel()?).unimplemented_call(Empty {}).await)
        }
        "cancel_after_begin" => cancel_after_begin(&client).await,
        "cancel_after_first_response" => cancel_after_first_response(&client).await,
        "timeout_on_sleeping_server" => timeout_on_sleeping_server(&client).await,
        "client_compressed_unary" => {
            compressed::unary_probe(&client).await?;
            compressed::client_unary(&client).await
        }
        "client_compressed_unary_noprobe" => compressed::client_unary(&client).await,
        "client_compressed_streaming" => {
            compressed::streaming_probe(&client).await?;
            compressed::client_streaming(&client).await
        }
        "client_compressed_streaming_noprobe" => compressed::client_streaming(&client).await,
        "server_compressed_unary" => compressed::server_unary(&client).await,
        "server_compressed_streaming" => compressed::server_streaming(&client).await,
        "server_compressed_streaming_nocheck" => compressed::server_stream(&client).await.map(|_| ()),
        "rpc_soak" => soak(|| Ok(client.clone())).await,
        "channel_soak" => soak(|| Ok(TestServiceClient::new(channel()?))).await,
        _ => Err(format!("there is no case `{case}`").into()),
    }
}

pub(super) const LARGE_REQUEST: usize = 271_828;
pub(super) const LARGE_RESPONSE: i32 = 314_159;
const REQUESTS: [usize; 4] = [27_182, 8, 1_828, 45_904];
const RESPONSES: [i32; 4] = [31_415, 9, 2_653, 58_979];

async fn empty_unary(client: &TestServiceClient) -> Done {
    same("the answer", &client.empty_call(Empty {}).await?.into_inner(), &Empty {})
}

async fn large_unary(client: &TestServiceClient) -> Done {
    let request =
        SimpleRequest { response_size: LARGE_RESPONSE, payload: payload(LARGE_REQUEST), ..SimpleRequest::default() };
    let response = client.unary_call(request).await?.into_inner();
    zeros(response.payload, LARGE_RESPONSE)
}

async fn client_streaming(client: &TestServiceClient) -> Done {
    let requests = REQUESTS.map(|size| StreamingInputCallRequest { payload: payload(size), ..Default::default() });
    let response = client.streaming_input_call(stream::iter(requests)).await?.into_inner();
    same("the aggregated size", &response.aggregated_payload_size, &74_922)
}

async fn server_streaming(client: &TestServiceClient) -> Done {
    let request = StreamingOutputCallRequest {
        response_parameters: RESPONSES.map(parameters).into(),
        ..StreamingOutputCallRequest::default()
    };
    let mut responses = client.streaming_output_call(request).await?.into_inner();
    for size in RESPONSES {
        zeros(next(&mut responses).await?.payload, size)?;
    }
    same("the end", &responses.message().await?, &None)
}

/// Each request is sent only once the one before is answered. The first goes ahead of the call: the call is there when
/// the head of its answer is, and a server may keep that until it has a message.
async fn ping_pong(client: &TestServiceClient) -> Done {
    let (send, requests) = requests();
    let mut unsent = REQUESTS.into_iter().zip(RESPONSES).map(|(request, response)| ask(request, response));
    unsent.next().map_or(Ok(()), |first| send.send(first))?;
    let mut responses = client.full_duplex_call(requests).await?.into_inner();
    for size in RESPONSES {
        zeros(next(&mut responses).await?.payload, size)?;
        unsent.next().map_or(Ok(()), |next| send.send(next))?;
    }
    drop(send);
    same("the end", &responses.message().await?, &None)
}

async fn empty_stream(client: &TestServiceClient) -> Done {
    let mut responses = client.full_duplex_call(stream::empty()).await?.into_inner();
    same("the end", &responses.message().await?, &None)
}

const HEADER: (&str, &str) = ("x-grpc-test-echo-initial", "test_initial_metadata_value");
const TRAILER: (&str, &[u8]) = ("x-grpc-test-echo-trailing-bin", &[0xab, 0xab, 0xab]);

async fn custom_metadata(client: &TestServiceClient) -> Done {
    let request =
        SimpleRequest { response_size: LARGE_RESPONSE, payload: payload(LARGE_REQUEST), ..SimpleRequest::default() };
    let call = client.unary_call(request).metadata(HEADER.0, HEADER.1).metadata_bin(TRAILER.0, TRAILER.1);
    let response = call.await?;
    same_header(&response)?;
    same_trailer(&response.trailers())?;

    let call = client.full_duplex_call(stream::iter([ask(LARGE_REQUEST, LARGE_RESPONSE)]));
    let response = call.metadata(HEADER.0, HEADER.1).metadata_bin(TRAILER.0, TRAILER.1).await?;
    same_header(&response)?;
    let mut responses = response.into_inner();
    zeros(next(&mut responses).await?.payload, LARGE_RESPONSE)?;
    same("the end", &responses.message().await?, &None)?;
    same_trailer(&responses.trailers().await?)
}

fn same_header<T>(response: &Response<T>) -> Done {
    let value = response.metadata().get(HEADER.0).ok_or("the header did not come back")?;
    same("the header", &value.to_str()?, &HEADER.1)
}

fn same_trailer(trailers: &MetadataMap) -> Done {
    let value = trailers.get_bin(TRAILER.0).ok_or("the trailer did not come back")?;
    same("the trailer", &value.to_bytes()?.as_ref(), &TRAILER.1)
}

async fn status_code_and_message(client: &TestServiceClient, message: &str) -> Done {
    let status = Some(EchoStatus { code: 2, message: message.to_owned() });
    let request = SimpleRequest { response_status: status.clone(), ..SimpleRequest::default() };
    failed_with(client.unary_call(request).await, message)?;

    let request = StreamingOutputCallRequest { response_status: status, ..StreamingOutputCallRequest::default() };
    // The status may come before there is a message, with the head, or after.
    match client.full_duplex_call(stream::iter([request])).await {
        Ok(response) => failed_with(response.into_inner().message().await, message),
        Err(status) => failed_with::<()>(Err(status), message),
    }
}

async fn special_status_message(client: &TestServiceClient) -> Done {
    let message = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";
    let status = Some(EchoStatus { code: 2, message: message.to_owned() });
    let request = SimpleRequest { response_status: status, ..SimpleRequest::default() };
    failed_with(client.unary_call(request).await, message)
}

fn failed_with<T>(result: Result<T, Status>, message: &str) -> Done {
    let status = result.err().ok_or("the call should fail")?;
    same("the code", &status.code(), &Code::Unknown)?;
    same("the message", &status.message(), &message)
}

fn unimplemented<T>(result: Result<T, Status>) -> Done {
    same("the code", &result.err().map(|status| status.code()), &Some(Code::Unimplemented))
}

/// A call is cancelled by dropping it; the connection has to go on afterwards.
async fn cancel_after_begin(client: &TestServiceClient) -> Done {
    let call = client.streaming_input_call(stream::pending());
    if tokio::time::timeout(Duration::from_millis(100), call).await.is_ok() {
        return Err("the call should still be going on".into());
    }
    empty_unary(client).await
}

async fn cancel_after_first_response(client: &TestServiceClient) -> Done {
    let requests = stream::iter([ask(REQUESTS[0], RESPONSES[0])]).chain(stream::pending());
    let mut responses = client.full_duplex_call(requests).await?.into_inner();
    zeros(next(&mut responses).await?.payload, RESPONSES[0])?;
    drop(responses);
    empty_unary(client).await
}

async fn timeout_on_sleeping_server(client: &TestServiceClient) -> Done {
    let request = StreamingOutputCallRequest { payload: payload(REQUESTS[0]), ..Default::default() };
    let call = client.full_duplex_call(stream::iter([request]).chain(stream::pending()));
    let result = match call.timeout(Duration::from_millis(1)).await {
        Ok(response) => response.into_inner().message().await.map(|_| ()),
        Err(status) => Err(status),
    };
    same("the code", &result.err().map(|status| status.code()), &Some(Code::DeadlineExceeded))
}

/// Ten large calls, each within a second.
async fn soak(client: impl Fn() -> Result<TestServiceClient, Box<dyn Error>>) -> Done {
    for iteration in 0..10 {
        let client = client()?;
        let started = Instant::now();
        large_unary(&client).await?;
        let elapsed = started.elapsed();
        if elapsed > Duration::from_secs(1) {
            return Err(format!("iteration {iteration} took {elapsed:?}").into());
        }
    }
    Ok(())
}

fn requests() -> (
    mpsc::UnboundedSender<StreamingOutputCallRequest>,
    impl stream::Stream<Item = StreamingOutputCallRequest> + Send + 'static,
) {
    let (send, receive) = mpsc::unbounded_channel();
    (send, stream::unfold(receive, |mut receive| async { Some((receive.recv().await?, receive)) }))
}

fn ask(request: usize, response: i32) -> StreamingOutputCallRequest {
    StreamingOutputCallRequest {
        response_parameters: vec![parameters(response)],
        payload: payload(request),
        ..StreamingOutputCallRequest::default()
    }
}
