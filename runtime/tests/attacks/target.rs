//! The server that is attacked, and the one who calls it meanwhile.

use std::{future::pending, net::SocketAddr};

use futures_util::{StreamExt, stream};
use rsgrpc::{
    Channel, Request, Response, Server, ServerBuilder, Status, Streaming, codegen::Stream, metadata::MetadataValue,
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::support::{Answer, Echo, EchoClient, EchoServer, Ruled};

pub struct Same;

impl Echo for Same {
    /// Refuses a text that begins with `!`, with the rest of it as the message and as metadata.
    async fn unary(&self, request: Request<String>) -> Answer<String> {
        let text = request.into_inner();
        if text == "hang" {
            pending::<()>().await;
        }
        let Some(rest) = text.strip_prefix('!') else {
            return Ok(Response::new(text));
        };
        let mut status = Status::invalid_argument(rest);
        if let Ok(value) = MetadataValue::try_from(rest) {
            status.metadata_mut().insert("x-rest", value);
        }
        Err(status)
    }

    /// As many messages of 1 KiB as somebody takes.
    async fn down(&self, _: Request<String>) -> Answer<impl Stream<Item = Result<String, Status>>> {
        Ok(Response::new(stream::repeat("x".repeat(1024)).map(Ok)))
    }

    /// Answers without a look at what is sent.
    async fn up(&self, _: Request<Streaming<String>>) -> Answer<String> {
        Err(Status::unauthenticated("no token"))
    }

    /// Reads all there is, and says nothing but what goes wrong.
    async fn both(&self, request: Request<Streaming<String>>) -> Answer<impl Stream<Item = Result<String, Status>>> {
        Ok(Response::new(request.into_inner().filter(|message| std::future::ready(message.is_err()))))
    }
}

pub fn builder() -> ServerBuilder {
    Server::builder().add_service(Ruled(EchoServer::new(Same)))
}

/// A server, and somebody who calls it until [`finish`](Self::finish), on a connection of its own.
pub struct Target {
    pub addr: SocketAddr,
    stop: oneshot::Sender<()>,
    victim: JoinHandle<usize>,
}

impl Target {
    pub async fn new() -> Self {
        Self::of(builder()).await
    }

    pub async fn of(builder: ServerBuilder) -> Self {
        let server = builder.build().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        tokio::spawn(async move { server.serve_with_shutdown(listener, pending()).await });
        let client = EchoClient::new(Channel::connect(format!("http://{addr}")).unwrap());
        client.unary(String::new()).await.unwrap();
        let (stop, mut stopped) = oneshot::channel();
        let victim = tokio::spawn(async move {
            let mut calls = 0;
            while stopped.try_recv().is_err() {
                let answer = client.unary("hi".to_owned()).await;
                assert_eq!(answer.unwrap().into_inner(), "hi");
                calls += 1;
            }
            calls
        });
        Self { addr, stop, victim }
    }

    /// All calls of the other were answered.
    pub async fn finish(self) {
        self.stop.send(()).unwrap();
        let calls = self.victim.await.expect("a call of somebody else failed");
        assert!(calls > 0);
    }
}
