//! HTTP/2: one connection, which many calls share.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    task::{Context, Poll, Waker, ready},
};

use h2::{Reason, client::SendRequest};
use http::{Request, Response};
use tokio::{sync::oneshot, time::Instant};
use tonic::Status;

use super::{
    Address,
    connector::{Connector, Io},
    greeting::Greeting,
};
use crate::{
    call::{Body, Data, Frame, Source},
    client::reach::Unprocessed,
    http2::{Failure, Guard, Held, Load, Pulse, Pump, RecvBody, SEND_BUFFER, Slot, Slots, in_words},
    task::{AbortOnDrop, Rare},
};

/// The largest frame that the client takes, in bytes: one for a message of 64 KiB. What such a frame brings is one slice,
/// where smaller ones would have to be put together, and it is read and written by a system call or two.
const FRAME: u32 = 80 * 1024;

/// The largest frame for a client that takes heads of as many bytes. h2 counts the frames of a block of headers, and takes
/// them for as large as this; servers mostly send smaller ones, which for larger heads would be too many.
fn frame_size(header_bytes: u32) -> u32 {
    if header_bytes > 6 * 16 * 1024 { 16 * 1024 } else { FRAME }
}

/// An HTTP/2 connection, as long as it takes calls; when it is dropped, the connection closes after the last of its
/// streams.
#[derive(Debug)]
pub(super) struct Connection {
    send: SendRequest<Data>,
    pub(super) slots: Arc<Slots>,
    pub(super) opened: Instant,
    _in_use: oneshot::Sender<()>,
}

/// A connection, and word of when it takes no further calls, with the cause.
pub(super) struct Opened {
    pub(super) connection: Connection,
    pub(super) ended: oneshot::Receiver<String>,
}

/// Opens HTTP/2 on a new connection, whose calls count among these.
pub(super) async fn open(io: Io, server: Address, connector: &Connector, load: Arc<Load>) -> Result<Opened, String> {
    let &Connector { keepalive, max_header_bytes, windows, ref calls_for_calm, .. } = connector;
    let times = calls_for_calm.load(Relaxed);
    let keepalive = keepalive.map(|keepalive| keepalive.slower(times));
    let (io, greeting) = Greeting::new(io);
    let (io, vitals) = Guard::new(io);
    let (send, mut connection) = h2::client::Builder::new()
        .enable_push(false)
        .initial_window_size(windows.stream)
        .initial_connection_window_size(windows.connection)
        .max_frame_size(frame_size(max_header_bytes))
        .max_header_list_size(max_header_bytes)
        .max_send_buffer_size(SEND_BUFFER)
        .data_frame_budget(windows.data_frame_budget())
        .handshake(io)
        .await
        .map_err(|error| format!("HTTP/2 handshake: {error}"))?;
    let streams = connection.max_concurrent_send_streams();
    let slots = Slots::new(server.to_string(), load, streams, max_header_bytes, Arc::clone(&vitals));
    let (in_use, unused) = oneshot::channel();
    let (tell, ended) = oneshot::channel();
    let pings = connection.ping_pong();
    let watched = Arc::clone(&slots);
    let dead = async move {
        match keepalive.zip(pings) {
            // Without calls there is nothing to keep alive (gRFC A8).
            Some((keepalive, pings)) => {
                Pulse::new(pings).until_dead(keepalive, vitals, || watched.active() > 0).await;
            }
            None => std::future::pending().await,
        }
    };
    let (probe, calm) = (Some(send.clone()), (Arc::clone(calls_for_calm), times));
    let driver = Driver { connection, probe, unused, tell: Some(tell), slots: Arc::clone(&slots), calm };
    tokio::spawn(driver.run(dead));
    greeting.await.unwrap_or_else(|_| Err("the connection broke".to_owned()))?;
    Ok(Opened { connection: Connection { send, slots, opened: Instant::now(), _in_use: in_use }, ended })
}

/// Runs a connection to its end, and tells when it takes no further calls.
struct Driver {
    connection: h2::client::Connection<Guard<Greeting<Io>>, Data>,
    /// Fails once the server goes away. It keeps the connection open, so it goes when the connection is not used.
    probe: Option<SendRequest<Data>>,
    unused: oneshot::Receiver<()>,
    tell: Option<oneshot::Sender<String>>,
    slots: Arc<Slots>,
    /// How often the channel was told to calm down, and how often when the connection was opened: those of one interval
    /// are told once.
    calm: (Arc<AtomicU32>, u32),
}

impl Driver {
    async fn run(mut self, dead: impl Future<Output = ()>) {
        let dead = pin!(dead);
        let mut dead = Rare::new(dead);
        let cause = poll_fn(|cx| {
            let cancelled = self.slots.take_cancelled(cx);
            let mut ended = Pin::new(&mut self.connection).poll(cx);
            while ended.is_pending() && self.slots.vitals().is_held() {
                ended = Pin::new(&mut self.connection).poll(cx);
            }
            self.slots.vitals().wrote_all();
            self.slots.give_back(cancelled);
            self.look(cx);
            if let Poll::Ready(result) = ended {
                let error = result.err();
                return Poll::Ready(error.map_or("the server closed it".to_owned(), |error| self.cause(&error)));
            }
            ready!(dead.poll(cx, false));
            const SILENT: &str = "the server did not answer a keepalive ping";
            self.slots.give_up(SILENT);
            Poll::Ready(SILENT.to_owned())
        })
        .await;
        tracing::debug!(cause, "a connection ended");
        self.tell(cause);
    }

    /// What has changed by the bytes that came.
    fn look(&mut self, cx: &mut Context<'_>) {
        let Some(probe) = &mut self.probe else { return };
        self.slots.set_limit(self.connection.max_concurrent_send_streams());
        let leaving = match probe.poll_ready(cx) {
            Poll::Ready(Err(error)) => Some(self.cause(&error)),
            _ => None,
        };
        let unused = Pin::new(&mut self.unused).poll(cx).is_ready();
        if let Some(cause) = leaving {
            self.tell(cause);
        } else if !unused {
            return;
        }
        self.probe = None;
        // For h2 to see that nobody is going to send.
        cx.waker().wake_by_ref();
    }

    /// Why the connection takes no further calls. gRPC servers say in these words that they got too many pings.
    fn cause(&self, error: &h2::Error) -> String {
        let is_call = error.is_remote() && error.is_go_away() && error.to_string().contains("too_many_pings");
        if is_call && self.tell.is_some() {
            let (calls, before) = &self.calm;
            calls.fetch_max(before.saturating_add(1), Relaxed);
        }
        in_words(error)
    }

    fn tell(&mut self, cause: String) {
        if let Some(tell) = self.tell.take() {
            // Where nobody listens, the backend is gone.
            let _ = tell.send(cause);
        }
    }
}

impl Connection {
    /// Room for one call, which the caller has made sure of.
    pub(super) fn lease(&self) -> Lease {
        Lease { send: self.send.clone(), slot: self.slots.take() }
    }

    /// The same, for a call that does not count.
    pub(super) fn lease_aside(&self) -> Lease {
        Lease { send: self.send.clone(), slot: self.slots.take_aside() }
    }

    pub(super) fn has_room(&self) -> bool {
        self.slots.active() < self.slots.limit()
    }
}

/// Room for one call on a connection.
#[derive(Debug)]
pub(super) struct Lease {
    send: SendRequest<Data>,
    slot: Slot,
}

impl Lease {
    /// Whether the connection still takes calls.
    pub(super) fn is_open(&mut self) -> bool {
        // A handle that has not sent yet never waits: whoever leased it has made sure that there is a stream.
        let mut cx = Context::from_waker(Waker::noop());
        matches!(self.send.poll_ready(&mut cx), Poll::Ready(Ok(())))
    }

    /// Sends a request and waits for the head of its response.
    pub(super) async fn send(mut self, request: Request<Body>) -> Result<Response<Body>, Status> {
        // Dropped after the stream, which is reset by then.
        let mut held = Held::default();
        let (head, body) = request.into_parts();
        let ends = http_body::Body::is_end_stream(&body);
        let (response, stream) = self
            .send
            .send_request(Request::from_parts(head, ()), ends)
            .map_err(|error| unsent(&error, self.slot.slots()))?;
        let slot = held.slot.insert(self.slot);
        match body.try_into_whole() {
            _ if ends => {}
            Ok((data, trailers)) => {
                // A server may have answered and ended the stream already (RFC 9113, 8.1). Why a request cannot be sent,
                // the answer tells.
                let _ = Pump::send_whole(stream, data, trailers, slot.slots().vitals());
            }
            Err(body) => {
                let failure = held.failure.insert(Failure::default());
                let body = Body::source(Noted { body, failure: Arc::clone(failure) });
                let pump = Pump::new(stream, body, Arc::clone(slot.slots().vitals()));
                held.pump = Some(AbortOnDrop::new(&tokio::spawn(pump)));
            }
        }
        match response.await {
            Ok(response) => {
                let (head, stream) = response.into_parts();
                if stream.is_end_stream() {
                    held.ended(Some(&head.headers));
                }
                let body = RecvBody::of_answer(&head.headers, stream, held);
                Ok(Response::from_parts(head, Body::h2(body)))
            }
            Err(error) if unprocessed(&error) => Err(Unprocessed::Refused.mark(held.explain(&error))),
            Err(error) => Err(held.broken(&error)),
        }
    }
}

/// Why a request could not be sent. A broken connection has not seen it; another may.
fn unsent(error: &h2::Error, slots: &Slots) -> Status {
    let status = slots.explain(error);
    if error.is_io() || error.is_go_away() { Unprocessed::Unsent.mark(status) } else { status }
}

/// Whether the server has said by this error that it did not look at the request. h2 gives the error of a remote GOAWAY
/// to those streams only that are behind the last one which the server took.
fn unprocessed(error: &h2::Error) -> bool {
    error.is_remote() && (error.is_go_away() || error.reason() == Some(Reason::REFUSED_STREAM))
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
