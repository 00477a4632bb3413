//! Where a Rust type is found.

use std::rc::Rc;

use proc_macro2::{Ident, TokenStream};

/// The modules from the root of the generated code on.
pub(crate) type Module = Rc<[Ident]>;

/// A message or enum that something refers to.
#[derive(Clone)]
pub(crate) struct TypeRef {
    pub(crate) path: TypePath,
}

/// A Rust type.
#[derive(Clone)]
pub(crate) enum TypePath {
    /// Generated in this run.
    Local { module: Module, ident: Ident },
    /// Provided by other code, under the same path from everywhere.
    Extern { text: Rc<str>, tokens: TokenStream, json: ExternJson },
}

/// Whether a type that other code provides has JSON.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum ExternJson {
    Yes,
    No,
    /// Nobody said, not even the option that gave this proto path to other code.
    Unsaid(Rc<str>),
}
