//! Messages: a struct each, and a module for what is nested in it.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::{doc, docs, enums, json, types};
use crate::model::{Derives, Field, Member, Message, Oneof, Package, Packing, Presence, Shape};

/// The struct, its name, and its module if there is anything in that.
pub(super) fn message(package: &Package, from: &[Ident], message: &Message) -> TokenStream {
    let Message { ident, attributes, .. } = message;
    let docs = docs(&message.docs);
    let derives = derives(message.derives, quote!(Message));
    let debug = message.plain_debug.then(|| quote!(#[derive(Debug)] #[prost(skip_debug)]));
    let fields = message.fields.iter().map(|field| self::field(from, field));
    let oneofs = message.oneofs.iter().map(|oneof| oneof_field(&message.module, oneof));
    let name = name(package, message);
    let json = json::message(from, message);
    let nested = nested(package, from, message);
    quote! {
        #docs
        #attributes
        #derives
        #debug
        #[prost(prost_path = "::rsgrpc::prost")]
        pub struct #ident { #(#fields)* #(#oneofs)* }
        #name
        #json
        #nested
    }
}

fn derives(derives: Derives, prost: TokenStream) -> TokenStream {
    let copy = derives.copy.then(|| quote!(Copy,));
    let eq = derives.eq.then(|| quote!(Eq, Hash,));
    quote!(#[derive(Clone, #copy PartialEq, #eq ::rsgrpc::prost::#prost)])
}

/// The message's name, by which an `Any` finds it.
fn name(package: &Package, message: &Message) -> TokenStream {
    let Message { ident, name, full_name, .. } = message;
    let package = &package.name;
    let url = format!("type.googleapis.com/{full_name}");
    quote! {
        impl ::rsgrpc::prost::Name for #ident {
            const NAME: &'static str = #name;
            const PACKAGE: &'static str = #package;
            fn full_name() -> ::rsgrpc::prost::alloc::string::String {
                ::core::convert::From::from(#full_name)
            }
            fn type_url() -> ::rsgrpc::prost::alloc::string::String {
                ::core::convert::From::from(#url)
            }
        }
    }
}

fn nested(package: &Package, from: &[Ident], message: &Message) -> Option<TokenStream> {
    let Message { module, messages, enums, oneofs, .. } = message;
    let ident = module.last()?;
    let allow = super::allow_inception(from.last(), ident);
    let doc = doc(&format!("What is declared inside the message `{}`.", message.name));
    let messages = messages.iter().map(|nested| self::message(package, module, nested));
    let enums = enums.iter().map(enums::enumeration);
    let oneofs = oneofs.iter().map(|oneof| self::oneof(module, oneof));
    Some(quote! {
        #doc
        #allow
        pub mod #ident { #(#messages)* #(#enums)* #(#oneofs)* }
    })
}

fn field(from: &[Ident], field: &Field) -> TokenStream {
    let Field { ident, attributes, .. } = field;
    let docs = docs(&field.docs);
    let deprecated = field.deprecated.then(|| quote!(#[deprecated]));
    let tag = field.number.to_string();
    let (prost, ty) = shape(from, &field.shape, &tag);
    quote! {
        #docs
        #deprecated
        #[prost(#prost)]
        #attributes
        pub #ident: #ty,
    }
}

/// What prost's attribute says about a field, and the field's type.
fn shape(from: &[Ident], shape: &Shape, tag: &str) -> (TokenStream, TokenStream) {
    match shape {
        Shape::Singular { ty, presence, boxed, default } => {
            let attribute = types::attribute(from, ty);
            let label = match presence {
                Presence::Optional => Some(quote!(, optional)),
                Presence::Required => Some(quote!(, required)),
                Presence::Implicit => None,
            };
            let is_boxed = boxed.then(|| quote!(, boxed));
            let default = default.iter();
            let ty = boxed_type(types::rust_type(from, ty), *boxed);
            let ty = match presence {
                Presence::Optional => quote!(::core::option::Option<#ty>),
                Presence::Required | Presence::Implicit => ty,
            };
            (quote!(#attribute #label #is_boxed, tag = #tag #(, default = #default)*), ty)
        }
        Shape::Repeated { ty, packing } => {
            let attribute = types::attribute(from, ty);
            let expanded = (*packing == Packing::Expanded).then(|| quote!(, packed = "false"));
            let ty = types::rust_type(from, ty);
            let ty = quote!(::rsgrpc::prost::alloc::vec::Vec<#ty>);
            (quote!(#attribute, repeated #expanded, tag = #tag), ty)
        }
        Shape::Map { key, value, ordered } => {
            let types = format!("{}, {}", types::scalar_name(*key), types::map_attribute(from, value));
            let (attribute, map) = if *ordered {
                (quote!(btree_map = #types), quote!(::rsgrpc::prost::alloc::collections::BTreeMap))
            } else {
                (quote!(map = #types), quote!(::std::collections::HashMap))
            };
            let (key, value) = (types::scalar_type(*key), types::rust_type(from, value));
            (quote!(#attribute, tag = #tag), quote!(#map<#key, #value>))
        }
    }
}

fn boxed_type(ty: TokenStream, boxed: bool) -> TokenStream {
    if boxed { quote!(::rsgrpc::prost::alloc::boxed::Box<#ty>) } else { ty }
}

fn oneof_field(module: &[Ident], oneof: &Oneof) -> Option<TokenStream> {
    let Oneof { field, ident, field_attributes, .. } = oneof;
    let module = module.last()?;
    let docs = docs(&oneof.docs);
    let path = format!("{module}::{ident}");
    let tags: Vec<_> = oneof.members.iter().map(|member| member.number.to_string()).collect();
    let tags = tags.join(", ");
    Some(quote! {
        #docs
        #[prost(oneof = #path, tags = #tags)]
        #field_attributes
        pub #field: ::core::option::Option<#module::#ident>,
    })
}

fn oneof(from: &[Ident], oneof: &Oneof) -> TokenStream {
    let Oneof { ident, type_attributes, .. } = oneof;
    let docs = docs(&oneof.docs);
    let derives = derives(oneof.derives, quote!(Oneof));
    let members = oneof.members.iter().map(|member| self::member(from, member));
    quote! {
        #docs
        #type_attributes
        #derives
        #[prost(prost_path = "::rsgrpc::prost")]
        pub enum #ident { #(#members)* }
    }
}

fn member(from: &[Ident], member: &Member) -> TokenStream {
    let Member { variant, attributes, .. } = member;
    let docs = docs(&member.docs);
    let deprecated = member.deprecated.then(|| quote!(#[deprecated]));
    let attribute = types::attribute(from, &member.ty);
    let tag = member.number.to_string();
    let ty = boxed_type(types::rust_type(from, &member.ty), member.boxed);
    quote! {
        #docs
        #deprecated
        #[prost(#attribute, tag = #tag)]
        #attributes
        #variant(#ty),
    }
}
