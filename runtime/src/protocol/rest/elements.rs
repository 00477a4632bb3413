//! The messages of a request that is a stream: JSON values one after the other or in an array, or pieces of bytes. Each is
//! given as soon as it is complete.

use tonic::Status;

use crate::{
    call::{Chunks, Deframe, Item},
    codec::too_large,
};

/// JSON values, with whitespace between them or, if the body begins with a bracket, in an array.
#[derive(Debug)]
pub(super) struct Elements {
    place: Place,
    value: Value,
    /// The bytes in front of it. What is to come may be compressed, so that they cost their sender nothing.
    gap: usize,
}

/// What is to come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The first byte, which says whether there is an array.
    Start,
    /// A value outside of any array.
    Value,
    /// A value of the array, or its end.
    FirstElement,
    /// A value of the array.
    Element,
    /// A comma, or the end of the array.
    Separator,
    /// Nothing but whitespace.
    End,
}

impl Elements {
    /// Values in lines, each of which may be an array itself.
    pub(super) fn lines() -> Self {
        Self { place: Place::Value, value: Value::default(), gap: 0 }
    }

    /// Values in an array, or in lines.
    pub(super) fn any() -> Self {
        Self { place: Place::Start, value: Value::default(), gap: 0 }
    }

    /// Whether the end of an array has come, behind which no value can stand.
    pub(super) fn is_over(&self) -> bool {
        self.place == Place::End
    }

    /// Reads up to the next value; whether there is one.
    fn approach(&mut self, chunks: &mut Chunks, limit: usize) -> Result<bool, Status> {
        while let Some([byte]) = chunks.peek() {
            let next = match (self.place, byte) {
                (_, b' ' | b'\t' | b'\r' | b'\n') => self.place,
                (Place::Start, b'[') => Place::FirstElement,
                (Place::FirstElement | Place::Separator, b']') => Place::End,
                (Place::Separator, b',') => Place::Element,
                (Place::Start | Place::Value, _) => {
                    self.place = Place::Value;
                    return Ok(true);
                }
                (Place::FirstElement, _) => return Ok(true),
                (Place::Element, _) if byte != b']' => return Ok(true),
                (Place::Separator, _) => return Err(invalid("expected `,` or `]` behind an element of the array")),
                _ => return Err(invalid("expected a value in the array, or nothing behind it")),
            };
            self.place = next;
            self.gap += 1;
            if self.gap > limit {
                return Err(too_large("receiving", self.gap, limit));
            }
            chunks.skip(1);
        }
        Ok(false)
    }
}

impl Deframe for Elements {
    fn next(&mut self, chunks: &mut Chunks, eof: bool, limit: usize) -> Result<Item, Status> {
        if self.value.len == 0 && !self.approach(chunks, limit)? {
            return match (eof, self.place) {
                (true, Place::FirstElement | Place::Element | Place::Separator) => Err(invalid("the array has no end")),
                _ => Ok(Item::More),
            };
        }
        let complete = self.value.advance(chunks, limit) || (eof && self.value.is_bare());
        if self.value.len > limit {
            return Err(too_large("receiving", self.value.len, limit));
        }
        if !complete {
            return if eof { Err(invalid("the body ends inside a value")) } else { Ok(Item::More) };
        }
        let len = std::mem::take(&mut self.value).len;
        self.gap = 0;
        if self.place != Place::Value {
            self.place = Place::Separator;
        }
        Ok(Item::Message { len, compressed: false })
    }
}

/// How far a value was looked at; whether it is one is for its reader to say.
#[derive(Debug, Default)]
struct Value {
    len: usize,
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// It is a string, an object or an array, and so has an end of its own.
    closed: bool,
}

impl Value {
    /// Whether it is a number or a word, which ends where something else begins.
    fn is_bare(&self) -> bool {
        !self.closed
    }

    /// Looks on, up to the first byte over the limit; whether the value is complete.
    fn advance(&mut self, chunks: &Chunks, limit: usize) -> bool {
        for bytes in chunks.slices_from(self.len) {
            for &byte in bytes {
                if self.len > limit {
                    return false;
                }
                if self.is_end(byte) {
                    return true;
                }
                self.len += 1;
                if self.closes(byte) {
                    return true;
                }
            }
        }
        false
    }

    /// Whether a number or word ends before this byte.
    fn is_end(&self, byte: u8) -> bool {
        self.len > 0
            && !self.closed
            && matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',' | b']' | b'}' | b'{' | b'[' | b'"')
    }

    /// Whether the value ends with this byte.
    fn closes(&mut self, byte: u8) -> bool {
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return !self.in_string && self.depth == 0;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                return self.depth == 0;
            }
            _ => return false,
        }
        self.closed = true;
        false
    }
}

/// Bytes, in pieces as they come.
#[derive(Debug)]
pub(super) struct Pieces {
    /// Whether there may be none at the end.
    begun: bool,
}

impl Pieces {
    /// Of a request. Of no bytes there is one piece, by which the handler learns what else the request says.
    pub(super) fn of_request() -> Self {
        Self { begun: false }
    }

    pub(super) fn of_answer() -> Self {
        Self { begun: true }
    }
}

impl Deframe for Pieces {
    fn next(&mut self, chunks: &mut Chunks, eof: bool, limit: usize) -> Result<Item, Status> {
        let len = chunks.len().min(limit);
        if len == 0 && (self.begun || !eof) {
            return Ok(Item::More);
        }
        self.begun = true;
        Ok(Item::Piece { len })
    }

    /// All are of one body, which is to go on.
    fn keeps_some(&self) -> bool {
        true
    }
}

/// Instead of the messages of a request whose path or query cannot be read: whoever asks for the first learns it.
pub(super) struct Unreadable(pub(super) Option<Status>);

impl Deframe for Unreadable {
    fn next(&mut self, _: &mut Chunks, _: bool, _: usize) -> Result<Item, Status> {
        self.0.take().map_or(Ok(Item::More), Err)
    }
}

fn invalid(what: &str) -> Status {
    Status::invalid_argument(format!("the body is no stream of JSON values: {what}"))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    /// The values of a body that comes in pieces of this size.
    fn values(mut deframe: Elements, body: &str, size: usize) -> Result<Vec<String>, String> {
        let (mut chunks, mut found) = (Chunks::default(), Vec::new());
        let mut pieces = body.as_bytes().chunks(size);
        loop {
            let piece = pieces.next();
            chunks.push(Bytes::copy_from_slice(piece.unwrap_or_default()));
            while let Item::Message { len, .. } =
                deframe.next(&mut chunks, piece.is_none(), 40).map_err(|status| status.message().to_owned())?
            {
                found.push(String::from_utf8(chunks.take(len).unwrap().to_vec()).unwrap());
            }
            if piece.is_none() {
                return Ok(found);
            }
        }
    }

    #[test]
    fn values_in_lines_and_in_arrays() {
        for size in [1, 2, 3, 7, 100] {
            for (body, expected) in [
                ("", &[] as &[&str]),
                (" \n", &[]),
                ("[]", &[]),
                (" [ ] ", &[]),
                ("{}", &["{}"]),
                ("{\"a\":1}\n{\"b\":\"}\"}\n", &["{\"a\":1}", "{\"b\":\"}\"}"]),
                ("{}{}", &["{}", "{}"]),
                ("1 2\ntrue", &["1", "2", "true"]),
                ("\"a\\\"\" \"\\\\\" 3", &["\"a\\\"\"", "\"\\\\\"", "3"]),
                ("[{\"a\":[1,2]}, {} ,3,\"x,]\"]", &["{\"a\":[1,2]}", "{}", "3", "\"x,]\""]),
                ("[[1],[2]]", &["[1]", "[2]"]),
            ] {
                let expected: Vec<String> = expected.iter().map(|&value| value.to_owned()).collect();
                assert_eq!(values(Elements::any(), body, size), Ok(expected), "{body} by {size}");
            }
            assert_eq!(values(Elements::lines(), "[1]\n[2]", size), Ok(vec!["[1]".to_owned(), "[2]".to_owned()]));
        }
    }

    #[test]
    fn what_is_no_stream() {
        for size in [1, 100] {
            for (body, expected) in [
                ("[", "the array has no end"),
                ("[1", "the array has no end"),
                ("[1,", "the array has no end"),
                ("[1 2]", "expected `,`"),
                ("[1,]", "expected a value"),
                ("[1] x", "nothing behind it"),
                ("[{}", "the array has no end"),
                ("{\"a\":", "ends inside a value"),
                ("\"abc", "ends inside a value"),
                ("{\"a\":\"0123456789012345678901234567890123456789\"}", "over the limit of 40 bytes"),
            ] {
                let error = values(Elements::any(), body, size).unwrap_err();
                assert!(error.contains(expected), "{body} by {size}: {error}");
            }
        }
    }
}
