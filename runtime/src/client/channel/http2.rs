//! HTTP/2: one connection, which all calls share.

use std::{
    future::poll_fn,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use h2::client::SendRequest;
use http::{Request, Response};
use tokio::{sync::Mutex, time::Instant};
use tonic::Status;

use super::{
    Sending, Transport,
    dial::{Dial, Io},
    greeting::Greeting,
};
use crate::{
    call::{Body, Frame, Source},
    client::reach::Unprocessed,
    http2::{Failure, Guard, Held, Keepalive, Pump, RecvBody, status_of, unavailable},
    method::Method,
    task::AbortOnDrop,
};

/// Windows of flow control, in bytes; the connection's bounds what all its streams may have in memory unread. As many
/// streams as fit into it may be left unread before they stop the others: 64.
const STREAM_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = 16 * 1024 * 1024;
/// See the server's: flow control already bounds the small frames that h2 counts against it.
const DATA_FRAME_BUDGET: usize = CONNECTION_WINDOW as usize * 256;
const HEADER_LIST: u32 = 16 * 1024;
const SEND_BUFFER: usize = 64 * 1024;

/// The first pause after a failed attempt to connect, and the longest (gRPC's doc/connection-backoff.md).
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(120));

/// The transport: a server and the connection to it.
#[derive(Debug)]
pub(super) struct Http2(Arc<Endpoint>);

#[derive(Debug)]
struct Endpoint {
    dial: Dial,
    keepalive: Option<Keepalive>,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    Idle,
    Ready(Connection),
    /// The last attempt failed; calls fail with its cause until the next may begin.
    Failed {
        cause: Status,
        until: Instant,
        backoff: Duration,
    },
}

impl Http2 {
    pub(super) fn new(dial: Dial, keepalive: Option<Keepalive>) -> Self {
        Self(Arc::new(Endpoint { dial, keepalive, state: Mutex::new(State::Idle) }))
    }

    /// The connection, made if there is none.
    async fn ready(&self) -> Result<Connection, Status> {
        if let State::Ready(connection) = &*self.0.state.lock().await
            && connection.is_open()
        {
            return Ok(connection.clone());
        }
        // In a task, so that a caller that gives up does not take the attempt with it.
        let endpoint = Arc::clone(&self.0);
        let connecting = tokio::spawn(async move { endpoint.connect().await });
        connecting.await.unwrap_or_else(|_| Err(unavailable("the runtime is shutting down")))
    }
}

impl Endpoint {
    /// Makes the connection if there is none. Whoever asks meanwhile waits for the same attempt.
    async fn connect(&self) -> Result<Connection, Status> {
        let mut state = self.state.lock().await;
        let backoff = match &*state {
            State::Ready(connection) if connection.is_open() => return Ok(connection.clone()),
            State::Failed { cause, until, .. } if Instant::now() < *until => {
                return Err(cause.clone());
            }
            State::Failed { backoff, .. } => (*backoff * 8 / 5).min(BACKOFF.1),
            State::Ready(_) | State::Idle => BACKOFF.0,
        };
        match self.dial.open(|io| open(io, self.keepalive)).await {
            Ok(connection) => {
                *state = State::Ready(connection.clone());
                Ok(connection)
            }
            Err(cause) => {
                let cause = Unprocessed::Unsent.mark(cause);
                *state = State::Failed { cause: cause.clone(), until: Instant::now() + backoff, backoff };
                Err(cause)
            }
        }
    }
}

impl Transport for Http2 {
    fn send<'a>(&'a self, request: Request<Body>, _method: &'static Method) -> Sending<'a> {
        Box::pin(async move {
            let request = self.0.dial.absolute(request);
            let mut connection = self.ready().await?;
            // One that goes away takes no further calls, while those that run may finish on it.
            let mut room = connection.room().await;
            if room.as_ref().is_err_and(h2::Error::is_go_away) {
                connection.leaving.store(true, Ordering::Release);
                connection = self.ready().await?;
                room = connection.room().await;
            }
            room.map_err(|error| Unprocessed::Unsent.mark(status_of(&error)))?;
            connection.send(request).await
        })
    }
}

/// Opens HTTP/2 on a new connection.
async fn open(io: Io, keepalive: Option<Keepalive>) -> Result<Connection, String> {
    let (io, greeting) = Greeting::new(io);
    let (io, vitals) = Guard::new(io, None);
    let (send, mut connection) = h2::client::Builder::new()
        .enable_push(false)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(HEADER_LIST)
        .max_send_buffer_size(SEND_BUFFER)
        .data_frame_budget(DATA_FRAME_BUDGET)
        .handshake(io)
        .await
        .map_err(|error| format!("HTTP/2 handshake: {error}"))?;
    let (closed, open) = tokio::sync::watch::channel(());
    let pings = connection.ping_pong();
    let token = Arc::new(());
    let calls = Arc::downgrade(&token);
    tokio::spawn(async move {
        let dead = async move {
            match keepalive.zip(pings) {
                // Without calls there is nothing to keep alive (gRFC A8).
                Some((keepalive, pings)) => {
                    keepalive.until_dead(pings, vitals, || Arc::strong_count(&token) > 1).await;
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            result = connection => if let Err(error) = result {
                tracing::debug!(%error, "a connection broke");
            },
            () = dead => tracing::debug!("a server did not answer a keepalive ping"),
        }
        drop(closed);
    });
    greeting.await.unwrap_or_else(|_| Err("the connection broke".to_owned()))?;
    Ok(Connection { send, open, leaving: Arc::default(), calls })
}

/// An HTTP/2 connection; it closes when the last clone and the last of its streams are gone.
#[derive(Clone, Debug)]
struct Connection {
    send: SendRequest<Bytes>,
    /// Closed once the connection is.
    open: tokio::sync::watch::Receiver<()>,
    /// Whether the server takes no further calls on it.
    leaving: Arc<AtomicBool>,
    /// Each call holds a strong reference while it runs.
    calls: Weak<()>,
}

impl Connection {
    fn is_open(&self) -> bool {
        self.open.has_changed().is_ok() && !self.leaving.load(Ordering::Acquire)
    }

    /// Waits while the server allows no further stream.
    async fn room(&mut self) -> Result<(), h2::Error> {
        poll_fn(|cx| self.send.poll_ready(cx)).await
    }

    /// Sends a request, for which there is room, and waits for the head of its response.
    async fn send(mut self, request: Request<Body>) -> Result<Response<Body>, Status> {
        let (head, body) = request.into_parts();
        let ends = http_body::Body::is_end_stream(&body);
        let (response, stream) = self
            .send
            .send_request(Request::from_parts(head, ()), ends)
            .map_err(|error| Unprocessed::Unsent.mark(status_of(&error)))?;
        let mut held = Held { _call: self.calls.upgrade(), ..Held::default() };
        match body.try_into_whole() {
            _ if ends => {}
            Ok((data, trailers)) => {
                // A server may have answered and ended the stream already (RFC 9113, 8.1). Why a request cannot be sent,
                // the answer tells.
                let _ = Pump::send_whole(stream, data, trailers);
            }
            Err(body) => {
                let failure = held.failure.insert(Failure::default());
                let body = Body::source(Noted { body, failure: Arc::clone(failure) });
                held.pump = Some(AbortOnDrop::new(&tokio::spawn(Pump::new(stream, body))));
            }
        }
        match response.await {
            Ok(response) => Ok(response.map(|stream| Body::h2(RecvBody::new(stream, held)))),
            Err(error) => {
                let status = held.explain(&error);
                Err(if unprocessed(&error) { Unprocessed::Refused.mark(status) } else { status })
            }
        }
    }
}

/// Whether the server has said by this error that it did not look at the request. h2 gives the error of a remote GOAWAY
/// to those streams only that are behind the last one which the server took.
fn unprocessed(error: &h2::Error) -> bool {
    error.is_remote() && (error.is_go_away() || error.reason() == Some(h2::Reason::REFUSED_STREAM))
}

/// The body of a request, of which an error is noted: what the server and the stream see of it is a reset.
struct Noted {
    body: Body,
    failure: Failure,
}

impl Source for Noted {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Status>>> {
        let frame = ready!(self.body.poll_next(cx));
        if let Some(Err(status)) = &frame {
            // The first error is the cause.
            let _ = self.failure.set(status.clone());
        }
        Poll::Ready(frame)
    }
}
