//! HTTP/1.1: a pool of connections, each of which carries one call at a time.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
};

use http::{HeaderValue, Request, Response, Version, header, uri::Authority};
use hyper::{
    body::Incoming,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore, watch},
    time::Instant,
};
use tonic::Status;

use super::{
    ChannelFigures, ConnectivityState, Endpoint,
    backoff::Backoff,
    connector::{Connector, Io},
    random::Random,
};
use crate::{
    call::{Body, Frame, Source},
    client::{
        Sending, Transport,
        reach::{Patience, a_server},
    },
    http2::{Waiting, unavailable},
    method::Method,
};

/// Connections at a time, unless a channel says otherwise; a further call waits for one to end.
pub(super) const CONNECTIONS: usize = 256;
/// Connections that are kept while no call needs them.
const IDLE: usize = 32;
/// Header bytes of one response; the number of headers is bounded by hyper, at 100.
const HEADER_BYTES: usize = 16 * 1024;

/// A server and the connections to it.
pub(super) struct Http1 {
    connector: Connector,
    endpoint: Arc<Endpoint>,
    wait_for_ready: bool,
    max_connections: usize,
    free: Arc<Semaphore>,
    idle: Arc<Idle>,
    /// Calls that wait until there may be another connection, and those that may have one and are getting it.
    queued: AtomicUsize,
    connecting: AtomicUsize,
    state: watch::Sender<ConnectivityState>,
    /// Ends the pauses after failures.
    hurried: Notify,
    random: Random,
}

/// The connections that wait for a call, the one that was used last at the end.
type Idle = Mutex<Vec<SendRequest<Body>>>;

impl Http1 {
    pub(super) fn new(connector: Connector, endpoint: Endpoint, wait_for_ready: bool, max_connections: usize) -> Self {
        Self {
            connector,
            endpoint: Arc::new(endpoint),
            wait_for_ready,
            max_connections,
            free: Arc::new(Semaphore::new(max_connections)),
            idle: Arc::default(),
            queued: AtomicUsize::new(0),
            connecting: AtomicUsize::new(0),
            state: watch::Sender::new(ConnectivityState::Idle),
            hurried: Notify::new(),
            random: Random::default(),
        }
    }

    /// It is idle until it is closed.
    pub(super) fn state(&self) -> &watch::Sender<ConnectivityState> {
        &self.state
    }

    pub(super) fn hurry(&self) {
        self.hurried.notify_waiters();
    }

    pub(super) fn close(&self) {
        self.free.close();
        self.state.send_replace(ConnectivityState::Shutdown);
    }

    pub(super) fn figures(&self) -> ChannelFigures {
        let connecting = self.connecting.load(Relaxed);
        let streams = (self.max_connections - self.free.available_permits()).saturating_sub(connecting);
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).len();
        ChannelFigures {
            state: *self.state.borrow(),
            connections: streams + idle,
            streams,
            queued: self.queued.load(Relaxed) + connecting,
            backends: Vec::new(),
        }
    }

    async fn exchange(&self, request: Request<Body>, patience: Patience) -> Result<Response<Body>, Status> {
        let permit = self.permit(patience).await?;
        let mut request = self.origin(request);
        while let Some(mut connection) = self.take_idle() {
            // The server may have closed it meanwhile; then the request comes back unsent.
            match connection.try_send_request(request).await {
                Ok(response) => return Ok(self.answer(response, connection, permit)),
                Err(mut error) => match error.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(broken(error.error(), &self.endpoint)),
                },
            }
        }
        let mut connection = self.connect(patience).await?;
        let response = connection.send_request(request).await.map_err(|error| broken(&error, &self.endpoint))?;
        Ok(self.answer(response, connection, permit))
    }

    /// Leave for a call to have a connection.
    async fn permit(&self, patience: Patience) -> Result<OwnedSemaphorePermit, Status> {
        let _queued = Waiting::new(&self.queued);
        let permit = Arc::clone(&self.free).acquire_owned();
        let what = || format!("one of {} connections to {}", self.max_connections, self.endpoint);
        patience.wait(permit, what).await?.map_err(|_| closed())
    }

    /// A new connection. A call that waits for the server tries to get one until it does.
    async fn connect(&self, patience: Patience) -> Result<SendRequest<Body>, Status> {
        let _connecting = Waiting::new(&self.connecting);
        let mut backoff = Backoff::default();
        loop {
            let begin = Instant::now();
            let opening = self.connector.open(&self.endpoint, |io, _| open(io));
            let failed = match patience.wait(opening, || format!("a connection to {}", self.endpoint)).await? {
                Ok((connection, _)) => return Ok(connection),
                Err(failed) => failed,
            };
            if !patience.for_ready.unwrap_or(self.wait_for_ready) {
                return Err(failed);
            }
            let mut state = self.state.subscribe();
            let pause = tokio::time::sleep_until(begin + backoff.next(&self.random));
            let resting = async {
                tokio::select! {
                    () = pause => Ok(()),
                    () = self.hurried.notified() => Ok(()),
                    _ = state.wait_for(|state| *state == ConnectivityState::Shutdown) => Err(closed()),
                }
            };
            patience.wait(resting, || a_server(&failed)).await??;
        }
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
        let server = Arc::clone(&self.endpoint);
        response.map(|body| Body::source(Answer { body, server, used }))
    }
}

impl Transport for Http1 {
    fn send<'a>(&'a self, request: Request<Body>, _: &'static Method, patience: Patience) -> Sending<'a> {
        Box::pin(self.exchange(request, patience))
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

fn closed() -> Status {
    unavailable("the channel was closed")
}

fn broken(error: &hyper::Error, server: &Endpoint) -> Status {
    // An error of the request's own body is why the call ended.
    let own = std::error::Error::source(error).and_then(|source| source.downcast_ref::<Status>());
    own.cloned().unwrap_or_else(|| unavailable(format!("the connection to {server} broke: {error}")))
}

/// The body of a response, with the connection it comes from.
struct Answer {
    body: Incoming,
    server: Arc<Endpoint>,
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
        Poll::Ready(frame.map(|frame| frame.map_err(|error| broken(&error, &self.server))))
    }
}
