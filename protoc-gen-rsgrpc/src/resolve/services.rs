//! Services and their methods.

use super::context::{Context, Site};
use super::scopes::Scope;
use super::{http, json, names};
use crate::descriptor;
use crate::model::{Idempotency, Method, MethodKind, ServerIdents, Service, TypePath, TypeRef};

/// `None` if neither servers nor clients are wanted.
pub(super) fn service(
    context: &Context<'_>,
    scope: &mut Scope,
    site: &Site,
    service: &descriptor::Service,
) -> Option<Service> {
    let options = context.options;
    if !options.server && !options.client {
        return None;
    }
    let package = &context.pool.file(site.file).file().package;
    let full_name = if package.is_empty() { service.name.clone() } else { format!("{package}.{}", service.name) };
    let name = names::camel(&service.name);
    // Only a keyword ends with an underscore, and needs none with a suffix.
    let plain = name.trim_start_matches("r#").trim_end_matches('_');
    let mut idents = Scope::default();
    // The constructor of the client.
    idents.reserve("new");
    let mut routes = http::Routes::new(options.duplicate_routes);
    let methods = service.method.iter().enumerate().filter_map(|(index, descriptor)| {
        method(context, &full_name, &site.child(2, index), descriptor, &mut idents, &mut routes)
    });
    let methods = methods.collect();
    Some(Service {
        docs: context.docs(site),
        server: options.server.then(|| ServerIdents {
            handler: scope.claim(name.clone()),
            server: scope.claim(format!("{plain}Server")),
        }),
        client: options.client.then(|| scope.claim(format!("{plain}Client"))),
        descriptor: scope.claim(names::shouty(&service.name)),
        parameter: scope.unused("T"),
        full_name,
        methods,
    })
}

fn method(
    context: &Context<'_>,
    service: &str,
    site: &Site,
    method: &descriptor::Method,
    idents: &mut Scope,
    routes: &mut http::Routes,
) -> Option<Method> {
    let input = message(context, site, &method.input_type);
    let output = message(context, site, &method.output_type);
    let http = http::rules(context, site, method, routes);
    let options = method.options.as_ref();
    let ((input, input_json), (output, output_json)) = (input?, output?);
    Some(Method {
        path: format!("/{service}/{}", method.name),
        ident: idents.claim(names::snake(&method.name)),
        docs: context.docs(site),
        deprecated: options.is_some_and(|options| options.deprecated),
        kind: match (method.client_streaming, method.server_streaming) {
            (false, false) => MethodKind::Unary,
            (false, true) => MethodKind::ServerStreaming,
            (true, false) => MethodKind::ClientStreaming,
            (true, true) => MethodKind::BidiStreaming,
        },
        idempotency: match options.map_or(0, |options| options.idempotency_level) {
            1 => Idempotency::NoSideEffects,
            2 => Idempotency::Idempotent,
            _ => Idempotency::Unknown,
        },
        input,
        output,
        input_json,
        output_json,
        http,
    })
}

/// A message, and its full proto name if it has JSON.
fn message(context: &Context<'_>, site: &Site, name: &str) -> Option<(TypeRef, Option<String>)> {
    let reference = context.type_ref(site, name)?;
    let has_json = match &reference.path {
        TypePath::Extern { json, .. } => json::has_json(context, site, json),
        TypePath::Local { .. } => context.options.json,
    };
    Some((reference, has_json.then(|| name.trim_start_matches('.').to_owned())))
}
