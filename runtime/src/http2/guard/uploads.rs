//! Which requests have not ended, and data of those that have.

use super::scan::{END_STREAM, Head};

/// Streams whose requests may be unfinished at once. It bounds this list only: how many calls there may be at once is
/// another limit, and what h2 refuses is reset.
const UNFINISHED: usize = 4096;

/// Bytes that may come on streams which are over for the server: it has answered early, or reset them. Each new stream
/// allows as many as its window lets through before its peer knows.
const LATE: usize = 8 * 1024 * 1024;
const PER_STREAM: usize = 256 * 1024;

/// The unfinished requests of a connection, in the order of their streams.
#[derive(Debug, Default)]
pub(super) struct Uploads {
    unfinished: Vec<u32>,
    last: u32,
    late: usize,
}

impl Uploads {
    /// Notes HEADERS; whether they begin a request.
    pub(super) fn headers(&mut self, head: &Head) -> bool {
        let begins = head.stream > self.last;
        let ends = head.flags & END_STREAM != 0;
        if begins {
            self.last = head.stream;
            self.late = self.late.saturating_sub(PER_STREAM);
            if !ends {
                self.unfinished.push(head.stream);
            }
        } else if ends {
            self.end(head.stream);
        }
        begins
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

    /// The stream was reset.
    pub(super) fn end(&mut self, stream: u32) {
        if let Ok(at) = self.unfinished.binary_search(&stream) {
            self.unfinished.remove(at);
        }
    }

    pub(super) fn tolerable(&self) -> bool {
        self.late <= LATE && self.unfinished.len() <= UNFINISHED
    }
}
