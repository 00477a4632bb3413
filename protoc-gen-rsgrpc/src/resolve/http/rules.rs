//! The rules of a method.

use super::Mistake;
use super::bindings::check_bindings;
use super::fields::{check_variable, content, only_mask, top_level_field};
use super::routes::Routes;
use super::template;
use crate::descriptor::{self, Method};
use crate::model::{Body, Content, HttpRule};
use crate::resolve::context::{Context, Site};

/// The extension `google.api.http` among the options of a method.
const HTTP_OPTION: [i32; 2] = [4, 72_295_728];

/// The rule of a method and its additional bindings. What is wrong with them is reported.
pub(crate) fn rules(context: &Context<'_>, site: &Site, method: &Method, routes: &mut Routes) -> Vec<HttpRule> {
    let Some(main) = method.options.as_ref().and_then(|options| options.http.as_ref()) else {
        return Vec::new();
    };
    let site = Site { file: site.file, path: [site.path.as_slice(), &HTTP_OPTION].concat() };
    let mut rules = Vec::with_capacity(1 + main.additional_bindings.len());
    for (index, binding) in std::iter::once(main).chain(&main.additional_bindings).enumerate() {
        let mut mistakes = Vec::new();
        if index > 0 && !binding.additional_bindings.is_empty() {
            mistakes.push(Mistake::new(
                "additional bindings hold further additional bindings",
                "move those up: they are one level deep",
            ));
        }
        if let Some(rule) = rule(context, method, binding, &mut mistakes) {
            match routes.add(&rule, &method.name) {
                Ok(true) => rules.push(rule),
                Ok(false) => {}
                Err(mistake) => mistakes.push(mistake),
            }
        }
        for Mistake { what, mend } in mistakes {
            let which = if index == 0 { String::new() } else { format!(", additional binding {index}") };
            context.report(&site, format!("HTTP rule of rpc `{}`{which}: {what}", method.name), mend);
        }
    }
    rules
}

fn rule(
    context: &Context<'_>,
    method: &Method,
    rule: &descriptor::HttpRule,
    mistakes: &mut Vec<Mistake>,
) -> Option<HttpRule> {
    let Some(pattern) = &rule.pattern else {
        mistakes.push(Mistake::new("it has no path", "write a method and a path such as get: \"/v1/things\""));
        return None;
    };
    let (verb, path) = pattern.parts();
    check_verb(verb, mistakes);
    let pool = context.pool;
    let template = template::parse(path).map_err(|mistake| mistakes.push(mistake)).ok();
    let body = match rule.body.as_str() {
        "" => Body::None,
        "*" => Body::All,
        field => {
            mistakes.extend(top_level_field(pool, &method.input_type, "body", field).err());
            Body::Field(field.to_owned())
        }
    };
    if !matches!(body, Body::None) && matches!(verb, "GET" | "DELETE") {
        let mend = "remove the body, or use another HTTP method";
        mistakes.push(Mistake::new(format!("a {verb} request has no body"), mend));
    }
    if let Some(template) = &template {
        let checks =
            template.variables.iter().map(|variable| check_variable(pool, &method.input_type, &variable.field));
        mistakes.extend(checks.chain([template::check_rest(template)]).filter_map(Result::err));
        mistakes.extend(check_bindings(pool, &method.input_type, template, &body));
    }
    if !rule.response_body.is_empty() {
        let checked = top_level_field(pool, &method.output_type, "response_body", &rule.response_body);
        mistakes.extend(checked.err());
    }
    let (request, update_mask) = match &body {
        Body::None => (Content::Json, None),
        Body::All => (content(pool, &method.input_type, ""), None),
        Body::Field(field) => {
            let mask = (verb == "PATCH").then(|| only_mask(pool, &method.input_type)).flatten();
            (content(pool, &method.input_type, field), mask)
        }
    };
    Some(HttpRule {
        verb: verb.to_owned(),
        template: template?,
        body,
        response_body: rule.response_body.clone(),
        request,
        response: content(pool, &method.output_type, &rule.response_body),
        update_mask: update_mask.unwrap_or_default(),
    })
}

/// `*` or a token of RFC 9110.
fn check_verb(verb: &str, mistakes: &mut Vec<Mistake>) {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if verb.is_empty() || !verb.bytes().all(is_token) {
        mistakes
            .push(Mistake::new(format!("`{verb}` is no HTTP method"), "write one such as \"HEAD\", or \"*\" for any"));
    }
}
