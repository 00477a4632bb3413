//! The load, made by rsgrpc's client.

use std::{error::Error, process::ExitCode};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use rsgrpc::Channel;
use rsgrpc_bench::{
    Client, Flags, drive,
    ours::{BenchClient, Chunk, DownloadRequest, HelloRequest},
    run,
};

fn main() -> ExitCode {
    run(load())
}

async fn load() -> Result<(), Box<dyn Error>> {
    let flags = Flags::parse()?;
    let mut connections = Vec::new();
    for _ in 0..flags.connections {
        let channel = Channel::connect(format!("http://127.0.0.1:{}", flags.port))?;
        connections.push(Rsgrpc(BenchClient::new(channel)));
    }
    drive(&flags, connections).await
}

#[derive(Clone)]
struct Rsgrpc(BenchClient);

impl Client for Rsgrpc {
    async fn say_hello(&mut self) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.0.say_hello(HelloRequest { name: "world".to_owned() }).await?;
        Ok(())
    }

    async fn download(&mut self, flags: &Flags) -> Result<u64, Box<dyn Error + Send + Sync>> {
        let request = DownloadRequest { count: flags.count, size: flags.size, yields: flags.yields };
        let mut chunks = self.0.download(request).await?.into_inner();
        let mut count = 0;
        while let Some(chunk) = chunks.message().await? {
            drop(chunk);
            count += 1;
        }
        Ok(count)
    }

    async fn upload(&mut self, flags: &Flags) -> Result<u64, Box<dyn Error + Send + Sync>> {
        let data = Bytes::from(vec![b'x'; flags.size as usize]);
        let chunks = stream::iter(0..flags.count).map(move |_| Chunk { data: data.clone() });
        let reply = if flags.yields {
            let chunks = chunks.then(|chunk| async {
                tokio::task::yield_now().await;
                chunk
            });
            self.0.upload(chunks).await?
        } else {
            self.0.upload(chunks).await?
        };
        Ok(reply.into_inner().count)
    }
}
