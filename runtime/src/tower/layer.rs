//! Layers around all that a server answers.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use tower_layer::Layer;
use tower_service::Service as TowerService;

use super::{BoxError, Foreign};
#[cfg(feature = "net")]
use crate::server::{ending::bounded, phase::Phases};
use crate::{
    call::{Body, Peer},
    protocol::bare_response,
    server::Server,
};

type Answer = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// What a [layer](crate::ServerBuilder::layer) is put around: the server, or the layers within.
#[derive(Clone)]
pub struct HttpService(Arc<dyn Foreign>);

impl TowerService<Request<Body>> for HttpService {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = HttpFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> HttpFuture {
        HttpFuture(self.0.answer(request))
    }
}

/// The answer of an [`HttpService`] to one HTTP request.
#[must_use = "a future does nothing until it is polled"]
pub struct HttpFuture(Answer);

impl Future for HttpFuture {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx).map(Ok)
    }
}

/// Puts a layer around a service.
pub(crate) type Wrap = Box<dyn FnOnce(HttpService) -> HttpService + Send>;

pub(crate) fn wrap<L, S, B>(layer: L) -> Wrap
where
    L: Layer<HttpService, Service = S> + Send + 'static,
    S: TowerService<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    Box::new(move |inner| HttpService(Arc::new(Layered(layer.layer(inner)))))
}

impl HttpService {
    /// The server as the innermost service, in layers of which the first is the outermost.
    pub(crate) fn new(server: Server, layers: Vec<Wrap>) -> Option<Self> {
        let innermost = || Self(Arc::new(server));
        let layers = (!layers.is_empty()).then_some(layers)?;
        Some(layers.into_iter().rev().fold(innermost(), |inner, wrap| wrap(inner)))
    }

    pub(crate) fn answer(&self, request: Request<Body>) -> Answer {
        self.0.answer(request)
    }
}

impl Foreign for Server {
    fn answer(&self, request: Request<Body>) -> Answer {
        let (head, body) = request.into_parts();
        let peer = head.extensions.get::<Arc<Peer>>().cloned().unwrap_or_default();
        #[cfg(feature = "net")]
        let mut head = head;
        #[cfg(feature = "net")]
        if let Some(phases) = head.extensions.remove::<Phases>() {
            return Box::pin(bounded(self.exchange(head, body, &peer), phases));
        }
        Box::pin(self.exchange(head, body, &peer))
    }
}

struct Layered<S>(S);

impl<S, B> Foreign for Layered<S>
where
    S: TowerService<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    fn answer(&self, request: Request<Body>) -> Answer {
        let mut service = self.0.clone();
        Box::pin(async move {
            let answer = async {
                std::future::poll_fn(|cx| service.poll_ready(cx)).await?;
                service.call(request).await
            };
            match answer.await {
                Ok(response) => response.map(Body::new),
                Err(error) => {
                    let error: BoxError = error.into();
                    tracing::warn!(%error, "a layer failed");
                    bare_response(StatusCode::SERVICE_UNAVAILABLE)
                }
            }
        })
    }
}

impl std::fmt::Debug for HttpService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpService").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for HttpFuture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpFuture").finish_non_exhaustive()
    }
}
