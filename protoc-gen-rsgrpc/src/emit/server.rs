//! The server: from calls to the trait.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::doc;
use crate::model::{Method, ServerIdents, Service};

pub(super) fn server(service: &Service) -> Option<TokenStream> {
    let Service { full_name: name, descriptor, parameter, .. } = service;
    let ServerIdents { handler, server } = service.server.as_ref()?;
    let doc = doc(&format!("Serves a [`{handler}`]."));
    let call = call(service, handler);
    Some(quote! {
        #doc
        #[derive(Debug)]
        pub struct #server<#parameter> {
            service: ::std::sync::Arc<#parameter>,
        }
        impl<#parameter: #handler> #server<#parameter> {
            /// Serves this implementation.
            pub fn new(service: #parameter) -> Self {
                Self::from_arc(::std::sync::Arc::new(service))
            }
            /// Serves an implementation that others hold too.
            pub fn from_arc(service: ::std::sync::Arc<#parameter>) -> Self {
                Self { service }
            }
        }
        impl<#parameter> ::core::clone::Clone for #server<#parameter> {
            fn clone(&self) -> Self {
                Self { service: ::std::sync::Arc::clone(&self.service) }
            }
        }
        impl<#parameter> ::rsgrpc::codegen::NamedService for #server<#parameter> {
            const NAME: &'static str = #name;
        }
        impl<#parameter: #handler> ::rsgrpc::Service for #server<#parameter> {
            fn descriptor(&self) -> &'static ::rsgrpc::ServiceDescriptor {
                &#descriptor
            }
            #call
        }
    })
}

fn call(service: &Service, handler: &proc_macro2::Ident) -> TokenStream {
    if service.methods.is_empty() {
        return quote! {
            fn call(&self, _method: usize, call: ::rsgrpc::codegen::ServerCall) -> ::rsgrpc::codegen::Reply {
                call.unknown_method()
            }
        };
    }
    let arms = service.methods.iter().enumerate().map(|(index, method)| arm(index, method, handler));
    quote! {
        fn call(&self, method: usize, mut call: ::rsgrpc::codegen::ServerCall) -> ::rsgrpc::codegen::Reply {
            let service = ::std::sync::Arc::clone(&self.service);
            match method {
                #(#arms)*
                _ => call.unknown_method(),
            }
        }
    }
}

/// The trait's method is named through the trait, because `Arc` has methods of its own.
fn arm(index: usize, method: &Method, handler: &proc_macro2::Ident) -> TokenStream {
    let (index, ident) = (Literal::usize_unsuffixed(index), &method.ident);
    let request = if method.kind.streams_in() { quote!(call.many()) } else { quote!(call.arrival().await.one()?) };
    let result = quote!(#handler::#ident(&*service, request).await);
    let reply =
        if method.kind.streams_out() { quote!(call.stream(#result?).await) } else { quote!(call.outcome(#result)) };
    quote! {
        #index => ::std::boxed::Box::pin(async move {
            let request = #request;
            #reply
        }),
    }
}
