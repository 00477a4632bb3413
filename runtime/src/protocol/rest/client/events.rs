//! Server-sent events (HTML, 9.2.6): a message each, or the error that ends them.

use bytes::{Bytes, BytesMut};
use http::HeaderValue;
use tonic::Status;

use crate::{
    call::{Chunks, Deframe, Item},
    codec::too_large,
};

/// The longest line, in bytes, beyond the message that it may hold.
const NAMES: usize = 1024;

/// The events of a body.
#[derive(Debug, Default)]
pub(super) struct Events {
    /// How far a line was looked at.
    seen: usize,
    /// The last line ended with a carriage return, to which a line feed may belong.
    returned: bool,
    data: BytesMut,
    has_data: bool,
    is_error: bool,
    /// The data of an event that is called an error.
    pub(super) error: Option<Bytes>,
}

impl Events {
    /// Whether a body of this type has some.
    pub(super) fn are(content_type: Option<&HeaderValue>) -> bool {
        let text = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
        text.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("text/event-stream")
    }

    /// The next line, without its end; `None` while it is not complete.
    fn line(&mut self, chunks: &mut Chunks) -> Option<Bytes> {
        if self.returned && chunks.peek() == Some([b'\n']) {
            chunks.skip(1);
        }
        self.returned = self.returned && chunks.is_empty();
        let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
        let mut bytes = chunks.slices_from(self.seen).flatten();
        let Some((at, &end)) = bytes.by_ref().enumerate().find(|(_, byte)| is_end(byte)) else {
            drop(bytes);
            self.seen = chunks.len();
            return None;
        };
        drop(bytes);
        self.returned = end == b'\r';
        let line = chunks.take(std::mem::take(&mut self.seen) + at);
        chunks.skip(1);
        line
    }

    fn field(&mut self, line: &[u8]) {
        let colon = line.iter().position(|&byte| byte == b':').unwrap_or(line.len());
        let (name, value) = line.split_at(colon);
        let value = value.strip_prefix(b":").unwrap_or_default();
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.data.extend_from_slice(b"\n");
                }
                self.data.extend_from_slice(value);
            }
            b"event" => self.is_error = value == b"error",
            // Comments, and what only browsers need.
            _ => {}
        }
    }

    /// What an empty line ends; `None` where there was no data.
    fn event(&mut self) -> Option<Bytes> {
        let is_error = std::mem::take(&mut self.is_error);
        let data = self.data.split().freeze();
        if !std::mem::take(&mut self.has_data) {
            return None;
        }
        if is_error {
            self.error = Some(data);
            return None;
        }
        Some(data)
    }
}

impl Deframe for Events {
    fn next(&mut self, chunks: &mut Chunks, eof: bool, limit: usize) -> Result<Item, Status> {
        while let Some(line) = self.line(chunks) {
            if line.is_empty() {
                match self.event() {
                    Some(data) => {
                        let len = data.len();
                        chunks.put_back(data);
                        return Ok(Item::Message { len, compressed: false });
                    }
                    None if self.error.is_some() => return Ok(Item::More),
                    None => continue,
                }
            }
            // A byte order mark is allowed at the very beginning.
            self.field(line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&line));
            if self.data.len() > limit {
                return Err(too_large("receiving", self.data.len(), limit));
            }
        }
        if self.seen > limit.saturating_add(NAMES) {
            return Err(too_large("receiving", self.seen, limit));
        }
        if eof {
            // An event that no empty line ends was cut off.
            if !chunks.is_empty() || self.has_data {
                return Err(Status::internal("the server ended its answer inside an event"));
            }
        }
        Ok(Item::More)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The data of a body that comes in pieces of this size, and the error at its end.
    fn read(body: &str, size: usize) -> Result<(Vec<String>, Option<String>), String> {
        let (mut events, mut chunks, mut found) = (Events::default(), Chunks::default(), Vec::new());
        let text = |bytes: &Bytes| String::from_utf8(bytes.to_vec()).unwrap();
        let mut pieces = body.as_bytes().chunks(size);
        loop {
            let piece = pieces.next();
            chunks.push(Bytes::copy_from_slice(piece.unwrap_or_default()));
            while let Item::Message { len, .. } =
                events.next(&mut chunks, piece.is_none(), 40).map_err(|status| status.message().to_owned())?
            {
                found.push(text(&chunks.take(len).unwrap()));
            }
            if piece.is_none() || events.error.is_some() {
                return Ok((found, events.error.as_ref().map(text)));
            }
        }
    }

    #[test]
    fn events_however_they_are_cut() {
        for size in [1, 2, 3, 5, 1000] {
            for (body, messages, error) in [
                ("", &[] as &[&str], None),
                ("data: 1\n\ndata:2\n\n", &["1", "2"], None),
                ("data: 1\r\n\r\ndata: 2\r\rdata: 3\n\n", &["1", "2", "3"], None),
                (": hello\n\nid: 7\nretry: 1\ndata: {\ndata: }\n\n\n\n", &["{\n}"], None),
                ("\u{feff}data:  a: b\n\n", &[" a: b"], None),
                ("data\n\n", &[""], None),
                ("event: item\ndata: 1\n\nevent: error\ndata: 2\n\n", &["1"], Some("2")),
            ] {
                let messages = messages.iter().map(|&text| text.to_owned()).collect();
                assert_eq!(read(body, size), Ok((messages, error.map(str::to_owned))), "{body:?} by {size}");
            }
            for body in ["data: 1", "data: 1\n", "data: 1\n\nda"] {
                assert_eq!(read(body, size), Err("the server ended its answer inside an event".to_owned()), "{body:?}");
            }
            let long = format!("data: {}\n\n", "x".repeat(41));
            assert!(read(&long, size).unwrap_err().contains("over the limit of 40 bytes"));
        }
    }
}
