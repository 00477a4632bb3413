//! Answers whose last frame says how the call ended, as gRPC-Web and Connect streams have them.

use bytes::Bytes;
use tonic::{Code, Status, metadata::MetadataMap};

use crate::{
    call::{Chunks, Deframe, Ending, Item},
    compress::Encoding,
    envelope::{self, COMPRESSED},
};

/// Messages in envelopes, then a frame that ends the call.
pub(super) struct LastFrame {
    flag: u8,
    read: fn(&[u8]) -> Result<MetadataMap, Status>,
    encoding: Option<Encoding>,
    outcome: Option<Result<MetadataMap, Status>>,
}

impl LastFrame {
    /// The last frame is the one with this flag, and this reads it.
    pub(super) fn new(
        flag: u8,
        read: fn(&[u8]) -> Result<MetadataMap, Status>,
        encoding: Option<Encoding>,
    ) -> Box<Self> {
        Box::new(Self { flag, read, encoding, outcome: None })
    }

    fn read(&self, payload: &Bytes, compressed: bool, limit: usize) -> Result<MetadataMap, Status> {
        match (compressed, self.encoding) {
            (false, _) => (self.read)(payload),
            (true, Some(encoding)) => (self.read)(&encoding.decompress(payload, limit, Code::Internal)?),
            (true, None) => Err(Status::internal("the last frame is compressed, but the headers name no encoding")),
        }
    }
}

impl Deframe for LastFrame {
    fn next(&mut self, chunks: &mut Chunks, _: bool, limit: usize) -> Result<Item, Status> {
        if self.outcome.is_none() {
            match envelope::next(chunks, limit)? {
                None => return Ok(Item::More),
                Some((flags @ (0 | COMPRESSED), len)) => {
                    return Ok(Item::Message { len, compressed: flags == COMPRESSED });
                }
                Some((flags, len)) if flags & !COMPRESSED == self.flag => {
                    let payload = chunks.take(len).unwrap_or_default();
                    self.outcome = Some(self.read(&payload, flags & COMPRESSED != 0, limit));
                }
                Some((flags, _)) => {
                    return Err(Status::internal(format!(
                        "a frame has the flags {flags:#04x}, which the protocol does not define"
                    )));
                }
            }
        }
        if chunks.is_empty() {
            return Ok(Item::More);
        }
        Err(Status::internal("the server sent more behind the frame that ends the call"))
    }

    fn end(&mut self, _: Ending) -> Result<MetadataMap, Status> {
        self.outcome.take().unwrap_or_else(|| {
            Err(Status::internal("the server ended its answer without the frame that ends the call"))
        })
    }
}
