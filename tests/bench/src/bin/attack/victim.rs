//! Somebody who calls the server meanwhile, 250 times a second, on a thread of its own.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use rsgrpc::ChannelBuilder;
use rsgrpc_bench::ours::{BenchClient, HelloRequest};
use tokio::time::Instant;

/// One call of so many is the first on a connection of its own.
const NEW: usize = 25;

pub(crate) struct Victim {
    /// The calls that are due now count.
    counts: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    calls: JoinHandle<Calls>,
}

/// How long each took, and how long after it was due it was answered; and how many failed.
type Calls = (Vec<(Duration, Duration)>, usize);

/// What its calls came to.
pub(crate) struct Suffered {
    /// The 99th percentile of their latencies.
    pub(crate) p99: Duration,
    /// How long after it was due the latest was answered.
    pub(crate) latest: Duration,
    pub(crate) failed: usize,
}

impl Victim {
    pub(crate) fn start(channel: impl Fn() -> ChannelBuilder + Send + 'static) -> Self {
        let (counts, stop) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
        let (counting, stopped) = (Arc::clone(&counts), Arc::clone(&stop));
        let calls = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(call(channel, &counting, &stopped))
        });
        Self { counts, stop, calls }
    }

    pub(crate) fn count(&self, counts: bool) {
        self.counts.store(counts, Ordering::Relaxed);
    }

    pub(crate) fn finish(self) -> Suffered {
        self.stop.store(true, Ordering::Relaxed);
        let (calls, failed) = self.calls.join().unwrap();
        let mut latencies: Vec<_> = calls.iter().map(|&(latency, _)| latency).collect();
        latencies.sort_unstable();
        let p99 = latencies.get(latencies.len() * 99 / 100).copied().unwrap_or_default();
        Suffered { p99, latest: calls.iter().map(|&(_, late)| late).max().unwrap_or_default(), failed }
    }
}

/// Calls when it is due, or as soon as the one before is answered.
async fn call(channel: impl Fn() -> ChannelBuilder, counts: &AtomicBool, stop: &AtomicBool) -> Calls {
    let client = || BenchClient::new(channel().build().unwrap());
    let (kept, mut latencies, mut failed) = (client(), Vec::new(), 0);
    let mut turns = tokio::time::interval(Duration::from_millis(4));
    for number in 0.. {
        let due = turns.tick().await;
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let counts = counts.load(Ordering::Relaxed);
        let client = if number % NEW == NEW - 1 { client() } else { kept.clone() };
        let began = Instant::now();
        match client.say_hello(HelloRequest { name: "victim".to_owned() }).await {
            Ok(_) if counts => latencies.push((began.elapsed(), due.elapsed())),
            Ok(_) => {}
            Err(_) => failed += 1,
        }
    }
    (latencies, failed)
}
