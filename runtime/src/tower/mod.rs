//! Meeting the rest of the tower world: our services in axum's and tonic's routers, tonic's services in our server,
//! layers around all that it answers, and [clients](crate::Client::through) over any service of HTTP.

mod layer;
mod mounted;
mod transport;

use std::{
    convert::Infallible,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use tonic::server::NamedService;
use tower_service::Service as TowerService;

pub use layer::{HttpFuture, HttpService};
pub(crate) use layer::{Wrap, wrap};
pub(crate) use mounted::Mounted;

use crate::{
    call::{Body, Peer},
    handler::Service,
    protocol::Exchange,
    server::{BuildError, Server},
};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A server answers HTTP requests, of every protocol it speaks:
/// `axum::Router::new().fallback_service(server)`.
impl<B> TowerService<Request<B>> for Server
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = ServerFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> ServerFuture {
        let peer = request.extensions().get::<Arc<Peer>>().cloned().unwrap_or_default();
        let (head, body) = request.into_parts();
        ServerFuture(self.exchange(head, Body::new(body), &peer))
    }
}

/// The answer of a [`Server`] to one HTTP request.
#[must_use = "a future does nothing until it is polled"]
pub struct ServerFuture(Exchange);

impl Future for ServerFuture {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(Ok)
    }
}

impl std::fmt::Debug for ServerFuture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerFuture").finish_non_exhaustive()
    }
}

/// One service with its name, as tonic's `Routes` wants it: `Routes::new(ForTonic::new(GreeterServer::new(greeter))?)`.
#[derive(Debug)]
pub struct ForTonic<S> {
    server: Server,
    service: PhantomData<fn() -> S>,
}

impl<S: Service + NamedService> ForTonic<S> {
    /// The service, with the default settings of a server.
    ///
    /// # Errors
    ///
    /// None for a service that the generator made.
    pub fn new(service: S) -> Result<Self, BuildError> {
        Ok(Self::with(Server::builder().add_service(service).build()?))
    }

    /// A server with settings of its own, under the name of `S`.
    pub fn with(server: Server) -> Self {
        Self { server, service: PhantomData }
    }
}

impl<S> Clone for ForTonic<S> {
    fn clone(&self) -> Self {
        Self { server: self.server.clone(), service: PhantomData }
    }
}

impl<S: NamedService> NamedService for ForTonic<S> {
    const NAME: &'static str = S::NAME;
}

impl<S, B> TowerService<Request<B>> for ForTonic<S>
where
    Server: TowerService<Request<B>>,
{
    type Response = <Server as TowerService<Request<B>>>::Response;
    type Error = <Server as TowerService<Request<B>>>::Error;
    type Future = <Server as TowerService<Request<B>>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.server.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        self.server.call(request)
    }
}

/// A service of others that answers HTTP requests by itself.
pub(crate) trait Foreign: Send + Sync {
    fn answer(&self, request: Request<Body>) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>>;
}
