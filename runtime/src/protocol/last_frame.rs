//! Answers whose last frame says how the call ended, as gRPC-Web and Connect streams have them.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
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
            return Ok(Item::Over);
        }
        Err(Status::internal("the server sent more behind the frame that ends the call"))
    }

    fn has_envelopes(&self) -> bool {
        true
    }

    fn end(&mut self, _: Ending) -> Result<MetadataMap, Status> {
        self.outcome.take().unwrap_or_else(|| {
            Err(Status::internal("the server ended its answer without the frame that ends the call"))
        })
    }
}

/// So many values a last frame may have: it may be as long as a message, and `http` has a map for no more than 24,576 names.
const MOST_VALUES: usize = 1000;

/// The fields of a last frame.
#[derive(Default)]
pub(super) struct Fields {
    pub(super) map: HeaderMap,
    /// What was found first that is no field, or one too many. It is no reason to forget what the others say.
    pub(super) wrong: Option<Status>,
    values: usize,
}

impl Fields {
    /// Adds a field; this is wrong if it is none.
    pub(super) fn add(&mut self, field: Option<(HeaderName, HeaderValue)>, wrong: impl FnOnce() -> Status) {
        let Some((name, value)) = field else { return self.fail(wrong) };
        // Binary values are parted at commas.
        let commas = || value.as_bytes().iter().filter(|&&byte| byte == b',').count();
        self.values += 1 + if name.as_str().ends_with("-bin") { commas() } else { 0 };
        // The outcome itself is never one too many.
        let is_outcome = || matches!(name.as_str(), "grpc-status" | "grpc-message" | "grpc-status-details-bin");
        if self.values <= MOST_VALUES || (is_outcome() && !self.map.contains_key(&name)) {
            self.map.append(name, value);
        } else {
            self.fail(|| {
                Status::resource_exhausted(format!("the frame that ends the call has more than {MOST_VALUES} values"))
            });
        }
    }

    pub(super) fn fail(&mut self, wrong: impl FnOnce() -> Status) {
        self.wrong.get_or_insert_with(wrong);
    }
}
