//! What the calls of a server share about REST.

use std::sync::Arc;

use super::{options::Rest, router::Router};
use crate::{
    dispatch::{Registry, Route},
    json,
    method::{HttpRule, Method, ServiceDescriptor},
};

/// The routes of a server and its settings.
pub(crate) struct Site {
    pub(super) router: Router<Arc<Route>>,
    pub(super) settings: Rest,
    pub(super) json: Arc<json::Options>,
}

impl Site {
    /// The routes of these services; the error says which two of them collide.
    pub(crate) fn new<'s>(
        settings: Rest,
        services: impl Iterator<Item = &'s ServiceDescriptor>,
        registry: &Registry,
        json: &json::Options,
    ) -> Result<Self, String> {
        let mut router = Router::default();
        let methods = services.filter(|_| settings.enabled).flat_map(|service| service.methods);
        // What has no JSON cannot be answered.
        for method in methods.filter(|method| method.input.is_some() && method.output.is_some()) {
            let Some(route) = registry.find(method.path) else { continue };
            for rule in method.http {
                match router.add(rule, Arc::clone(route)) {
                    Err(first) if !settings.first_route_wins => return Err(collision(rule, method, first)),
                    _ => {}
                }
            }
        }
        let json = Arc::new(json.clone().emit_defaults(settings.emit_defaults));
        Ok(Self { router, settings, json })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.router.is_empty()
    }

    /// All routes, in the order of the services and of their protos.
    pub(crate) fn routes(&self) -> impl Iterator<Item = (&'static Method, &'static HttpRule)> {
        self.router.targets().iter().map(|(rule, route)| (route.method, *rule))
    }
}

fn collision(rule: &HttpRule, method: &Method, (first, route): &(&HttpRule, Arc<Route>)) -> String {
    format!(
        "the route `{} {}` of {} matches the same requests as `{} {}` of {}; change one of them, or set \
         Rest::first_route_wins to keep that of the service added first",
        rule.verb,
        rule.template.text,
        method.full_name(),
        first.verb,
        first.template.text,
        route.method.full_name(),
    )
}
