//! An HTTP/2 connection of a server.

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker, ready},
};

use bytes::Bytes;
use h2::{Reason, RecvStream, server::SendResponse};
use http::Response;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
};

use tonic::Status;

use super::{Server, bell::Bell, listen::Phase};
use crate::{
    call::{Body, Peer},
    http2::{Guard, Police, Pump, RecvBody, Vitals, unavailable},
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
/// Streams open at once on a connection.
const CONCURRENT_STREAMS: u32 = 200;
/// Header bytes of one request, decoded, with its path: twice what REST allows a path and query to have by default.
const HEADER_LIST: u32 = 32 * 1024;
/// Unsent bytes of one stream that h2 may hold.
const SEND_BUFFER: usize = 256 * 1024;

pub(super) async fn serve<IO>(io: IO, server: Server, peer: Arc<Peer>, phase: watch::Receiver<Phase>)
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let police = Police::new(server.core.keepalive_min_interval);
    let (io, vitals) = Guard::new(io, Some(police));
    let handshake = h2::server::Builder::new()
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(CONCURRENT_STREAMS)
        .max_header_list_size(HEADER_LIST)
        .max_send_buffer_size(SEND_BUFFER)
        .data_frame_budget(DATA_FRAME_BUDGET)
        .handshake(io);
    match handshake.await {
        Ok(h2) => {
            let (bell, batch) = (Arc::default(), Vec::new());
            Connection { h2, server, peer, phase, vitals, dismissed: false, batch, bell }.run().await;
        }
        Err(error) => tracing::debug!(%error, "an HTTP/2 handshake failed"),
    }
}

struct Connection<IO> {
    h2: h2::server::Connection<IO, Bytes>,
    server: Server,
    peer: Arc<Peer>,
    phase: watch::Receiver<Phase>,
    vitals: Arc<Vitals>,
    /// The peer was told to go.
    dismissed: bool,
    batch: Vec<Stream>,
    bell: Arc<Bell>,
}

impl<IO: AsyncRead + AsyncWrite + Unpin + Send + 'static> Connection<IO> {
    async fn run(mut self) {
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
        tokio::select! {
            biased;
            () = &mut self => return,
            () = &mut dead => return,
            () = Phase::reached(&mut phase, Phase::Draining) => self.h2.graceful_shutdown(),
        }
        tokio::select! {
            biased;
            () = &mut self => {}
            () = dead => {}
            () = Phase::reached(&mut phase, Phase::Closed) => {}
        }
    }

    /// Reads what requests there are, up to a batch; true once the connection is over.
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> bool {
        while self.batch.len() < BATCH {
            match self.h2.poll_accept(cx) {
                Poll::Pending => return false,
                Poll::Ready(Some(Ok((request, respond)))) => {
                    let (head, stream) = request.into_parts();
                    let exchange = self.server.exchange(head, body(stream), &self.peer);
                    self.batch.push(Stream::Answering { exchange, respond });
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

    /// Works on the batch. Most handlers are ready at once: their answers are written together, when h2 is polled next.
    /// The others go on as tasks of their own, which poll them again before anything can wake them.
    fn answer(&mut self) {
        let mut cx = Context::from_waker(Waker::noop());
        for stream in &mut self.batch {
            if Pin::new(&mut *stream).poll(&mut cx).is_pending() {
                let stream = std::mem::replace(stream, Stream::Done);
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
                tracing::debug!("a peer sent too many control frames");
                self.dismissed = true;
                self.h2.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM);
                continue;
            }
            if self.batch.is_empty() {
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
enum Stream {
    Answering { exchange: Exchange, respond: SendResponse<Bytes> },
    Sending(Pump),
    Done,
}

impl Stream {
    /// Runs to its end, or ends with UNAVAILABLE when the server's grace is over.
    async fn until_closed(mut self, mut phase: watch::Receiver<Phase>) {
        tokio::select! {
            biased;
            () = &mut self => return,
            () = Phase::reached(&mut phase, Phase::Aborting) => {}
        }
        let status = shutting_down();
        match &mut self {
            Self::Answering { exchange, .. } => exchange.abort(status),
            Self::Sending(pump) => pump.abort(status),
            Self::Done => {}
        }
        self.await;
    }

    fn respond(respond: &mut SendResponse<Bytes>, response: Response<Body>) -> Result<Self, h2::Error> {
        let (head, body) = response.into_parts();
        let head = Response::from_parts(head, ());
        if http_body::Body::is_end_stream(&body) {
            respond.send_response(head, true)?;
            return Ok(Self::Done);
        }
        let stream = respond.send_response(head, false)?;
        match body.try_into_whole() {
            Ok((data, trailers)) => Pump::send_whole(stream, data, trailers).map(|()| Self::Done),
            Err(body) => Ok(Self::Sending(Pump::new(stream, body))),
        }
    }
}

impl Future for Stream {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            match &mut *self {
                Self::Answering { exchange, respond } => {
                    let next = match Pin::new(exchange).poll(cx) {
                        // An error here means that nobody waits for the answer any more.
                        Poll::Ready(response) => Self::respond(respond, response).unwrap_or(Self::Done),
                        Poll::Pending => {
                            let _ = ready!(respond.poll_reset(cx));
                            Self::Done
                        }
                    };
                    *self = next;
                }
                Self::Sending(pump) => {
                    ready!(Pin::new(pump).poll(cx));
                    *self = Self::Done;
                }
                Self::Done => return Poll::Ready(()),
            }
        }
    }
}
