//! Enums, and their names in the proto.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::{docs, json};
use crate::model::{Enum, Variant};

pub(super) fn enumeration(definition: &Enum) -> TokenStream {
    let Enum { ident, attributes, variants, .. } = definition;
    let docs = docs(&definition.docs);
    let declarations = variants.iter().map(variant);
    let names = variants.iter().map(|variant| {
        let (allow, Variant { ident, name, .. }) = (allow_deprecated(variant), variant);
        quote!(#allow Self::#ident => #name,)
    });
    let own = variants.iter().map(|variant| (variant, &variant.name));
    let aliases = definition.aliases.iter().map(|(name, index)| (&variants[*index], name));
    let values = own.chain(aliases).map(|(variant, name)| {
        let (allow, ident) = (allow_deprecated(variant), &variant.ident);
        quote!(#allow #name => ::core::option::Option::Some(Self::#ident),)
    });
    let json = json::enumeration(definition);
    quote! {
        #docs
        #attributes
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ::rsgrpc::prost::Enumeration)]
        #[prost(prost_path = "::rsgrpc::prost")]
        #[repr(i32)]
        pub enum #ident { #(#declarations)* }
        impl #ident {
            /// The name of the value in the proto file.
            pub fn as_str_name(&self) -> &'static str {
                match self { #(#names)* }
            }
            /// The value with this name in the proto file.
            pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
                match value { #(#values)* _ => ::core::option::Option::None, }
            }
        }
        #json
    }
}

fn variant(variant: &Variant) -> TokenStream {
    let Variant { ident, attributes, .. } = variant;
    let docs = docs(&variant.docs);
    let deprecated = variant.deprecated.then(|| quote!(#[deprecated]));
    let number = Literal::i32_unsuffixed(variant.number);
    quote!(#docs #attributes #deprecated #ident = #number,)
}

/// Whoever names a deprecated value is warned, not who only generates the code.
fn allow_deprecated(variant: &Variant) -> Option<TokenStream> {
    variant.deprecated.then(|| quote!(#[allow(deprecated)]))
}
