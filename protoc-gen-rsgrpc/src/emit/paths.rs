//! Types as code elsewhere spells them.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use crate::model::{TypePath, TypeRef};

/// The type as a path from a module.
pub(super) fn tokens(from: &[Ident], reference: &TypeRef) -> TokenStream {
    match &reference.path {
        TypePath::Extern { tokens, .. } => tokens.clone(),
        TypePath::Local { module, ident } => item(from, module, ident),
    }
}

/// The path from a module to an item in another.
pub(super) fn item(from: &[Ident], module: &[Ident], ident: &Ident) -> TokenStream {
    let (up, down) = route(from, module);
    let supers = std::iter::repeat_n(quote!(super ::), up);
    quote!(#(#supers)* #(#down ::)* #ident)
}

/// The same as text, for prost's attributes. `self` keeps it apart from types within the derived code.
pub(super) fn text(from: &[Ident], reference: &TypeRef) -> String {
    match &reference.path {
        TypePath::Extern { text, .. } => text.to_string(),
        TypePath::Local { module, ident } => {
            let (up, down) = route(from, module);
            let mut text = if up == 0 { "self::".to_owned() } else { "super::".repeat(up) };
            for module in down {
                text.push_str(&module.to_string());
                text.push_str("::");
            }
            text.push_str(&ident.to_string());
            text
        }
    }
}

/// How many modules up and which ones down lead from one module to another.
fn route<'m>(from: &[Ident], to: &'m [Ident]) -> (usize, &'m [Ident]) {
    let common = from.iter().zip(to).take_while(|(from, to)| from == to).count();
    (from.len() - common, &to[common..])
}
