//! Tables: the methods of a service with their HTTP rules, and descriptor sets.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use super::{doc, json, paths};
use crate::model::{
    Body, Content, HttpRule, Idempotency, Method, MethodKind, Package, Segment, Service, Template, TypeRef, Variable,
};

pub(super) fn descriptor_set(ident: &Ident, set: &[u8]) -> TokenStream {
    let doc = doc("The serialized `google.protobuf.FileDescriptorSet` of this package's files and all they import.");
    let set = Literal::byte_string(set);
    quote! {
        #doc
        pub const #ident: &[u8] = #set;
    }
}

pub(super) fn service(package: &Package, service: &Service) -> TokenStream {
    let Service { full_name, descriptor, .. } = service;
    let doc = doc(&format!("The service `{full_name}`: its name, its methods and their options."));
    let methods = service.methods.iter().map(|each| method(&package.module, each));
    let message_types = json::all_message_types(package);
    let set = match &package.descriptor_set {
        Some((ident, _)) => quote!(#ident),
        None => quote!(&[]),
    };
    quote! {
        #doc
        pub static #descriptor: ::rsgrpc::ServiceDescriptor = ::rsgrpc::ServiceDescriptor {
            name: #full_name,
            methods: &[#(#methods),*],
            message_types: &[#(#message_types),*],
            file_descriptor_set: #set,
        };
    }
}

fn method(from: &[Ident], method: &Method) -> TokenStream {
    let path = &method.path;
    let kind = match method.kind {
        MethodKind::Unary => quote!(Unary),
        MethodKind::ServerStreaming => quote!(ServerStreaming),
        MethodKind::ClientStreaming => quote!(ClientStreaming),
        MethodKind::BidiStreaming => quote!(BidiStreaming),
    };
    let idempotency = match method.idempotency {
        Idempotency::Unknown => None,
        Idempotency::NoSideEffects => Some(quote!(.with_idempotency(::rsgrpc::Idempotency::NoSideEffects))),
        Idempotency::Idempotent => Some(quote!(.with_idempotency(::rsgrpc::Idempotency::Idempotent))),
    };
    let input = json_type(from, &method.input, method.input_json.as_deref()).map(|input| quote!(.with_input(#input)));
    let output =
        json_type(from, &method.output, method.output_json.as_deref()).map(|output| quote!(.with_output(#output)));
    let rules = method.http.iter().map(rule);
    let http = (!method.http.is_empty()).then(|| quote!(.with_http(&[#(#rules),*])));
    quote!(::rsgrpc::Method::new(#path, ::rsgrpc::MethodKind::#kind) #idempotency #input #output #http)
}

fn json_type(from: &[Ident], message: &TypeRef, name: Option<&str>) -> Option<TokenStream> {
    let (message, name) = (paths::tokens(from, message), name?);
    Some(quote!(::rsgrpc::json::Type::of::<#message>(#name)))
}

fn rule(rule: &HttpRule) -> TokenStream {
    let HttpRule { verb, response_body, update_mask, .. } = rule;
    let template = template(&rule.template);
    let body = match &rule.body {
        Body::None => quote!(None),
        Body::All => quote!(All),
        Body::Field(name) => quote!(Field(#name)),
    };
    let (request, response) = (content(rule.request), content(rule.response));
    quote! {
        ::rsgrpc::HttpRule {
            verb: #verb,
            template: #template,
            body: ::rsgrpc::BodySelector::#body,
            response_body: #response_body,
            request: #request,
            response: #response,
            update_mask: #update_mask,
        }
    }
}

fn content(content: Content) -> TokenStream {
    match content {
        Content::Json => quote!(::rsgrpc::Content::Json),
        Content::HttpBody => quote!(::rsgrpc::Content::HttpBody),
    }
}

fn template(template: &Template) -> TokenStream {
    let Template { text, verb, .. } = template;
    let segments = template.segments.iter().map(|segment| match segment {
        Segment::Literal(literal) => quote!(::rsgrpc::Segment::Literal(#literal)),
        Segment::Wildcard => quote!(::rsgrpc::Segment::Wildcard),
        Segment::Rest => quote!(::rsgrpc::Segment::Rest),
    });
    let variables = template.variables.iter().map(variable);
    quote! {
        ::rsgrpc::Template {
            text: #text,
            segments: &[#(#segments),*],
            verb: #verb,
            variables: &[#(#variables),*],
        }
    }
}

fn variable(variable: &Variable) -> TokenStream {
    let field = &variable.field;
    let (start, end) = (Literal::usize_unsuffixed(variable.start), Literal::usize_unsuffixed(variable.end));
    quote!(::rsgrpc::Variable { field: &[#(#field),*], start: #start, end: #end })
}
