//! The services that gRPC itself defines: health and reflection.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use std::time::Duration;

use futures_util::stream;
use prost::Message;
use rsgrpc::{
    Code, Health, Server, ServingStatus,
    grpc::{
        health::v1::{HealthCheckRequest, HealthClient, HealthListRequest},
        reflection::{v1, v1alpha},
    },
};
use support::{Echo, EchoClient, EchoServer};
use v1::{
    ExtensionRequest, ServerReflectionClient, ServerReflectionRequest, server_reflection_request::MessageRequest,
    server_reflection_response::MessageResponse,
};

struct Nothing;
impl Echo for Nothing {}

fn check(service: &str) -> HealthCheckRequest {
    HealthCheckRequest { service: service.into() }
}

#[tokio::test]
async fn health() {
    let health = Health::default();
    let server = Server::builder().add_service(EchoServer::new(Nothing)).health(health.clone()).build().unwrap();
    let client = HealthClient::new(server);
    for service in ["", "test.Echo"] {
        assert_eq!(client.check(check(service)).await.unwrap().into_inner().status(), ServingStatus::Serving);
    }
    assert_eq!(client.check(check("other")).await.unwrap_err().code(), Code::NotFound);

    let mut states = client.watch(check("other")).await.unwrap().into_inner();
    assert_eq!(states.message().await.unwrap().unwrap().status(), ServingStatus::ServiceUnknown);
    health.set("test.Echo", ServingStatus::NotServing);
    health.set("other", ServingStatus::Serving);
    assert_eq!(states.message().await.unwrap().unwrap().status(), ServingStatus::Serving);

    let listed = client.list(HealthListRequest {}).await.unwrap().into_inner().statuses;
    assert_eq!(listed.len(), 3);
    assert_eq!(listed["test.Echo"].status(), ServingStatus::NotServing);

    health.shut_down();
    assert_eq!(states.message().await.unwrap().unwrap().status(), ServingStatus::NotServing);
    health.set("other", ServingStatus::Serving);
    assert_eq!(client.check(check("other")).await.unwrap().into_inner().status(), ServingStatus::NotServing);
}

#[tokio::test]
async fn a_shutdown_is_reported_before_the_drain() {
    let health = Health::default();
    let server = Server::builder().health(health.clone()).build().unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    server.serve_with_shutdown(listener, tokio::time::sleep(Duration::from_millis(10))).await.unwrap();
    assert_eq!(health.status(""), Some(ServingStatus::NotServing));
}

#[tokio::test]
async fn neither_is_answered_unless_it_was_asked_for() {
    let server = Server::builder().add_service(EchoServer::new(Nothing)).build().unwrap();
    let status = HealthClient::new(server.clone()).check(check("")).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    let status = ServerReflectionClient::new(server).server_reflection_info(stream::empty()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
}

fn reflecting() -> Server {
    let echo = EchoServer::new(Nothing);
    Server::builder().add_service(echo).health(Health::default()).reflection().build().unwrap()
}

async fn ask(questions: Vec<MessageRequest>) -> Vec<MessageResponse> {
    let requests = questions
        .into_iter()
        .map(|question| ServerReflectionRequest { host: "here".into(), message_request: Some(question) });
    let client = ServerReflectionClient::new(reflecting());
    let requests: Vec<_> = requests.collect();
    let mut responses = client.server_reflection_info(stream::iter(requests)).await.unwrap().into_inner();
    let mut answers = Vec::new();
    while let Some(response) = responses.message().await.unwrap() {
        assert_eq!(response.valid_host, "here");
        answers.push(response.message_response.unwrap());
    }
    answers
}

/// The names of the files in an answer; empty for an error, whose code must be NOT_FOUND.
fn files(answer: &MessageResponse) -> Vec<String> {
    match answer {
        MessageResponse::FileDescriptorResponse(files) => {
            let name = |file: &Vec<u8>| prost_types::FileDescriptorProto::decode(&**file).unwrap().name().to_owned();
            files.file_descriptor_proto.iter().map(name).collect()
        }
        MessageResponse::ErrorResponse(error) => {
            assert_eq!(error.error_code, Code::NotFound as i32);
            Vec::new()
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn reflection_lists_services() {
    let answers = ask(vec![MessageRequest::ListServices(String::new())]).await;
    let [MessageResponse::ListServicesResponse(list)] = &answers[..] else { panic!("{answers:?}") };
    let names: Vec<&str> = list.service.iter().map(|service| &*service.name).collect();
    let own = ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection", "test.Echo"];
    assert_eq!(names, [&["grpc.health.v1.Health"], &own[..]].concat());
}

#[tokio::test]
async fn reflection_finds_files_by_everything_they_declare() {
    let health = "grpc/health/v1/health.proto";
    for symbol in [
        "grpc.health.v1.Health",
        "grpc.health.v1.Health.Watch",
        "grpc.health.v1.HealthCheckRequest",
        "grpc.health.v1.HealthCheckRequest.service",
        "grpc.health.v1.HealthCheckResponse.ServingStatus",
        "grpc.health.v1.HealthCheckResponse.SERVING",
    ] {
        let answers = ask(vec![MessageRequest::FileContainingSymbol(symbol.into())]).await;
        assert_eq!(files(&answers[0]), [health], "{symbol}");
    }
    let answers = ask(vec![
        MessageRequest::FileByFilename(health.into()),
        MessageRequest::FileByFilename(health.into()),
        MessageRequest::FileByFilename("other.proto".into()),
        MessageRequest::FileContainingSymbol("other".into()),
        MessageRequest::FileContainingExtension(ExtensionRequest {
            containing_type: "grpc.health.v1.HealthCheckRequest".into(),
            extension_number: 1,
        }),
        MessageRequest::AllExtensionNumbersOfType("other".into()),
    ])
    .await;
    let found: Vec<Vec<String>> = answers.iter().map(files).collect();
    assert_eq!(found, [vec![health.to_owned()], vec![health.to_owned()], vec![], vec![], vec![], vec![]]);
    let name = "grpc.health.v1.HealthCheckRequest".to_owned();
    let answers = ask(vec![MessageRequest::AllExtensionNumbersOfType(name.clone())]).await;
    let [MessageResponse::AllExtensionNumbersResponse(numbers)] = &answers[..] else { panic!("{answers:?}") };
    assert_eq!((&numbers.base_type_name, numbers.extension_number.len()), (&name, 0));
}

#[tokio::test]
async fn reflection_answers_older_tools() {
    let client = v1alpha::ServerReflectionClient::new(reflecting());
    let request = v1alpha::ServerReflectionRequest::default();
    let mut responses = client.server_reflection_info(stream::iter([request])).await.unwrap().into_inner();
    let response = responses.message().await.unwrap().unwrap();
    let Some(v1alpha::server_reflection_response::MessageResponse::ErrorResponse(error)) = response.message_response
    else {
        panic!("a request that asks nothing was answered");
    };
    assert_eq!(error.error_code, Code::InvalidArgument as i32);
    let status = EchoClient::new(reflecting()).unary(String::new()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
}
