//! Bodies in base64 (`application/grpc-web-text`).

use base64::{
    Engine as _,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::{Bytes, BytesMut};
use tonic::{Code, Status, metadata::MetadataMap};

use crate::{
    call::{Chunks, Deframe, Ending, Item, Reframe},
    envelope::Envelope,
};

/// Written with padding; read with or without, since the last group of a body may lack it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Frames, each in base64 of its own, so that a message can be read as soon as it is there.
pub(super) struct Text;

impl Reframe for Text {
    fn room(&self) -> usize {
        Envelope.room()
    }

    fn open(&self, buf: &mut BytesMut, first: bool) {
        Envelope.open(buf, first);
    }

    fn close(&self, buf: &mut BytesMut, start: usize, compressed: bool) {
        Envelope.close(buf, start, compressed);
        encode(buf, start);
    }
}

/// Turns what stands from `start` on into base64.
pub(super) fn encode(buf: &mut BytesMut, start: usize) {
    let text = BASE64.encode(&buf[start..]);
    buf.truncate(start);
    buf.extend_from_slice(text.as_bytes());
}

/// Decodes a body of which any group may be padded and that may be split anywhere, for the framing of its bytes.
pub(super) struct Decoded {
    framing: Box<dyn Deframe>,
    chunks: Chunks,
    /// The code of a body that is not base64.
    broken: Code,
}

impl Decoded {
    pub(super) fn new(framing: Box<dyn Deframe>, broken: Code) -> Box<Self> {
        Box::new(Self { framing, chunks: Chunks::default(), broken })
    }

    fn decode(&mut self, chunks: &mut Chunks, eof: bool) -> Result<(), Status> {
        let whole = if eof { chunks.len() } else { chunks.len() / 4 * 4 };
        let text = chunks.take(whole).unwrap_or_default();
        let mut rest = &text[..];
        while !rest.is_empty() {
            // Padding ends a run of base64; what follows is another one.
            let run = rest.iter().position(|&b| b == b'=').map_or(rest.len(), |at| (at / 4 + 1) * 4).min(rest.len());
            let decoded = BASE64
                .decode(&rest[..run])
                .map_err(|error| Status::new(self.broken, format!("the body is not base64: {error}")))?;
            self.chunks.push(Bytes::from(decoded));
            rest = &rest[run..];
        }
        Ok(())
    }
}

impl Deframe for Decoded {
    fn next(&mut self, chunks: &mut Chunks, eof: bool, limit: usize) -> Result<Item, Status> {
        self.decode(chunks, eof)?;
        let item = self.framing.next(&mut self.chunks, eof, limit)?;
        if let Item::Message { len, .. } = item {
            chunks.put_back(self.chunks.take(len).unwrap_or_default());
        }
        Ok(item)
    }

    fn keeps_some(&self) -> bool {
        !self.chunks.is_empty()
    }

    fn end(&mut self, ending: Ending) -> Result<MetadataMap, Status> {
        let trailers = self.framing.end(ending)?;
        match self.chunks.len() {
            0 => Ok(trailers),
            len => Err(Status::internal(format!("the stream ended inside a message, after {len} bytes of it"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(text: &[u8], split: usize) -> Result<Vec<Bytes>, Status> {
        let (mut chunks, mut framing, mut found) =
            (Chunks::default(), Decoded::new(Box::new(Envelope), Code::InvalidArgument), Vec::new());
        let mut parts = text.chunks(split).map(Bytes::copy_from_slice);
        loop {
            let part = parts.next();
            let eof = part.is_none();
            part.into_iter().for_each(|part| chunks.push(part));
            while let Item::Message { len, .. } = framing.next(&mut chunks, eof, 100)? {
                found.push(chunks.take(len).unwrap());
            }
            if eof {
                return framing.end(Ending::default()).map(|_| found);
            }
        }
    }

    #[test]
    fn a_body_may_be_split_and_padded_anywhere() {
        let mut buf = BytesMut::new();
        for message in [&b"a"[..], b"", b"three", b"sixteen bytes ok"] {
            let start = buf.len();
            Text.open(&mut buf, true);
            buf.extend_from_slice(message);
            Text.close(&mut buf, start, false);
        }
        let joined = BASE64.encode(b"\0\0\0\0\x01a\0\0\0\0\0\0\0\0\0\x05three\0\0\0\0\x10sixteen bytes ok");
        let unpadded = joined.trim_end_matches('=');
        for text in [&buf[..], joined.as_bytes(), unpadded.as_bytes()] {
            for split in 1..=text.len() {
                assert_eq!(messages(text, split).unwrap(), [&b"a"[..], b"", b"three", b"sixteen bytes ok"]);
            }
        }
    }

    #[test]
    fn what_is_not_base64_is_refused() {
        for text in ["A", "AAAAA", "!AAA", "A===", "AA=A", "====", "AAAA AAAA", "AAAAAAE=AAAAAAE"] {
            for split in 1..=text.len() {
                assert!(messages(text.as_bytes(), split).is_err(), "{text}");
            }
        }
    }
}
