//! The body of a request that may have to be sent again.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker, ready},
};

use tonic::Status;

use crate::call::{Body, Data, Frame, Source};

/// What is kept of a stream, in bytes. One that has sent more is not sent again. (What gRPC's core keeps for each call.)
const KEPT: usize = 256 * 1024;

/// A body, for as many readers as there are attempts.
pub(super) enum Replay {
    Whole(Option<Data>),
    Stream(Arc<Mutex<Kept>>),
}

/// What was read of a stream.
pub(super) struct Kept {
    source: Body,
    frames: VecDeque<Data>,
    /// The number of the first of the frames.
    first: usize,
    bytes: usize,
    ended: Option<Result<(), Status>>,
    readers: usize,
    /// The only one that reads on.
    only: Option<usize>,
    waiting: Vec<Waker>,
}

impl Replay {
    pub(super) fn new(body: Body) -> Self {
        match body.try_into_whole() {
            Ok((data, _)) => Self::Whole(data),
            Err(source) => Self::Stream(Arc::new(Mutex::new(Kept {
                source,
                frames: VecDeque::new(),
                first: 0,
                bytes: 0,
                ended: None,
                readers: 0,
                only: None,
                waiting: Vec::new(),
            }))),
        }
    }

    /// The body from its beginning, and the number of who reads it.
    pub(super) fn reader(&self) -> (usize, Body) {
        match self {
            Self::Whole(data) => (0, Body::known(data.clone(), None)),
            Self::Stream(kept) => {
                let mut state = lock(kept);
                state.readers += 1;
                let number = state.readers;
                (number, Body::source(Reader { kept: Arc::clone(kept), number, at: 0 }))
            }
        }
    }

    /// Whether there can be another reader.
    pub(super) fn is_open(&self) -> bool {
        match self {
            Self::Whole(_) => true,
            Self::Stream(kept) => lock(kept).only.is_none(),
        }
    }

    /// Whether the only one that reads on is another.
    pub(super) fn is_of_another(&self, number: usize) -> bool {
        match self {
            Self::Whole(_) => false,
            Self::Stream(kept) => lock(kept).only.is_some_and(|only| only != number),
        }
    }

    /// Lets only this one read on.
    pub(super) fn commit(&self, number: usize) {
        if let Self::Stream(kept) = self {
            let mut state = lock(kept);
            state.only.get_or_insert(number);
            state.wake();
        }
    }
}

fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Kept {
    fn wake(&mut self) {
        self.waiting.drain(..).for_each(Waker::wake);
    }

    /// The frame of this number.
    fn frame(&mut self, at: usize) -> Option<Data> {
        if self.only.is_some() {
            // Nobody reads them again.
            while self.first < at && self.frames.pop_front().is_some() {
                self.first += 1;
            }
        }
        self.frames.get(at.checked_sub(self.first)?).cloned()
    }

    /// Reads another frame from the source, for all.
    fn poll_more(&mut self, reader: usize, cx: &mut Context<'_>) -> Poll<()> {
        match ready!(self.source.poll_next(cx)) {
            None => self.ended = Some(Ok(())),
            Some(Err(status)) => self.ended = Some(Err(status)),
            Some(Ok(frame)) => {
                // A request has no trailers.
                if let Ok(data) = frame.into_data() {
                    self.bytes += data.len();
                    self.frames.push_back(data);
                }
                if self.bytes > KEPT {
                    self.only.get_or_insert(reader);
                }
            }
        }
        self.wake();
        Poll::Ready(())
    }
}

/// One who reads a body.
struct Reader {
    kept: Arc<Mutex<Kept>>,
    number: usize,
    /// The number of the next frame.
    at: usize,
}

impl Source for Reader {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Status>>> {
        let mut state = lock(&self.kept);
        loop {
            if state.only.is_some_and(|only| only != self.number) {
                return Poll::Ready(Some(Err(Status::cancelled("another attempt of the call goes on"))));
            }
            if let Some(frame) = state.frame(self.at) {
                self.at += 1;
                return Poll::Ready(Some(Ok(Frame::data(frame))));
            }
            match &state.ended {
                Some(Ok(())) => return Poll::Ready(None),
                Some(Err(status)) => return Poll::Ready(Some(Err(status.clone()))),
                None => {}
            }
            if state.poll_more(self.number, cx).is_pending() {
                // The source wakes who asked last; that one wakes the others.
                state.waiting.push(cx.waker().clone());
                return Poll::Pending;
            }
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // It may have been the one that the source would wake.
        lock(&self.kept).wake();
    }
}
