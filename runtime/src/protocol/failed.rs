//! Answers whose body is an error.

use tonic::{Code, Status};

use crate::{
    call::{Chunks, Deframe, Item},
    compress::Encoding,
};

/// Reads the error of a body; one that is too large, or broken, it sees as empty.
type Read = dyn FnOnce(&[u8]) -> Status + Send + Sync;

/// A body that is an error.
pub(super) struct Failed {
    encoding: Option<Encoding>,
    read: Option<Box<Read>>,
}

impl Failed {
    pub(super) fn new(encoding: Option<Encoding>, read: impl FnOnce(&[u8]) -> Status + Send + Sync + 'static) -> Self {
        Self { encoding, read: Some(Box::new(read)) }
    }
}

impl Deframe for Failed {
    fn next(&mut self, chunks: &mut Chunks, eof: bool, limit: usize) -> Result<Item, Status> {
        let len = chunks.len();
        if !eof && len <= limit {
            return Ok(Item::More);
        }
        let Some(read) = self.read.take() else { return Ok(Item::More) };
        let body = chunks.take(len).filter(|_| len <= limit).unwrap_or_default();
        let body = match self.encoding {
            Some(encoding) => encoding.decompress(&body, limit, Code::Internal).unwrap_or_default(),
            None => body,
        };
        Err(read(&body))
    }

    /// The head has said what counts, but for a call that is late itself.
    fn broken(&mut self, status: Status) -> Status {
        let is_late = status.code() == Code::DeadlineExceeded;
        self.read.take().filter(|_| !is_late).map_or(status, |read| read(b""))
    }

    fn is_failure(&self) -> bool {
        true
    }
}
