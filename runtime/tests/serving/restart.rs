//! Servers that are replaced while they are called: no call fails, none is lost, and none is run twice.
//!
//! `RSGRPC_RESTARTS` sets how often the server is replaced:
//!
//!     RSGRPC_RESTARTS=100 cargo test --release -p rsgrpc --test serving restart -- --nocapture

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use rsgrpc::{Channel, Listener, Request, Response, Server, Status};
use tokio::sync::{Semaphore, oneshot};

use crate::support::{Answer, Echo, EchoClient, EchoServer};

const CHANNELS: usize = 4;
/// Calls that begin in each millisecond, as far as the machine keeps up.
const CALLS: usize = 2;
/// Calls that may run at once: fewer than are answered between two restarts, since a call is only sent again once when a
/// server has refused it unseen (gRFC A6).
const AT_ONCE: usize = 32;
/// Calls that are answered between one restart and the next.
const BETWEEN: usize = 100;

fn restarts() -> usize {
    std::env::var("RSGRPC_RESTARTS").map_or(25, |count| count.parse().unwrap())
}

/// Counts how often each call was run.
#[derive(Clone, Default)]
struct Runs(Arc<Mutex<HashMap<String, usize>>>);

impl Echo for Runs {
    async fn unary(&self, request: Request<String>) -> Answer<String> {
        let id = request.into_inner();
        *self.0.lock().unwrap().entry(id.clone()).or_default() += 1;
        tokio::time::sleep(Duration::from_millis(2)).await;
        Ok(Response::new(id))
    }
}

#[derive(Default)]
struct Load {
    answered: AtomicUsize,
    done: AtomicBool,
    failed: Mutex<Vec<Status>>,
}

impl Load {
    /// Calls at a steady pace until it is done, and waits for the last answer.
    async fn run(self: Arc<Self>, clients: Vec<EchoClient>) {
        let room = Arc::new(Semaphore::new(AT_ONCE));
        let mut turns = tokio::time::interval(Duration::from_millis(1));
        for turn in 0.. {
            turns.tick().await;
            if self.done.load(Ordering::SeqCst) {
                break;
            }
            for call in 0..CALLS {
                let room = Arc::clone(&room).acquire_owned().await.unwrap();
                let id = turn * CALLS + call;
                let (load, client) = (Arc::clone(&self), clients[id % clients.len()].clone());
                tokio::spawn(async move {
                    if let Err(status) = client.unary(id.to_string()).await {
                        load.failed.lock().unwrap().push(status);
                    }
                    load.answered.fetch_add(1, Ordering::SeqCst);
                    drop(room);
                });
            }
        }
        drop(room.acquire_many(AT_ONCE as u32).await.unwrap());
    }

    async fn until_answered(&self, more: usize) {
        let wanted = self.answered.load(Ordering::SeqCst) + more;
        while self.answered.load(Ordering::SeqCst) < wanted {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

struct Serving {
    stop: oneshot::Sender<()>,
    served: tokio::task::JoinHandle<std::io::Result<()>>,
}

impl Serving {
    fn start(addr: SocketAddr, runs: &Runs) -> (Self, SocketAddr) {
        let server = Server::builder().add_service(EchoServer::new(runs.clone())).build().unwrap();
        let listener = Listener::shared(addr).unwrap();
        let addr = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async { drop(stopped.await) };
        let served = tokio::spawn(async move { server.serve_with_shutdown(listener, stopped).await });
        (Self { stop, served }, addr)
    }

    async fn end(self) {
        self.stop.send(()).unwrap();
        self.served.await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rolling_restarts_lose_nothing() {
    let runs = Runs::default();
    let (mut serving, addr) = Serving::start(SocketAddr::from(([127, 0, 0, 1], 0)), &runs);
    let load = Arc::new(Load::default());
    let channel = || EchoClient::new(Channel::connect(format!("http://{addr}")).unwrap());
    let began = Instant::now();
    let calling = tokio::spawn(Arc::clone(&load).run((0..CHANNELS).map(|_| channel()).collect()));
    for _ in 0..restarts() {
        load.until_answered(BETWEEN).await;
        let (next, _) = Serving::start(addr, &runs);
        serving.end().await;
        serving = next;
    }
    load.until_answered(BETWEEN).await;
    load.done.store(true, Ordering::SeqCst);
    calling.await.unwrap();
    let took = began.elapsed();
    serving.end().await;
    let calls = load.answered.load(Ordering::SeqCst);
    eprintln!("{} restarts, {calls} calls, {:.0} a second", restarts(), calls as f64 / took.as_secs_f64());
    let failed = load.failed.lock().unwrap();
    assert!(failed.is_empty(), "{} of {calls} calls failed, the first by {:?}", failed.len(), failed[0]);
    let runs = runs.0.lock().unwrap();
    let twice: Vec<_> = runs.iter().filter(|(_, runs)| **runs != 1).map(|(id, _)| id).collect();
    assert!(twice.is_empty(), "calls that were run more than once: {twice:?}");
    assert_eq!(runs.len(), calls);
}
