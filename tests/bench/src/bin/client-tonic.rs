//! The load, made by tonic's client.

use std::{error::Error, process::ExitCode};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use rsgrpc_bench::{
    Client, Flags, drive, run,
    tonic_proto::{Chunk, DownloadRequest, HelloRequest, bench_client::BenchClient},
};
use tonic::transport::{Channel, Endpoint};

fn main() -> ExitCode {
    run(load())
}

async fn load() -> Result<(), Box<dyn Error>> {
    let flags = Flags::parse()?;
    let mut connections = Vec::new();
    for _ in 0..flags.connections {
        let endpoint = Endpoint::try_from(format!("http://127.0.0.1:{}", flags.port))?;
        let channel = match flags.balanced {
            1 => endpoint.connect().await?,
            // All to the same server; to tonic they are several.
            count => Channel::balance_list(std::iter::repeat_n(endpoint, count)),
        };
        connections.push(Tonic(BenchClient::new(channel)));
    }
    drive(&flags, connections).await
}

#[derive(Clone)]
struct Tonic(BenchClient<Channel>);

impl Client for Tonic {
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
