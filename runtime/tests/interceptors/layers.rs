//! Layers of tower, around all that a server answers.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::stream;
use http::{Request, Response};
use rsgrpc::{Body, Channel, Client, Code, Peer, Server, client::requests};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    Handler, Log, clients,
    support::{ECHO, EchoClient, EchoServer},
};

/// Writes its name down, and turns some away.
#[derive(Clone)]
struct Named(Log, &'static str);

#[derive(Clone)]
struct Around<S>(Named, S);

impl<S> Layer<S> for Named {
    type Service = Around<S>;

    fn layer(&self, inner: S) -> Around<S> {
        Around(self.clone(), inner)
    }
}

impl<S> Service<Request<Body>> for Around<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send + 'static>,
{
    type Response = Response<Body>;
    type Error = &'static str;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, &'static str>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        assert!(request.extensions().get::<Arc<Peer>>().is_some());
        let Named(log, name) = self.0.clone();
        log.add(name);
        let asked = |key: &str| request.headers().get(key).is_some_and(|value| value == name);
        if asked("x-refused-by") {
            return Box::pin(async { Err("refused") });
        }
        if asked("x-waits-in") {
            return Box::pin(std::future::pending());
        }
        if asked("x-panics-in") {
            return Box::pin(async { panic!("as asked") });
        }
        let answer = self.1.call(request);
        Box::pin(async move {
            let Ok(mut response) = answer.await;
            log.add(name);
            response.headers_mut().append("x-layers", name.parse().unwrap());
            Ok(response)
        })
    }
}

async fn call(client: &Client, refused_by: &str) -> Result<(String, Vec<String>), Code> {
    let call = client.unary::<String, String>(&ECHO.methods[0], "hi".to_owned()).metadata("x-refused-by", refused_by);
    let answer = call.await.map_err(|status| status.code())?;
    let layers = answer.metadata().get_all("x-layers").iter();
    let layers = layers.map(|name| name.to_str().unwrap().to_owned()).collect();
    Ok((answer.into_inner(), layers))
}

#[tokio::test]
async fn the_first_layer_is_the_outermost() {
    let log = Log::default();
    let (outer, inner) = (Named(log.clone(), "outer"), Named(log.clone(), "inner"));
    for client in clients(&log, |builder| builder.layer(outer.clone()).layer(inner.clone())).await {
        log.take();
        let (_, layers) = call(&client, "nobody").await.unwrap();
        assert_eq!(layers, ["inner", "outer"]);
        assert_eq!(log.take(), ["outer", "inner", "handler", "inner", "outer"]);
    }
}

#[tokio::test]
async fn an_error_of_a_layer_is_an_answer() {
    let log = Log::default();
    let (outer, inner) = (Named(log.clone(), "outer"), Named(log.clone(), "inner"));
    for client in clients(&log, |builder| builder.layer(outer.clone()).layer(inner.clone())).await {
        log.take();
        assert_eq!(call(&client, "inner").await.unwrap_err(), Code::Unavailable);
        assert_eq!(log.take(), ["outer", "inner", "outer"]);
        assert_eq!(call(&client, "outer").await.unwrap_err(), Code::Unavailable);
        assert_eq!(log.take(), ["outer"]);
    }
}

#[tokio::test]
async fn a_panic_of_a_layer_leaves_its_connection_alone() {
    let log = Log::default();
    let [_, client] = clients(&log, |builder| builder.layer(Named(log.clone(), "layer"))).await;
    let client = EchoClient::new(client);
    let (sender, words) = requests(1);
    let mut neighbour = client.both(words).await.unwrap().into_inner();
    let status = client.unary(String::new()).metadata("x-panics-in", "layer").await.unwrap_err();
    assert_eq!(status.code(), Code::Unknown, "what clients of gRPC make of 500: {status}");
    sender.send("still here".to_owned()).await.unwrap();
    assert_eq!(neighbour.message().await.unwrap().unwrap(), "still here");
}

/// What waits in a layer, what waits behind it, and what is being answered.
#[tokio::test]
async fn the_end_of_the_grace_is_an_answer_within_layers_too() {
    let log = Log::default();
    let builder = Server::builder().add_service(EchoServer::new(Handler(log.clone())));
    let server = builder.layer(Named(log.clone(), "layer")).shutdown_grace(Duration::from_millis(50)).build().unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving =
        tokio::spawn(async move { server.serve_with_shutdown(listener, async { drop(stopped.await) }).await });

    let client = EchoClient::new(Channel::connect(format!("http://{addr}")).unwrap());
    let never = || stream::pending::<String>();
    let mut open = client.both(never()).await.unwrap().into_inner();
    let in_layer = client.unary(String::new()).metadata("x-waits-in", "layer");
    let behind = client.up(never());
    let by_http1 = async {
        let mut socket = tokio::net::TcpStream::connect(addr).await.unwrap();
        let head = "POST /test.Echo/Unary HTTP/1.1\r\nhost: test\r\nx-waits-in: layer\r\ncontent-length: 0\r\n\r\n";
        socket.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let stop = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        stop.send(()).unwrap();
    };
    let (in_layer, behind, open, by_http1, ()) =
        tokio::join!(in_layer.into_future(), behind.into_future(), open.message(), by_http1, stop);
    assert!(by_http1.starts_with("HTTP/1.1 503 "), "{by_http1}");
    let in_layer = in_layer.unwrap_err();
    assert_eq!(in_layer.code(), Code::Unavailable);
    assert!(in_layer.message().contains("503"), "{in_layer}");
    for status in [behind.unwrap_err(), open.unwrap_err()] {
        assert_eq!((status.code(), status.message()), (Code::Unavailable, "the server is shutting down"));
    }
    serving.await.unwrap().unwrap();
}
