//! The trait that a user implements.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use super::{allow_conventions, docs, paths};
use crate::model::{Method, Service};

pub(super) fn handler(from: &[Ident], service: &Service) -> Option<TokenStream> {
    let handler = &service.server.as_ref()?.handler;
    let docs = docs(&service.docs);
    let allow = allow_conventions(service);
    let methods = service.methods.iter().enumerate().map(|(index, method)| self::method(from, service, index, method));
    Some(quote! {
        #docs
        #allow
        pub trait #handler: ::core::marker::Send + ::core::marker::Sync + 'static {
            #(#methods)*
        }
    })
}

fn method(from: &[Ident], service: &Service, index: usize, method: &Method) -> TokenStream {
    let (descriptor, index) = (&service.descriptor, Literal::usize_unsuffixed(index));
    let ident = &method.ident;
    let docs = docs(&method.docs);
    let (input, output) = (paths::tokens(from, &method.input), paths::tokens(from, &method.output));
    let input = if method.kind.streams_in() { quote!(::rsgrpc::Streaming<#input>) } else { input };
    let (output, unimplemented) = if method.kind.streams_out() {
        let item = quote!(::core::result::Result<#output, ::rsgrpc::Status>);
        let stream = quote!(impl ::rsgrpc::codegen::Stream<Item = #item> + ::core::marker::Send);
        (stream, quote!(unimplemented_streaming))
    } else {
        (output, quote!(unimplemented_unary))
    };
    quote! {
        #docs
        fn #ident(&self, request: ::rsgrpc::Request<#input>) -> impl ::core::future::Future<
            Output = ::core::result::Result<::rsgrpc::Response<#output>, ::rsgrpc::Status>
        > + ::core::marker::Send {
            let _ = request;
            ::rsgrpc::codegen::#unimplemented(&#descriptor.methods[#index])
        }
    }
}
