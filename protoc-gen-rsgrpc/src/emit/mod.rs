//! Rust tokens from the model. Nothing is decided here.

mod client;
mod descriptor;
mod enums;
mod handler;
mod json;
mod messages;
mod paths;
mod server;
mod types;

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use crate::model::{Docs, Method, Package, Service};

/// The items of one package.
pub(crate) fn package(package: &Package) -> TokenStream {
    let module = &package.module;
    let mut items = TokenStream::new();
    if let Some((ident, set)) = &package.descriptor_set {
        items.extend(descriptor::descriptor_set(ident, set));
    }
    items.extend(package.messages.iter().map(|message| messages::message(package, module, message)));
    items.extend(package.enums.iter().map(enums::enumeration));
    items.extend(json::message_types(package));
    for service in &package.services {
        items.extend(descriptor::service(package, service));
        items.extend(handler::handler(module, service));
        items.extend(server::server(service));
        items.extend(client::client(module, service));
    }
    items
}

/// What clippy must be told of a module with the name of the one around it.
pub(crate) fn allow_inception(outer: Option<&Ident>, inner: &Ident) -> Option<TokenStream> {
    (outer == Some(inner)).then(|| quote!(#[allow(clippy::module_inception)]))
}

/// What clippy must be told of rpcs whose names it has ideas about: methods that take what they are called on.
fn allow_conventions(service: &Service) -> Option<TokenStream> {
    let is_told = |method: &Method| ["from_", "into_"].iter().any(|start| method.ident.to_string().starts_with(start));
    service.methods.iter().any(is_told).then(|| quote!(#[allow(clippy::wrong_self_convention)]))
}

fn docs(lines: &Docs) -> TokenStream {
    lines.iter().map(|line| doc(line)).collect()
}

fn doc(line: &str) -> TokenStream {
    let line = match line {
        "" => Literal::string(""),
        line => Literal::string(&format!(" {line}")),
    };
    quote!(#[doc = #line])
}
