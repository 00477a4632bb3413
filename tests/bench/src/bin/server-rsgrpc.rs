//! The bench service on rsgrpc.

use std::{error::Error, net::SocketAddr, process::ExitCode};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, future::Either, stream};
use rsgrpc::{Request, Response, Server, ServerBuilder, Status, Streaming};
use rsgrpc_bench::{
    Flags, Runtime,
    ours::{
        Bench, BenchServer, Bulk, BulkServer, Chunk, DownloadRequest, HelloReply, HelloRequest, Items, UploadReply,
    },
    run, run_on,
};

fn main() -> ExitCode {
    match Flags::parse() {
        Ok(flags) => run_on(flags.runtime, serve(flags)),
        Err(error) => run(async { Err(error) }),
    }
}

async fn serve(Flags { port, telemetry, tls, runtime, .. }: Flags) -> Result<(), Box<dyn Error>> {
    let builder = Server::builder().add_service(BenchServer::new(Handlers)).add_service(BulkServer::new(Handlers));
    let builder = if telemetry { observed(builder)? } else { builder };
    let builder = if tls { secured(builder)? } else { builder };
    let server = builder.build()?;
    let addr = SocketAddr::from(([127, 0, 0, 1], port));
    match runtime {
        // The connections are served by tasks of the runtime, which are on all its threads.
        Runtime::Single | Runtime::Multi => server.serve(addr).await?,
        Runtime::PerCore => server.serve_per_core(addr, std::future::pending()).await?,
    }
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

/// With TLS, by what stands in the standard input.
#[cfg(feature = "tls")]
fn secured(builder: ServerBuilder) -> Result<ServerBuilder, Box<dyn Error>> {
    let pem = std::io::read_to_string(std::io::stdin())?;
    Ok(builder.tls(rsgrpc::ServerTls::new(rsgrpc::Identity::from_pem(&pem, &pem)?)))
}

#[cfg(not(feature = "tls"))]
fn secured(_: ServerBuilder) -> Result<ServerBuilder, Box<dyn Error>> {
    Err("--tls needs the feature tls".into())
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

impl Bulk for Handlers {
    async fn count(&self, request: Request<Items>) -> Result<Response<UploadReply>, Status> {
        Ok(Response::new(UploadReply { count: request.get_ref().items.len() as u64 }))
    }
}
