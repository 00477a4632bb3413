//! What the targets share.

#[path = "../../runtime/tests/support/mod.rs"]
pub mod support;

mod call;
mod head;
pub mod wire;

pub use call::{Whole, answer, block_on};
pub use head::fields;
