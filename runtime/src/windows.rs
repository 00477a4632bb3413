//! How much a peer may send before it was read.

/// Windows of flow control, in bytes. The connection's bounds what all its streams may have in memory unread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Windows {
    pub(crate) stream: u32,
    pub(crate) connection: u32,
}

/// What every connection begins with, and the most there is (RFC 9113, 6.9).
const LEAST: u32 = 65_535;
const MOST: u32 = (1 << 31) - 1;

impl Windows {
    /// These, as far as HTTP/2 has them; a connection's is never less than that of one stream.
    pub(crate) fn new(stream: u32, connection: u32) -> Self {
        let stream = stream.clamp(LEAST, MOST);
        Self { stream, connection: connection.clamp(stream, MOST) }
    }

    /// h2 counts small DATA frames that wait unread against this budget and closes the connection when it is used up. Flow
    /// control bounds them already (a frame of one byte costs at most 256 of the budget), so healthy streams of small
    /// messages are never cut off.
    pub(crate) fn data_frame_budget(self) -> usize {
        (self.connection as usize).saturating_mul(256)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_what_http2_has() {
        assert_eq!(Windows::new(0, 0), Windows { stream: LEAST, connection: LEAST });
        assert_eq!(Windows::new(1 << 20, 0), Windows { stream: 1 << 20, connection: 1 << 20 });
        assert_eq!(Windows::new(u32::MAX, u32::MAX), Windows { stream: MOST, connection: MOST });
    }
}
