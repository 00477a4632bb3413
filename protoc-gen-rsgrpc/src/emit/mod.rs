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

use crate::model::{Docs, Package};

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
