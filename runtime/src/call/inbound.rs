//! Messages on their way in, as bytes.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use tokio::time::Sleep;
use tonic::{Status, metadata::MetadataMap};

use super::{
    Body, Chunks, Deframe, Ending, Frame, Hooks, Item, Source, Traffic, Upload,
    progress::{Patience, Progress},
    reading::Reading,
};
use crate::{
    codec::{Codec, Erased, Room},
    compress::Encoding,
    envelope,
};

/// Has a word on how a call ended.
pub(crate) type OnEnd = dyn FnOnce(Result<MetadataMap, Status>) -> Result<MetadataMap, Status> + Send + Sync;

/// So many messages are one step of the task that reads them. Of small ones megabytes may be there already, and whoever
/// finds always another would keep its thread for all of them, and its deadline from being seen.
const STRIDE: u8 = 32;

/// A shorter piece goes on with what else has come, in bytes: each is given all that the request says besides.
const PIECE: usize = 8 * 1024;

/// The messages of one direction of a call, pulled by whoever wants them.
pub struct Inbound {
    pub(crate) codec: Codec,
    /// The encoding of compressed messages, as the headers name it.
    pub(crate) encoding: Option<Encoding>,
    /// The largest message in bytes, compressed and decompressed.
    pub(crate) limit: usize,
    /// What a message may take in memory; all there is, for what a client receives.
    pub(crate) room: Room,
    /// The caller's deadline; a server bounds the whole call instead.
    pub(crate) timer: Option<Pin<Box<Sleep>>>,
    /// The requests of the call, on a client: where they break off, the answer does.
    pub(crate) upload: Option<Arc<Upload>>,
    /// Whether the last message arrived compressed.
    pub(crate) compressed: bool,
    /// Looks at each message.
    pub(crate) hooks: Hooks,
    /// Counts the bytes of messages, where somebody asks.
    pub(crate) traffic: Option<Arc<Traffic>>,
    /// The codec of the last message, if they looked at it.
    pub(super) seen: Option<Codec>,
    /// Has the last word on how the call ended.
    pub(crate) on_end: Vec<Box<OnEnd>>,
    pub(super) framing: Box<dyn Deframe>,
    pub(super) body: Body,
    pub(super) chunks: Chunks,
    pub(super) ending: Ending,
    pub(super) state: State,
    /// Bounds how long messages may come to a standstill; `None` for what a client receives.
    pub(super) progress: Option<Progress>,
    /// The request as a whole is awaited, rather than its next message.
    pub(super) is_awaited: bool,
    /// Messages since the last step.
    stride: u8,
    /// Messages of fewer bytes are taken [as they lie](Self::find_plain).
    pub(super) plain: usize,
    /// The message that came last, until it is read.
    pub(super) arrived: Arrived,
    /// It came before anybody asked for it.
    is_ahead: bool,
    /// The one message that is promised has come.
    is_found: bool,
}

/// A message that has come.
pub(super) enum Arrived {
    /// The next bytes, as many. A message is read where it lies if that can be: to take it out, and move it from hand to
    /// hand, costs a stream of small messages as much as reading it.
    Next(usize),
    Apart(Bytes),
    /// It is large, and so is read elsewhere.
    Reading(Reading),
    Read(Box<dyn Erased>),
}

impl Arrived {
    /// In place, as small messages come: to move what it holds is what is to be avoided.
    #[inline]
    fn set_next(&mut self, len: usize) {
        match self {
            Self::Next(next) => *next = len,
            other => *other = Self::Next(len),
        }
    }

    /// The length of a message in the next bytes, once.
    #[inline]
    pub(super) fn take_next(&mut self) -> Option<usize> {
        match self {
            Self::Next(len) => Some(std::mem::take(len)),
            _ => None,
        }
    }
}

#[derive(Debug, PartialEq)]
pub(super) enum State {
    Reading,
    /// The body ended; what is buffered is still to be read.
    Draining,
    /// The last message was found.
    Drained,
    Ended,
}

impl Inbound {
    pub(crate) fn new(body: Body, framing: Box<dyn Deframe>, codec: Codec, limit: usize) -> Self {
        Self {
            codec,
            encoding: None,
            limit,
            room: Room::UNLIMITED,
            timer: None,
            upload: None,
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
            stride: 0,
            plain: 0,
            arrived: Arrived::Next(0),
            is_ahead: false,
            is_found: false,
        }
    }

    /// Ends the reading with DEADLINE_EXCEEDED when nothing arrives for too long of a message that has begun, or of a request
    /// that is one message, or of the next.
    pub(crate) fn set_patience(&mut self, patience: Patience) {
        self.progress = Some(Progress::new(patience));
    }

    /// Whether it is known from the head that the call failed.
    pub(crate) fn is_failure(&self) -> bool {
        self.framing.is_failure()
    }

    /// Waits for the next message; false after the last, and after an error.
    pub(crate) fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, Status>> {
        if std::mem::take(&mut self.is_ahead) {
            return Poll::Ready(Ok(true));
        }
        self.forget();
        if self.state == State::Ended {
            return Poll::Ready(Ok(false));
        }
        self.stride += 1;
        if self.stride == STRIDE {
            self.stride = 0;
            ready!(tokio::task::coop::poll_proceed(cx)).made_progress();
        }
        let found = match ready!(self.poll_item(cx)) {
            Ok(true) if !self.hooks.is_empty() => self.look().map(|()| true),
            found => found,
        };
        Poll::Ready(match found {
            Ok(true) => Ok(true),
            Ok(false) => self.conclude(Ok(())).map(|()| false),
            Err(status) => self.conclude(Err(status)).map(|()| false),
        })
    }

    /// Finds the next message where it has come whole, is small and not compressed, and nobody is to look at it. Of a stream of
    /// such messages [`poll_message`](Self::poll_message) would cost as much as reading them.
    #[inline]
    pub(super) fn find_plain(&mut self) -> bool {
        if self.plain == 0 || self.stride == STRIDE - 1 || !matches!(self.arrived, Arrived::Next(0)) {
            return false;
        }
        let Some(len) = envelope::next_plain(&mut self.chunks, self.plain) else {
            return false;
        };
        self.stride += 1;
        self.found(len, false);
        true
    }

    /// Whether messages may be [taken as they lie](Self::find_plain) from now on: those that are read where they are awaited.
    pub(super) fn set_plain(&mut self) {
        let may_be = self.hooks.is_empty() && self.framing.has_envelopes();
        self.plain = if may_be { self.room.small().min(self.limit.saturating_add(1)) } else { 0 };
    }

    /// Ends the reading with the error of a message that is no use; nothing changes where it has ended already.
    pub(crate) fn fail(&mut self, status: Status) -> Result<(), Status> {
        match self.state {
            State::Ended => Err(status),
            State::Reading | State::Draining | State::Drained => self.conclude(Err(status)),
        }
    }

    /// Drops the message that came last, if nobody has read it.
    #[inline]
    fn forget(&mut self) {
        match self.arrived.take_next() {
            Some(0) => {}
            Some(len) => self.chunks.skip(len),
            None => self.arrived = Arrived::Next(0),
        }
    }

    /// The bytes of the message that came last, and nowhere else any more.
    pub(super) fn take_bytes(&mut self) -> Bytes {
        match std::mem::replace(&mut self.arrived, Arrived::Next(0)) {
            Arrived::Next(len) => self.chunks.take(len).unwrap_or_default(),
            Arrived::Apart(bytes) => bytes,
            Arrived::Reading(_) | Arrived::Read(_) => Bytes::new(),
        }
    }

    /// Shows the message to all who look at messages.
    fn look(&mut self) -> Result<(), Status> {
        let bytes = self.take_bytes();
        let payload = self.hooks.run(&self.codec, bytes, self.room)?;
        self.arrived = Arrived::Apart(payload.bytes);
        self.seen = Some(payload.codec);
        Ok(())
    }

    /// The codec of the last message.
    pub(super) fn last_codec(&self) -> &Codec {
        self.seen.as_ref().unwrap_or(&self.codec)
    }

    /// Ends the reading, well or with an error; whoever wants a word on that has it now.
    fn conclude(&mut self, result: Result<(), Status>) -> Result<(), Status> {
        self.state = State::Ended;
        self.plain = 0;
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

    /// Waits for the only message of a call whose kind promises exactly one.
    pub(crate) fn poll_single(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        self.is_awaited = true;
        // UNIMPLEMENTED for a wrong number of messages: gRPC's doc/statuscodes.md.
        if !self.is_found {
            if !ready!(self.poll_message(cx))? {
                return Poll::Ready(Err(Status::unimplemented("expected exactly one message, got none")));
            }
            self.is_found = true;
        }
        if self.framing.is_single() || self.is_last() {
            return Poll::Ready(self.conclude(Ok(())));
        }
        // Whether another follows can be told only where this one does not lie.
        let message = self.take_bytes();
        let another = self.poll_message(cx);
        self.arrived = Arrived::Apart(message);
        Poll::Ready(match ready!(another)? {
            false => Ok(()),
            true => self.conclude(Err(Status::unimplemented("expected exactly one message, got more"))),
        })
    }

    /// Whether it is known that nothing follows the message that has come.
    fn is_last(&self) -> bool {
        let len = if let Arrived::Next(len) = self.arrived { len } else { 0 };
        self.state == State::Draining && self.chunks.len() == len && self.framing.ends_silently()
    }

    /// Reads to the end, past messages nobody wants, and gives the trailing metadata.
    pub(crate) async fn finish(&mut self) -> Result<MetadataMap, Status> {
        while poll_fn(|cx| self.poll_message(cx)).await? {}
        Ok(self.take_trailers())
    }

    /// The trailing metadata, once, after the last message.
    pub(crate) fn take_trailers(&mut self) -> MetadataMap {
        self.ending.trailers.take().map(MetadataMap::from_headers).unwrap_or_default()
    }

    /// Reads ahead, so that an error which comes before any message shows now.
    pub(crate) async fn look_ahead(&mut self) -> Result<(), Status> {
        self.is_ahead = poll_fn(|cx| self.poll_message(cx)).await?;
        Ok(())
    }

    fn poll_item(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, Status>> {
        let (len, compressed) = loop {
            if self.state == State::Drained {
                return Poll::Ready(self.end().map(|()| false));
            }
            let eof = self.state == State::Draining;
            match self.framing.next(&mut self.chunks, eof, self.limit)? {
                Item::Message { len, compressed } => break (len, compressed),
                // It is shorter than it may be, so it is all that has come.
                Item::Piece { len } if len < PIECE.min(self.limit) && !eof => match self.poll_body(cx) {
                    Poll::Ready(Ok(())) => {}
                    Poll::Ready(Err(status)) => {
                        self.body = Body::source(Broken(Some(status)));
                        break (len, false);
                    }
                    Poll::Pending => break (len, false),
                },
                Item::Piece { len } => break (len, false),
                Item::Whole { len } => {
                    self.state = State::Drained;
                    break (len, self.encoding.is_some());
                }
                Item::More | Item::Over if eof => self.state = State::Drained,
                Item::More => ready!(self.poll_body(cx)).map_err(|status| self.framing.broken(status))?,
                Item::Over => ready!(self.poll_rest(cx)),
            }
        };
        if let Some(progress) = &mut self.progress {
            progress.complete();
        }
        self.found(len, compressed);
        if compressed {
            self.decompress()?;
        }
        Poll::Ready(Ok(true))
    }

    /// The next bytes are a message.
    #[inline]
    fn found(&mut self, len: usize, compressed: bool) {
        self.arrived.set_next(len);
        self.compressed = compressed;
        if let Some(traffic) = &self.traffic {
            traffic.add_received(len);
        }
    }

    fn end(&mut self) -> Result<(), Status> {
        let trailers = self.framing.end(std::mem::take(&mut self.ending))?;
        if !self.chunks.is_empty() {
            let len = self.chunks.len();
            return Err(Status::internal(format!("the stream ended inside a message, after {len} bytes of it")));
        }
        self.ending.trailers = Some(trailers.into_headers());
        Ok(())
    }

    fn decompress(&mut self) -> Result<(), Status> {
        let Some(encoding) = self.encoding else {
            // gRPC's doc/compression.md: the flag without an encoding is INTERNAL.
            return Err(Status::internal("a message has its compressed flag set, but the headers name no encoding"));
        };
        let bytes = self.take_bytes();
        self.arrived = Arrived::Apart(encoding.decompress(&bytes, self.limit, self.framing.corrupt())?);
        Ok(())
    }
}

/// A body that broke, of which that is still to be told.
struct Broken(Option<Status>);

impl Source for Broken {
    fn poll_frame(&mut self, _: &mut Context<'_>) -> Poll<Option<Result<Frame, Status>>> {
        Poll::Ready(self.0.take().map(Err))
    }
}

impl std::fmt::Debug for Inbound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inbound").field("state", &self.state).field("body", &self.body).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All that has come, as far as the limit lets it.
    struct Pieces;

    impl Deframe for Pieces {
        fn next(&mut self, chunks: &mut Chunks, _: bool, limit: usize) -> Result<Item, Status> {
            let len = chunks.len().min(limit);
            Ok(if len > 0 { Item::Piece { len } } else { Item::More })
        }
    }

    /// Chunks of a hundred bytes, so many at once, and then an error.
    struct Chunked(usize);

    impl Source for Chunked {
        fn poll_frame(&mut self, _: &mut Context<'_>) -> Poll<Option<Result<Frame, Status>>> {
            let Some(left) = self.0.checked_sub(1) else { return Poll::Ready(Some(Err(Status::aborted("broke")))) };
            self.0 = left;
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[7; 100]).into()))))
        }
    }

    fn pieces(chunks: usize, limit: usize) -> Inbound {
        Inbound::new(Body::source(Chunked(chunks)), Box::new(Pieces), Codec::Proto, limit)
    }

    #[tokio::test]
    async fn a_piece_is_what_has_come_up_to_its_limit() {
        for (limit, len) in [(1000, 1000), (1 << 20, 8200)] {
            let mut inbound = pieces(1_000_000, limit);
            assert!(poll_fn(|cx| inbound.poll_message(cx)).await.unwrap());
            assert_eq!(inbound.take_bytes().len(), len);
            assert!(inbound.chunks.len() < 100, "no more is taken in than is given");
        }
    }

    #[tokio::test]
    async fn a_piece_before_an_error_is_not_lost() {
        let mut inbound = pieces(3, 1 << 20);
        assert!(poll_fn(|cx| inbound.poll_message(cx)).await.unwrap());
        assert_eq!(inbound.take_bytes().len(), 300);
        assert_eq!(poll_fn(|cx| inbound.poll_message(cx)).await.unwrap_err().message(), "broke");
    }
}
