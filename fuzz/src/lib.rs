//! What the targets share.

#[path = "../../runtime/tests/support/mod.rs"]
pub mod support;

mod call;
mod head;
mod input;
pub mod reply;
pub mod wire;
pub mod written;

pub use call::{Whole, answer, block_on};
pub use head::fields;
pub use input::Input;
