//! What stands around the messages of a stream.

use bytes::BytesMut;

use super::accept::Shape;
use crate::{call::Reframe, protocol::bare::Bare};

impl Shape {
    pub(super) fn reframe(self) -> &'static dyn Reframe {
        match self {
            Self::One | Self::Bytes => &Bare,
            Self::Array => &Around { first: "[", next: ",", behind: "" },
            Self::Lines => &Around { first: "", next: "", behind: "\n" },
            Self::Events => &Around { first: "data: ", next: "data: ", behind: "\n\n" },
        }
    }

    /// Appends the end of a stream, with the JSON of its error if it failed. `begun` says that a message was written.
    pub(super) fn end(self, begun: bool, error: Option<&str>, buf: &mut BytesMut) {
        let (before, behind) = match (self, error) {
            (Self::Array, Some(_)) => (if begun { "," } else { "[" }, "]"),
            (Self::Array, None) => (if begun { "" } else { "[" }, "]"),
            (Self::Lines, Some(_)) => ("", "\n"),
            (Self::Events, Some(_)) => ("event: error\ndata: ", "\n\n"),
            // Bytes have no place for an error: they break off.
            (Self::One | Self::Bytes, _) | (_, None) => return,
        };
        for text in [before, error.unwrap_or_default(), behind] {
            buf.extend_from_slice(text.as_bytes());
        }
    }
}

/// Text around each message.
struct Around {
    first: &'static str,
    next: &'static str,
    behind: &'static str,
}

impl Reframe for Around {
    fn room(&self) -> usize {
        self.next.len() + self.behind.len()
    }

    fn open(&self, buf: &mut BytesMut, first: bool) {
        buf.extend_from_slice(if first { self.first } else { self.next }.as_bytes());
    }

    fn close(&self, buf: &mut BytesMut, _: usize, _: bool) {
        buf.extend_from_slice(self.behind.as_bytes());
    }
}
