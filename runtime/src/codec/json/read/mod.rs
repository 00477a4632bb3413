//! The reader: one pass over the text, driven by the types it fills.

mod container;
mod cursor;
mod enumeration;
mod number;
mod object;
mod skip;
mod string;
mod trace;

pub use self::cursor::Reader;
pub(super) use self::trace::Trace;
