//! What a client makes of a call: how often it is sent, how long it may take, and what it takes along.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

mod config;
mod ergonomics;
mod hedging;
mod inherited;
mod refused;
mod retries;
#[path = "../support/mod.rs"]
mod support;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::{TryStreamExt, stream};
use rsgrpc::{Client, Code, Request, Response, Server, Status, Streaming, client::ServiceConfig, codegen::Stream};
use tokio::time::Instant;

use support::{Answer, Echo, EchoClient, EchoServer};

/// How an attempt is answered.
#[derive(Debug, Clone)]
enum Act {
    Fail(Code),
    /// With `grpc-retry-pushback-ms`.
    Push(Code, &'static str),
    Succeed,
    /// After this time.
    Slow(u64, Box<Act>),
    Never,
    /// A message, then an error.
    Break(Code),
}

/// Answers attempt after attempt as it is told, and notes when each came, with what `grpc-previous-rpc-attempts` said and
/// what it was sent.
#[derive(Clone, Default)]
struct Script(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    acts: VecDeque<Act>,
    seen: Vec<Seen>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    at: Instant,
    previous: Option<String>,
    sent: String,
    /// What the caller allows, in milliseconds.
    left: Option<u128>,
}

impl Script {
    fn new(acts: impl IntoIterator<Item = Act>) -> Self {
        let state = State { acts: acts.into_iter().collect(), seen: Vec::new() };
        Self(Arc::new(Mutex::new(state)))
    }

    fn seen(&self) -> Vec<Seen> {
        self.0.lock().unwrap().seen.clone()
    }

    /// What `grpc-previous-rpc-attempts` said, attempt by attempt; `-` for nothing.
    fn previous(&self) -> String {
        self.seen().iter().map(|seen| seen.previous.clone().unwrap_or_else(|| "-".to_owned())).collect()
    }

    fn next<T>(&self, request: &Request<T>, sent: String) -> Act {
        let previous =
            request.metadata().get("grpc-previous-rpc-attempts").map(|value| value.to_str().unwrap().to_owned());
        let left = rsgrpc::RequestExt::time_remaining(request).map(|left| left.as_millis());
        let mut state = self.0.lock().unwrap();
        state.seen.push(Seen { at: Instant::now(), previous, sent, left });
        state.acts.pop_front().unwrap_or(Act::Succeed)
    }

    async fn act(mut act: Act) -> Result<(), Status> {
        loop {
            act = match act {
                Act::Succeed => return Ok(()),
                Act::Never => std::future::pending().await,
                Act::Fail(code) | Act::Break(code) => return Err(Status::new(code, "as told")),
                Act::Push(code, value) => {
                    let mut status = Status::new(code, "as told");
                    status.metadata_mut().insert("grpc-retry-pushback-ms", value.parse().unwrap());
                    return Err(status);
                }
                Act::Slow(millis, then) => {
                    tokio::time::sleep(Duration::from_millis(millis)).await;
                    *then
                }
            };
        }
    }
}

impl Echo for Script {
    async fn unary(&self, request: Request<String>) -> Answer<String> {
        let act = self.next(&request, request.get_ref().clone());
        Self::act(act).await?;
        Ok(Response::new(self.seen().len().to_string()))
    }

    async fn down(&self, request: Request<String>) -> Answer<impl Stream<Item = Result<String, Status>>> {
        let act = self.next(&request, request.get_ref().clone());
        let breaks = match &act {
            Act::Break(code) => Some(Err(Status::new(*code, "broke"))),
            _ => {
                Self::act(act).await?;
                None
            }
        };
        Ok(Response::new(stream::iter([Ok("1".to_owned())].into_iter().chain(breaks))))
    }

    async fn up(&self, request: Request<Streaming<String>>) -> Answer<String> {
        let (metadata, extensions, messages) = request.into_parts();
        let all: Vec<String> = messages.try_collect().await?;
        let act = self.next(&Request::from_parts(metadata, extensions, ()), all.len().to_string());
        Self::act(act).await?;
        Ok(Response::new(self.seen().len().to_string()))
    }
}

fn server(script: &Script) -> Server {
    Server::builder().add_service(EchoServer(Arc::new(script.clone()))).build().unwrap()
}

/// A client in process with this config.
fn client(script: &Script, config: &str) -> EchoClient {
    EchoClient::new(Client::from(server(script)).service_config(config.parse::<ServiceConfig>().unwrap()))
}
