//! Calls through a service of others.

use std::{
    error::Error,
    future::{Future, poll_fn},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{
    Request, Response, Uri,
    uri::{Authority, PathAndQuery},
};
use tokio::sync::oneshot;
use tonic::Status;
use tower_service::Service as TowerService;

use super::BoxError;
use crate::{
    call::{Body, Frame, Source},
    client::{Client, Sending, Settings, Transport, reach::Patience},
    method::Method,
};

impl Client {
    /// Calls through a tower service of HTTP requests, in place of a [`Channel`](crate::Channel): a stack of layers over a
    /// client of HTTP, the `fetch` of a browser, a router of axum in process. The service is cloned for each request, and
    /// asked whether it is ready.
    ///
    /// Requests are for the scheme and authority of `origin`, and a path that it has stands before that of the method;
    /// `Uri::default()` leaves them as they are, with the path of the method alone. gRPC needs a service that sends and
    /// gives trailers, so one that cannot is called by gRPC-Web or Connect ([`Client::protocol`]). What a channel does
    /// besides, such as to balance, to retry connecting and to keep alive, is the service's.
    ///
    /// An error of the service, or of the body of its answer, is the call's: the [`Status`] in it, if its chain of sources
    /// has one, and `UNAVAILABLE` with its words otherwise. A call for an `origin` that has an authority and no scheme ends
    /// with `INVALID_ARGUMENT`.
    ///
    /// ```
    /// use rsgrpc::Client;
    ///
    /// # let server = rsgrpc::Server::builder().build().unwrap();
    /// // A server is such a service, too.
    /// let client = Client::through(server, "http://greeter.example".parse().unwrap());
    /// ```
    pub fn through<S, B>(service: S, origin: Uri) -> Self
    where
        S: TowerService<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self::new(Arc::new(Through { service: Mutex::new(service), origin }), Settings::default())
    }
}

struct Through<S> {
    /// In a lock only so that services need not be `Sync`.
    service: Mutex<S>,
    origin: Uri,
}

impl<S, B> Transport for Through<S>
where
    S: TowerService<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    fn send<'a>(&'a self, mut request: Request<Body>, _: &'static Method, _: Patience) -> Sending<'a> {
        match within(&self.origin, request.uri()) {
            Ok(uri) => *request.uri_mut() = uri,
            Err(status) => return Box::pin(std::future::ready(Err(status))),
        }
        let mut service = self.service.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Box::pin(async move {
            poll_fn(|cx| service.poll_ready(cx)).await.map_err(failed)?;
            if request.body().is_whole() {
                let response = service.call(request).await.map_err(failed)?;
                return Ok(response.map(|body| Body::new(Answer(Box::pin(body)))));
            }
            let (caller, gone) = oneshot::channel();
            let request = request.map(|body| Body::source(Wanted { body, gone: Some(gone) }));
            let response = service.call(request).await.map_err(failed)?;
            let answer = |body| Awaited { body: Body::new(Answer(Box::pin(body))), _caller: caller };
            Ok(response.map(|body| Body::source(answer(body))))
        })
    }

    fn authority(&self) -> Option<&Authority> {
        self.origin.authority()
    }
}

/// The messages of a request that are still to come: until the caller lets go of the answer. Many clients of HTTP go on
/// with them then, and so their server would not learn that the call is given up.
struct Wanted {
    body: Body,
    /// `None` once the caller has.
    gone: Option<oneshot::Receiver<()>>,
}

impl Source for Wanted {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Status>>> {
        let Some(gone) = &mut self.gone else { return Poll::Ready(None) };
        if Pin::new(gone).poll(cx).is_ready() {
            self.gone = None;
            return Poll::Ready(Some(Err(Status::cancelled("nobody waits for the answer any more"))));
        }
        self.body.poll_next(cx)
    }
}

/// The answer to such a request.
struct Awaited {
    body: Body,
    _caller: oneshot::Sender<()>,
}

impl Source for Awaited {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Status>>> {
        self.body.poll_next(cx)
    }
}

/// The body of an answer, with the errors of the service.
struct Answer<B>(Pin<Box<B>>);

impl<B: http_body::Body<Data = Bytes, Error: Into<BoxError>>> http_body::Body for Answer<B> {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Status>>> {
        self.0.as_mut().poll_frame(cx).map_err(failed)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }
}

/// The target of a request at this origin.
fn within(origin: &Uri, target: &Uri) -> Result<Uri, Status> {
    let target = target.path_and_query().map_or("/", PathAndQuery::as_str);
    let path = match origin.path().trim_end_matches('/') {
        "" => target.parse(),
        prefix => format!("{prefix}{target}").parse(),
    };
    let whole = path.map_err(http::Error::from).and_then(|path: PathAndQuery| {
        let mut parts = origin.clone().into_parts();
        parts.path_and_query = Some(path);
        Ok(Uri::from_parts(parts)?)
    });
    whole
        .map_err(|error| Status::invalid_argument(format!("`{target}` is no target at the origin `{origin}`: {error}")))
}

fn failed(error: impl Into<BoxError>) -> Status {
    let error = error.into();
    let (mut words, mut cause) = (Vec::new(), Some(&*error as &(dyn Error + 'static)));
    while let Some(error) = cause {
        if let Some(status) = error.downcast_ref::<Status>() {
            return status.clone();
        }
        words.push(error.to_string());
        cause = error.source();
    }
    Status::unavailable(words.join(": "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_is_at_the_origin() {
        for (origin, target, expected) in [
            ("", "/a.B/C", "/a.B/C"),
            ("http://host:1", "/a.B/C?x=1", "http://host:1/a.B/C?x=1"),
            ("https://host/", "/a.B/C", "https://host/a.B/C"),
            ("https://host/api/", "/v1/x?y", "https://host/api/v1/x?y"),
            ("/api", "/v1/x", "/api/v1/x"),
        ] {
            let origin = if origin.is_empty() { Uri::default() } else { origin.parse().unwrap() };
            assert_eq!(within(&origin, &target.parse().unwrap()).unwrap().to_string(), expected);
        }
        let error = within(&"host:1".parse().unwrap(), &"/a.B/C".parse().unwrap()).unwrap_err();
        assert_eq!(error.message(), "`/a.B/C` is no target at the origin `host:1`: scheme missing");
    }
}
