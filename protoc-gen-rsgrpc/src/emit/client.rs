//! The client: a method for each rpc.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use super::{allow_conventions, doc, docs, paths};
use crate::model::{Method, MethodKind, Service};

pub(super) fn client(from: &[Ident], service: &Service) -> Option<TokenStream> {
    let (client, descriptor) = (service.client.as_ref()?, &service.descriptor);
    let doc = doc(&format!("Calls `{}`.", service.full_name));
    let methods = service.methods.iter().enumerate().map(|(index, method)| self::method(from, service, index, method));
    let allow = allow_conventions(service);
    // Without methods nothing calls through it.
    let unused = service.methods.is_empty().then(|| quote!(#[allow(dead_code)]));
    Some(quote! {
        #doc
        #[derive(Clone, Debug)]
        pub struct #client {
            #unused
            client: ::rsgrpc::Client,
        }
        #allow
        impl #client {
            /// A client over a channel, or over a server in the same process.
            pub fn new(channel: impl ::core::convert::Into<::rsgrpc::Client>) -> Self {
                let client: ::rsgrpc::Client = ::core::convert::Into::into(channel);
                Self { client: client.of(&#descriptor) }
            }
            #(#methods)*
        }
    })
}

fn method(from: &[Ident], service: &Service, index: usize, method: &Method) -> TokenStream {
    let (descriptor, index) = (&service.descriptor, Literal::usize_unsuffixed(index));
    let ident = &method.ident;
    let docs = docs(&method.docs);
    let deprecated = method.deprecated.then(|| quote!(#[deprecated]));
    let (input, output) = (paths::tokens(from, &method.input), paths::tokens(from, &method.output));
    let (call, start) = match method.kind {
        MethodKind::Unary => (quote!(UnaryCall), quote!(unary)),
        MethodKind::ServerStreaming => (quote!(ServerStreamingCall), quote!(server_streaming)),
        MethodKind::ClientStreaming => (quote!(ClientStreamingCall), quote!(client_streaming)),
        MethodKind::BidiStreaming => (quote!(BidiStreamingCall), quote!(bidi_streaming)),
    };
    if !method.kind.streams_in() {
        return quote! {
            #docs
            #deprecated
            pub fn #ident(
                &self,
                request: impl ::rsgrpc::IntoRequest<#input>
            ) -> ::rsgrpc::#call<'_, #input, #output> {
                self.client.#start(&#descriptor.methods[#index], request)
            }
        };
    }
    let stream = &service.parameter;
    quote! {
        #docs
        #deprecated
        pub fn #ident<#stream>(&self, requests: #stream) -> ::rsgrpc::#call<'_, #stream::Stream, #output>
        where
            #stream: ::rsgrpc::IntoStreamingRequest<Message = #input>,
        {
            self.client.#start(&#descriptor.methods[#index], requests)
        }
    }
}
