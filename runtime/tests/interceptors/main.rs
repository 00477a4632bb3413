//! Interceptors of servers and clients: what they see, what they may change, and in which order they run.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub, reason = "tests")]

#[path = "../support/mod.rs"]
mod support;

mod client;
#[cfg(feature = "tower")]
mod layers;
#[cfg(feature = "tower")]
mod mounted;
mod server;

use std::sync::{Arc, Mutex};

use futures_util::{StreamExt, TryStreamExt, stream};
use rsgrpc::{
    Channel, Client, Request, Response, ResponseExt, Server, ServerBuilder, Status, Streaming, codegen::Stream,
    metadata::MetadataMap,
};
use support::{Answer, Echo, EchoServer};

/// What happened, in order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, entry: impl Into<String>) {
        self.0.lock().unwrap().push(entry.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// Answers with what it got, and notes that it ran.
struct Handler(Log);

impl Echo for Handler {
    async fn unary(&self, request: Request<String>) -> Answer<String> {
        self.0.add("handler");
        match request.get_ref().strip_prefix("fail ") {
            Some(why) => Err(Status::not_found(why)),
            None => Ok(Response::new(request.into_inner()).with_trailers(trailers())),
        }
    }

    async fn down(&self, request: Request<String>) -> Answer<impl Stream<Item = Result<String, Status>>> {
        self.0.add("handler");
        let words: Vec<String> = request.into_inner().split(' ').map(str::to_owned).collect();
        let words =
            stream::iter(words).map(|word| if word == "fail" { Err(Status::data_loss("lost")) } else { Ok(word) });
        Ok(Response::new(words).with_trailers(trailers()))
    }

    async fn up(&self, request: Request<Streaming<String>>) -> Answer<String> {
        self.0.add("handler");
        let words: Vec<String> = request.into_inner().try_collect().await?;
        Ok(Response::new(words.join(" ")).with_trailers(trailers()))
    }

    async fn both(&self, request: Request<Streaming<String>>) -> Answer<impl Stream<Item = Result<String, Status>>> {
        self.0.add("handler");
        Ok(Response::new(request.into_inner()).with_trailers(trailers()))
    }
}

fn trailers() -> MetadataMap {
    let mut trailers = MetadataMap::new();
    trailers.insert("x-from", "handler".parse().unwrap());
    trailers
}

/// The server that the builder makes with the handler, reached in process and by a socket.
async fn clients(log: &Log, build: impl Fn(ServerBuilder) -> ServerBuilder) -> [Client; 2] {
    let builder = Server::builder().add_service(EchoServer::new(Handler(log.clone())));
    let server = build(builder).build().unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let channel = Channel::connect(format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let serving = server.clone();
    tokio::spawn(async move { serving.serve_with_shutdown(listener, std::future::pending()).await });
    [server.into(), channel.into()]
}
