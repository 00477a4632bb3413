//! An HTTP/2 connection of a server.

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use bytes::Bytes;
use h2::{Reason, RecvStream, server::SendResponse};
use http::{Request, Response, StatusCode};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
};
use tonic::Status;

use super::{
    Server,
    bell::Bell,
    heads::{Headed, Heads, Refused},
    life::Life,
    listen::Phase,
};
use crate::{
    call::{Body, Peer},
    http2::{Guard, Laws, Police, Pump, RecvBody, Vitals, Watched, unavailable},
    protocol::Exchange,
};

/// Requests that are read before the first of them is worked on. Answering each at once would write to the socket once
/// a request; reading on for ever would let one connection starve its neighbours.
const BATCH: usize = 64;

/// Windows of flow control, in bytes. The connection's bounds what all its streams may have in memory unread.
const STREAM_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = 1024 * 1024;
/// h2 counts small DATA frames that wait unread against this budget and closes the connection when it is used up. Flow
/// control bounds them already (a frame of one byte costs at most 256 of the budget), so healthy streams of small
/// messages are never cut off.
const DATA_FRAME_BUDGET: usize = CONNECTION_WINDOW as usize * 256;
/// Unsent bytes of one stream that h2 may hold: as many as are gathered of a stream of messages, so that of a stream that
/// nobody reads there is one such buffer, not two.
const SEND_BUFFER: usize = 32 * 1024;

pub(super) async fn serve<IO>(io: IO, server: Server, peer: Arc<Peer>, phase: watch::Receiver<Phase>)
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limits = &server.core.connection_limits;
    let police = Police::new(Laws {
        ping_interval: server.core.keepalive_min_interval,
        control_frames: limits.control_frames,
        resets: limits.resets,
    });
    let (io, vitals) = Guard::new(io, Some(Watched::Http2(police)));
    // It waits for nothing but the preface, which is there.
    let handshake = h2::server::Builder::new()
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(limits.header_bytes)
        .max_send_buffer_size(SEND_BUFFER)
        .data_frame_budget(DATA_FRAME_BUDGET)
        .handshake(io);
    // A future keeps the room of all its steps to its end. So the steps of a connection, which may long be idle, have
    // boxes of their own.
    let h2 = match Box::pin(handshake).await {
        Ok(h2) => h2,
        Err(error) => return tracing::debug!(%error, "an HTTP/2 handshake failed"),
    };
    let life = Life::new(phase, limits);
    let heads = Heads::new(limits);
    let (phase, bell, batch) = (life.phase(), Arc::default(), Vec::new());
    let connection = Connection { h2, server, peer, phase, vitals, heads, dismissed: false, batch, bell };
    Box::new(connection).run(life).await;
}

struct Connection<IO> {
    h2: h2::server::Connection<IO, Bytes>,
    server: Server,
    peer: Arc<Peer>,
    phase: watch::Receiver<Phase>,
    vitals: Arc<Vitals>,
    heads: Heads,
    /// The peer was told to go.
    dismissed: bool,
    batch: Vec<Stream>,
    bell: Arc<Bell>,
}

impl<IO: AsyncRead + AsyncWrite + Unpin + Send + 'static> Connection<IO> {
    async fn run(mut self: Box<Self>, life: Life) {
        let mut phase = self.phase.clone();
        let pings = self.h2.ping_pong();
        let (keepalive, vitals) = (self.server.core.keepalive, Arc::clone(&self.vitals));
        let dead = async move {
            match pings {
                Some(pings) => keepalive.until_dead(pings, vitals, || true).await,
                None => std::future::pending().await,
            }
        };
        let mut dead = pin!(dead);
        let mut life = pin!(life.lead(Arc::clone(&self.vitals)));
        tokio::select! {
            biased;
            () = &mut *self => return,
            () = &mut life => return,
            () = &mut dead => return,
            () = Phase::reached(&mut phase, Phase::Draining) => self.h2.graceful_shutdown(),
        }
        tokio::select! {
            biased;
            () = &mut *self => {}
            () = life => {}
            () = dead => {}
        }
    }

    /// Reads what requests there are, up to a batch; true once the connection is over.
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> bool {
        while self.batch.len() < BATCH {
            match self.h2.poll_accept(cx) {
                Poll::Pending => return false,
                Poll::Ready(Some(Ok((request, respond)))) => self.accept(request, respond),
                Poll::Ready(Some(Err(error))) => {
                    tracing::debug!(%error, "a connection broke");
                    return true;
                }
                Poll::Ready(None) => return true,
            }
        }
        false
    }

    fn accept(&mut self, request: Request<RecvStream>, mut respond: SendResponse<Bytes>) {
        match self.heads.admit(request.headers()) {
            Ok(headed) => {
                let (head, stream) = request.into_parts();
                let exchange = self.server.exchange_within(&self.phase, head, body(stream), &self.peer);
                let state = State::Answering { exchange, respond };
                let unread = self.server.core.connection_limits.unread;
                self.batch.push(Stream { state, unread, _headed: Some(headed) });
            }
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
    /// The others go on as tasks of their own, which poll them again before anything can wake them.
    fn answer(&mut self) {
        let mut cx = Context::from_waker(Waker::noop());
        for stream in &mut self.batch {
            if Pin::new(&mut *stream).poll(&mut cx).is_pending() {
                let stream = std::mem::replace(stream, Stream::DONE);
                tokio::spawn(stream.until_closed(self.phase.clone()));
            }
        }
        self.batch.clear();
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin + Send + 'static> Future for Connection<IO> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.bell.listen(cx);
        let waker = self.bell.waker();
        let mut cx = Context::from_waker(&waker);
        loop {
            let over = self.poll_accept(&mut cx);
            if self.vitals.abused() && !self.dismissed {
                tracing::debug!(peer = ?self.peer.remote_addr, "a peer sent too many frames of a kind");
                self.dismissed = true;
                self.h2.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM);
                continue;
            }
            if self.batch.is_empty() {
                self.vitals.busy(self.h2.has_streams());
                return if over { Poll::Ready(()) } else { Poll::Pending };
            }
            self.bell.mute();
            self.answer();
            self.bell.unmute();
        }
    }
}

/// The status of calls that a shutdown cuts off.
pub(super) fn shutting_down() -> Status {
    unavailable("the server is shutting down")
}

fn body(stream: RecvStream) -> Body {
    if stream.is_end_stream() { Body::empty() } else { Body::h2(RecvBody::of_request(stream)) }
}

/// A request and its response.
struct Stream {
    state: State,
    /// How long the peer may leave the answer unread.
    unread: Duration,
    _headed: Option<Headed>,
}

enum State {
    Answering { exchange: Exchange, respond: SendResponse<Bytes> },
    Sending(Pump),
    Done,
}

impl Stream {
    const DONE: Self = Self { state: State::Done, unread: Duration::ZERO, _headed: None };

    /// Runs to its end, or ends with UNAVAILABLE when the grace of the server or of the connection is over.
    async fn until_closed(mut self, mut phase: watch::Receiver<Phase>) {
        tokio::select! {
            biased;
            () = &mut self => return,
            () = Phase::reached(&mut phase, Phase::Aborting) => {}
        }
        let status = shutting_down();
        match &mut self.state {
            State::Answering { exchange, .. } => exchange.abort(status),
            State::Sending(pump) => pump.abort(status),
            State::Done => {}
        }
        self.await;
    }
}

impl State {
    fn respond(
        respond: &mut SendResponse<Bytes>,
        response: Response<Body>,
        unread: Duration,
    ) -> Result<Self, h2::Error> {
        let (head, body) = response.into_parts();
        let head = Response::from_parts(head, ());
        if http_body::Body::is_end_stream(&body) {
            respond.send_response(head, true)?;
            return Ok(Self::Done);
        }
        let mut stream = respond.send_response(head, false)?;
        let body = match body.try_into_whole() {
            Ok((data, trailers)) if Pump::fits(&mut stream, data.as_ref()) => {
                return Pump::send_whole(stream, data, trailers).map(|()| Self::Done);
            }
            Ok((data, trailers)) => Body::whole(data, trailers),
            Err(body) => body,
        };
        Ok(Self::Sending(Pump::new(stream, body).with_patience(unread)))
    }
}

impl Future for Stream {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let unread = self.unread;
        loop {
            match &mut self.state {
                State::Answering { exchange, respond } => {
                    let next = match Pin::new(exchange).poll(cx) {
                        // An error here means that nobody waits for the answer any more.
                        Poll::Ready(response) => State::respond(respond, response, unread).unwrap_or(State::Done),
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
