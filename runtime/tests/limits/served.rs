//! The server whose limits are tried.

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt, stream};
use rsgrpc::{Request, Response, Server, ServerBuilder, Status, Streaming, codegen::Stream};

use crate::support::{Answer, Echo, EchoServer, Ruled, RuledBulk};

pub const SECOND: Duration = Duration::from_secs(1);

/// Sets a limit.
pub type Set = fn(ServerBuilder) -> ServerBuilder;

/// What it holds is held by each of its streams as well.
struct Same(Arc<()>);

impl Echo for Same {
    async fn unary(&self, request: Request<String>) -> Answer<String> {
        match request.get_ref().as_str() {
            "long" => Ok(Response::new("x".repeat(1000))),
            "slow" => {
                tokio::time::sleep(20 * SECOND).await;
                Ok(Response::new("slow".to_owned()))
            }
            _ => Ok(Response::new(request.into_inner())),
        }
    }

    /// As many messages of 1 KiB as somebody takes, or one in seven milliseconds.
    async fn down(&self, request: Request<String>) -> Answer<impl Stream<Item = Result<String, Status>>> {
        let held = Arc::clone(&self.0);
        let slow = request.get_ref() == "slow";
        Ok(Response::new(stream::repeat("x".repeat(1024)).then(move |text| {
            let _held = &held;
            async move {
                if slow {
                    tokio::time::sleep(SECOND * 7 / 1000).await;
                }
                Ok(text)
            }
        })))
    }

    /// The first message, once all have come.
    async fn up(&self, request: Request<Streaming<String>>) -> Answer<String> {
        let mut messages = request.into_inner();
        let first = messages.message().await?.unwrap_or_default();
        while messages.message().await?.is_some() {}
        Ok(Response::new(first))
    }
}

pub fn builder() -> ServerBuilder {
    holding(Arc::default())
}

/// One by which streams can be counted that run.
pub fn holding(held: Arc<()>) -> ServerBuilder {
    Server::builder().add_service(Ruled(EchoServer::new(Same(held)))).add_service(RuledBulk)
}
