//! Messages as interceptors see them.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use tonic::Status;

use crate::codec::{Codec, Message, Room};

/// One message on its way through an interceptor: the bytes of its codec, not compressed.
#[derive(Debug)]
pub struct Payload {
    pub(super) codec: Codec,
    pub(super) bytes: Bytes,
    pub(super) room: Room,
}

impl Payload {
    /// The message as bytes, in the codec of the call: protobuf or JSON. Of REST, what arrives is the body
    /// alone, and what is sent is in protobuf here.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Reads the message.
    ///
    /// # Errors
    ///
    /// The bytes are not an `M`, or its elements would take more memory than is allowed.
    pub fn decode<M: Message>(&self) -> Result<M, Status> {
        self.codec.decode(self.bytes.clone(), self.room)
    }

    /// Puts another message in its place.
    ///
    /// # Errors
    ///
    /// The message cannot be encoded in the codec of the call.
    pub fn replace<M: Message>(&mut self, message: &M) -> Result<(), Status> {
        self.codec = self.codec.of_whole();
        self.bytes = self.codec.encode(message, usize::MAX)?;
        Ok(())
    }
}

/// How many bytes of messages a call has sent and received, as they travel: compressed, without their framing.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    sent: AtomicU64,
    received: AtomicU64,
}

#[cfg_attr(not(feature = "otel"), allow(dead_code, reason = "metrics alone ask for it"))]
impl Traffic {
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    pub(crate) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    pub(crate) fn add_sent(&self, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn add_received(&self, bytes: usize) {
        self.received.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

/// What looks at the messages of one direction of a call. Empty, it costs nothing.
#[derive(Clone, Default)]
pub(crate) struct Hooks(Vec<Arc<Hook>>);

/// Looks at a message; an error ends the call.
pub(crate) type Hook = dyn Fn(&mut Payload) -> Result<(), Status> + Send + Sync;

impl Hooks {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds one that runs after the others.
    pub(crate) fn add_last(&mut self, hook: Arc<Hook>) {
        self.0.push(hook);
    }

    /// Adds one that runs before the others.
    pub(crate) fn add_first(&mut self, hook: Arc<Hook>) {
        self.0.insert(0, hook);
    }

    /// The message after all of them, in the codec of the call or, if it was replaced, in that of whole messages.
    pub(super) fn run(&self, codec: &Codec, bytes: Bytes, room: Room) -> Result<Payload, Status> {
        let mut payload = Payload { codec: codec.clone(), bytes, room };
        self.0.iter().try_for_each(|hook| hook(&mut payload))?;
        Ok(payload)
    }
}
