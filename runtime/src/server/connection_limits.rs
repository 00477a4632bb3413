//! What bounds each connection, and all of them.

use std::time::Duration;

use crate::{deadline::LONGEST, windows::Windows};

/// Limits of a server's connections, set by [`connection_limits`](super::ServerBuilder::connection_limits). All are
/// finite; `docs/security.md` says why each is as it is. Of times, a year is the longest.
///
/// ```
/// use std::time::Duration;
///
/// # fn f(greeter: impl rsgrpc::Service) -> Result<(), Box<dyn std::error::Error>> {
/// let limits = rsgrpc::ConnectionLimits::new().max_connections(1000).idle(Duration::from_secs(60));
/// let server = rsgrpc::Server::builder().add_service(greeter).connection_limits(limits).build()?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct ConnectionLimits {
    pub(super) connections: usize,
    pub(super) per_peer: usize,
    pub(super) streams: u32,
    pub(super) header_bytes: u32,
    pub(super) header_count: usize,
    pub(super) open_header_bytes: usize,
    pub(super) opening: Duration,
    pub(super) idle: Duration,
    pub(super) unread: Duration,
    pub(super) age: Duration,
    pub(super) age_grace: Duration,
    pub(super) control_frames: u32,
    pub(super) resets: u32,
    pub(super) windows: Windows,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            connections: 16_384,
            per_peer: 4096,
            streams: 200,
            // Twice what REST allows a path and query to have by default.
            header_bytes: 32 * 1024,
            header_count: 100,
            open_header_bytes: 1536 * 1024,
            opening: Duration::from_secs(10),
            idle: Duration::from_secs(300),
            unread: Duration::from_secs(300),
            age: Duration::from_secs(3600),
            age_grace: Duration::from_secs(24 * 3600),
            control_frames: 10_000,
            resets: 800,
            windows: Windows::new(512 * 1024, 1024 * 1024),
        }
    }
}

impl ConnectionLimits {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Connections at once; one more is closed as soon as it was accepted. Default: 16,384.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.connections = connections;
        self
    }

    /// Connections at once from one IP address, or from one /64 of IPv6; one more is closed as soon as it was accepted.
    /// Those of Unix sockets do not count. Default: 4,096, since all clients behind a proxy have one address.
    pub fn max_connections_per_peer(mut self, connections: usize) -> Self {
        self.per_peer = connections;
        self
    }

    /// Calls at once on an HTTP/2 connection; one more is refused with REFUSED_STREAM, which clients repeat elsewhere.
    /// Default: 200.
    pub fn max_concurrent_streams(mut self, streams: u32) -> Self {
        self.streams = streams;
        self
    }

    /// The headers of one request in bytes, decoded and with its path; 32 more count for each of them over HTTP/2 (RFC
    /// 9113, 6.5.2), and over HTTP/1.1 there are at least 8 KiB. A longer head is answered with 431. Default: 32 KiB.
    pub fn max_header_bytes(mut self, bytes: u32) -> Self {
        self.header_bytes = bytes;
        self
    }

    /// The headers of one request in number. More are answered with 431. Default: 100.
    pub fn max_header_count(mut self, count: usize) -> Self {
        self.header_count = count;
        self
    }

    /// What the headers of all requests that are open on an HTTP/2 connection may take in memory, in bytes. One that
    /// goes beyond is reset with ENHANCE_YOUR_CALM. Default: 1.5 MiB.
    pub fn max_open_header_bytes(mut self, bytes: usize) -> Self {
        self.open_header_bytes = bytes;
        self
    }

    /// How long a peer may take until its connection is open (the preface and SETTINGS of HTTP/2), and for each head of
    /// a request from its first byte to its last. Then the connection is closed. Default: 10 seconds. The handshake of
    /// TLS has [a limit of its own](crate::ServerTls).
    pub fn opening(mut self, limit: Duration) -> Self {
        self.opening = limit.min(LONGEST);
        self
    }

    /// How long a connection may be without a call; then it ends (GOAWAY), at the latest after an eighth more, or 10 ms.
    /// Default: 5 minutes.
    pub fn idle(mut self, limit: Duration) -> Self {
        self.idle = limit.min(LONGEST);
        self
    }

    /// How long a peer may leave what is sent to it unread without taking a single byte: of one call, which is then
    /// reset with CANCEL, or of all, which closes the connection. Default: 5 minutes.
    pub fn unread(mut self, limit: Duration) -> Self {
        self.unread = limit.min(LONGEST);
        self
    }

    /// How old a connection may become before its peer is told to open another (GOAWAY), give or take a tenth so that
    /// those that were opened together do not all end together. Default: 1 hour, after which clients have found new
    /// servers behind a name.
    pub fn age(mut self, limit: Duration) -> Self {
        self.age = limit.min(LONGEST);
        self
    }

    /// How long calls may go on after the [age](Self::age) of their connection ended; what still runs then ends with
    /// `UNAVAILABLE`. Default: 24 hours. Together they bound every call, also those without a deadline.
    pub fn age_grace(mut self, limit: Duration) -> Self {
        self.age_grace = limit.min(LONGEST);
        self
    }

    /// Frames of HTTP/2 other than HEADERS and DATA that a peer may send without reason; whoever sends more is told to
    /// go (GOAWAY with ENHANCE_YOUR_CALM). A request is reason for 100, a DATA frame from the peer for 10, one to it for
    /// 4 and another for each 64 bytes. Default: 10,000.
    pub fn max_control_frames(mut self, frames: u32) -> Self {
        self.control_frames = frames;
        self
    }

    /// Streams of HTTP/2 that may end by a reset, from whichever side, at once or in ten seconds; whoever has more is
    /// told to go (GOAWAY with ENHANCE_YOUR_CALM). Each stream that ends well allows another reset. Default: 800.
    pub fn max_resets(mut self, resets: u32) -> Self {
        self.resets = resets;
        self
    }

    /// How much a peer may send before it was read, in bytes: on one stream, and on all of an HTTP/2 connection. A stream
    /// gets at most one window for each round trip, so a long way at a high rate needs a wider one; what is unread stays in
    /// memory. As many requests as fit into the connection's may be left unread before they stop the others. Default: 512
    /// KiB and 1 MiB. The least is 65,535, the most 2^31 - 1 (RFC 9113, 6.9), and a connection has no less than a stream.
    ///
    /// DATA for calls that are over, since they were answered early, is bounded by it, too: after four times the
    /// connection's window in all the peer is asked to go on with another connection (GOAWAY, NO_ERROR), after sixteen
    /// times it is cut off (GOAWAY with ENHANCE_YOUR_CALM).
    pub fn windows(mut self, stream: u32, connection: u32) -> Self {
        self.windows = Windows::new(stream, connection);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Those that no test waits for or opens so many connections for.
    #[test]
    fn defaults_are_as_documented() {
        let limits = ConnectionLimits::new();
        let table = include_str!("../../../docs/security.md");
        let thousands = |count: usize| format!("{},{:03}", count / 1000, count % 1000);
        for row in [
            format!("| connections | {} |", thousands(limits.connections)),
            format!("| connections of one peer (IPv4 address, IPv6 /64) | {} |", thousands(limits.per_peer)),
        ] {
            assert!(table.contains(&row), "{row}");
        }
    }
}
