//! The cases about compression.

use std::error::Error;

use futures_util::{StreamExt, stream};
use rsgrpc::{Code, Compression, Encoding, ResponseExt};

use super::{
    cases::{LARGE_REQUEST, LARGE_RESPONSE},
    expect::{Done, next, parameters, payload, same, zeros},
    proto::{
        BoolValue, ResponseParameters, SimpleRequest, StreamingInputCallRequest, StreamingOutputCallRequest,
        TestServiceClient,
    },
};

/// The server has to notice that a message is not compressed that should be.
pub(super) async fn unary_probe(client: &TestServiceClient) -> Done {
    let refused = client.unary_call(unary_request(true)).await.err();
    same("the code of the probe", &refused.map(|status| status.code()), &Some(Code::InvalidArgument))
}

pub(super) async fn client_unary(client: &TestServiceClient) -> Done {
    let compressed = client.unary_call(unary_request(true)).send_compressed(Encoding::Gzip).await?;
    zeros(compressed.into_inner().payload, LARGE_RESPONSE)?;
    let plain = client.unary_call(unary_request(false)).await?;
    zeros(plain.into_inner().payload, LARGE_RESPONSE)
}

pub(super) async fn streaming_probe(client: &TestServiceClient) -> Done {
    let refused = client.streaming_input_call(stream::iter([streaming_request(true, 27_182)])).await.err();
    same("the code of the probe", &refused.map(|status| status.code()), &Some(Code::InvalidArgument))
}

/// One message compressed, the next not.
pub(super) async fn client_streaming(client: &TestServiceClient) -> Done {
    let compression = Compression::default();
    let switch = compression.clone();
    let requests = stream::iter([(true, 27_182), (false, 45_904)]).map(move |(compressed, size)| {
        switch.set(compressed);
        streaming_request(compressed, size)
    });
    let call = client.streaming_input_call(requests).send_compressed(Encoding::Gzip).compression(compression);
    same("the aggregated size", &call.await?.into_inner().aggregated_payload_size, &73_086)
}

pub(super) async fn server_unary(client: &TestServiceClient) -> Done {
    for compressed in [true, false] {
        let request = SimpleRequest { response_compressed: flag(compressed), ..unary_request(false) };
        let response = client.unary_call(request).await?;
        same("whether the response is compressed", &response.was_compressed(), &compressed)?;
        zeros(response.into_inner().payload, LARGE_RESPONSE)?;
    }
    Ok(())
}

pub(super) async fn server_streaming(client: &TestServiceClient) -> Done {
    same(
        "which responses are compressed",
        &server_stream(client).await?,
        &STREAM.map(|(compressed, _)| compressed).into(),
    )
}

/// One response is to be compressed, the other not.
const STREAM: [(bool, i32); 2] = [(true, 31_415), (false, 92_653)];

/// Reads the stream and returns which of its messages were compressed.
pub(super) async fn server_stream(client: &TestServiceClient) -> Result<Vec<bool>, Box<dyn Error>> {
    let request = StreamingOutputCallRequest {
        response_parameters: STREAM
            .map(|(compressed, size)| ResponseParameters { compressed: flag(compressed), ..parameters(size) })
            .into(),
        ..StreamingOutputCallRequest::default()
    };
    let mut stream = client.streaming_output_call(request).await?.into_inner();
    let mut compressed = Vec::new();
    for (_, size) in STREAM {
        zeros(next(&mut stream).await?.payload, size)?;
        compressed.push(stream.was_compressed());
    }
    same("the end", &stream.message().await?, &None)?;
    Ok(compressed)
}

fn unary_request(expect_compressed: bool) -> SimpleRequest {
    SimpleRequest {
        expect_compressed: flag(expect_compressed),
        response_size: LARGE_RESPONSE,
        payload: payload(LARGE_REQUEST),
        ..SimpleRequest::default()
    }
}

fn streaming_request(expect_compressed: bool, size: usize) -> StreamingInputCallRequest {
    StreamingInputCallRequest { expect_compressed: flag(expect_compressed), payload: payload(size) }
}

fn flag(value: bool) -> Option<BoolValue> {
    Some(BoolValue { value })
}
