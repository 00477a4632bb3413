//! Servers that come and go.

use std::{
    collections::BTreeMap,
    future::Future,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::StreamExt;
use rsgrpc::{
    Health, Request, Response, Server, Status,
    client::channel::{Endpoint, Refresh, Resolution, Resolutions, Resolver},
};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, oneshot, watch},
    task::{JoinHandle, JoinSet},
};

use crate::support::{Answer, Echo, EchoClient, EchoServer};

/// A server that answers with its name.
pub struct Node {
    pub addr: SocketAddr,
    pub health: Health,
    pub connections: Arc<AtomicUsize>,
    /// A call that says "hold" is answered once there is a permit.
    pub gate: Arc<Semaphore>,
    pub held: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

struct Named {
    name: String,
    gate: Arc<Semaphore>,
    held: Arc<AtomicUsize>,
}

/// One call that is held.
struct Held(Arc<AtomicUsize>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Echo for Named {
    async fn unary(&self, request: Request<String>) -> Answer<String> {
        match request.get_ref().as_str() {
            "hold" => {
                self.held.fetch_add(1, Ordering::SeqCst);
                let _held = Held(Arc::clone(&self.held));
                self.gate.acquire().await.unwrap().forget();
            }
            "agent" => {
                let agent = request.metadata().get("user-agent").unwrap().to_str().unwrap();
                return Ok(Response::new(agent.to_owned()));
            }
            "fail if a" if self.name == "a" => return Err(Status::internal("as asked")),
            "large head" => {
                let mut response = Response::new(String::new());
                response.metadata_mut().insert("large", "x".repeat(20_000).parse().unwrap());
                return Ok(response);
            }
            other => {
                if let Some(millis) = other.strip_prefix("sleep ") {
                    tokio::time::sleep(Duration::from_millis(millis.parse().unwrap())).await;
                }
            }
        }
        Ok(Response::new(self.name.clone()))
    }
}

impl Node {
    pub async fn start(name: &str) -> Self {
        Self::at(name, "127.0.0.1:0".parse().unwrap()).await
    }

    pub async fn start_without_health(name: &str) -> Self {
        Self::serve(name, "127.0.0.1:0".parse().unwrap(), false).await
    }

    /// On a port that another one has left, as soon as the system lets it go.
    pub async fn at(name: &str, addr: SocketAddr) -> Self {
        Self::serve(name, addr, true).await
    }

    async fn serve(name: &str, addr: SocketAddr, healthy: bool) -> Self {
        let listener = loop {
            match TcpListener::bind(addr).await {
                Ok(listener) => break listener,
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        };
        let addr = listener.local_addr().unwrap();
        let (gate, held) = (Arc::new(Semaphore::new(0)), Arc::<AtomicUsize>::default());
        let named = Named { name: name.to_owned(), gate: Arc::clone(&gate), held: Arc::clone(&held) };
        let health = Health::default();
        let mut server = Server::builder().add_service(EchoServer::new(named));
        if healthy {
            server = server.health(health.clone());
        }
        let server = server.build().unwrap();
        let connections = Arc::<AtomicUsize>::default();
        let task = tokio::spawn(accept(server, listener, Arc::clone(&connections)));
        Self { addr, health, connections, gate, held, task }
    }

    pub fn endpoint(&self) -> Endpoint {
        Endpoint::new(self.addr)
    }

    /// As `kill -9` does: all connections break.
    pub async fn kill(self) -> SocketAddr {
        self.task.abort();
        let _ = self.task.await;
        self.addr
    }
}

async fn accept(server: Server, listener: TcpListener, connections: Arc<AtomicUsize>) {
    let mut tasks = JoinSet::new();
    loop {
        let (stream, server) = (listener.accept().await.unwrap().0, server.clone());
        connections.fetch_add(1, Ordering::SeqCst);
        tasks.spawn(async move { server.serve_connection(stream).await });
    }
}

/// A resolver that tells what the test says.
pub struct Told(watch::Receiver<Result<Resolution, Status>>);

pub fn told(endpoints: Vec<Endpoint>) -> (watch::Sender<Result<Resolution, Status>>, Told) {
    let (sender, receiver) = watch::channel(Ok(endpoints.into()));
    (sender, Told(receiver))
}

impl Resolver for Told {
    fn watch(&self, _: Refresh) -> Resolutions {
        let mut receiver = self.0.clone();
        receiver.mark_changed();
        let news = futures_util::stream::unfold(receiver, |mut receiver| async move {
            receiver.changed().await.ok()?;
            let now = receiver.borrow_and_update().clone();
            Some((now, receiver))
        });
        news.boxed()
    }
}

/// Who answered how many of so many calls, one after the other.
pub async fn shares(client: &EchoClient, calls: usize) -> BTreeMap<String, usize> {
    let mut shares = BTreeMap::new();
    for _ in 0..calls {
        let name = client.unary(String::new()).await.unwrap().into_inner();
        *shares.entry(name).or_insert(0) += 1;
    }
    shares
}

/// Waits for what must come.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    within(what, waiting).await;
}

pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(Duration::from_secs(60), future).await {
        Ok(done) => done,
        Err(_) => panic!("{what} did not happen"),
    }
}

/// A server that is restarted as an operator does it: it finishes what it has, while new connections are refused.
pub struct Graceful {
    pub addr: SocketAddr,
    name: String,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Graceful {
    pub async fn start(name: &str) -> Self {
        let mut this = Self { addr: "127.0.0.1:0".parse().unwrap(), name: name.to_owned(), running: None };
        this.run().await;
        this
    }

    pub async fn restart(&mut self) {
        let (stop, task) = self.running.take().unwrap();
        stop.send(()).unwrap();
        task.await.unwrap();
        self.run().await;
    }

    async fn run(&mut self) {
        let listener = loop {
            match TcpListener::bind(self.addr).await {
                Ok(listener) => break listener,
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        };
        self.addr = listener.local_addr().unwrap();
        let named = Named { name: self.name.clone(), gate: Arc::new(Semaphore::new(0)), held: Arc::default() };
        let server = Server::builder().add_service(EchoServer::new(named)).build().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            server.serve_with_shutdown(listener, async { drop(stopped.await) }).await.unwrap();
        });
        self.running = Some((stop, task));
    }
}
