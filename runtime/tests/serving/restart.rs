//! Servers that are replaced while they are called: no call is lost, and none is run twice.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use rsgrpc::{Channel, Code, Listener, Request, Response, Server};
use tokio::sync::oneshot;

use crate::support::{Answer, Echo, EchoClient, EchoServer};

const RESTARTS: usize = 25;
const CALLERS: usize = 4;
/// Calls between one restart and the next.
const CALLS: usize = 100;

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
    repeated: AtomicUsize,
    done: AtomicBool,
}

impl Load {
    async fn calls(&self, caller: usize, client: EchoClient) {
        for call in 0.. {
            if self.done.load(Ordering::SeqCst) {
                return;
            }
            let id = format!("{caller}-{call}");
            while let Err(status) = client.unary(id.clone()).await {
                // As any client may that was told so. Whether the call was run after all is what this test counts.
                assert_eq!(status.code(), Code::Unavailable, "{status:?}");
                self.repeated.fetch_add(1, Ordering::SeqCst);
            }
            self.answered.fetch_add(1, Ordering::SeqCst);
        }
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
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let (load, client) = (Arc::clone(&load), Channel::connect(format!("http://{addr}")).unwrap());
            tokio::spawn(async move { load.calls(caller, EchoClient::new(client)).await })
        })
        .collect();
    for _ in 0..RESTARTS {
        load.until_answered(CALLS).await;
        let (next, _) = Serving::start(addr, &runs);
        serving.end().await;
        serving = next;
    }
    load.until_answered(CALLS).await;
    load.done.store(true, Ordering::SeqCst);
    for caller in callers {
        caller.await.unwrap();
    }
    serving.end().await;
    let twice: Vec<_> =
        runs.0.lock().unwrap().iter().filter(|(_, runs)| **runs != 1).map(|(id, _)| id.clone()).collect();
    assert!(twice.is_empty(), "calls that were run more than once: {twice:?}");
    assert_eq!(runs.0.lock().unwrap().len(), load.answered.load(Ordering::SeqCst));
    eprintln!("{} calls were repeated", load.repeated.load(Ordering::SeqCst));
}
