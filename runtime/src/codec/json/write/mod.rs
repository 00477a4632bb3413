//! The writer: appends to one buffer, in one pass.

mod container;
mod parting;
mod scalar;
mod string;
mod writer;

pub(crate) use self::parting::{Part, text_of};
pub(super) use self::string::plain_len;
pub(crate) use self::writer::Form;
pub use self::writer::Writer;
