//! Several listeners, ports that are shared, and a runtime for each core.

use std::{collections::HashSet, net::SocketAddr, sync::Mutex};

use rsgrpc::{Channel, Listener, Request, Response, Server};
use tokio::{net::UnixListener, sync::oneshot};

use crate::{
    child::Same,
    support::{Answer, Echo, EchoClient, EchoServer},
};

#[tokio::test]
async fn tcp_and_unix_at_once() {
    let path = std::env::temp_dir().join(format!("rsgrpc-both-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let targets = [format!("http://{}", tcp.local_addr().unwrap()), format!("unix:{}", path.display())];
    let listeners = [Listener::try_from(tcp).unwrap(), UnixListener::bind(&path).unwrap().into()];
    let server = Server::builder().add_service(EchoServer::new(Same)).build().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let served = tokio::spawn(async move { server.serve_all(listeners, async { drop(stopped.await) }).await });
    for target in targets {
        let client = EchoClient::new(Channel::connect(target).unwrap());
        assert_eq!(client.unary("hi".to_owned()).await.unwrap().into_inner(), "hi");
    }
    stop.send(()).unwrap();
    served.await.unwrap().unwrap();
    std::fs::remove_file(&path).unwrap();
}

#[tokio::test]
async fn a_port_is_shared_by_who_wants_to() {
    let first = Listener::shared(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let addr = first.local_addr().unwrap();
    Listener::shared(addr).unwrap();
    assert!(Listener::bind(addr).await.is_err());
}

/// Answers with the name of its thread.
struct Named(Mutex<HashSet<String>>);

impl Echo for Named {
    async fn unary(&self, _: Request<String>) -> Answer<String> {
        let name = std::thread::current().name().unwrap_or_default().to_owned();
        self.0.lock().unwrap().insert(name.clone());
        Ok(Response::new(name))
    }
}

#[tokio::test]
async fn a_runtime_for_each_core() {
    let cores = std::thread::available_parallelism().unwrap().get();
    let addr = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = Server::builder().add_service(EchoServer::new(Named(Mutex::default()))).build().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let served = tokio::spawn(async move { server.serve_per_core(addr, async { drop(stopped.await) }).await });
    let mut threads = HashSet::new();
    // Which listener gets a connection is up to the kernel; by chance alone it takes few of them.
    for _ in 0..1000 {
        let client = EchoClient::new(Channel::connect(format!("http://{addr}")).unwrap());
        let Ok(answer) = client.unary(String::new()).await else {
            // The server has not begun yet.
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            continue;
        };
        threads.insert(answer.into_inner());
        if threads.len() == cores {
            break;
        }
    }
    assert!(threads.iter().all(|name| name.starts_with("rsgrpc-")), "{threads:?}");
    assert_eq!(threads.len(), cores, "{threads:?}");
    stop.send(()).unwrap();
    served.await.unwrap().unwrap();
}
