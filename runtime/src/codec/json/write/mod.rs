//! The writer: appends to one buffer, in one pass.

mod container;
mod scalar;
mod string;
mod writer;

pub(super) use self::string::plain_len;
pub use self::writer::Writer;
