//! Messages that have come, read. Large ones are read apart from those who wait for the network: what reads a message
//! computes for as long as it is large, and a runtime of one thread would do nothing else meanwhile.

use std::{
    future::Future,
    num::NonZero,
    panic::resume_unwind,
    pin::Pin,
    sync::{Arc, LazyLock},
    task::{Context, Poll, ready},
    thread::available_parallelism,
};

use bytes::Bytes;
use tokio::{
    runtime::Handle,
    sync::Semaphore,
    task::{JoinError, JoinHandle},
};
use tonic::Status;

use super::{
    Inbound,
    inbound::{Arrived, State},
};
use crate::codec::{Codec, Erased, Fresh, Room};

/// What a message takes in memory, in bytes, from which on it is read elsewhere: about a millisecond's work.
const LARGE: usize = 1024 * 1024;

impl Inbound {
    /// Waits for the next message and reads it into this one, which is as its type has it by default; false after the
    /// last, and after an error.
    pub(crate) fn poll_read(
        &mut self,
        message: &mut dyn Erased,
        fresh: Fresh,
        cx: &mut Context<'_>,
    ) -> Poll<Result<bool, Status>> {
        if !self.find_plain() && !ready!(self.poll_for_reading(cx))? {
            return Poll::Ready(Ok(false));
        }
        let read = match self.is_small() {
            true => self.take(message),
            false => ready!(self.poll_perhaps_large(fresh, cx)).and_then(|()| self.take(message)),
        };
        Poll::Ready(match read {
            Ok(()) => Ok(true),
            Err(status) => self.fail(status).map(|()| false),
        })
    }

    /// Waits for the next message, unless the last is still being read.
    fn poll_for_reading(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, Status>> {
        if matches!(self.arrived, Arrived::Reading(_)) {
            return Poll::Ready(Ok(true));
        }
        self.plain = 0;
        let found = ready!(self.poll_message(cx))?;
        if found {
            self.set_plain();
        }
        Poll::Ready(Ok(found))
    }

    /// Waits for the [only message](Self::poll_single), until it can be [taken](Self::take).
    pub(crate) fn poll_single_read(&mut self, fresh: Fresh, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        if !matches!(self.arrived, Arrived::Reading(_)) {
            ready!(self.poll_single(cx))?;
        }
        if self.is_small() { Poll::Ready(Ok(())) } else { self.poll_perhaps_large(fresh, cx) }
    }

    /// Takes over the message that has come, into one that is as its type has it by default.
    #[inline]
    pub(crate) fn take(&mut self, message: &mut dyn Erased) -> Result<(), Status> {
        let Some(len) = self.arrived.take_next() else {
            return self.take_apart(message);
        };
        let codec = self.seen.as_ref().unwrap_or(&self.codec);
        let room = self.room.bytes();
        let read = self.chunks.read(len, |bytes, len| codec.read(bytes, len, message, room));
        read.map_err(|status| self.however_it_came(status))
    }

    fn take_apart(&mut self, message: &mut dyn Erased) -> Result<(), Status> {
        match std::mem::replace(&mut self.arrived, Arrived::Next(0)) {
            Arrived::Apart(mut bytes) => {
                let len = bytes.len();
                self.last_codec().read(&mut bytes, len, message, self.room.bytes())
            }
            Arrived::Read(mut read) => {
                message.swap(&mut *read);
                Ok(())
            }
            Arrived::Reading(_) | Arrived::Next(_) => Err(Status::internal("the message is still being read")),
        }
    }

    /// The error of a message that was read where it lies, the same however the body was cut: a field that is longer than
    /// the message is read on into what has arrived behind it, and so what is wrong there is not the message's. Behind the
    /// only message of a call there is nothing.
    #[cold]
    fn however_it_came(&self, status: Status) -> Status {
        match self.last_codec() {
            Codec::Proto if !self.framing.is_single() && self.state != State::Ended => {
                Status::internal("the message does not decode as protobuf")
            }
            _ => status,
        }
    }

    /// Whether the message that has come has too few bytes for a large one, as JSON too.
    #[inline]
    fn is_small(&self) -> bool {
        matches!(self.arrived, Arrived::Next(len) if self.room.fits(len))
    }

    /// Waits for the message that has come where it is large and so is read elsewhere.
    fn poll_perhaps_large(&mut self, fresh: Fresh, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        let Arrived::Reading(reading) = &mut self.arrived else {
            return match self.is_light() {
                Ok(true) => Poll::Ready(Ok(())),
                Ok(false) => self.read_elsewhere(fresh, cx),
                Err(status) => Poll::Ready(Err(status)),
            };
        };
        let (arrived, outcome) = match ready!(reading.poll(cx)) {
            Ok(read) => (Arrived::Read(read), Ok(())),
            Err(status) => (Arrived::Next(0), Err(status)),
        };
        self.arrived = arrived;
        Poll::Ready(outcome)
    }

    /// Whether the message that has come is read where it is awaited.
    fn is_light(&mut self) -> Result<bool, Status> {
        let room = self.room;
        let codec = self.seen.as_ref().unwrap_or(&self.codec);
        let bytes = match &self.arrived {
            Arrived::Next(len) => self.chunks.first(*len),
            Arrived::Apart(bytes) => bytes,
            Arrived::Reading(_) | Arrived::Read(_) => return Ok(true),
        };
        if room.fits(bytes.len()) {
            return Ok(true);
        }
        Ok(bytes.len() < LARGE && codec.weigh(bytes, room)? < LARGE)
    }

    #[cold]
    fn read_elsewhere(&mut self, fresh: Fresh, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        let bytes = self.take_bytes();
        let (codec, room) = (self.last_codec().clone(), self.room);
        match Reading::begin(codec, bytes, room, fresh) {
            Ok(reading) => {
                self.arrived = Arrived::Reading(reading);
                self.poll_perhaps_large(fresh, cx)
            }
            Err(bytes) => {
                let weight = self.last_codec().weigh(&bytes, room);
                self.arrived = Arrived::Apart(bytes);
                Poll::Ready(weight.map(drop))
            }
        }
    }
}

type Read = Result<Box<dyn Erased>, Status>;

/// A large message that is being read.
pub(super) struct Reading(JoinHandle<Read>);

impl Reading {
    /// Begins to read, by a thread that may take its time; as many at once as there are cores. Gives the bytes back where
    /// there are no such threads.
    fn begin(codec: Codec, mut bytes: Bytes, room: Room, fresh: Fresh) -> Result<Self, Bytes> {
        static TURNS: LazyLock<Arc<Semaphore>> =
            LazyLock::new(|| Arc::new(Semaphore::new(available_parallelism().map_or(1, NonZero::get))));
        let Ok(runtime) = Handle::try_current() else {
            return Err(bytes);
        };
        if cfg!(target_family = "wasm") {
            return Err(bytes);
        }
        let mut read = move || {
            codec.weigh(&bytes, room)?;
            let (len, mut message) = (bytes.len(), fresh());
            codec.read(&mut bytes, len, &mut *message, room.bytes()).map(|()| message)
        };
        Ok(Self(runtime.spawn(async move {
            let turn = Arc::clone(&TURNS).acquire_owned().await;
            let read = tokio::task::spawn_blocking(move || {
                let _turn = turn;
                read()
            });
            read.await.unwrap_or_else(|error| Err(broken_off(error)))
        })))
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Read> {
        let read = ready!(Pin::new(&mut self.0).poll(cx));
        Poll::Ready(read.unwrap_or_else(|error| Err(broken_off(error))))
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A panic goes on where the message is awaited.
fn broken_off(error: JoinError) -> Status {
    match error.try_into_panic() {
        Ok(panic) => resume_unwind(panic),
        Err(_) => Status::unavailable("the runtime ends"),
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::VecDeque, future::poll_fn};

    use bytes::BytesMut;
    use prost::Message as _;

    use super::*;
    use crate::{
        call::{Body, Frame, Source, Streaming},
        codec::fresh,
        envelope::{self, Envelope},
    };

    struct Parts(VecDeque<Bytes>);

    impl Source for Parts {
        fn poll_frame(&mut self, _: &mut Context<'_>) -> Poll<Option<Result<Frame, Status>>> {
            Poll::Ready(self.0.pop_front().map(|part| Ok(Frame::data(part.into()))))
        }
    }

    /// What comes of a body in parts of this size.
    fn inbound(body: &[u8], size: usize, limit: usize) -> Inbound {
        let parts = body.chunks(size).map(Bytes::copy_from_slice).collect();
        Inbound::new(Body::source(Parts(parts)), Box::new(Envelope), Codec::Proto, limit)
    }

    /// So large that it stands above all that is small.
    fn long() -> String {
        "x".repeat(20_000)
    }

    #[tokio::test]
    async fn messages_are_read_however_their_body_was_cut() {
        let texts: Vec<String> = (0..200).map(|i| if i % 50 == 49 { long() } else { "é".repeat(i * 7 % 45) }).collect();
        let mut body = BytesMut::new();
        for text in &texts {
            envelope::append(&mut body, 0, &text.encode_to_vec());
        }
        for size in [1, 4, 5, 6, 41, 1000, 16_384, body.len()] {
            let mut stream = Streaming::<String>::new(inbound(&body, size, 1 << 20));
            for text in &texts {
                assert_eq!(stream.message().await.unwrap().as_ref(), Some(text), "{size}");
            }
            assert_eq!(stream.message().await.unwrap(), None);
        }
    }

    #[tokio::test]
    async fn nothing_is_read_behind_an_error() {
        let good = "good".to_owned().encode_to_vec();
        let undecodable = "the message does not decode as protobuf";
        let wrong: [(u8, &[u8], &str); 5] = [
            (0, b"\x0f", undecodable),
            (0, b"\x0a\x05", undecodable),
            (1, &good, "a message has its compressed flag set, but the headers name no encoding"),
            (4, &good, "a message has the flags 0x04, which the protocol does not define"),
            (0, &long().encode_to_vec(), "receiving a message of 20004 bytes, over the limit of 10000 bytes"),
        ];
        for (flags, payload, error) in wrong {
            let mut body = BytesMut::new();
            for (flags, payload) in [(0, &good[..]), (0, &good), (flags, payload), (0, &good), (0, &good)] {
                envelope::append(&mut body, flags, payload);
            }
            for size in [7, body.len()] {
                let mut stream = Streaming::<String>::new(inbound(&body, size, 10_000));
                for _ in 0..2 {
                    assert_eq!(stream.message().await.unwrap().unwrap(), "good");
                }
                assert_eq!(stream.message().await.unwrap_err().message(), error);
                assert_eq!(stream.message().await.unwrap(), None);
            }
        }
    }

    #[tokio::test]
    async fn what_is_read_lets_others_have_their_turn() {
        let mut body = BytesMut::new();
        (0..10_000).for_each(|_| envelope::append(&mut body, 0, b""));
        let mut inbound = inbound(&body, body.len(), 100);
        let (mut read, mut waits) = (0, 0);
        poll_fn(|cx| {
            let mut text = String::new();
            loop {
                match inbound.poll_read(&mut text, fresh::<String>, cx) {
                    Poll::Ready(Ok(true)) => read += 1,
                    Poll::Ready(end) => {
                        assert!(!end.unwrap());
                        break Poll::Ready(());
                    }
                    Poll::Pending => {
                        waits += 1;
                        break Poll::Pending;
                    }
                }
            }
        })
        .await;
        assert_eq!(read, 10_000);
        assert!(waits >= 1, "{waits}");
    }
}
