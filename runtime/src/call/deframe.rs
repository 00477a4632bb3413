//! What a framing has to tell of the bytes that arrive.

use http::HeaderMap;
use tonic::{Code, Status, metadata::MetadataMap};

use super::Chunks;

/// Finds the messages in the bytes of a body, and says what their end means. One for each framing; a framing without
/// state of its own costs no allocation.
pub(crate) trait Deframe: Send + Sync {
    /// The next item. `eof` says that no more bytes will come; `limit` bounds a message in bytes. Whoever asks takes a
    /// message away before asking again.
    fn next(&mut self, chunks: &mut Chunks, eof: bool, limit: usize) -> Result<Item, Status>;

    /// The code of a message that does not decompress: INTERNAL by gRPC's doc/statuscodes.md.
    fn corrupt(&self) -> Code {
        Code::Internal
    }

    /// Whether it keeps bytes of a message that is not complete, besides those in the chunks.
    fn keeps_some(&self) -> bool {
        false
    }

    /// Whether a body is one message and nothing else.
    fn is_single(&self) -> bool {
        false
    }

    /// Whether messages that are not compressed lie in [envelopes](crate::envelope) whose flags are zero.
    fn has_envelopes(&self) -> bool {
        false
    }

    /// Whether nothing is learned any more where the body has ended and all its bytes were taken.
    fn ends_silently(&self) -> bool {
        false
    }

    /// Reads the outcome of the call at the end of the body: the trailing metadata, or the error. A server learns
    /// nothing there.
    fn end(&mut self, ending: Ending) -> Result<MetadataMap, Status> {
        let _ = ending;
        Ok(MetadataMap::new())
    }

    /// What it means that the body broke.
    fn broken(&mut self, status: Status) -> Status {
        status
    }

    /// Whether it is known from the head that the body is an error.
    fn is_failure(&self) -> bool {
        false
    }
}

/// What a framing found.
pub(crate) enum Item {
    /// A message: the next bytes, as many as `len`.
    Message { len: usize, compressed: bool },
    /// A piece of bytes that belong together, which may be longer: the next bytes, as many as `len`.
    Piece { len: usize },
    /// The only message: all the bytes there are, compressed if the headers name an encoding.
    Whole { len: usize },
    /// Not enough bytes yet; at the end of the body: no more messages.
    More,
    /// As `More`, and what came last says how the call ended: nothing may follow.
    Over,
}

/// How a body ended.
#[derive(Default)]
pub(crate) struct Ending {
    /// HTTP trailers.
    pub(crate) trailers: Option<HeaderMap>,
}
