//! What channels and backends tell of themselves.

use std::fmt;

/// Whether calls can be made, with the names and meaning of gRPC's doc/connectivity-semantics-and-api.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConnectivityState {
    /// There is no connection, and nothing is done about it before a call needs one.
    Idle,
    /// A connection is being made.
    Connecting,
    /// Calls can be made.
    Ready,
    /// The last attempt to connect failed; the next follows after a pause.
    TransientFailure,
    /// The channel was closed.
    Shutdown,
}

impl fmt::Display for ConnectivityState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Idle => "IDLE",
            Self::Connecting => "CONNECTING",
            Self::Ready => "READY",
            Self::TransientFailure => "TRANSIENT_FAILURE",
            Self::Shutdown => "SHUTDOWN",
        })
    }
}

/// What a channel does at the moment.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ChannelFigures {
    /// Whether calls can be made.
    pub state: ConnectivityState,
    /// Connections that take calls.
    pub connections: usize,
    /// Calls that run.
    pub streams: usize,
    /// Calls that wait: for a connection, or for a stream on one.
    pub queued: usize,
    /// The same by backend.
    pub backends: Vec<BackendFigures>,
}

/// What a backend does at the moment.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct BackendFigures {
    /// Its name or its addresses.
    pub name: String,
    /// Whether it takes calls.
    pub state: ConnectivityState,
    /// Connections that take calls.
    pub connections: usize,
    /// Calls that run on it.
    pub streams: usize,
    /// Calls that wait for a stream of it.
    pub queued: usize,
    /// Calls that were ever begun on it.
    pub begun: u64,
}
