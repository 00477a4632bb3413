//! What calls inside a handler take over.

use std::{future::IntoFuture, sync::Arc, time::Duration};

use futures_util::{StreamExt, TryStreamExt, stream};
use rsgrpc::{
    Channel, Client, Code, Request, RequestExt, Response, Server, Status, codegen::Stream,
    interceptors::PropagateMetadata,
};
use tokio::{net::TcpListener, sync::Notify};

use crate::support::{Answer, Echo, EchoClient, EchoServer};

/// Tells what it was given; `hang` never answers, and notes when it is dropped.
struct Inner(Arc<Notify>);

struct NotifyOnDrop(Arc<Notify>);

impl Drop for NotifyOnDrop {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

impl Echo for Inner {
    async fn unary(&self, request: Request<String>) -> Answer<String> {
        if request.get_ref() == "hang" {
            let _dropped = NotifyOnDrop(Arc::clone(&self.0));
            std::future::pending::<()>().await;
        }
        let metadata = request.metadata();
        let id = metadata.get("x-id").map_or("-", |value| value.to_str().unwrap());
        let tenant = metadata.get_bin("x-tenant-bin").map_or(0, |value| value.to_bytes().unwrap().len());
        let other = metadata.contains_key("x-other");
        let left = request.time_remaining().map(|left| left.as_millis().div_ceil(10) * 10);
        Ok(Response::new(format!("{left:?} {id} {tenant} {other}")))
    }
}

/// Answers with what the server behind it was given.
struct Outer(EchoClient);

impl Echo for Outer {
    async fn unary(&self, request: Request<String>) -> Answer<String> {
        let text = || "x".to_owned();
        match request.get_ref().as_str() {
            "plain" => self.0.unary(text()).await,
            "hang" => self.0.unary("hang".to_owned()).await,
            "shorter" => self.0.unary(text()).timeout(Duration::from_millis(500)).await,
            "longer" => self.0.unary(text()).timeout(Duration::from_secs(500)).await,
            "own" => self.0.unary(text()).metadata("x-id", "own").await,
            "switched off" => self.0.unary(text()).inherit(false).await,
            "later" => {
                tokio::time::sleep(Duration::from_millis(700)).await;
                self.0.unary(text()).await
            }
            "joined" => futures_util::future::join(std::future::ready(()), self.0.unary(text()).into_future()).await.1,
            "task" => {
                let client = self.0.clone();
                tokio::spawn(async move { client.unary(text()).await }).await.unwrap()
            }
            other => panic!("{other}"),
        }
    }

    async fn down(&self, _: Request<String>) -> Answer<impl Stream<Item = Result<String, Status>>> {
        let calls = stream::iter(0..2).then(async |_| Ok(self.0.unary("x".to_owned()).await?.into_inner()));
        Ok(Response::new(calls.boxed()))
    }
}

fn outer(dropped: &Arc<Notify>) -> Server {
    let inner = Server::builder().add_service(EchoServer::new(Inner(Arc::clone(dropped)))).build().unwrap();
    Server::builder()
        .add_service(EchoServer::new(Outer(EchoClient::new(inner))))
        .interceptor(PropagateMetadata::new(["x-id", "x-tenant-bin", "no key"]))
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_time_that_is_left_and_chosen_metadata() {
    let client = EchoClient::new(outer(&Arc::default()));
    for (call, expected) in [
        ("plain", "Some(1000) id 2 false"),
        ("shorter", "Some(500) id 2 false"),
        ("longer", "Some(1000) id 2 false"),
        ("own", "Some(1000) own 2 false"),
        ("switched off", "None - 0 false"),
        ("later", "Some(300) id 2 false"),
        ("joined", "Some(1000) id 2 false"),
        ("task", "None - 0 false"),
    ] {
        let made = client.unary(call.to_owned()).timeout(Duration::from_millis(1000));
        let made = made.metadata("x-id", "id").metadata_bin("x-tenant-bin", b"ab").metadata("x-other", "o");
        assert_eq!(made.await.unwrap().into_inner(), expected, "{call}");
    }
    assert_eq!(client.unary("plain".to_owned()).await.unwrap().into_inner(), "None - 0 false");
    let down = client.down(String::new()).timeout(Duration::from_secs(1)).metadata("x-id", "id").await.unwrap();
    let told: Vec<String> = down.into_inner().try_collect().await.unwrap();
    assert_eq!(told, ["Some(1000) id 0 false"; 2]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_inherit() {
    let inner = Server::builder().add_service(EchoServer::new(Inner(Arc::default()))).build().unwrap();
    let outer = Outer(EchoClient::new(Client::from(inner).inherit(false)));
    let client = EchoClient::new(Server::builder().add_service(EchoServer::new(outer)).build().unwrap());
    let told = client.unary("plain".to_owned()).timeout(Duration::from_secs(1)).await.unwrap().into_inner();
    assert_eq!(told, "None - 0 false");
}

#[tokio::test]
async fn who_cancels_a_madecancels_those_behind_it() {
    let dropped = Arc::<Notify>::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = format!("http://{}", listener.local_addr().unwrap());
    let server = outer(&dropped);
    tokio::spawn(async move { server.serve_with_shutdown(listener, std::future::pending()).await });
    let client = EchoClient::new(Channel::connect(target).unwrap());
    let call = client.unary("hang".to_owned()).into_future();
    tokio::time::timeout(Duration::from_millis(100), call).await.unwrap_err();
    dropped.notified().await;

    let status = client.unary("hang".to_owned()).timeout(Duration::from_millis(100)).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    dropped.notified().await;
}
