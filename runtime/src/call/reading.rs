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
        if !matches!(self.arrived, Arrived::Reading(_)) && !ready!(self.poll_message(cx))? {
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
        let codec = self.seen.as_ref().unwrap_or(&self.codec);
        let room = self.room().bytes();
        if let Some(len) = self.arrived.take_next() {
            let read = self.chunks.read(len, |bytes, len| codec.read(bytes, len, message, room));
            return read.map_err(|status| self.however_it_came(status));
        }
        match std::mem::replace(&mut self.arrived, Arrived::Next(0)) {
            Arrived::Apart(mut bytes) => {
                let len = bytes.len();
                codec.read(&mut bytes, len, message, room)
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
        matches!(self.arrived, Arrived::Next(len) if self.room().fits(len))
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
        let Some(room) = self.room else { return Ok(true) };
        let codec = self.seen.as_ref().unwrap_or(&self.codec);
        let bytes = match &self.arrived {
            Arrived::Next(len) => self.chunks.first(*len),
            Arrived::Apart(bytes) => bytes,
            Arrived::Reading(_) | Arrived::Read(_) => return Ok(true),
        };
        Ok(bytes.len() < LARGE && codec.weigh(bytes, room)? < LARGE)
    }

    #[cold]
    fn read_elsewhere(&mut self, fresh: Fresh, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        let bytes = self.take_bytes();
        let (codec, room) = (self.last_codec().clone(), self.room());
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
