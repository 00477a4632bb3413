//! Messages, oneofs and enums.

use proc_macro2::{Ident, TokenStream};

use super::json::JsonField;
use super::path::{Module, TypeRef};

/// Lines of Markdown that hold no code block which rustdoc would run.
pub(crate) type Docs = Vec<String>;

pub(crate) struct Message {
    /// Its own name in the proto.
    pub(crate) name: String,
    /// Its name from the package on, such as `a.v1.Outer.Inner`.
    pub(crate) full_name: String,
    pub(crate) ident: Ident,
    pub(crate) docs: Docs,
    pub(crate) attributes: TokenStream,
    pub(crate) derives: Derives,
    /// Prost's own `Debug` names the crate prost for an ordered map, which need not exist where the code is used.
    pub(crate) plain_debug: bool,
    pub(crate) fields: Vec<Field>,
    pub(crate) oneofs: Vec<Oneof>,
    /// In the order of the proto; `None` if JSON is switched off.
    pub(crate) json: Option<Vec<JsonField>>,
    /// The module of what is nested in the message.
    pub(crate) module: Module,
    pub(crate) messages: Vec<Message>,
    pub(crate) enums: Vec<Enum>,
}

/// The traits that all parts of a type allow it to derive.
#[derive(Clone, Copy)]
pub(crate) struct Derives {
    pub(crate) copy: bool,
    /// `Eq` and `Hash`.
    pub(crate) eq: bool,
}

/// A field that is no member of a oneof.
pub(crate) struct Field {
    pub(crate) number: i32,
    pub(crate) ident: Ident,
    pub(crate) docs: Docs,
    pub(crate) attributes: TokenStream,
    pub(crate) deprecated: bool,
    pub(crate) shape: Shape,
}

pub(crate) enum Shape {
    Singular {
        ty: Type,
        presence: Presence,
        boxed: bool,
        /// The value of an unset field, as prost's attribute spells it.
        default: Option<String>,
    },
    Repeated {
        ty: Type,
        packing: Packing,
    },
    Map {
        key: Scalar,
        value: Type,
        /// `BTreeMap` instead of `HashMap`.
        ordered: bool,
    },
}

/// Whether the Rust field is an `Option`, and what is written when it is not.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    Optional,
    /// A default value is not written.
    Implicit,
    /// Always written.
    Required,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    Packed,
    Expanded,
    /// Strings, bytes and messages, whose elements cannot share a record.
    Never,
}

#[derive(Clone)]
pub(crate) enum Type {
    Scalar(Scalar),
    /// `Bytes` instead of `Vec<u8>`.
    SharedBytes,
    Enum(TypeRef),
    Message(TypeRef),
    Group(TypeRef),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Scalar {
    Double,
    Float,
    Int32,
    Int64,
    Uint32,
    Uint64,
    Sint32,
    Sint64,
    Fixed32,
    Fixed64,
    Sfixed32,
    Sfixed64,
    Bool,
    String,
    Bytes,
}

pub(crate) struct Oneof {
    /// The field of the message.
    pub(crate) field: Ident,
    /// The enum, in the message's module.
    pub(crate) ident: Ident,
    pub(crate) docs: Docs,
    pub(crate) field_attributes: TokenStream,
    pub(crate) type_attributes: TokenStream,
    pub(crate) derives: Derives,
    pub(crate) members: Vec<Member>,
}

pub(crate) struct Member {
    pub(crate) number: i32,
    pub(crate) variant: Ident,
    pub(crate) docs: Docs,
    pub(crate) attributes: TokenStream,
    pub(crate) deprecated: bool,
    pub(crate) ty: Type,
    pub(crate) boxed: bool,
}

pub(crate) struct Enum {
    /// Its name from the package on, such as `a.v1.Color`.
    pub(crate) full_name: String,
    pub(crate) json: bool,
    pub(crate) ident: Ident,
    pub(crate) docs: Docs,
    pub(crate) attributes: TokenStream,
    pub(crate) variants: Vec<Variant>,
    /// Further names for numbers that a variant has: the name and the variant's index.
    pub(crate) aliases: Vec<(String, usize)>,
}

pub(crate) struct Variant {
    /// As in the proto.
    pub(crate) name: String,
    pub(crate) number: i32,
    pub(crate) ident: Ident,
    pub(crate) docs: Docs,
    pub(crate) attributes: TokenStream,
    pub(crate) deprecated: bool,
}
