//! HTTP/1.1: a pool of connections, each of which carries one call at a time.

use std::{
    error::Error,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use http::{HeaderValue, Request, Response, Version, header, uri::Authority};
use hyper::{
    body::Incoming,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore, watch},
    task::AbortHandle,
    time::Instant,
};
use tonic::Status;

use super::{
    ChannelFigures, ConnectivityState, Endpoint,
    backoff::Backoff,
    connector::{Connector, Io},
    greeting,
    random::Random,
};
use crate::{
    call::{Body, Data, Frame, Source},
    client::{
        Sending, Transport,
        reach::{Patience, a_server, closed},
    },
    http2::{Waiting, unavailable},
    method::Method,
    server::LEAST_BUFFER,
};

/// Connections at a time, unless a channel says otherwise; a further call waits for one to end.
pub(super) const CONNECTIONS: usize = 256;
/// Connections that are kept while no call needs them.
const IDLE: usize = 32;
/// What is said to those who would speak gRPC.
pub(super) const NEEDS_HTTP2: &str = "gRPC needs HTTP/2; choose another protocol, or leave http1_only out";
/// How long a request may go on behind its answer, if its connection is to be kept.
const PATIENCE: Duration = Duration::from_millis(250);

/// A server and the connections to it.
pub(super) struct Http1 {
    connector: Connector,
    endpoint: Arc<Endpoint>,
    wait_for_ready: bool,
    max_connections: usize,
    free: Arc<Semaphore>,
    kept: Arc<Kept>,
    /// Calls that wait until there may be another connection, and those that may have one and are getting it.
    queued: AtomicUsize,
    connecting: AtomicUsize,
    state: watch::Sender<ConnectivityState>,
    /// Ends the pauses after failures.
    hurried: Notify,
    random: Random,
}

/// The connections between calls.
struct Kept {
    /// Those that wait for a call, the one that was used last at the end; `None` once the channel is closed.
    idle: Mutex<Option<Vec<Connected>>>,
    /// Those whose call is over, which are about to be idle.
    ending: AtomicUsize,
}

/// A connection, which is closed when it is dropped, whatever of a request is left to send.
struct Connected {
    send: SendRequest<Body>,
    task: AbortHandle,
}

impl Drop for Connected {
    fn drop(&mut self) {
        // One that is idle closes by itself, and says so where there is TLS.
        if !self.send.is_ready() {
            self.task.abort();
        }
    }
}

impl Kept {
    fn idle(&self) -> MutexGuard<'_, Option<Vec<Connected>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Option<Connected> {
        let mut idle = self.idle();
        while let Some(connection) = idle.as_mut()?.pop() {
            if connection.send.is_ready() {
                return Some(connection);
            }
        }
        None
    }

    /// How many there are, less those that their server has closed.
    fn count(&self) -> usize {
        let mut idle = self.idle();
        let Some(idle) = idle.as_mut() else { return 0 };
        idle.retain(|connection| connection.send.is_ready());
        idle.len()
    }

    fn put(&self, connection: Connected) {
        if let Some(idle) = &mut *self.idle()
            && idle.len() < IDLE
        {
            idle.push(connection);
        }
    }
}

impl Http1 {
    pub(super) fn new(connector: Connector, endpoint: Endpoint, wait_for_ready: bool, max_connections: usize) -> Self {
        Self {
            connector,
            endpoint: Arc::new(endpoint),
            wait_for_ready,
            max_connections,
            free: Arc::new(Semaphore::new(max_connections)),
            kept: Arc::new(Kept { idle: Mutex::new(Some(Vec::new())), ending: AtomicUsize::new(0) }),
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
        self.kept.idle().take();
        self.state.send_replace(ConnectivityState::Shutdown);
    }

    pub(super) fn figures(&self) -> ChannelFigures {
        let connecting = self.connecting.load(Relaxed);
        let used = (self.max_connections - self.free.available_permits()).saturating_sub(connecting);
        let idle = self.kept.count();
        ChannelFigures {
            state: *self.state.borrow(),
            connections: used + idle,
            streams: used.saturating_sub(self.kept.ending.load(Relaxed)),
            queued: self.queued.load(Relaxed) + connecting,
            backends: Vec::new(),
        }
    }

    async fn exchange(&self, request: Request<Body>, patience: Patience) -> Result<Response<Body>, Status> {
        let permit = self.permit(patience).await?;
        let mut request = self.origin(request);
        while let Some(mut connection) = self.kept.take() {
            // The server may have closed it meanwhile; then the request comes back unsent.
            match connection.send.try_send_request(request).await {
                Ok(response) => return Ok(self.answer(response, connection, permit)),
                Err(mut error) => match error.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(self.broken(error.error(), None)),
                },
            }
        }
        let mut backoff = Backoff::default();
        loop {
            let begin = Instant::now();
            let failed = match self.connect(patience).await? {
                Ok((mut connection, cause)) => match connection.send.try_send_request(request).await {
                    Ok(response) => return Ok(self.answer(response, connection, permit)),
                    Err(mut error) => {
                        let broken = self.broken(error.error(), cause.get());
                        let Some(unsent) = error.take_message() else { return Err(broken) };
                        request = unsent;
                        broken
                    }
                },
                Err(failed) => failed,
            };
            if !patience.for_ready.unwrap_or(self.wait_for_ready) {
                return Err(failed);
            }
            self.rest(begin + backoff.next(&self.random), patience, &failed).await?;
        }
    }

    /// Leave for a call to have a connection.
    async fn permit(&self, patience: Patience) -> Result<OwnedSemaphorePermit, Status> {
        let _queued = Waiting::new(&self.queued);
        let permit = Arc::clone(&self.free).acquire_owned();
        let what = || format!("one of {} connections to {}", self.max_connections, self.endpoint);
        patience.wait(permit, what).await?.map_err(|_| closed())
    }

    /// A new connection, or why there is none.
    async fn connect(&self, patience: Patience) -> Result<Result<Opened, Status>, Status> {
        let _connecting = Waiting::new(&self.connecting);
        let header_bytes = self.header_bytes();
        let opening = self.connector.open(&self.endpoint, |io, _| open(io, header_bytes));
        let opened = patience.wait(opening, || format!("a connection to {}", self.endpoint)).await?;
        Ok(opened.map(|(opened, _)| opened))
    }

    /// Waits after a failure, in a call that waits for the server.
    async fn rest(&self, end: Instant, patience: Patience, failed: &Status) -> Result<(), Status> {
        let _connecting = Waiting::new(&self.connecting);
        let mut state = self.state.subscribe();
        let resting = async {
            tokio::select! {
                () = tokio::time::sleep_until(end) => Ok(()),
                () = self.hurried.notified() => Ok(()),
                _ = state.wait_for(|state| *state == ConnectivityState::Shutdown) => Err(closed()),
            }
        };
        patience.wait(resting, || a_server(failed)).await?
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

    fn answer(
        &self,
        response: Response<Incoming>,
        connection: Connected,
        permit: OwnedSemaphorePermit,
    ) -> Response<Body> {
        let used = Used { connection: Some((connection, permit)), kept: Arc::clone(&self.kept) };
        let server = Arc::clone(&self.endpoint);
        response.map(|body| Body::source(Answer { body, server, used }))
    }

    /// What the head of an answer may have; the number of headers is bounded by hyper, at 100.
    fn header_bytes(&self) -> usize {
        (self.connector.max_header_bytes as usize).max(LEAST_BUFFER)
    }

    /// The status of a call of which there is no head.
    fn broken(&self, error: &hyper::Error, before: Option<&String>) -> Status {
        if error.is_parse_too_large() {
            let limit = self.header_bytes();
            return Status::resource_exhausted(format!(
                "the head of the answer is larger than the {limit} bytes that the channel takes (max_header_bytes), or \
                 has more than 100 headers"
            ));
        }
        broken(error, &self.endpoint, before)
    }
}

impl Transport for Http1 {
    fn send<'a>(&'a self, request: Request<Body>, _: &'static Method, patience: Patience) -> Sending<'a> {
        Box::pin(async move {
            // The channel refuses it by itself; a client on it may speak another protocol.
            if is_grpc(&request) {
                return Err(Status::unimplemented(NEEDS_HTTP2));
            }
            self.exchange(request, patience).await
        })
    }

    fn authority(&self) -> Option<&Authority> {
        Some(&self.connector.authority)
    }

    fn closed<'a>(&'a self) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async move {
            let mut state = self.state.subscribe();
            let _ = state.wait_for(|state| *state == ConnectivityState::Shutdown).await;
        })
    }
}

fn is_grpc(request: &Request<Body>) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE).map_or(&[][..], HeaderValue::as_bytes);
    kind.strip_prefix(b"application/grpc").is_some_and(|rest| !rest.starts_with(b"-"))
}

/// A new connection, and why it broke, once it has.
type Opened = (Connected, Arc<OnceLock<String>>);

/// Opens HTTP/1.1 on a new connection.
async fn open(io: Io, header_bytes: usize) -> Result<Opened, String> {
    let (send, mut connection) = http1::Builder::new()
        .max_buf_size(header_bytes)
        .handshake(TokioIo::new(io))
        .await
        .map_err(|error| error.to_string())?;
    let cause = Arc::<OnceLock<String>>::default();
    let noted = Arc::clone(&cause);
    let task = tokio::spawn(async move {
        // The connection is dropped after that, which is when calls hear of it.
        if let Err(error) = (&mut connection).await {
            tracing::debug!(%error, "a connection broke");
            let _ = noted.set(explain(&error));
        }
    });
    Ok((Connected { send, task: task.abort_handle() }, cause))
}

/// The status of a call that this error ended, or what broke the connection before it.
fn broken(error: &hyper::Error, server: &Endpoint, before: Option<&String>) -> Status {
    // An error of the request's own body is why the call ended.
    let own = error.source().and_then(|source| source.downcast_ref::<Status>());
    own.cloned().unwrap_or_else(|| {
        let cause = before.cloned().unwrap_or_else(|| explain(error));
        unavailable(format!("the connection to {server} broke: {cause}"))
    })
}

/// The cause of an error, which the error itself does not tell.
fn explain(error: &hyper::Error) -> String {
    let mut cause: &(dyn Error + 'static) = error;
    while let Some(source) = cause.source() {
        if let Some(io) = source.downcast_ref() {
            return greeting::explain(io);
        }
        cause = source;
    }
    cause.to_string()
}

/// The body of a response, with the connection it comes from.
struct Answer {
    body: Incoming,
    server: Arc<Endpoint>,
    used: Used,
}

/// A connection in use. It is closed if the call ends before its answer does.
struct Used {
    connection: Option<(Connected, OwnedSemaphorePermit)>,
    kept: Arc<Kept>,
}

impl Used {
    /// Keeps the connection for the next call, which may have one no sooner than that: otherwise it would make another.
    fn keep(&mut self) {
        let Some((mut connection, permit)) = self.connection.take() else { return };
        let kept = Arc::clone(&self.kept);
        kept.ending.fetch_add(1, Relaxed);
        // It is ready once the connection's task has seen both ends of the exchange. A request that goes on for longer
        // would keep it from all others (RFC 9112, 9.3), and the caller's messages with it.
        tokio::spawn(async move {
            let is_ready = matches!(tokio::time::timeout(PATIENCE, connection.send.ready()).await, Ok(Ok(())));
            kept.ending.fetch_sub(1, Relaxed);
            if is_ready {
                kept.put(connection);
            }
            drop(permit);
        });
    }
}

impl Source for Answer {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Status>>> {
        let frame = ready!(http_body::Body::poll_frame(Pin::new(&mut self.body), cx));
        if frame.is_none() {
            self.used.keep();
        }
        Poll::Ready(frame.map(|frame| match frame {
            Ok(frame) => Ok(frame.map_data(Data::from)),
            Err(error) => Err(broken(&error, &self.server, None)),
        }))
    }
}
