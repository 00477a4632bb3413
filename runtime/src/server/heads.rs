//! What the headers of the requests of one connection may take.

use std::sync::{Arc, atomic::Ordering};

use http::HeaderMap;

use super::ConnectionLimits;
use crate::http2::Vitals;

/// What a header takes besides the bytes of its name and value, at most: its entry in a map that doubles its room.
const ENTRY: usize = 200;

/// Why a request is not taken for its headers.
#[derive(Debug, PartialEq)]
pub(super) enum Refused {
    /// It has too many.
    TooMany,
    /// Those that are open have used the room up.
    NoRoom,
}

/// The headers of one request, until it is over.
#[derive(Debug)]
pub(super) struct Headed {
    vitals: Arc<Vitals>,
    bytes: usize,
}

impl Headed {
    /// Counts the headers of a request of this connection, if there is room for them.
    pub(super) fn admit(headers: &HeaderMap, limits: &ConnectionLimits, vitals: &Arc<Vitals>) -> Result<Self, Refused> {
        if headers.len() > limits.header_count {
            return Err(Refused::TooMany);
        }
        let bytes = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + ENTRY).sum();
        // Requests come one after the other; only their ends come from elsewhere.
        if vitals.open_header_bytes.load(Ordering::Relaxed) + bytes > limits.open_header_bytes {
            return Err(Refused::NoRoom);
        }
        vitals.open_header_bytes.fetch_add(bytes, Ordering::Relaxed);
        Ok(Self { vitals: Arc::clone(vitals), bytes })
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Headed {
    fn drop(&mut self) {
        self.vitals.open_header_bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http2::Guard;

    fn headers(count: usize) -> HeaderMap {
        (0..count).map(|i| (format!("x-{i:02}").parse().unwrap(), "12345678901234567890".parse().unwrap())).collect()
    }

    #[test]
    fn headers_are_bounded_by_number_and_by_bytes() {
        let limits = ConnectionLimits::new().max_header_count(10).max_open_header_bytes(500);
        let (_, vitals) = Guard::new(tokio::io::empty());
        let admit = |count| Headed::admit(&headers(count), &limits, &vitals);
        assert_eq!(admit(11).unwrap_err(), Refused::TooMany);
        let open = admit(2).unwrap();
        assert_eq!(admit(1).unwrap_err(), Refused::NoRoom);
        drop(open);
        admit(2).unwrap();
        assert_eq!(vitals.open_header_bytes.load(Ordering::Relaxed), 0);
    }
}
