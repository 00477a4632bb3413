//! One server and the connection to it.

use std::{
    fmt,
    future::poll_fn,
    path::PathBuf,
    sync::{Arc, Weak},
    time::Duration,
};

use bytes::Bytes;
use h2::client::SendRequest;
use http::{
    Request, Response, Uri,
    uri::{Authority, Parts, Scheme},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::Mutex,
    time::Instant,
};
use tonic::Status;

use super::greeting::Greeting;
use crate::{
    call::Body,
    http2::{Guard, Keepalive, Pump, RecvBody, status_of, unavailable},
    task::AbortOnDrop,
};

/// Windows of flow control, in bytes; the connection's bounds what all its streams may have in memory unread.
const STREAM_WINDOW: u32 = 1024 * 1024;
const CONNECTION_WINDOW: u32 = 4 * 1024 * 1024;
/// See the server's: flow control already bounds the small frames that h2 counts against it.
const DATA_FRAME_BUDGET: usize = CONNECTION_WINDOW as usize * 256;
const HEADER_LIST: u32 = 16 * 1024;
const SEND_BUFFER: usize = 64 * 1024;

/// The first pause after a failed attempt to connect, and the longest (gRPC's doc/connection-backoff.md).
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(120));

/// A server and the connection to it.
#[derive(Debug)]
pub(super) struct Endpoint {
    address: Address,
    security: Security,
    authority: Authority,
    connect_timeout: Duration,
    keepalive: Option<Keepalive>,
    state: Mutex<State>,
}

/// Where a server is reached.
#[derive(Debug)]
pub(super) enum Address {
    /// Host and port.
    Host(Authority),
    /// The path of a Unix socket.
    Unix(PathBuf),
}

/// How bytes travel to a server.
#[derive(Debug)]
pub(super) enum Security {
    Plain,
    #[cfg(feature = "tls")]
    Tls(crate::tls::Connector),
}

impl Security {
    fn scheme(&self) -> Scheme {
        match self {
            Self::Plain => Scheme::HTTP,
            #[cfg(feature = "tls")]
            Self::Tls(_) => Scheme::HTTPS,
        }
    }

    fn default_port(&self) -> u16 {
        match self {
            Self::Plain => 80,
            #[cfg(feature = "tls")]
            Self::Tls(_) => 443,
        }
    }
}

/// The host in an authority, without the brackets of an IPv6 address.
pub(super) fn host(authority: &Authority) -> &str {
    authority.host().trim_matches(['[', ']'])
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(authority) => authority.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
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

impl Endpoint {
    pub(super) fn new(
        address: Address,
        security: Security,
        authority: Authority,
        connect_timeout: Duration,
        keepalive: Option<Keepalive>,
    ) -> Self {
        Self { address, security, authority, connect_timeout, keepalive, state: Mutex::new(State::Idle) }
    }

    /// The connection, made if there is none. Whoever asks meanwhile waits for the same attempt.
    pub(super) async fn ready(&self) -> Result<Connection, Status> {
        let mut state = self.state.lock().await;
        let backoff = match &*state {
            State::Ready(connection) if connection.is_open() => return Ok(connection.clone()),
            State::Failed { cause, until, .. } if Instant::now() < *until => {
                return Err(cause.clone());
            }
            State::Failed { backoff, .. } => (*backoff * 8 / 5).min(BACKOFF.1),
            State::Ready(_) | State::Idle => BACKOFF.0,
        };
        match self.connect().await {
            Ok(connection) => {
                *state = State::Ready(connection.clone());
                Ok(connection)
            }
            Err(cause) => {
                *state = State::Failed { cause: cause.clone(), until: Instant::now() + backoff, backoff };
                Err(cause)
            }
        }
    }

    /// The request with scheme and authority.
    pub(super) fn absolute(&self, mut request: Request<Body>) -> Request<Body> {
        let mut parts = Parts::default();
        parts.scheme = Some(self.security.scheme());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = request.uri().path_and_query().cloned();
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
        request
    }

    async fn connect(&self) -> Result<Connection, Status> {
        let failed = |why: String| unavailable(format!("cannot connect to {}: {why}", self.address));
        tokio::time::timeout(self.connect_timeout, self.handshake())
            .await
            .unwrap_or_else(|_| Err(format!("no answer within {:?}", self.connect_timeout)))
            .map_err(failed)
    }

    async fn handshake(&self) -> Result<Connection, String> {
        match &self.address {
            Address::Host(authority) => {
                let port = authority.port_u16().unwrap_or(self.security.default_port());
                let stream = TcpStream::connect((host(authority), port)).await.map_err(|error| error.to_string())?;
                let _ = stream.set_nodelay(true);
                self.secure(stream).await
            }
            #[cfg(unix)]
            Address::Unix(path) => {
                let stream = tokio::net::UnixStream::connect(path).await.map_err(|error| error.to_string())?;
                http2(stream, self.keepalive).await
            }
            #[cfg(not(unix))]
            Address::Unix(_) => Err("this system has no Unix sockets".to_owned()),
        }
    }

    async fn secure(&self, stream: TcpStream) -> Result<Connection, String> {
        match &self.security {
            Security::Plain => http2(stream, self.keepalive).await,
            #[cfg(feature = "tls")]
            Security::Tls(tls) => http2(tls.connect(stream).await?, self.keepalive).await,
        }
    }
}

/// Opens HTTP/2 on a new connection.
async fn http2<IO>(io: IO, keepalive: Option<Keepalive>) -> Result<Connection, String>
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
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
    Ok(Connection { send, open, calls })
}

/// An HTTP/2 connection; it closes when the last clone and the last of its streams are gone.
#[derive(Clone, Debug)]
pub(super) struct Connection {
    send: SendRequest<Bytes>,
    /// Closed once the connection is.
    open: tokio::sync::watch::Receiver<()>,
    /// Each call holds a strong reference while it runs.
    calls: Weak<()>,
}

impl Connection {
    fn is_open(&self) -> bool {
        self.open.has_changed().is_ok()
    }

    /// Sends a request and waits for the head of its response.
    pub(super) async fn send(mut self, request: Request<Body>) -> Result<Response<Body>, Status> {
        // Waits while the server allows no further stream.
        poll_fn(|cx| self.send.poll_ready(cx)).await.map_err(|error| status_of(&error))?;
        let (head, body) = request.into_parts();
        let call = self.calls.upgrade();
        let ends = http_body::Body::is_end_stream(&body);
        let (response, stream) =
            self.send.send_request(Request::from_parts(head, ()), ends).map_err(|error| status_of(&error))?;
        let pump = match body.try_into_whole() {
            _ if ends => None,
            Ok((data, trailers)) => {
                Pump::send_whole(stream, data, trailers).map_err(|error| status_of(&error))?;
                None
            }
            Err(body) => Some(AbortOnDrop::new(&tokio::spawn(Pump::new(stream, body)))),
        };
        let response = response.await.map_err(|error| status_of(&error))?;
        Ok(response.map(|stream| Body::h2(RecvBody::new(stream, (pump, call)))))
    }
}
