//! Messages on their way out, as bytes.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use tonic::{Extensions, Status};

use super::{
    Body, Compression, Hooks, Output, Traffic, block,
    body::{Frame, Source},
};
use crate::{
    codec::{Codec, Erased, Message, Room},
    compress::Encoding,
};

/// A buffer that holds as many bytes takes no further message until it is drawn from. It bounds what a stream keeps in
/// memory for a slow reader, and is what many small messages are gathered into: two DATA frames of the default size.
const MARK: usize = 32 * 1024;

/// What the buffer of a stream grows by at least, in bytes, and by what once it is known to be filled to its mark by
/// many messages: a little more, for the last of them.
const GROWTH: usize = 8 * 1024;
const FULL: usize = MARK + 1024;

/// A message of more bytes has a buffer of its own, so that none keeps much more in memory than it is.
const SMALL: usize = 1024;

/// Writes what surrounds each message in a body. One for each framing, without state.
pub(crate) trait Reframe: Sync {
    /// What it writes around a message, in bytes, as far as that is known before.
    fn room(&self) -> usize;

    /// Appends all that surrounds a message of this length, where that is known before and nothing stands behind it; false
    /// in other framings.
    fn prefix(&self, buf: &mut BytesMut, len: usize) -> bool {
        let _ = (buf, len);
        false
    }

    /// Appends what stands before a message.
    fn open(&self, buf: &mut BytesMut, first: bool);

    /// Completes the frame that `open` began at `start`, with what stands behind a message.
    fn close(&self, buf: &mut BytesMut, start: usize, compressed: bool);
}

/// How the messages of one direction of a call are written.
#[derive(Clone)]
pub struct Outbound {
    pub(crate) codec: Codec,
    pub(crate) framing: &'static dyn Reframe,
    /// Compresses messages; `None` leaves them as they are.
    pub(crate) encoding: Option<Encoding>,
    /// The largest message in bytes, before compression.
    pub(crate) limit: usize,
    /// Says message by message whether the encoding is used.
    pub(crate) compression: Option<Compression>,
    /// Whether the last message was compressed.
    pub(crate) compressed: bool,
    /// What a buffer without room grows by at least, in bytes; none for a buffer of one message.
    growth: usize,
    /// Looks at each message before it is compressed.
    pub(crate) hooks: Hooks,
    /// Counts the bytes of messages, where somebody asks.
    pub(crate) traffic: Option<Arc<Traffic>>,
    started: bool,
}

impl std::fmt::Debug for Outbound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outbound").field("codec", &self.codec).field("encoding", &self.encoding).finish_non_exhaustive()
    }
}

impl Outbound {
    pub(crate) fn new(codec: Codec, framing: &'static dyn Reframe, limit: usize) -> Self {
        Self {
            codec,
            framing,
            encoding: None,
            limit: limit.min(u32::MAX as usize),
            compression: None,
            compressed: false,
            growth: 0,
            hooks: Hooks::default(),
            traffic: None,
            started: false,
        }
    }

    /// Appends one message. On an error all is as it was.
    pub(crate) fn append(&mut self, message: &(impl Erased + ?Sized), output: &mut Output) -> Result<(), Status> {
        let room = self.codec.room(message, self.limit)?;
        self.append_within(room, message, output)
    }

    /// Appends one message, which is known to take this room.
    fn append_within(
        &mut self,
        room: usize,
        message: &(impl Erased + ?Sized),
        output: &mut Output,
    ) -> Result<(), Status> {
        let compresses = self.compression.as_ref().is_none_or(Compression::is_on);
        let encoding = self.encoding.filter(|_| compresses);
        let is_seen = encoding.is_some() || !self.hooks.is_empty();
        if !is_seen {
            // A buffer of its own gets exactly the room that its message needs: one allocation, which can be frozen as it is.
            output.expect(self.framing.room() + room, |written| self.growth(written));
            if matches!(self.codec, Codec::Proto) && self.framing.prefix(output.buffer(), room) {
                message.encode_raw(output);
                if let Some(traffic) = &self.traffic {
                    traffic.add_sent(room);
                }
                (self.started, self.compressed) = (true, false);
                return Ok(());
            }
        }
        let buf = output.buffer();
        let start = buf.len();
        let result = self.append_framed(message, is_seen, encoding, buf);
        match result {
            Ok(()) => (self.started, self.compressed) = (true, encoding.is_some()),
            Err(_) => buf.truncate(start),
        }
        result
    }

    /// Appends a message that is written as text, or that somebody looks at before.
    #[inline]
    fn append_framed(
        &self,
        message: &(impl Erased + ?Sized),
        is_seen: bool,
        encoding: Option<Encoding>,
        buf: &mut BytesMut,
    ) -> Result<(), Status> {
        let start = buf.len();
        let opened;
        if is_seen || matches!(self.codec, Codec::Proto) {
            let plain = self.plain(message)?;
            self.framing.open(buf, !self.started);
            opened = buf.len();
            match encoding {
                None => buf.extend_from_slice(&plain),
                Some(encoding) => encoding.compress(&plain, buf)?,
            }
        } else {
            self.framing.open(buf, !self.started);
            opened = buf.len();
            self.codec.write(message.any(), buf, self.limit)?;
        }
        if let Some(traffic) = &self.traffic {
            traffic.add_sent(buf.len() - opened);
        }
        self.framing.close(buf, start, encoding.is_some());
        Ok(())
    }

    /// What a buffer of as many bytes grows by at least. From its first size it goes straight to the full one: what a slow
    /// reader keeps in memory is the room of a buffer, not what is in it.
    fn growth(&self, len: usize) -> usize {
        if len == 0 || self.growth == 0 { self.growth } else { FULL.saturating_sub(len) }
    }

    /// One message.
    pub(crate) fn one(&mut self, message: &dyn Erased) -> Result<Output, Status> {
        let room = self.codec.room(message, self.limit)?;
        if room <= SMALL {
            return block::write(|output| self.append_within(room, message, output)).map(Output::from);
        }
        let mut output = Output::default();
        self.append_within(room, message, &mut output)?;
        Ok(output)
    }

    /// A body of one message.
    pub(crate) fn into_body(mut self, message: &dyn Erased) -> Result<Body, Status> {
        // Also without content it is a body, whose length HTTP/1.1 says (RFC 9110, 8.6).
        let data = self.one(message)?.into_data().unwrap_or_default();
        Ok(Body::known(Some(data), None))
    }

    /// The message as it is before compression, when all have seen it who look at it.
    fn plain(&self, message: &(impl Erased + ?Sized)) -> Result<Bytes, Status> {
        if self.hooks.is_empty() {
            return self.codec.encode(message, self.limit);
        }
        let whole = self.codec.of_whole();
        let mut seen = self.hooks.run(&whole, whole.encode(message, self.limit)?, Room::UNLIMITED)?.bytes;
        if !matches!(self.codec, Codec::Transcoded { .. }) {
            return Ok(seen);
        }
        let (len, mut message) = (seen.len(), message.fresh());
        whole.read(&mut seen, len, &mut *message, usize::MAX)?;
        self.codec.encode(&*message, self.limit)
    }

    /// Learns what the handler attached to its response.
    pub(crate) fn attached(&mut self, extensions: &Extensions) {
        self.compression = extensions.get().cloned();
        if let Codec::Transcoded { by, .. } = &self.codec {
            by.attached(extensions);
        }
    }
}

/// Appends what the stream has ready, until the buffer is over its mark. Ready when the stream ended, well or with an
/// error; pending when it has nothing more now or the buffer wants to be drawn from first.
pub(crate) fn fill<S, M>(
    mut stream: Pin<&mut S>,
    outbound: &mut Outbound,
    output: &mut Output,
    cx: &mut Context<'_>,
) -> Poll<Result<(), Status>>
where
    S: Stream<Item = Result<M, Status>>,
    M: Message,
{
    outbound.growth = outbound.growth.max(GROWTH);
    let mut messages = 0;
    while output.len() < MARK {
        let Some(message) = ready!(stream.as_mut().poll_next(cx)) else {
            return Poll::Ready(Ok(()));
        };
        outbound.append(&message?, output)?;
        messages += 1;
    }
    outbound.growth = if messages > 1 { FULL } else { GROWTH };
    Poll::Pending
}

/// A stream of messages as the source of a request body.
pub(crate) struct EncodeStream<S> {
    stream: S,
    outbound: Outbound,
    output: Output,
    ended: bool,
}

impl<S> EncodeStream<S> {
    pub(crate) fn new(stream: S, outbound: Outbound) -> Self {
        Self { stream, outbound, output: Output::default(), ended: false }
    }
}

impl<S, M> Source for EncodeStream<S>
where
    S: Stream<Item = Result<M, Status>> + Send + Unpin,
    M: Message,
{
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Status>>> {
        if !self.ended {
            match fill(Pin::new(&mut self.stream), &mut self.outbound, &mut self.output, cx) {
                Poll::Ready(Err(status)) => return Poll::Ready(Some(Err(status))),
                Poll::Ready(Ok(())) => self.ended = true,
                Poll::Pending if self.output.is_empty() => return Poll::Pending,
                Poll::Pending => {}
            }
        }
        Poll::Ready(self.output.split().into_data().map(|data| Ok(Frame::data(data))))
    }
}
