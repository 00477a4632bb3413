//! Services of tonic in our server: what their neighbours, deadlines and the end of a server do to them.

use std::{
    convert::Infallible,
    future::{Ready, pending, ready},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_util::future::Either;
use h2::client::SendRequest;
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use rsgrpc::Server;
use tokio::{net::TcpListener, sync::oneshot};

use crate::{
    Handler, Log,
    support::{ECHO, EchoServer},
};

/// Answers as its path says.
#[derive(Clone)]
struct Odd;

impl tonic::server::NamedService for Odd {
    const NAME: &'static str = "test.Odd";
}

/// A message, and then what the path says.
struct OddBody(String, bool);

impl http_body::Body for OddBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if !std::mem::replace(&mut self.1, true) {
            return Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[0; 5])))));
        }
        match self.0.as_str() {
            "/test.Odd/Panics" => panic!("as asked"),
            "/test.Odd/Hangs" => Poll::Pending,
            "/test.Odd/Refused" => panic!("polled at its end"),
            _ => Poll::Ready(Some(Ok(Frame::trailers(HeaderMap::from_iter([(
                "grpc-status".parse().unwrap(),
                "0".parse().unwrap(),
            )]))))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0 == "/test.Odd/Refused"
    }
}

impl tower_service::Service<Request<tonic::body::Body>> for Odd {
    type Response = Response<OddBody>;
    type Error = Infallible;
    type Future = Either<
        std::future::Pending<Result<Response<OddBody>, Infallible>>,
        Ready<Result<Response<OddBody>, Infallible>>,
    >;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<tonic::body::Body>) -> Self::Future {
        match request.uri().path() {
            "/test.Odd/Waits" => Either::Left(pending()),
            path => {
                let response = Response::builder();
                let response = if path.ends_with("Refused") { response.header("grpc-status", "12") } else { response };
                Either::Right(ready(Ok(response.body(OddBody(path.to_owned(), false)).unwrap())))
            }
        }
    }
}

/// The status of a call, in whichever way it comes, and its bytes; none where the stream or the connection breaks.
async fn call(send: &SendRequest<Bytes>, method: &str, timeout: Option<&str>) -> Option<(usize, String)> {
    let request = Request::post(format!("http://test/test.Odd/{method}")).header("content-type", "application/grpc");
    let request = timeout.into_iter().fold(request, |request, timeout| request.header("grpc-timeout", timeout));
    let (response, _) = send.clone().ready().await.ok()?.send_request(request.body(()).unwrap(), true).ok()?;
    let code = |fields: &HeaderMap| fields.get("grpc-status").map(|code| code.to_str().unwrap().to_owned());
    let (head, mut body) = response.await.ok()?.into_parts();
    if let Some(code) = code(&head.headers) {
        // Some clients take a status in the head for one only then.
        assert!(body.is_end_stream());
        return Some((0, code));
    }
    let mut len = 0;
    while let Some(data) = body.data().await {
        let data = data.ok()?;
        body.flow_control().release_capacity(data.len()).unwrap();
        len += data.len();
    }
    Some((len, code(&body.trailers().await.ok()??)?))
}

fn server() -> rsgrpc::ServerBuilder {
    Server::builder().add_tonic_service(Odd).add_service(EchoServer::new(Handler(Log::default())))
}

async fn connect(server: Server, stop: oneshot::Receiver<()>) -> SendRequest<Bytes> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move { server.serve_with_shutdown(listener, async { drop(stop.await) }).await });
    let (send, connection) = h2::client::handshake(tokio::net::TcpStream::connect(addr).await.unwrap()).await.unwrap();
    tokio::spawn(connection);
    send
}

#[tokio::test]
async fn it_ends_with_a_status_whatever_happens() {
    let (stop, stopped) = oneshot::channel();
    let server = server().shutdown_grace(Duration::from_millis(100)).build().unwrap();
    let send = connect(server, stopped).await;
    let status = |len: usize, code: &str| Some((len, code.to_owned()));
    assert_eq!(call(&send, "Fine", None).await, status(5, "0"));
    assert_eq!(call(&send, "Refused", None).await, status(0, "12"));
    assert_eq!(call(&send, "Fine", Some("5S")).await, status(5, "0"));
    assert_eq!(call(&send, "Fine", Some("soon")).await, status(0, "3"));
    assert_eq!(call(&send, "Waits", Some("20m")).await, status(0, "4"));
    assert_eq!(call(&send, "Hangs", Some("20m")).await, status(5, "4"));
    assert_eq!(call(&send, "Panics", None).await, status(5, "13"), "and its neighbours go on");
    let hanging = call(&send, "Hangs", None);
    let ends = async {
        assert_eq!(call(&send, "Fine", None).await, status(5, "0"));
        stop.send(()).unwrap();
    };
    assert_eq!(futures_util::join!(hanging, ends).0, status(5, "14"));
}

#[tokio::test]
async fn its_name_is_taken_once() {
    let twice = Server::builder().add_tonic_service(Odd).add_tonic_service(Odd).build();
    assert_eq!(twice.unwrap_err().to_string(), "the service test.Odd was added twice; add each service once");
    #[derive(Clone)]
    struct Same;
    impl tonic::server::NamedService for Same {
        const NAME: &'static str = ECHO.name;
    }
    impl tower_service::Service<Request<tonic::body::Body>> for Same {
        type Response = Response<OddBody>;
        type Error = Infallible;
        type Future = Ready<Result<Response<OddBody>, Infallible>>;
        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }
        fn call(&mut self, _: Request<tonic::body::Body>) -> Self::Future {
            ready(Ok(Response::new(OddBody(String::new(), true))))
        }
    }
    let both = server().add_tonic_service(Same).build();
    assert_eq!(both.unwrap_err().to_string(), "the service test.Echo was added twice; add each service once");
}
