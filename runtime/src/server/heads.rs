//! What the headers of the requests of one connection may take.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use http::HeaderMap;

use super::ConnectionLimits;

/// What a header takes besides the bytes of its name and value, at most: its entry in a map that doubles its room.
const ENTRY: usize = 200;

/// The headers of the requests that are open on a connection.
pub(super) struct Heads {
    open_bytes: Arc<AtomicUsize>,
    max_bytes: usize,
    max_count: usize,
}

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
    open_bytes: Arc<AtomicUsize>,
    bytes: usize,
}

impl Heads {
    pub(super) fn new(limits: &ConnectionLimits) -> Self {
        Self { open_bytes: Arc::default(), max_bytes: limits.open_header_bytes, max_count: limits.header_count }
    }

    pub(super) fn admit(&self, headers: &HeaderMap) -> Result<Headed, Refused> {
        if headers.len() > self.max_count {
            return Err(Refused::TooMany);
        }
        let bytes = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + ENTRY).sum();
        // Requests come one after the other; only their ends come from elsewhere.
        if self.open_bytes.load(Ordering::Relaxed) + bytes > self.max_bytes {
            return Err(Refused::NoRoom);
        }
        self.open_bytes.fetch_add(bytes, Ordering::Relaxed);
        Ok(Headed { open_bytes: Arc::clone(&self.open_bytes), bytes })
    }
}

impl Drop for Headed {
    fn drop(&mut self) {
        self.open_bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(count: usize) -> HeaderMap {
        (0..count).map(|i| (format!("x-{i:02}").parse().unwrap(), "12345678901234567890".parse().unwrap())).collect()
    }

    #[test]
    fn headers_are_bounded_by_number_and_by_bytes() {
        let heads = Heads::new(&ConnectionLimits::new().max_header_count(10).max_open_header_bytes(500));
        assert_eq!(heads.admit(&headers(11)).unwrap_err(), Refused::TooMany);
        let open = heads.admit(&headers(2)).unwrap();
        assert_eq!(heads.admit(&headers(1)).unwrap_err(), Refused::NoRoom);
        drop(open);
        heads.admit(&headers(2)).unwrap();
        assert_eq!(heads.open_bytes.load(Ordering::Relaxed), 0);
    }
}
