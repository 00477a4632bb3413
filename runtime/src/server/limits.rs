//! What bounds each call.

use std::time::Duration;

use crate::call::Patience;

/// The largest message either way, in bytes: gRPC's usual default.
pub(crate) const DEFAULT_MESSAGE_BYTES: usize = 4 * 1024 * 1024;

/// Limits of calls: for all of a server by the settings of the same names of its
/// [builder](super::ServerBuilder), for a service or a method by
/// [`limits_for`](super::ServerBuilder::limits_for). What is not set here is as it is for all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct CallLimits {
    pub(super) max_receive_message_bytes: Option<usize>,
    pub(super) max_decoded_message_bytes: Option<usize>,
    pub(super) max_send_message_bytes: Option<usize>,
    pub(super) timeout: Option<Duration>,
    pub(super) receive_timeout: Option<Duration>,
    pub(super) stream_idle_timeout: Option<Duration>,
}

impl CallLimits {
    /// The largest message a caller may send, in bytes, as it arrives and after decompression. A larger one ends the
    /// call with `RESOURCE_EXHAUSTED`.
    pub fn max_receive_message_bytes(mut self, bytes: usize) -> Self {
        self.max_receive_message_bytes = Some(bytes);
        self
    }

    /// What the elements of a message from a caller may take in memory once it is read, in bytes: those of its repeated
    /// fields and maps, wherever they are. More ends the call with `RESOURCE_EXHAUSTED`, before a message of protobuf is
    /// read and while one of JSON is. Where it is not set, it is eight times
    /// [`max_receive_message_bytes`](Self::max_receive_message_bytes), so that packed numbers always fit.
    pub fn max_decoded_message_bytes(mut self, bytes: usize) -> Self {
        self.max_decoded_message_bytes = Some(bytes);
        self
    }

    /// The largest message a handler may send, in bytes, before compression. A larger one ends the call with
    /// `RESOURCE_EXHAUSTED`.
    pub fn max_send_message_bytes(mut self, bytes: usize) -> Self {
        self.max_send_message_bytes = Some(bytes);
        self
    }

    /// The longest a call may take, streams included; a caller's own deadline counts where it is earlier.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// How long a caller may let the rest of a message wait without a byte of it, or of a request that is one message;
    /// then the call ends with `DEADLINE_EXCEEDED`. Between the messages of a stream
    /// [another limit](Self::stream_idle_timeout) holds.
    pub fn receive_timeout(mut self, limit: Duration) -> Self {
        self.receive_timeout = Some(limit);
        self
    }

    /// How long a caller may send nothing between two messages of a stream while the handler waits for the next; then
    /// that ends with `DEADLINE_EXCEEDED`.
    pub fn stream_idle_timeout(mut self, limit: Duration) -> Self {
        self.stream_idle_timeout = Some(limit);
        self
    }
}

/// The limits of one method, settled.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub(crate) max_receive_message_bytes: usize,
    max_decoded_message_bytes: Option<usize>,
    pub(crate) max_send_message_bytes: usize,
    pub(crate) timeout: Option<Duration>,
    pub(crate) patience: Patience,
}

/// Long enough for a connection that is lost and found again.
const RECEIVE_TIMEOUT: Duration = Duration::from_secs(30);

impl Default for Limits {
    fn default() -> Self {
        let bytes = DEFAULT_MESSAGE_BYTES;
        Self {
            max_receive_message_bytes: bytes,
            max_decoded_message_bytes: None,
            max_send_message_bytes: bytes,
            timeout: None,
            patience: Patience::new(RECEIVE_TIMEOUT),
        }
    }
}

/// A packed list of numbers takes eight times the memory that it takes on the wire, at most.
const DECODED: usize = 8;

impl Limits {
    /// What the elements of a message may take in memory.
    pub(crate) fn max_decoded_message_bytes(&self) -> usize {
        self.max_decoded_message_bytes.unwrap_or(self.max_receive_message_bytes.saturating_mul(DECODED))
    }

    /// These, with what others set.
    pub(super) fn with(self, limits: &CallLimits) -> Self {
        Self {
            max_receive_message_bytes: limits.max_receive_message_bytes.unwrap_or(self.max_receive_message_bytes),
            max_decoded_message_bytes: limits.max_decoded_message_bytes.or(self.max_decoded_message_bytes),
            max_send_message_bytes: limits.max_send_message_bytes.unwrap_or(self.max_send_message_bytes),
            timeout: limits.timeout.or(self.timeout),
            patience: self.patience.with(limits.receive_timeout, limits.stream_idle_timeout),
        }
    }
}
