//! The bench service on tonic.

use std::{error::Error, pin::Pin, process::ExitCode};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use rsgrpc_bench::{
    Flags, run, run_on,
    tonic_proto::{
        Chunk, DownloadRequest, HelloReply, HelloRequest, UploadReply,
        bench_server::{Bench, BenchServer},
    },
};
use tonic::{Request, Response, Status, Streaming};

fn main() -> ExitCode {
    match Flags::parse() {
        Ok(flags) => run_on(flags.runtime, serve(flags.port)),
        Err(error) => run(async { Err(error) }),
    }
}

async fn serve(port: u16) -> Result<(), Box<dyn Error>> {
    tonic::transport::Server::builder()
        .add_service(BenchServer::new(Handlers))
        .serve(([127, 0, 0, 1], port).into())
        .await?;
    Ok(())
}

struct Handlers;

#[tonic::async_trait]
impl Bench for Handlers {
    async fn say_hello(&self, request: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
        Ok(Response::new(HelloReply { message: request.into_inner().name }))
    }

    type DownloadStream = Pin<Box<dyn Stream<Item = Result<Chunk, Status>> + Send>>;

    async fn download(&self, request: Request<DownloadRequest>) -> Result<Response<Self::DownloadStream>, Status> {
        let DownloadRequest { count, size, yields } = request.into_inner();
        let data = Bytes::from(vec![b'x'; size as usize]);
        let chunks = stream::iter(0..count).map(move |_| Ok(Chunk { data: data.clone() }));
        Ok(Response::new(if yields {
            Box::pin(chunks.then(|chunk| async {
                tokio::task::yield_now().await;
                chunk
            }))
        } else {
            Box::pin(chunks)
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
