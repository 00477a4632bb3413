//! Large messages are read apart from those who wait for the network: what reads a message computes for as long as it is
//! large, and a runtime of one thread would do nothing else meanwhile.

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

use crate::codec::{Codec, Erased, Fresh, Room};

/// What a message takes in memory, in bytes, from which on it is read elsewhere: about a millisecond's work.
pub(super) const LARGE: usize = 1024 * 1024;

/// A message that has come.
pub(crate) enum Arrived {
    /// To be read where it is awaited.
    Bytes(Bytes),
    Read(Box<dyn Erased>),
}

type Read = Result<Box<dyn Erased>, Status>;

/// A large message that is being read.
pub(super) struct Reading(JoinHandle<Read>);

impl Reading {
    /// Begins to read, by a thread that may take its time; as many at once as there are cores. Gives the bytes back where
    /// there are no such threads.
    pub(super) fn begin(codec: Codec, bytes: Bytes, room: Room, fresh: Fresh) -> Result<Self, Bytes> {
        static TURNS: LazyLock<Arc<Semaphore>> =
            LazyLock::new(|| Arc::new(Semaphore::new(available_parallelism().map_or(1, NonZero::get))));
        let Ok(runtime) = Handle::try_current() else {
            return Err(bytes);
        };
        if cfg!(target_family = "wasm") {
            return Err(bytes);
        }
        let read = move || {
            codec.weigh(&bytes, room)?;
            let mut message = fresh();
            codec.read(bytes, &mut *message, room).map(|()| message)
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

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Read> {
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
