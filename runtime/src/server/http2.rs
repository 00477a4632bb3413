//! An HTTP/2 connection of a server.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use h2::{Reason, RecvStream, server::SendResponse};
use http::{Request, Response, StatusCode, header};
use tokio::io::{AsyncRead, AsyncWrite};
use tonic::Status;

use super::{
    Server,
    bell::Bell,
    connection::Open,
    heads::{Headed, Refused},
    life::Life,
    phase::{Phase, Phases},
};
use crate::{
    call::{Body, Data, Peer},
    http2::{Guard, Laws, Opened, Police, Pulse, Pump, RecvBody, SEND_BUFFER, Vitals, Watched, unavailable},
    protocol::Exchange,
};

/// Requests that are read before the first of them is worked on. Answering each at once would write to the socket once
/// a request; reading on for ever would let one connection starve its neighbours.
const BATCH: usize = 64;
/// What their headers may take, in bytes, in one turn of the connection: some forty requests of the usual kind. The next
/// turn comes when its neighbours have had theirs.
const TURN: u32 = 64 * 1024;

pub(super) async fn open<IO>(opened: Opened<IO>, server: Server, peer: Arc<Peer>, phases: Phases) -> Option<Open>
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limits = &server.core.connection_limits;
    let police = Police::new(Laws {
        ping_interval: server.core.keepalive_min_interval.as_millis().try_into().unwrap_or(u32::MAX),
        control_frames: limits.control_frames,
        resets: limits.resets,
        window: limits.windows.connection,
    });
    let opened_by = opened.accepted + limits.opening;
    let (io, vitals) = Guard::of_accepted(opened, Watched::Http2(police));
    // The preface is there, but a peer may take nothing of the first frame.
    let handshake = h2::server::Builder::new()
        .initial_window_size(limits.windows.stream)
        .initial_connection_window_size(limits.windows.connection)
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(limits.header_bytes)
        .max_send_buffer_size(SEND_BUFFER)
        .data_frame_budget(limits.windows.data_frame_budget())
        .handshake(io);
    let handshake = tokio::select! {
        handshake = tokio::time::timeout_at(opened_by, handshake) => handshake.ok()?,
        () = phases.until_unopened_close() => return None,
    };
    let mut h2 = handshake.inspect_err(|error| tracing::debug!(%error, "an HTTP/2 handshake failed")).ok()?;
    let (life, phases) = Life::new(&server.core, phases, &vitals, h2.ping_pong().map(Pulse::new));
    let (draining, dismissed, batch, turn, bell) = (false, false, Vec::new(), 0, Arc::default());
    Some(Box::pin(Connection { h2, server, peer, life, phases, vitals, draining, dismissed, batch, turn, bell }))
}

struct Connection<IO> {
    h2: h2::server::Connection<IO, Data>,
    server: Server,
    peer: Arc<Peer>,
    life: Life,
    phases: Phases,
    vitals: Arc<Vitals>,
    /// The peer was told to send no more requests.
    draining: bool,
    /// The peer was told to go.
    dismissed: bool,
    batch: Vec<Asked>,
    /// What the headers of this turn have taken.
    turn: u32,
    bell: Arc<Bell>,
}

/// What its streams know of a connection.
#[derive(Clone, Copy)]
struct Link<'a> {
    vitals: &'a Arc<Vitals>,
    /// How long the peer may leave an answer unread.
    unread: Duration,
}

impl<IO: AsyncRead + AsyncWrite + Unpin + Send + 'static> Connection<IO> {
    /// Works on what requests come, until the connection is over.
    fn poll_requests(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.bell.listen(cx);
        let waker = self.bell.waker();
        let mut cx = Context::from_waker(&waker);
        loop {
            let over = self.poll_accept(&mut cx);
            self.vitals.wrote_all();
            if self.vitals.abused() && !self.dismissed {
                tracing::debug!(peer = ?self.peer.remote_addr, "a peer sent too many frames of a kind");
                self.dismissed = true;
                self.h2.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM);
                continue;
            }
            if self.turn >= TURN && self.batch.is_empty() && !over {
                waker.wake_by_ref();
                self.turn = 0;
                return Poll::Pending;
            }
            if self.batch.is_empty() {
                self.turn = 0;
                self.vitals.busy(self.h2.has_streams());
                return if over { Poll::Ready(()) } else { Poll::Pending };
            }
            // Calls that are answered at once are over when h2 is asked for streams.
            self.vitals.busy(true);
            self.bell.mute();
            self.answer();
            self.bell.unmute();
        }
    }

    /// Reads what requests there are, up to a batch; true once the connection is over. Where no further one has come, h2 is
    /// not asked before these are answered: each time it looks at all that it does.
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> bool {
        while self.batch.len() < BATCH && self.turn < TURN {
            match self.h2.poll_accept(cx) {
                Poll::Pending if self.vitals.is_held() => {}
                Poll::Pending => {
                    self.vitals.took_all();
                    return false;
                }
                Poll::Ready(Some(Ok((request, respond)))) => {
                    self.accept(request, respond);
                    if !self.vitals.took_one() && !self.batch.is_empty() {
                        return false;
                    }
                }
                Poll::Ready(Some(Err(error))) => {
                    tracing::debug!(%error, "a connection broke");
                    return true;
                }
                Poll::Ready(None) => return true,
            }
        }
        false
    }

    fn accept(&mut self, request: Request<RecvStream>, mut respond: SendResponse<Data>) {
        let admitted = Headed::admit(request.headers(), &self.server.core.connection_limits, &self.vitals);
        self.turn += admitted.as_ref().map_or(TURN / 16, |head| head.bytes() as u32);
        match admitted {
            Ok(headed) => self.batch.push(Asked { request, respond, headed }),
            // As h2 answers a head with too many bytes. An error means that nobody waits for it.
            Err(Refused::TooMany) => {
                let mut head = Response::new(());
                *head.status_mut() = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
                let _ = respond.send_response(head, true);
            }
            Err(Refused::NoRoom) => respond.send_reset(Reason::ENHANCE_YOUR_CALM),
        }
    }

    /// Works on the batch. Most handlers are ready at once: their answers are written together, when h2 is polled next.
    /// The others go on as tasks of their own, which poll them again before anything can wake them. A call begins when the
    /// one before has its answer, so its memory is that of the one before.
    fn answer(&mut self) {
        let mut cx = Context::from_waker(Waker::noop());
        let unread = self.server.core.connection_limits.unread;
        let link = Link { vitals: &self.vitals, unread };
        for Asked { request, respond, headed } in self.batch.drain(..) {
            let (head, stream) = request.into_parts();
            let exchange = self.server.exchange_within(&self.phases, head, body(stream, &self.vitals), &self.peer);
            let mut stream = Stream { state: State::Answering { exchange, respond }, _headed: headed };
            if stream.poll(&mut cx, link).is_pending() {
                tokio::spawn(stream.until_closed(Arc::clone(&self.vitals), unread, self.phases.clone()));
            }
        }
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin + Send + 'static> Future for Connection<IO> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if self.poll_requests(cx).is_ready() || Pin::new(&mut self.life).poll(cx).is_ready() {
                return Poll::Ready(());
            }
            if self.draining || !self.phases.reached(Phase::Draining) {
                return Poll::Pending;
            }
            self.draining = true;
            self.h2.graceful_shutdown();
        }
    }
}

/// The status of calls that a shutdown cuts off.
pub(super) fn shutting_down() -> Status {
    unavailable("the server is shutting down")
}

fn body(stream: RecvStream, vitals: &Arc<Vitals>) -> Body {
    if stream.is_end_stream() { Body::empty() } else { Body::h2(RecvBody::of_request(stream, Arc::clone(vitals))) }
}

/// A request that nobody has looked at yet.
struct Asked {
    request: Request<RecvStream>,
    respond: SendResponse<Data>,
    headed: Headed,
}

/// A request and its response.
struct Stream {
    state: State,
    _headed: Headed,
}

enum State {
    Answering { exchange: Exchange, respond: SendResponse<Data> },
    Sending(Pump),
    Done,
}

impl Stream {
    /// Runs to its end, or ends with UNAVAILABLE when the grace of the server or of the connection is over.
    async fn until_closed(mut self, vitals: Arc<Vitals>, unread: Duration, phases: Phases) {
        let link = Link { vitals: &vitals, unread };
        tokio::select! {
            biased;
            () = poll_fn(|cx| self.poll(cx, link)) => return,
            () = phases.until(Phase::Aborting) => {}
        }
        let status = shutting_down();
        match &mut self.state {
            State::Answering { exchange, .. } => exchange.abort(status),
            State::Sending(pump) => pump.abort(status),
            State::Done => {}
        }
        poll_fn(|cx| self.poll(cx, link)).await;
    }

    fn poll(&mut self, cx: &mut Context<'_>, link: Link<'_>) -> Poll<()> {
        loop {
            match &mut self.state {
                State::Answering { exchange, respond } => {
                    let next = match Pin::new(exchange).poll(cx) {
                        // An error here means that nobody waits for the answer any more.
                        Poll::Ready(response) => State::respond(respond, response, link).unwrap_or(State::Done),
                        Poll::Pending => {
                            let _ = ready!(respond.poll_reset(cx));
                            State::Done
                        }
                    };
                    self.state = next;
                }
                State::Sending(pump) => {
                    ready!(Pin::new(pump).poll(cx));
                    self.state = State::Done;
                }
                State::Done => return Poll::Ready(()),
            }
        }
    }
}

impl State {
    fn respond(respond: &mut SendResponse<Data>, response: Response<Body>, link: Link<'_>) -> Result<Self, h2::Error> {
        let (head, body) = response.into_parts();
        let mut head = Response::from_parts(head, ());
        // By it a client knows all of the answer even where the stream is reset behind it.
        if let Some(length) = http_body::Body::size_hint(&body).exact().filter(|&length| length > 0) {
            head.headers_mut().entry(header::CONTENT_LENGTH).or_insert(length.into());
        }
        if http_body::Body::is_end_stream(&body) {
            respond.send_response(head, true)?;
            return Ok(Self::Done);
        }
        let mut stream = respond.send_response(head, false)?;
        let body = match body.try_into_whole() {
            Ok((data, trailers)) if Pump::fits(&mut stream, data.as_ref()) => {
                return Pump::send_whole(stream, data, trailers, link.vitals).map(|()| Self::Done);
            }
            Ok((data, trailers)) => Body::known(data, trailers),
            Err(body) => body,
        };
        Ok(Self::Sending(Pump::new(stream, body, Arc::clone(link.vitals)).with_patience(link.unread)))
    }
}
