//! Tokens as readable Rust.
//!
//! The tokens are laid out directly. Printing them, parsing the text and printing that again, as a formatter of Rust
//! source does, takes longer than the whole rest of the generator.

mod layout;
mod spacing;
mod tree;

use proc_macro2::TokenStream;

/// Appends items to a text.
pub(crate) fn print(text: &mut String, items: TokenStream) {
    layout::items(text, &tree::trees(items));
}
