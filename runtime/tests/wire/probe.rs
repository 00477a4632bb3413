//! The service that the rows call. What a call does is said by its first message.

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use rsgrpc::{
    Answer as Ended, Call, Compression, Interceptor, Next, Request, RequestExt, Response, ResponseExt, Server,
    ServerBuilder, Status, StatusExt, Streaming,
    codegen::Stream,
    google::rpc::{BadRequest, bad_request::FieldViolation},
    metadata::MetadataMap,
};

use crate::support::{Answer, Bulk, Echo, EchoServer};

pub fn server() -> Server {
    builder().build().unwrap()
}

pub fn builder() -> ServerBuilder {
    builder_of(EchoServer::new(Probe))
}

/// With this service in place of the one without rules for REST.
pub fn builder_of(service: impl rsgrpc::Service) -> ServerBuilder {
    Server::builder()
        .add_service(service)
        .add_service(Bulk)
        .interceptor(Gate)
        .max_receive_message_bytes(1 << 20)
        .max_send_message_bytes(1 << 20)
}

/// Refuses calls that say so in their metadata.
struct Gate;

impl Interceptor for Gate {
    async fn intercept(&self, call: Call, next: Next) -> Result<Ended, Status> {
        if call.metadata().contains_key("x-refuse") {
            return Err(Status::permission_denied(format!("{} is closed", call.method().name())));
        }
        next.run(call).await
    }
}

pub struct Probe;

impl Echo for Probe {
    async fn unary(&self, request: Request<String>) -> Answer<String> {
        let text = request.get_ref().clone();
        let (verb, rest) = text.split_once(':').unwrap_or((&text, ""));
        match verb {
            "sleep" => std::future::pending().await,
            "panic" => panic!("as asked"),
            "long" => Ok(Response::new("x".repeat(rest.parse().unwrap()))),
            "message" => Err(Status::aborted(rest.repeat(5000))),
            "code" => Err(Status::new(rsgrpc::Code::from(rest.parse::<i32>().unwrap()), "as asked")),
            "no-error" => Err(Status::ok("well")),
            "secret" => {
                let off = Compression::default();
                off.set(false);
                Ok(Response::new(rest.to_owned()).with_compression(off))
            }
            "details" => {
                let violation = FieldViolation { field: rest.into(), ..FieldViolation::default() };
                Err(Status::invalid_argument("bad").with_detail(&BadRequest { field_violations: vec![violation] }))
            }
            "deadline" => Ok(Response::new(format!("{:?}", request.time_remaining().map(|left| left.as_secs() / 60)))),
            "method" => Ok(Response::new(request.method().unwrap().name().to_owned())),
            "keys" => {
                let keys: Vec<String> = request.metadata().keys().map(|key| format!("{key:?}")).collect();
                Ok(Response::new(keys.len().to_string() + &keys.concat()))
            }
            "echo-metadata" => {
                let metadata = request.metadata().clone();
                let mut response = Response::new(String::new()).with_trailers(metadata.clone());
                *response.metadata_mut() = metadata;
                Ok(response)
            }
            _ => Ok(Response::new(text)),
        }
    }

    async fn down(&self, request: Request<String>) -> Answer<impl Stream<Item = Result<String, Status>>> {
        let text = request.into_inner();
        let (verb, count) = text.split_once(':').unwrap_or((&text, "0"));
        let count: usize = count.parse().unwrap_or(0);
        let some = stream::iter((0..count).map(|i| Ok(i.to_string())));
        let rest: futures_util::stream::BoxStream<'_, Result<String, Status>> = match verb {
            "refuse" => return Err(Status::not_found("nothing to stream")),
            "break" => stream::iter([Err(Status::data_loss("broke"))]).boxed(),
            "hang" => stream::pending().boxed(),
            "panic" => stream::poll_fn(|_| panic!("as asked")).boxed(),
            "slow" => stream::once(async {
                tokio::time::sleep(Duration::from_millis(20)).await;
                Ok("late".to_owned())
            })
            .boxed(),
            _ => stream::empty().boxed(),
        };
        let mut trailers = MetadataMap::new();
        trailers.insert("x-end", "yes".parse().unwrap());
        Ok(Response::new(some.chain(rest)).with_trailers(trailers))
    }

    async fn up(&self, request: Request<Streaming<String>>) -> Answer<String> {
        let mut messages = request.into_inner();
        let Some(first) = messages.message().await? else {
            return Ok(Response::new("nothing".into()));
        };
        if first == "enough" {
            return Ok(Response::new("enough".into()));
        }
        let rest: Vec<String> = messages.try_collect().await?;
        Ok(Response::new(first + &rest.concat()))
    }

    async fn both(&self, request: Request<Streaming<String>>) -> Answer<impl Stream<Item = Result<String, Status>>> {
        Ok(Response::new(request.into_inner()))
    }
}
