//! Field types: the Rust type, and what prost's attribute says about it.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::paths;
use crate::model::{Scalar, Type};

/// The Rust type of one value.
pub(super) fn rust_type(from: &[Ident], ty: &Type) -> TokenStream {
    match ty {
        Type::Scalar(scalar) => scalar_type(*scalar),
        Type::SharedBytes => quote!(::rsgrpc::prost::bytes::Bytes),
        Type::Enum(_) => quote!(i32),
        Type::Message(reference) | Type::Group(reference) => paths::tokens(from, reference),
    }
}

pub(super) fn scalar_type(scalar: Scalar) -> TokenStream {
    match scalar {
        Scalar::Double => quote!(f64),
        Scalar::Float => quote!(f32),
        Scalar::Int32 | Scalar::Sint32 | Scalar::Sfixed32 => quote!(i32),
        Scalar::Int64 | Scalar::Sint64 | Scalar::Sfixed64 => quote!(i64),
        Scalar::Uint32 | Scalar::Fixed32 => quote!(u32),
        Scalar::Uint64 | Scalar::Fixed64 => quote!(u64),
        Scalar::Bool => quote!(bool),
        Scalar::String => quote!(::rsgrpc::prost::alloc::string::String),
        Scalar::Bytes => quote!(::rsgrpc::prost::alloc::vec::Vec<u8>),
    }
}

/// The first part of `#[prost(…)]`.
pub(super) fn attribute(from: &[Ident], ty: &Type) -> TokenStream {
    match ty {
        Type::Scalar(Scalar::Bytes) => quote!(bytes = "vec"),
        Type::Scalar(scalar) => {
            let name = Ident::new(scalar_name(*scalar), proc_macro2::Span::call_site());
            quote!(#name)
        }
        Type::SharedBytes => quote!(bytes = "bytes"),
        Type::Enum(reference) => {
            let path = paths::text(from, reference);
            quote!(enumeration = #path)
        }
        Type::Message(_) => quote!(message),
        Type::Group(_) => quote!(group),
    }
}

/// What a map's attribute says about its keys or values.
pub(super) fn map_attribute(from: &[Ident], ty: &Type) -> String {
    match ty {
        Type::Scalar(scalar) => scalar_name(*scalar).to_owned(),
        Type::SharedBytes => "bytes".to_owned(),
        Type::Enum(reference) => format!("enumeration({})", paths::text(from, reference)),
        Type::Message(_) | Type::Group(_) => "message".to_owned(),
    }
}

pub(super) fn scalar_name(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Double => "double",
        Scalar::Float => "float",
        Scalar::Int32 => "int32",
        Scalar::Int64 => "int64",
        Scalar::Uint32 => "uint32",
        Scalar::Uint64 => "uint64",
        Scalar::Sint32 => "sint32",
        Scalar::Sint64 => "sint64",
        Scalar::Fixed32 => "fixed32",
        Scalar::Fixed64 => "fixed64",
        Scalar::Sfixed32 => "sfixed32",
        Scalar::Sfixed64 => "sfixed64",
        Scalar::Bool => "bool",
        Scalar::String => "string",
        Scalar::Bytes => "bytes",
    }
}
