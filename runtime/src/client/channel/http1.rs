//! HTTP/1.1: a pool of connections, each of which carries one call at a time.

use std::{
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use http::{HeaderValue, Request, Response, Version, header, uri::Authority};
use hyper::{
    body::Incoming,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::Status;

use super::{
    ChannelFigures, ConnectivityState, Endpoint,
    connector::{Connector, Io},
};
use crate::{
    call::{Body, Frame, Source},
    client::{Sending, Transport, reach::Patience},
    http2::unavailable,
    method::Method,
};

/// Connections at a time; a further call waits for one to end.
const CONNECTIONS: usize = 256;
/// Connections that are kept while no call needs them.
const IDLE: usize = 32;
/// Header bytes of one response; the number of headers is bounded by hyper, at 100.
const HEADER_BYTES: usize = 16 * 1024;

/// A server and the connections to it.
pub(super) struct Http1 {
    connector: Connector,
    endpoint: Endpoint,
    free: Arc<Semaphore>,
    idle: Arc<Idle>,
}

/// The connections that wait for a call, the one that was used last at the end.
type Idle = Mutex<Vec<SendRequest<Body>>>;

impl Http1 {
    pub(super) fn new(connector: Connector, endpoint: Endpoint) -> Self {
        Self { connector, endpoint, free: Arc::new(Semaphore::new(CONNECTIONS)), idle: Arc::default() }
    }

    pub(super) fn close(&self) {
        self.free.close();
    }

    pub(super) fn figures(&self) -> ChannelFigures {
        let streams = CONNECTIONS - self.free.available_permits();
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).len();
        let state = if self.free.is_closed() { ConnectivityState::Shutdown } else { ConnectivityState::Idle };
        ChannelFigures { state, connections: streams + idle, streams, queued: 0, backends: Vec::new() }
    }

    async fn exchange(&self, request: Request<Body>) -> Result<Response<Body>, Status> {
        let permit = Arc::clone(&self.free).acquire_owned().await.map_err(|_| unavailable("the channel was closed"))?;
        let mut request = self.origin(request);
        while let Some(mut connection) = self.take_idle() {
            // The server may have closed it meanwhile; then the request comes back unsent.
            match connection.try_send_request(request).await {
                Ok(response) => return Ok(self.answer(response, connection, permit)),
                Err(mut error) => match error.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(broken(error.error())),
                },
            }
        }
        let (mut connection, _) = self.connector.open(&self.endpoint, open).await?;
        let response = connection.send_request(request).await.map_err(|error| broken(&error))?;
        Ok(self.answer(response, connection, permit))
    }

    /// The request as HTTP/1.1 has it: a path, and the host in a header.
    fn origin(&self, mut request: Request<Body>) -> Request<Body> {
        *request.version_mut() = Version::HTTP_11;
        if let Ok(host) = HeaderValue::try_from(self.connector.authority.as_str()) {
            request.headers_mut().insert(header::HOST, host);
        }
        self.connector.sign(&mut request);
        request
    }

    fn take_idle(&self) -> Option<SendRequest<Body>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(connection) = idle.pop() {
            if connection.is_ready() {
                return Some(connection);
            }
        }
        None
    }

    fn answer(
        &self,
        response: Response<Incoming>,
        connection: SendRequest<Body>,
        permit: OwnedSemaphorePermit,
    ) -> Response<Body> {
        let used = Used { connection: Some(connection), idle: Arc::clone(&self.idle), _permit: permit };
        response.map(|body| Body::source(Answer { body, used }))
    }
}

impl Transport for Http1 {
    fn send<'a>(&'a self, request: Request<Body>, _: &'static Method, _: Patience) -> Sending<'a> {
        Box::pin(self.exchange(request))
    }

    fn authority(&self) -> Option<&Authority> {
        Some(&self.connector.authority)
    }
}

/// Opens HTTP/1.1 on a new connection.
async fn open(io: Io) -> Result<SendRequest<Body>, String> {
    let (send, connection) = http1::Builder::new()
        .max_buf_size(HEADER_BYTES)
        .handshake(TokioIo::new(io))
        .await
        .map_err(|error| error.to_string())?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection broke");
        }
    });
    Ok(send)
}

fn broken(error: &hyper::Error) -> Status {
    // An error of the request's own body is why the call ended.
    let own = std::error::Error::source(error).and_then(|source| source.downcast_ref::<Status>());
    own.cloned().unwrap_or_else(|| unavailable(format!("the connection broke: {error}")))
}

/// The body of a response, with the connection it comes from.
struct Answer {
    body: Incoming,
    used: Used,
}

/// A connection in use. It is closed if the call ends before its answer does.
struct Used {
    connection: Option<SendRequest<Body>>,
    idle: Arc<Idle>,
    _permit: OwnedSemaphorePermit,
}

impl Used {
    /// Keeps the connection for the next call.
    fn keep(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        let idle = Arc::clone(&self.idle);
        // It is ready once the connection's task has seen both ends of the exchange.
        tokio::spawn(async move {
            if connection.ready().await.is_ok() {
                let mut idle = idle.lock().unwrap_or_else(PoisonError::into_inner);
                if idle.len() < IDLE {
                    idle.push(connection);
                }
            }
        });
    }
}

impl Source for Answer {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Status>>> {
        let frame = ready!(http_body::Body::poll_frame(std::pin::Pin::new(&mut self.body), cx));
        if frame.is_none() {
            self.used.keep();
        }
        Poll::Ready(frame.map(|frame| frame.map_err(|error| broken(&error))))
    }
}
