//! How calls are written: requests sent one by one, interceptors of one call, batches.

use std::{future::IntoFuture, sync::Arc, time::Duration};

use futures_util::{StreamExt, TryStreamExt, stream};
use rsgrpc::{
    Channel, Code, Request, Response, Server, Status, Streaming,
    client::{Next, Outgoing, requests},
    codegen::Stream,
};
use tokio::{net::TcpListener, sync::Mutex, time::Instant};

use crate::support::{Answer, Echo, EchoClient, EchoServer};

/// Notes how the requests of an upload ended.
#[derive(Clone, Default)]
struct Service(Arc<Mutex<Vec<Result<usize, Code>>>>);

impl Echo for Service {
    async fn unary(&self, request: Request<String>) -> Answer<String> {
        let marks = request.metadata().get_all("x-mark").iter().count();
        Ok(Response::new(format!("{marks}")))
    }

    /// Pauses of so many milliseconds before each message; `!` is an error.
    async fn down(&self, request: Request<String>) -> Answer<impl Stream<Item = Result<String, Status>>> {
        let pauses: Vec<String> = request.get_ref().split_whitespace().map(str::to_owned).collect();
        let messages = stream::iter(pauses).then(async |pause| match pause.parse() {
            Ok(millis) => {
                tokio::time::sleep(Duration::from_millis(millis)).await;
                Ok(pause)
            }
            Err(_) => Err(Status::data_loss("broke")),
        });
        Ok(Response::new(messages.boxed()))
    }

    /// `x-reads: never` is stuck without reading, `x-reads: no-more` answers late, when it has long dropped the stream.
    async fn up(&self, request: Request<Streaming<String>>) -> Answer<String> {
        match request.metadata().get("x-reads").map(|reads| reads.to_str()) {
            Some(Ok("never")) => {
                let _unread = request.into_inner();
                return std::future::pending().await;
            }
            Some(_) => {
                drop(request);
                tokio::time::sleep(Duration::from_millis(200)).await;
                return Ok(Response::new("enough".to_owned()));
            }
            None => {}
        }
        let all: Result<Vec<String>, Status> = request.into_inner().try_collect().await;
        let ended = all.as_ref().map(Vec::len).map_err(Status::code);
        self.0.lock().await.push(ended);
        all.map(|all| Response::new(all.concat()))
    }

    async fn both(&self, request: Request<Streaming<String>>) -> Answer<impl Stream<Item = Result<String, Status>>> {
        Ok(Response::new(request.into_inner().take(3)))
    }
}

async fn clients() -> Vec<(EchoClient, Service)> {
    let mut clients = Vec::new();
    for in_process in [true, false] {
        let service = Service::default();
        let server = Server::builder().add_service(EchoServer::new(service.clone())).build().unwrap();
        if in_process {
            clients.push((EchoClient::new(server), service));
            continue;
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { server.serve_with_shutdown(listener, std::future::pending()).await });
        clients.push((EchoClient::new(Channel::connect(target).unwrap()), service));
    }
    clients
}

#[tokio::test]
async fn requests_one_by_one() {
    for (client, _) in clients().await {
        let (sender, texts) = requests(1);
        let sending = async move {
            for text in ["a", "b", "c"] {
                sender.send(text.to_owned()).await.unwrap();
            }
            sender.finish();
        };
        let (_, answer) = tokio::join!(sending, client.up(texts).into_future());
        assert_eq!(answer.unwrap().into_inner(), "abc");

        // Both ways in turn. The server takes three.
        let (sender, texts) = requests(4);
        sender.send("0".to_owned()).await.unwrap();
        let mut answers = client.both(texts).await.unwrap().into_inner();
        for turn in 0..3 {
            assert_eq!(answers.message().await.unwrap().unwrap(), turn.to_string());
            if turn < 2 {
                sender.send((turn + 1).to_string()).await.unwrap();
            }
        }
        assert_eq!(answers.message().await.unwrap(), None);
        drop(answers);
        sender.closed().await;
        let status = sender.send("late".to_owned()).await.unwrap_err();
        assert_eq!(status.code(), Code::Cancelled);
    }
}

#[tokio::test]
async fn a_sender_that_is_dropped_cancels() {
    for (client, service) in clients().await {
        let (sender, texts) = requests(4);
        sender.send("half".to_owned()).await.unwrap();
        drop(sender);
        let status = client.up(texts).await.unwrap_err();
        assert_eq!(status.code(), Code::Cancelled, "{status:?}");
        // The server does not take it for a whole one.
        assert!(service.0.lock().await.iter().all(Result::is_err), "{:?}", service.0.lock().await);
    }
}

/// The call learns it though nobody reads: in process, and where the window of the stream is full.
#[tokio::test]
async fn a_sender_that_is_dropped_cancels_what_nobody_reads() {
    for (client, _) in clients().await {
        for len in [1, 1 << 20] {
            let (sender, texts) = requests(1);
            let sending = async move {
                sender.send("x".repeat(len)).await.unwrap();
                tokio::time::sleep(Duration::from_millis(50)).await;
            };
            let calls = async { tokio::join!(client.up(texts).metadata("x-reads", "never").into_future(), sending) };
            let (answer, ()) = tokio::time::timeout(Duration::from_secs(10), calls).await.expect("it is cancelled");
            assert_eq!(answer.unwrap_err().code(), Code::Cancelled);
        }
        // Who has heard enough may still answer.
        let (sender, texts) = requests::<String>(1);
        let sending = async move { while sender.send("more".to_owned()).await.is_ok() {} };
        let (answer, ()) = tokio::join!(client.up(texts).metadata("x-reads", "no-more").into_future(), sending);
        assert_eq!(answer.unwrap().into_inner(), "enough");
    }
    // No server is there yet.
    let client = EchoClient::new(Channel::connect("http://127.0.0.1:1").unwrap());
    let (sender, texts) = requests::<String>(1);
    drop(sender);
    let call = client.up(texts).wait_for_ready(true).into_future();
    let answer = tokio::time::timeout(Duration::from_secs(10), call).await.expect("it is cancelled");
    assert_eq!(answer.unwrap_err().code(), Code::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn sending_waits_for_the_server() {
    let (sender, mut texts) = requests::<String>(2);
    for _ in 0..2 {
        sender.send(String::new()).await.unwrap();
    }
    let third = tokio::time::timeout(Duration::from_secs(60), sender.send(String::new()));
    assert!(third.await.is_err(), "nobody reads");
    texts.next().await.unwrap();
    sender.send(String::new()).await.unwrap();
}

#[tokio::test]
async fn interceptors_of_one_call() {
    for (client, _) in clients().await {
        let mark = || {
            |mut call: Outgoing, next: Next| {
                call.metadata_mut().append("x-mark", "1".parse().unwrap());
                next.run(call)
            }
        };
        let marked = client.unary(String::new()).interceptor(mark()).interceptor(mark()).await.unwrap();
        assert_eq!(marked.into_inner(), "2");
        assert_eq!(client.unary(String::new()).await.unwrap().into_inner(), "0");
    }
}

#[tokio::test(start_paused = true)]
async fn batches_by_number_and_by_time() {
    let (client, _) = clients().await.remove(0);
    for (pauses, expected) in [
        ("", &[] as &[(usize, u128)]),
        ("0 0 0 0 0 0 0", &[(3, 0), (3, 0), (1, 0)]),
        ("0 0 200 0 0", &[(2, 100), (3, 200)]),
        ("500 0", &[(2, 500)]),
        ("0 60 60 60 60", &[(2, 100), (2, 220), (1, 240)]),
    ] {
        let started = Instant::now();
        let messages = client.down(pauses.to_owned()).await.unwrap().into_inner();
        let mut batches = messages.chunks_timeout(3, Duration::from_millis(100));
        let mut seen = Vec::new();
        while let Some(batch) = batches.batch().await.unwrap() {
            seen.push((batch.len(), started.elapsed().as_millis()));
        }
        let close = |(a, b): (&(usize, u128), &(usize, u128))| a.0 == b.0 && a.1.abs_diff(b.1) < 10;
        assert!(seen.len() == expected.len() && seen.iter().zip(expected).all(close), "{pauses:?}: {seen:?}");
    }
    let messages = client.down("0 0 0 0 !".to_owned()).await.unwrap().into_inner();
    let mut batches = messages.chunks_timeout(3, Duration::from_secs(1));
    let lens = [batches.next().await.unwrap().unwrap().len(), batches.next().await.unwrap().unwrap().len()];
    assert_eq!(lens, [3, 1]);
    assert_eq!(batches.next().await.unwrap().unwrap_err().code(), Code::DataLoss);
    assert!(batches.next().await.is_none());
}

#[tokio::test]
async fn any_number_of_requests_may_wait() {
    for ahead in [0, usize::MAX] {
        let (sender, _requests) = rsgrpc::client::requests(ahead);
        sender.send("hi".to_owned()).await.unwrap();
    }
}
