//! The bench service on rsgrpc.

use std::{error::Error, process::ExitCode};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, future::Either, stream};
use rsgrpc::{Request, Response, Server, ServerBuilder, Status, Streaming};
use rsgrpc_bench::{
    Flags,
    ours::{Bench, BenchServer, Chunk, DownloadRequest, HelloReply, HelloRequest, UploadReply},
    run,
};

fn main() -> ExitCode {
    run(serve())
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let Flags { port, telemetry, .. } = Flags::parse()?;
    let builder = Server::builder().add_service(BenchServer::new(Handlers));
    let builder = if telemetry { observed(builder)? } else { builder };
    builder.build()?.serve(("127.0.0.1", port)).await?;
    Ok(())
}

/// With all telemetry, which nobody listens to.
#[cfg(feature = "otel")]
fn observed(builder: ServerBuilder) -> Result<ServerBuilder, Box<dyn Error>> {
    use rsgrpc::interceptors::{ServerMetrics, Trace};
    Ok(builder.interceptor(Trace).interceptor(ServerMetrics::new(&opentelemetry::global::meter("bench"))))
}

#[cfg(not(feature = "otel"))]
fn observed(_: ServerBuilder) -> Result<ServerBuilder, Box<dyn Error>> {
    Err("--telemetry needs the feature otel".into())
}

struct Handlers;

impl Bench for Handlers {
    async fn say_hello(&self, request: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
        Ok(Response::new(HelloReply { message: request.into_inner().name }))
    }

    async fn download(
        &self,
        request: Request<DownloadRequest>,
    ) -> Result<Response<impl Stream<Item = Result<Chunk, Status>>>, Status> {
        let DownloadRequest { count, size, yields } = request.into_inner();
        let data = Bytes::from(vec![b'x'; size as usize]);
        let chunks = stream::iter(0..count).map(move |_| Ok(Chunk { data: data.clone() }));
        Ok(Response::new(if yields {
            Either::Left(chunks.then(|chunk| async {
                tokio::task::yield_now().await;
                chunk
            }))
        } else {
            Either::Right(chunks)
        }))
    }

    async fn upload(&self, request: Request<Streaming<Chunk>>) -> Result<Response<UploadReply>, Status> {
        let mut chunks = request.into_inner();
        let mut count = 0;
        while let Some(chunk) = chunks.message().await? {
            drop(chunk);
            count += 1;
        }
        Ok(Response::new(UploadReply { count }))
    }
}
