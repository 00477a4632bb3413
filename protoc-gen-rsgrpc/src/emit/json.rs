//! JSON: the tables of messages and enums, and where their fields are.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use super::{doc, paths};
use crate::model::{Access, Enum, JsonField, Message, Package};

pub(super) fn message(from: &[Ident], message: &Message) -> Option<TokenStream> {
    let fields = message.json.as_ref()?;
    let (ident, name) = (&message.ident, &message.full_name);
    let entries = fields.iter().map(|field| entry(from, field));
    let names = names(fields);
    let read = accessor(fields, |field| read(message, field), quote!(r.no_field(index)));
    let write = accessor(fields, |field| write(message, field), quote!(w.no_field(index)));
    // Whoever names a deprecated field is warned, not who only generates the code.
    let is_deprecated = message.fields.iter().any(|field| field.deprecated)
        || message.oneofs.iter().flat_map(|oneof| &oneof.members).any(|member| member.deprecated);
    let allow = is_deprecated.then(|| quote!(#[allow(deprecated)]));
    let result = quote!(::core::result::Result<(), ::rsgrpc::json::Error>);
    Some(quote! {
        #allow
        const _: () = {
            static TABLE: ::rsgrpc::json::Table = ::rsgrpc::json::Table {
                name: #name,
                fields: &[#(#entries),*],
                names: &[#(#names),*],
            };
            impl ::rsgrpc::json::Fields for #ident {
                fn read_field(&mut self, index: usize, r: &mut ::rsgrpc::json::Reader<'_>) -> #result {
                    #read
                }
                fn write_field(&self, index: usize, w: &mut ::rsgrpc::json::Writer<'_>) -> #result {
                    #write
                }
            }
            impl ::rsgrpc::json::Json for #ident {
                fn read(&mut self, r: &mut ::rsgrpc::json::Reader<'_>) -> #result {
                    r.object(&TABLE, self)
                }
                fn write(&self, w: &mut ::rsgrpc::json::Writer<'_>) -> #result {
                    w.object(&TABLE, self)
                }
            }
        };
        ::rsgrpc::impl_serde!(#ident);
    })
}

fn entry(from: &[Ident], field: &JsonField) -> TokenStream {
    let JsonField { name, json_name, .. } = field;
    let key = format!("{}:", quoted(json_name));
    let enumeration = field.enumeration.as_ref().filter(|_| field.without_json.is_none()).map(|reference| {
        let path = paths::tokens(from, reference);
        quote!(.of_enum(<#path as ::rsgrpc::json::Enumeration>::TABLE))
    });
    let nullable = field.nullable.then(|| quote!(.nullable()));
    quote!(::rsgrpc::json::Field::new(#name, #json_name, #key) #enumeration #nullable)
}

/// Every spelling of every field with the field's index, sorted. The JSON name of one field may be the proto name of
/// another: then it is the JSON name.
fn names(fields: &[JsonField]) -> Vec<TokenStream> {
    let spellings =
        |(index, field): (usize, &JsonField)| [(field.json_name.clone(), 0, index), (field.name.clone(), 1, index)];
    let mut names: Vec<_> = fields.iter().enumerate().flat_map(spellings).collect();
    names.sort();
    names.dedup_by(|a, b| a.0 == b.0);
    let name = |(name, _, index): (String, u8, usize)| {
        let index = Literal::usize_unsuffixed(index);
        quote!((#name, #index))
    };
    names.into_iter().map(name).collect()
}

/// A body that does something with the field of an index.
fn accessor(fields: &[JsonField], arm: impl Fn(&JsonField) -> TokenStream, otherwise: TokenStream) -> TokenStream {
    let arms = fields.iter().enumerate().map(|(index, field)| {
        let (index, arm) = (Literal::usize_unsuffixed(index), arm(field));
        quote!(#index => #arm,)
    });
    match fields {
        [] => otherwise,
        _ => quote!(match index { #(#arms)* _ => #otherwise, }),
    }
}

fn read(message: &Message, field: &JsonField) -> TokenStream {
    if let Some(name) = &field.without_json {
        return quote!(r.without_json(#name));
    }
    match &field.access {
        Access::Implicit(ident) | Access::Required(ident) => quote!(r.value(&mut self.#ident)),
        Access::Optional(ident) => quote!(r.optional(&mut self.#ident)),
        Access::Repeated(ident) => quote!(r.repeated(&mut self.#ident)),
        Access::Map(ident) => quote!(r.map(&mut self.#ident)),
        Access::Member { oneof, ident, variant } => {
            let variant = self::variant(message, ident, variant);
            quote! {
                match &mut self.#oneof {
                    ::core::option::Option::Some(#variant(value)) => r.value(value),
                    slot => r.member(slot, #variant),
                }
            }
        }
    }
}

fn write(message: &Message, field: &JsonField) -> TokenStream {
    if let Some(name) = &field.without_json {
        return write_without_json(message, field, name);
    }
    match &field.access {
        Access::Implicit(ident) => quote!(w.implicit(&self.#ident)),
        Access::Required(ident) => quote!(w.required(&self.#ident)),
        Access::Optional(ident) => quote!(w.optional(&self.#ident)),
        Access::Repeated(ident) => quote!(w.repeated(&self.#ident)),
        Access::Map(ident) => quote!(w.map(&self.#ident)),
        Access::Member { oneof, ident, variant } => {
            let variant = self::variant(message, ident, variant);
            quote! {
                match &self.#oneof {
                    ::core::option::Option::Some(#variant(value)) => w.required(value),
                    _ => w.no_member(#variant),
                }
            }
        }
    }
}

/// A field whose type has no JSON can be left out only while it is not set.
fn write_without_json(message: &Message, field: &JsonField, name: &str) -> TokenStream {
    let is_set = match &field.access {
        Access::Implicit(ident) => quote!(self.#ident != 0),
        Access::Required(_) => quote!(true),
        Access::Optional(ident) => quote!(self.#ident.is_some()),
        Access::Repeated(ident) | Access::Map(ident) => quote!(!self.#ident.is_empty()),
        Access::Member { oneof, ident, variant } => {
            let variant = self::variant(message, ident, variant);
            quote!(::core::matches!(self.#oneof, ::core::option::Option::Some(#variant(_))))
        }
    };
    quote!(w.without_json(#is_set, #name))
}

fn variant(message: &Message, ident: &Ident, variant: &Ident) -> TokenStream {
    let module = message.module.last();
    quote!(#module::#ident::#variant)
}

pub(super) fn enumeration(definition: &Enum) -> Option<TokenStream> {
    let Enum { ident, full_name, variants, aliases, json, .. } = definition;
    let mut numbers: Vec<_> = variants.iter().map(|variant| (variant.number, &variant.name)).collect();
    let mut names: Vec<_> = numbers.iter().map(|&(number, name)| (name, number)).collect();
    names.extend(aliases.iter().filter_map(|(name, index)| Some((name, variants.get(*index)?.number))));
    numbers.sort();
    names.sort();
    let numbers = numbers.into_iter().map(|(number, name)| {
        let number = Literal::i32_unsuffixed(number);
        quote!((#number, #name))
    });
    let names = names.into_iter().map(|(name, number)| {
        let number = Literal::i32_unsuffixed(number);
        quote!((#name, #number))
    });
    json.then(|| {
        quote! {
            impl ::rsgrpc::json::Enumeration for #ident {
                const TABLE: &'static ::rsgrpc::json::Enum = &::rsgrpc::json::Enum {
                    name: #full_name,
                    numbers: &[#(#numbers),*],
                    names: &[#(#names),*],
                };
            }
        }
    })
}

/// The list of the package's messages.
pub(super) fn message_types(package: &Package) -> Option<TokenStream> {
    let ident = &package.message_types.as_ref()?.ident;
    let doc = doc("The messages of this package, for the registry in which an `Any` finds its type.");
    let mut types = Vec::new();
    collect(&quote!(), &package.messages, &mut types);
    Some(quote! {
        #doc
        pub const #ident: &[::rsgrpc::json::Type] = &[#(#types),*];
    })
}

fn collect(module: &TokenStream, messages: &[Message], types: &mut Vec<TokenStream>) {
    for message in messages {
        let (ident, name) = (&message.ident, &message.full_name);
        types.push(quote!(::rsgrpc::json::Type::of::<#module #ident>(#name)));
        if let Some(inner) = message.module.last() {
            collect(&quote!(#module #inner::), &message.messages, types);
        }
    }
}

/// The lists of the package and of those it imports.
pub(super) fn all_message_types(package: &Package) -> Vec<TokenStream> {
    let Some(types) = &package.message_types else { return Vec::new() };
    let own = &types.ident;
    let imported = types.imported.iter().map(|(module, ident)| paths::item(&package.module, module, ident));
    std::iter::once(quote!(#own)).chain(imported).collect()
}

/// A JSON string.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\0'..='\x1f' => quoted.push_str(&format!("\\u{:04x}", u32::from(character))),
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}
