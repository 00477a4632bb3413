//! Messages on their way in, as bytes.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::HeaderMap;
use tokio::time::Sleep;
use tonic::{Code, Status, metadata::MetadataMap};

use super::{
    Body, Chunks, Hooks, Traffic,
    progress::Progress,
    reading::{Arrived, LARGE, Reading},
};
use crate::{
    codec::{Codec, Erased, Fresh, Room},
    compress::Encoding,
};

/// Finds the messages in the bytes of a body, and says what their end means. One for each framing; a framing without
/// state of its own costs no allocation.
pub(crate) trait Deframe: Send + Sync {
    /// The next item. `eof` says that no more bytes will come; `limit` bounds a message in bytes.
    fn next(&mut self, chunks: &mut Chunks, eof: bool, limit: usize) -> Result<Item, Status>;

    /// The code of a message that does not decompress: INTERNAL by gRPC's doc/statuscodes.md.
    fn corrupt(&self) -> Code {
        Code::Internal
    }

    /// Whether a body is one message and nothing else.
    fn is_single(&self) -> bool {
        false
    }

    /// Reads the outcome of the call at the end of the body: the trailing metadata, or the error. A server learns
    /// nothing there.
    fn end(&mut self, ending: Ending) -> Result<MetadataMap, Status> {
        let _ = ending;
        Ok(MetadataMap::new())
    }

    /// Whether it is known from the head that the body is an error.
    fn is_failure(&self) -> bool {
        false
    }
}

/// What a framing found.
pub(crate) enum Item {
    Message {
        payload: Bytes,
        compressed: bool,
    },
    /// Not enough bytes yet; at the end of the body: no more messages.
    More,
}

/// How a body ended.
#[derive(Default)]
pub(crate) struct Ending {
    /// HTTP trailers.
    pub(crate) trailers: Option<HeaderMap>,
}

/// Has a word on how a call ended.
pub(crate) type OnEnd = dyn FnOnce(Result<MetadataMap, Status>) -> Result<MetadataMap, Status> + Send + Sync;

/// The messages of one direction of a call, pulled by whoever wants them.
pub struct Inbound {
    pub(crate) codec: Codec,
    /// The encoding of compressed messages, as the headers name it.
    pub(crate) encoding: Option<Encoding>,
    /// The largest message in bytes, compressed and decompressed.
    pub(crate) limit: usize,
    /// What a message may take in memory; all there is, for what a client receives.
    pub(crate) room: Option<Room>,
    /// The caller's deadline; a server bounds the whole call instead.
    pub(crate) timer: Option<Pin<Box<Sleep>>>,
    /// Whether the last message arrived compressed.
    pub(crate) compressed: bool,
    /// Looks at each message.
    pub(crate) hooks: Hooks,
    /// Counts the bytes of messages, where somebody asks.
    pub(crate) traffic: Option<Arc<Traffic>>,
    /// The codec of the last message, if they looked at it.
    seen: Option<Codec>,
    /// Has the last word on how the call ended.
    pub(crate) on_end: Vec<Box<OnEnd>>,
    framing: Box<dyn Deframe>,
    body: Body,
    chunks: Chunks,
    ending: Ending,
    state: State,
    /// Bounds how long a message may come to a standstill; `None` for what a client receives.
    progress: Option<Progress>,
    /// The request as a whole is awaited, rather than its next message.
    is_awaited: bool,
    /// A message that was read ahead.
    ahead: Option<Box<Bytes>>,
    /// The last message, if it is so large that it is read elsewhere.
    reading: Option<Reading>,
}

#[derive(Debug, PartialEq)]
enum State {
    Reading,
    /// The body ended; what is buffered is still to be read.
    Draining,
    Ended,
}

impl Inbound {
    pub(crate) fn new(body: Body, framing: Box<dyn Deframe>, codec: Codec, limit: usize) -> Self {
        Self {
            codec,
            encoding: None,
            limit,
            room: None,
            timer: None,
            compressed: false,
            hooks: Hooks::default(),
            traffic: None,
            seen: None,
            on_end: Vec::new(),
            framing,
            chunks: Chunks::default(),
            ending: Ending::default(),
            state: if body.is_empty() { State::Draining } else { State::Reading },
            body,
            progress: None,
            is_awaited: false,
            ahead: None,
            reading: None,
        }
    }

    /// Ends the reading with DEADLINE_EXCEEDED when nothing arrives for as long of a message that has begun, or of a
    /// request that is one message.
    pub(crate) fn set_receive_timeout(&mut self, limit: Duration) {
        self.progress = Some(Progress::new(limit));
    }

    /// Whether it is known from the head that the call failed.
    pub(crate) fn is_failure(&self) -> bool {
        self.framing.is_failure()
    }

    /// The next message; `None` after the last, and after an error.
    pub(crate) fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Status>>> {
        if let Some(message) = self.ahead.take() {
            return Poll::Ready(Some(Ok(*message)));
        }
        if self.state == State::Ended {
            return Poll::Ready(None);
        }
        let result = match ready!(self.poll_item(cx)) {
            Ok(Some(message)) if !self.hooks.is_empty() => self.look(message).map(Some),
            result => result,
        };
        Poll::Ready(match result {
            Ok(Some(message)) => Some(Ok(message)),
            Ok(None) => self.conclude(Ok(())).err().map(Err),
            Err(status) => self.conclude(Err(status)).err().map(Err),
        })
    }

    /// Ends the reading with the error of a message that is no use; nothing changes where it has ended already.
    pub(crate) fn fail(&mut self, status: Status) -> Result<(), Status> {
        match self.state {
            State::Ended => Err(status),
            State::Reading | State::Draining => self.conclude(Err(status)),
        }
    }

    /// Shows a message to all who look at messages.
    fn look(&mut self, message: Bytes) -> Result<Bytes, Status> {
        let payload = self.hooks.run(&self.codec, message, self.room())?;
        self.seen = Some(payload.codec);
        Ok(payload.bytes)
    }

    /// Reads the message that was given last.
    pub(crate) fn read(&self, bytes: Bytes, message: &mut dyn Erased) -> Result<(), Status> {
        self.last_codec().read(bytes, message, self.room())
    }

    /// Takes over a message that has come.
    pub(crate) fn take(&self, arrived: Arrived, message: &mut dyn Erased) -> Result<(), Status> {
        match arrived {
            Arrived::Bytes(bytes) => self.read(bytes, message),
            Arrived::Read(mut read) => {
                message.swap(&mut *read);
                Ok(())
            }
        }
    }

    fn last_codec(&self) -> &Codec {
        self.seen.as_ref().unwrap_or(&self.codec)
    }

    fn room(&self) -> Room {
        self.room.unwrap_or(Room::UNLIMITED)
    }

    /// The next message, read if it is large; `None` after the last, and after an error.
    pub(crate) fn poll_arrived(&mut self, fresh: Fresh, cx: &mut Context<'_>) -> Poll<Option<Result<Arrived, Status>>> {
        if self.reading.is_none() {
            let bytes = match ready!(self.poll_message(cx)) {
                Some(Ok(bytes)) => bytes,
                other => return Poll::Ready(other.map(|error| error.map(Arrived::Bytes))),
            };
            if let Some(arrived) = self.arrive(bytes, fresh).transpose() {
                return Poll::Ready(Some(arrived));
            }
        }
        self.poll_reading(cx).map(Some)
    }

    /// Decides where a message is read; `None` where that has begun.
    fn arrive(&mut self, bytes: Bytes, fresh: Fresh) -> Result<Option<Arrived>, Status> {
        let Some(room) = self.room else {
            return Ok(Some(Arrived::Bytes(bytes)));
        };
        let codec = self.last_codec();
        if bytes.len() < LARGE && codec.weigh(&bytes, room)? < LARGE {
            return Ok(Some(Arrived::Bytes(bytes)));
        }
        match Reading::begin(codec.clone(), bytes, room, fresh) {
            Ok(reading) => {
                self.reading = Some(reading);
                Ok(None)
            }
            Err(bytes) => {
                codec.weigh(&bytes, room)?;
                Ok(Some(Arrived::Bytes(bytes)))
            }
        }
    }

    fn poll_reading(&mut self, cx: &mut Context<'_>) -> Poll<Result<Arrived, Status>> {
        let Some(reading) = &mut self.reading else {
            return Poll::Ready(Err(Status::internal("no message is being read")));
        };
        let read = ready!(reading.poll(cx));
        self.reading = None;
        Poll::Ready(read.map(Arrived::Read))
    }

    /// Ends the reading, well or with an error; whoever wants a word on that has it now.
    fn conclude(&mut self, result: Result<(), Status>) -> Result<(), Status> {
        self.state = State::Ended;
        // Nobody reads on: the peer may stop.
        self.body = Body::empty();
        if self.on_end.is_empty() {
            return result;
        }
        let result = result.map(|()| self.take_trailers());
        let trailers = self.on_end.drain(..).fold(result, |result, end| end(result))?;
        self.ending.trailers = Some(trailers.into_headers());
        Ok(())
    }

    /// The only message of a call whose kind promises exactly one.
    pub(crate) async fn single(&mut self) -> Result<Bytes, Status> {
        let mut message = None;
        poll_fn(|cx| self.poll_single(&mut message, cx)).await
    }

    /// The same, polled; the message stays in `found` until it is known that no other follows.
    pub(crate) fn poll_single(
        &mut self,
        found: &mut Option<Bytes>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Bytes, Status>> {
        self.is_awaited = true;
        // UNIMPLEMENTED for a wrong number of messages: gRPC's doc/statuscodes.md.
        let message = match found.take() {
            Some(message) => message,
            None => match ready!(self.poll_message(cx)).transpose()? {
                Some(message) => message,
                None => return Poll::Ready(Err(Status::unimplemented("expected exactly one message, got none"))),
            },
        };
        if self.framing.is_single() {
            return Poll::Ready(self.conclude(Ok(())).map(|()| message));
        }
        match self.poll_message(cx) {
            Poll::Pending => {
                *found = Some(message);
                return Poll::Pending;
            }
            Poll::Ready(None) => {}
            Poll::Ready(Some(Err(status))) => return Poll::Ready(Err(status)),
            Poll::Ready(Some(Ok(_))) => {
                self.conclude(Err(Status::unimplemented("expected exactly one message, got more")))?;
            }
        }
        Poll::Ready(Ok(message))
    }

    /// The [only message](Self::single), read if it is large.
    pub(crate) fn poll_single_arrived(
        &mut self,
        found: &mut Option<Bytes>,
        fresh: Fresh,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Arrived, Status>> {
        if self.reading.is_none() {
            let bytes = ready!(self.poll_single(found, cx))?;
            if let Some(arrived) = self.arrive(bytes, fresh)? {
                return Poll::Ready(Ok(arrived));
            }
        }
        self.poll_reading(cx)
    }

    /// Reads to the end, past messages nobody wants, and gives the trailing metadata.
    pub(crate) async fn finish(&mut self) -> Result<MetadataMap, Status> {
        while poll_fn(|cx| self.poll_message(cx)).await.transpose()?.is_some() {}
        Ok(self.take_trailers())
    }

    /// The trailing metadata, once, after the last message.
    pub(crate) fn take_trailers(&mut self) -> MetadataMap {
        self.ending.trailers.take().map(MetadataMap::from_headers).unwrap_or_default()
    }

    /// Reads ahead, so that an error which comes before any message shows now.
    pub(crate) async fn look_ahead(&mut self) -> Result<(), Status> {
        self.ahead = poll_fn(|cx| self.poll_message(cx)).await.transpose()?.map(Box::new);
        Ok(())
    }

    fn poll_item(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Status>> {
        loop {
            let eof = self.state == State::Draining;
            match self.framing.next(&mut self.chunks, eof, self.limit)? {
                Item::Message { payload, compressed } => {
                    self.compressed = compressed;
                    if let Some(traffic) = &self.traffic {
                        traffic.add_received(payload.len());
                    }
                    return Poll::Ready(self.decompress(payload, compressed).map(Some));
                }
                Item::More if eof => return Poll::Ready(self.end()),
                Item::More => ready!(self.poll_body(cx))?,
            }
        }
    }

    fn poll_body(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        // Before the body, so that a peer with always more to say cannot hold the deadline up.
        if let Some(timer) = &mut self.timer
            && crate::deadline::poll_timer(timer, cx).is_ready()
        {
            return Poll::Ready(Err(crate::deadline::exceeded()));
        }
        let frame = match self.body.poll_next(cx) {
            Poll::Ready(frame) => frame.transpose(),
            Poll::Pending => return self.poll_stalled(cx).map(Err),
        };
        if let Some(progress) = &mut self.progress {
            progress.made();
        }
        let frame = frame.map_err(|status| crate::deadline::broken(status, self.timer.as_ref()))?;
        match frame.map(|frame| frame.into_data().map_err(|frame| frame.into_trailers())) {
            Some(Ok(data)) => {
                self.chunks.push(data);
                if self.body.at_end() {
                    self.state = State::Draining;
                }
            }
            Some(Err(trailers)) => self.ending.trailers = trailers.ok(),
            None => self.state = State::Draining,
        }
        Poll::Ready(Ok(()))
    }

    /// Ready once the peer has let a message wait for too long.
    fn poll_stalled(&mut self, cx: &mut Context<'_>) -> Poll<Status> {
        let Some(progress) = &mut self.progress else {
            return Poll::Pending;
        };
        let limit = ready!(progress.poll_stalled(self.is_awaited || !self.chunks.is_empty(), cx));
        Poll::Ready(Status::deadline_exceeded(format!("nothing more of a message arrived for {limit:?}")))
    }

    fn end(&mut self) -> Result<Option<Bytes>, Status> {
        let trailers = self.framing.end(std::mem::take(&mut self.ending))?;
        if !self.chunks.is_empty() {
            let len = self.chunks.len();
            return Err(Status::internal(format!("the stream ended inside a message, after {len} bytes of it")));
        }
        self.ending.trailers = Some(trailers.into_headers());
        Ok(None)
    }

    fn decompress(&self, payload: Bytes, compressed: bool) -> Result<Bytes, Status> {
        if !compressed {
            return Ok(payload);
        }
        let Some(encoding) = self.encoding else {
            // gRPC's doc/compression.md: the flag without an encoding is INTERNAL.
            return Err(Status::internal("a message has its compressed flag set, but the headers name no encoding"));
        };
        encoding.decompress(&payload, self.limit, self.framing.corrupt())
    }
}

impl std::fmt::Debug for Inbound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inbound").field("state", &self.state).field("body", &self.body).finish_non_exhaustive()
    }
}
