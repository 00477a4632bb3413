//! Which requests have not ended, and data of those that have.

use super::scan::{END_STREAM, Head, Scan};

/// Streams whose requests may be unfinished at once. It bounds this list only: how many calls there may be at once is
/// another limit, and what h2 refuses is reset.
const UNFINISHED: usize = 4096;

/// How many windows of a connection may come in all on streams which are over for the server: it has answered, or reset
/// them. An honest peer sends as much of a stream as its window lets through before it knows, so after some such
/// streams it is asked to go on with another connection. Who goes on with this one is cut off.
const LATE: usize = 16;
const WORN: usize = 4;

/// What the trailers of all requests that are not answered may take on their way, in bytes, with the heads of their
/// frames. h2 keeps them until they are read; a field of them takes one byte as it comes, and some two hundred there.
const TRAILERS: usize = 16 * 1024;

/// The unfinished requests of a connection, in the order of their streams.
#[derive(Debug, Default)]
pub(super) struct Uploads {
    unfinished: Vec<u32>,
    last: u32,
    late: usize,
    /// Those that ended by trailers and are not answered, and what these took.
    trailed: Vec<(u32, usize)>,
}

impl Uploads {
    /// Notes HEADERS; whether they begin a request.
    pub(super) fn headers(&mut self, head: &Head) -> bool {
        let begins = head.stream > self.last;
        let ends = head.flags & END_STREAM != 0;
        if begins {
            self.last = head.stream;
            if !ends {
                self.unfinished.push(head.stream);
            }
        } else if let Ok(at) = self.unfinished.binary_search(&head.stream) {
            self.trailed.push((head.stream, Scan::HEAD + head.len));
            if ends {
                self.unfinished.remove(at);
            }
        }
        begins
    }

    /// Notes what goes on with a block of headers: trailers are the last that began.
    pub(super) fn continuation(&mut self, head: &Head) {
        if let Some((_, bytes)) = self.trailed.last_mut().filter(|(stream, _)| *stream == head.stream) {
            *bytes += Scan::HEAD + head.len;
        }
    }

    /// Notes DATA; whether it belongs to an unfinished request.
    pub(super) fn data(&mut self, head: &Head) -> bool {
        let Ok(at) = self.unfinished.binary_search(&head.stream) else {
            self.late += head.len;
            return false;
        };
        if head.flags & END_STREAM != 0 {
            self.unfinished.remove(at);
        }
        true
    }

    /// Whether the request of this stream has not ended.
    pub(super) fn expects(&self, stream: u32) -> bool {
        self.unfinished.binary_search(&stream).is_ok()
    }

    /// The request has ended, its stream was reset, or its answer is complete.
    pub(super) fn end(&mut self, stream: u32) {
        if let Ok(at) = self.unfinished.binary_search(&stream) {
            self.unfinished.remove(at);
        }
        self.trailed.retain(|(trailed, _)| *trailed != stream);
    }

    /// Whether the connection should give way to another.
    pub(super) fn is_worn(&self, window: u32) -> bool {
        self.late > WORN.saturating_mul(window as usize)
    }

    pub(super) fn tolerable(&self, window: u32) -> bool {
        let trailers: usize = self.trailed.iter().map(|(_, bytes)| bytes).sum();
        self.late <= LATE.saturating_mul(window as usize) && self.unfinished.len() <= UNFINISHED && trailers <= TRAILERS
    }
}
