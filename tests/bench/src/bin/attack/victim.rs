//! Somebody who calls the server meanwhile, 250 times a second.

use std::time::{Duration, Instant};

use rsgrpc::Channel;
use rsgrpc_bench::ours::{BenchClient, HelloRequest};
use tokio::{sync::oneshot, task::JoinHandle};

pub(crate) struct Victim {
    stop: oneshot::Sender<()>,
    calls: JoinHandle<(Vec<Duration>, usize)>,
}

impl Victim {
    pub(crate) fn start(channel: Channel) -> Self {
        let client = BenchClient::new(channel);
        let (stop, mut stopped) = oneshot::channel();
        let calls = tokio::spawn(async move {
            let (mut latencies, mut errors) = (Vec::new(), 0);
            let mut turns = tokio::time::interval(Duration::from_millis(4));
            while stopped.try_recv().is_err() {
                turns.tick().await;
                let began = Instant::now();
                match client.say_hello(HelloRequest { name: "victim".to_owned() }).await {
                    Ok(_) => latencies.push(began.elapsed()),
                    Err(_) => errors += 1,
                }
            }
            (latencies, errors)
        });
        Self { stop, calls }
    }

    /// The 99th percentile of its latencies, and how many calls failed.
    pub(crate) async fn finish(self) -> (Duration, usize) {
        self.stop.send(()).unwrap();
        let (mut latencies, errors) = self.calls.await.unwrap();
        latencies.sort_unstable();
        (latencies[latencies.len() * 99 / 100], errors)
    }
}
