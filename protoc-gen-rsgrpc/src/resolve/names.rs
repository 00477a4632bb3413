//! Rust identifiers from proto names, spelled as prost spells them.

use heck::{ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};
use proc_macro2::{Ident, Span};

/// A module, field or method.
pub(super) fn snake(name: &str) -> String {
    escape(name.to_snake_case())
}

/// A type or an enum variant.
pub(super) fn camel(name: &str) -> String {
    escape(name.to_upper_camel_case())
}

/// A static.
pub(super) fn shouty(name: &str) -> String {
    escape(name.to_shouty_snake_case())
}

/// The name of an enum value without the name of its enum in front, where one stands there.
pub(super) fn variant(enum_name: &str, value_name: &str) -> String {
    let (prefix, name) = (camel(enum_name), camel(value_name));
    match name.strip_prefix(&prefix) {
        Some(rest) if rest.starts_with(char::is_uppercase) => escape(rest.to_owned()),
        _ => name,
    }
}

/// Whether a Rust identifier can be made of a proto name.
pub(super) fn is_usable(name: &str) -> bool {
    let is_word = |byte: u8| byte == b'_' || byte.is_ascii_alphanumeric();
    name.bytes().all(is_word)
        && name.bytes().any(|byte| byte.is_ascii_alphanumeric())
        && !name.starts_with(|first: char| first.is_ascii_digit())
}

/// Whether this is an identifier of Rust, raw or not, by which an item may be called.
pub(crate) fn is_identifier(name: &str) -> bool {
    match name.strip_prefix("r#") {
        Some(raw) => is_keyword(raw),
        None => is_usable(name) && escape(name.to_owned()) == name,
    }
}

/// The token of a name that [`snake`], [`camel`], [`shouty`] or [`variant`] made of a usable one.
pub(super) fn ident(name: &str) -> Ident {
    match name.strip_prefix("r#") {
        Some(raw) if is_usable(raw) => Ident::new_raw(raw, Span::call_site()),
        None if is_usable(name) => Ident::new(name, Span::call_site()),
        // Reported where all names are checked; nothing is generated.
        _ => Ident::new("unusable", Span::call_site()),
    }
}

fn escape(mut name: String) -> String {
    if matches!(name.as_str(), "_" | "super" | "self" | "Self" | "extern" | "crate") {
        name.push('_');
    } else if is_keyword(&name) {
        name.insert_str(0, "r#");
    } else if name.starts_with(|first: char| first.is_ascii_digit()) {
        name.insert(0, '_');
    }
    name
}

/// Keywords of any edition that may be raw identifiers.
fn is_keyword(name: &str) -> bool {
    matches!(
        name,
        "abstract"
            | "as"
            | "async"
            | "await"
            | "become"
            | "box"
            | "break"
            | "const"
            | "continue"
            | "do"
            | "dyn"
            | "else"
            | "enum"
            | "false"
            | "final"
            | "fn"
            | "for"
            | "gen"
            | "if"
            | "impl"
            | "in"
            | "let"
            | "loop"
            | "macro"
            | "match"
            | "mod"
            | "move"
            | "mut"
            | "override"
            | "priv"
            | "pub"
            | "ref"
            | "return"
            | "static"
            | "struct"
            | "trait"
            | "true"
            | "try"
            | "type"
            | "typeof"
            | "unsafe"
            | "unsized"
            | "use"
            | "virtual"
            | "where"
            | "while"
            | "yield"
    )
}
