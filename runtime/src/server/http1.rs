//! An HTTP/1.1 connection of a server.

use std::{
    convert::Infallible,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use http::{HeaderValue, Request, Response, StatusCode, Version, header, request::Parts};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tonic::Status;

use super::{
    Server,
    bell::Bell,
    http2::shutting_down,
    life::Life,
    phase::{Phase, Phases},
    unread::Unread,
};
use crate::{
    call::{Body, Data, Frame, Peer, Source},
    http2::{Guard, Opened, Vitals, Watched},
    protocol::{Exchange, bare_response},
};

/// The least that hyper can read with.
pub(crate) const LEAST_BUFFER: usize = 8 * 1024;
/// How many headers hyper takes by itself: for so many it has room on its stack, and allocates for any other number.
const OWN_HEADER_COUNT: usize = 100;

pub(super) async fn serve<IO>(opened: Opened<IO>, server: Server, peer: Arc<Peer>, phases: Phases)
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limits = &server.core.connection_limits;
    let (header_bytes, header_count) = ((limits.header_bytes as usize).max(LEAST_BUFFER), limits.header_count);
    let (io, vitals) = Guard::of_accepted(opened, Watched::Http1);
    let (mut life, phases) = Life::new(&server.core, phases, &vitals, None);
    let within = phases.clone();
    let calls = Arc::new(Calls::new(&vitals));
    let all = Arc::clone(&calls);
    let service = service_fn(move |request: Request<Incoming>| {
        let running = Running::new(&calls);
        let (head, body) = request.into_parts();
        let body = Unread::body(body, &calls);
        let exchange = match fault(&head) {
            None => server.exchange_within(&within, head, body, &peer),
            Some(status) => Exchange::answered(bare_response(status)),
        };
        Answering { exchange, running: Some(running) }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    // The life of the connection bounds the time that a head takes; while a call runs, its guard sees that the peer goes
    // away.
    builder.header_read_timeout(None).max_buf_size(header_bytes).half_close(true);
    if header_count != OWN_HEADER_COUNT {
        builder.max_headers(header_count);
    }
    let mut connection = pin!(builder.serve_connection(TokioIo::new(io), service));
    let ringing = all.bell.waker();
    // All that belongs to the connection runs in this task, so a call learns of the end of its grace by being polled.
    let mut seen = [false; 2];
    let result = poll_fn(|cx| {
        // Without bodies there is nothing to hush, and the task's own waker costs less. Who still has that wakes, too.
        let waker = if all.with_bodies.load(Ordering::Relaxed) {
            all.bell.listen(cx);
            &ringing
        } else {
            cx.waker()
        };
        loop {
            if let Poll::Ready(result) = connection.as_mut().poll(&mut Context::from_waker(waker)) {
                return Poll::Ready(result);
            }
            if Pin::new(&mut life).poll(cx).is_ready() {
                return Poll::Ready(Ok(()));
            }
            all.poll_expired(cx);
            let [draining, aborting] = [Phase::Draining, Phase::Aborting].map(|phase| phases.reached(phase));
            if [draining, aborting] == seen {
                return Poll::Pending;
            }
            seen = [draining, aborting];
            all.aborting.store(aborting, Ordering::Relaxed);
            connection.as_mut().graceful_shutdown();
        }
    });
    if let Err(error) = result.await {
        tracing::debug!(%error, "a connection broke");
    }
}

/// What is wrong with a request that hyper takes: it has to say once for which host it is (RFC 9112, 3.2), and its body is
/// not to be coded in a way that nobody undoes (RFC 9112, 6.1).
fn fault(head: &Parts) -> Option<StatusCode> {
    let (mut hosts, mut is_coded) = (0, false);
    for (name, value) in &head.headers {
        if *name == header::HOST {
            hosts += 1;
        } else if *name == header::TRANSFER_ENCODING {
            is_coded |= !value.as_bytes().eq_ignore_ascii_case(b"chunked");
        }
    }
    match hosts {
        1 if is_coded => Some(StatusCode::NOT_IMPLEMENTED),
        0 if head.version < Version::HTTP_11 => None,
        1 => None,
        _ => Some(StatusCode::BAD_REQUEST),
    }
}

/// What the calls of a connection share.
pub(super) struct Calls {
    pub(super) vitals: Arc<Vitals>,
    /// Wakes the connection, from the turn on that follows the first request with a body.
    pub(super) bell: Arc<Bell>,
    with_bodies: AtomicBool,
    /// What still runs is to end with a status.
    aborting: AtomicBool,
    /// The answer that streams, of which there is one at a time.
    streaming: Mutex<Option<Streaming>>,
}

/// An answer that streams, and what of it was drawn that hyper was not given yet.
struct Streaming {
    body: Body,
    /// Of the frame that it is given in pieces.
    rest: Data,
    /// A whole frame, behind that.
    drawn: Option<Result<Frame, Status>>,
}

impl Calls {
    fn new(vitals: &Arc<Vitals>) -> Self {
        Self {
            vitals: Arc::clone(vitals),
            bell: Arc::default(),
            with_bodies: AtomicBool::new(false),
            aborting: AtomicBool::new(false),
            streaming: Mutex::default(),
        }
    }

    /// Notes a request that has a body.
    pub(super) fn with_body(&self) {
        self.vitals.unread(true);
        self.with_bodies.store(true, Ordering::Relaxed);
    }

    fn streaming(&self) -> MutexGuard<'_, Option<Streaming>> {
        self.streaming.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// While the peer takes nothing hyper asks for nothing, so an answer would not learn of its deadline.
    fn poll_expired(&self, cx: &mut Context<'_>) {
        if self.vitals.blocked_since().is_none() {
            return;
        }
        if let Some(Streaming { body, drawn, .. }) = &mut *self.streaming()
            && drawn.is_none()
            && body.poll_expired(cx).is_ready()
            && let Poll::Ready(frame) = body.poll_next(cx)
        {
            *drawn = frame;
        }
    }
}

/// A call, until all of its answer was drawn.
struct Running {
    calls: Arc<Calls>,
    aborted: bool,
}

impl Running {
    fn new(calls: &Arc<Calls>) -> Self {
        calls.vitals.headed();
        Self { calls: Arc::clone(calls), aborted: false }
    }

    /// What there is to do once the head of the answer is there.
    fn answer(self, response: &mut Response<Body>) {
        // Nobody knows yet whether all of the request will be read, so the next must not be sent behind it.
        if self.calls.vitals.has_unread() {
            response.headers_mut().insert(header::CONNECTION, const { HeaderValue::from_static("close") });
        }
        if !response.body().is_whole() {
            let body = std::mem::take(response.body_mut());
            *self.calls.streaming() = Some(Streaming { body, rest: Data::default(), drawn: None });
            *response.body_mut() = Body::source(Drawn { running: self });
        }
    }

    /// Whether the call is to be ended, once.
    fn must_abort(&mut self) -> bool {
        !self.aborted && {
            self.aborted = self.calls.aborting.load(Ordering::Relaxed);
            self.aborted
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.calls.vitals.busy(false);
    }
}

/// A call up to the head of its answer.
struct Answering {
    exchange: Exchange,
    /// `None` once it was answered.
    running: Option<Running>,
}

impl Future for Answering {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut polled = Pin::new(&mut self.exchange).poll(cx);
        if polled.is_pending() && self.running.as_mut().is_some_and(Running::must_abort) {
            self.exchange.abort(shutting_down());
            polled = Pin::new(&mut self.exchange).poll(cx);
        }
        // Changed where it lies: it is large.
        if let Poll::Ready(response) = &mut polled
            && let Some(running) = self.running.take()
        {
            running.answer(response);
        }
        polled.map(Ok)
    }
}

/// The body of an answer that streams: it ends with a status when the grace of the server or of the connection is over.
struct Drawn {
    running: Running,
}

impl Source for Drawn {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Status>>> {
        let must_abort = self.running.must_abort();
        let mut streaming = self.running.calls.streaming();
        let Some(Streaming { body, rest, drawn }) = &mut *streaming else {
            return Poll::Ready(Some(Err(Status::internal("there is no answer to draw"))));
        };
        if must_abort {
            body.abort(shutting_down());
        }
        if rest.is_empty() {
            let frame = match drawn.take() {
                Some(frame) => Some(frame),
                None => ready!(body.poll_next(cx)),
            };
            match frame.map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(data))) => *rest = data,
                Some(Ok(Err(trailers))) => return Poll::Ready(Some(Ok(trailers))),
                Some(Err(status)) => return Poll::Ready(Some(Err(status))),
                None => return Poll::Ready(None),
            }
        }
        Poll::Ready(Some(Ok(Frame::data(Body::cut(rest).into()))))
    }
}

impl Drop for Drawn {
    fn drop(&mut self) {
        *self.running.calls.streaming() = None;
    }
}
