//! Sends a body.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use h2::{Reason, SendStream};
use tokio::{sync::futures::OwnedNotified, time::Sleep};
use tonic::Status;

use super::Vitals;
use crate::call::{Body, Data, Frame};

/// Unsent bytes of one stream that h2 may hold.
pub(crate) const SEND_BUFFER: usize = 256 * 1024;

/// What is handed over before the connection gets its turn to write, in bytes: as many as are gathered of a stream of
/// small messages. A larger message goes as one. So what is written is still in the cache, its buffer is free for the
/// next, and of a stream that nobody reads h2 holds no more.
const TURN: usize = 32 * 1024;

/// What all streams of a connection together may hand over before its turn, in bytes, of messages with large fields that are
/// not copied: they are written by one system call, and no buffer is waited for.
const TOGETHER: usize = 256 * 1024;

/// Moves a body into an HTTP/2 stream as fast as its flow control lets it, never further ahead. Done when all of it is
/// handed over, or the peer wants no more of it.
pub(crate) struct Pump {
    stream: SendStream<Data>,
    body: Body,
    vitals: Arc<Vitals>,
    /// Bytes that were handed over since the connection had its turn, and whether some were in several slices.
    ahead: usize,
    is_parted: bool,
    turn: Turn,
    /// Data that the peer's window has not let through yet.
    blocked: Data,
    /// How long the window may let nothing through, and the timer of that while it does.
    patience: Option<Duration>,
    stalled: Option<Pin<Box<Sleep>>>,
}

/// The turn of the connection, which it gets when enough was handed over.
enum Turn {
    Due,
    Given,
    /// It could not write all that there was.
    Stuck(Pin<Box<OwnedNotified>>),
}

/// What h2 may hold for a peer that opens no window: a whole body of up to as many bytes is handed over at once.
const UNWATCHED: usize = 16 * 1024;

impl Pump {
    pub(crate) fn new(stream: SendStream<Data>, body: Body, vitals: Arc<Vitals>) -> Self {
        let (blocked, patience, stalled) = (Data::default(), None, None);
        Self { stream, body, vitals, ahead: 0, is_parted: false, turn: Turn::Due, blocked, patience, stalled }
    }

    /// Resets the stream once the peer has let nothing through for as long.
    pub(crate) fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = Some(patience);
        self
    }

    /// Whether a body of which everything is known can be handed over in one go without a thought of when it will be
    /// read: it is small, or the window is open for all of it.
    pub(crate) fn fits(stream: &mut SendStream<Data>, data: Option<&Data>) -> bool {
        let len = data.map_or(0, Data::len);
        if len <= UNWATCHED {
            return true;
        }
        stream.reserve_capacity(len);
        stream.capacity() >= len
    }

    /// Hands over a body of which everything is known in one go; h2 sends it as the window allows.
    pub(crate) fn send_whole(
        mut stream: SendStream<Data>,
        data: Option<Data>,
        trailers: Option<http::HeaderMap>,
        vitals: &Vitals,
    ) -> Result<(), h2::Error> {
        if let Some(data) = data {
            vitals.hands_over(&data);
            stream.send_data(data, trailers.is_none())?;
        } else if trailers.is_none() {
            stream.send_data(Data::default(), true)?;
        }
        match trailers {
            Some(trailers) => stream.send_trailers(trailers),
            None => Ok(()),
        }
    }

    /// Ends what still produces the body with this status.
    pub(crate) fn abort(&mut self, status: Status) {
        self.body.abort(status);
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), h2::Error>> {
        loop {
            while !self.blocked.is_empty() {
                ready!(self.poll_blocked(cx))?;
            }
            if self.ahead >= TURN && !self.goes_on() {
                ready!(self.poll_turn(cx))?;
            }
            match self.body.poll_next(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    if self.take_frame(frame)? {
                        return Poll::Ready(Ok(()));
                    }
                }
                Poll::Ready(None) => return Poll::Ready(self.stream.send_data(Data::default(), true)),
                Poll::Ready(Some(Err(_))) => {
                    self.stream.send_reset(Reason::CANCEL);
                    return Poll::Ready(Ok(()));
                }
                Poll::Pending => return self.poll_unwanted(cx),
            }
        }
    }

    /// Whether more may be handed over before the connection has its turn, as no buffer is waited for.
    fn goes_on(&self) -> bool {
        self.is_parted && !self.vitals.is_stuck() && self.vitals.ahead() < TOGETHER
    }

    /// Ready once the connection has written what it could; not before the peer takes it.
    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), h2::Error>> {
        loop {
            match &mut self.turn {
                Turn::Due => {
                    self.turn = Turn::Given;
                    // Data for it has woken the connection before.
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                _ if !self.vitals.is_stuck() || self.body.poll_expired(cx).is_ready() => break,
                // Whatever is written from here on wakes it.
                Turn::Given => self.turn = Turn::Stuck(Box::pin(self.vitals.flushed())),
                Turn::Stuck(flushed) => match flushed.as_mut().poll(cx) {
                    Poll::Ready(()) => self.turn = Turn::Given,
                    Poll::Pending => return self.poll_unwanted(cx),
                },
            }
        }
        (self.ahead, self.is_parted, self.turn) = (0, false, Turn::Due);
        Poll::Ready(Ok(()))
    }

    /// Sends as much of the blocked data as the window lets through.
    fn poll_blocked(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), h2::Error>> {
        self.stream.reserve_capacity(self.blocked.len());
        if self.stream.capacity() == 0 {
            match self.stream.poll_capacity(cx) {
                Poll::Ready(Some(capacity)) => drop(capacity?),
                Poll::Ready(None) => return Poll::Ready(Err(Reason::CANCEL.into())),
                Poll::Pending if self.body.poll_expired(cx).is_ready() => self.blocked = Data::default(),
                Poll::Pending if self.poll_stalled(cx).is_ready() => {
                    // Trailers would say that all is there.
                    self.stream.send_reset(Reason::CANCEL);
                    return Poll::Ready(Err(Reason::CANCEL.into()));
                }
                Poll::Pending => return self.poll_unwanted(cx),
            }
        }
        let ready = self.stream.capacity().min(self.blocked.len());
        if ready > 0 {
            self.stalled = None;
            let data = self.blocked.split_to(ready);
            self.ahead += ready;
            self.vitals.hands_over(&data);
            self.stream.send_data(data, false)?;
        }
        Poll::Ready(Ok(()))
    }

    /// Ready once the window has let nothing through for too long.
    fn poll_stalled(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(patience) = self.patience else {
            return Poll::Pending;
        };
        let timer = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        crate::deadline::poll_timer(timer, cx)
    }

    /// Hands a frame over, or keeps it as blocked; true after the last.
    fn take_frame(&mut self, frame: Frame) -> Result<bool, h2::Error> {
        match frame.into_data() {
            Ok(data) => {
                self.is_parted |= data.is_parted();
                self.blocked = data;
                Ok(false)
            }
            Err(frame) => match frame.into_trailers() {
                Ok(trailers) => self.stream.send_trailers(trailers).map(|()| true),
                Err(_) => Ok(false),
            },
        }
    }

    /// Fails once the peer reset the stream or the connection is gone.
    fn poll_unwanted(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), h2::Error>> {
        self.stream.poll_reset(cx).map(|reason| Err(reason?.into()))
    }
}

impl Future for Pump {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // An error is the peer's or the connection's; whoever owns the other half of the stream learns of it there.
        self.poll_send(cx).map(drop)
    }
}
