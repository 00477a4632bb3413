//! What a rule sets of the request: no field twice, and of a oneof one member.

use std::slice;

use super::Mistake;
use crate::model::{Body, Template};
use crate::pool::Pool;

/// Each variable beside those before it, of which the first that it clashes with is told, and beside the body.
pub(super) fn check_bindings(pool: &Pool<'_>, type_name: &str, template: &Template, body: &Body) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    for (index, variable) in template.variables.iter().enumerate() {
        let field = variable.field.as_slice();
        let name = field.join(".");
        let told = |both: String, (what, mend)| Mistake::new(format!("in `{}` {both} {what}", template.text), mend);
        mistakes.extend(template.variables[..index].iter().find_map(|other| {
            let clash = clash(pool, type_name, field, &other.field)?;
            Some(told(format!("the variables `{}` and `{name}`", other.field.join(".")), clash))
        }));
        if let Body::Field(body) = body
            // Of what the body carries a variable may set a part.
            && (field.len() == 1 || field.first() != Some(body))
            && let Some(clash) = clash(pool, type_name, field, slice::from_ref(body))
        {
            mistakes.push(told(format!("the body `{body}` and the variable `{name}`"), clash));
        }
    }
    mistakes
}

/// Why no request sets both fields, and how to mend it.
fn clash(pool: &Pool<'_>, type_name: &str, one: &[String], other: &[String]) -> Option<(&'static str, &'static str)> {
    let mut message = pool.find_message(type_name);
    for (one, other) in one.iter().zip(other) {
        let field = |name: &String| message?.field.iter().find(|field| field.name == *name);
        if one != other {
            let oneof = field(one)?.oneof_index?;
            return (field(other)?.oneof_index? == oneof)
                .then_some(("bind members of one oneof, of which a request has one", "bind one of them"));
        }
        message = field(one).and_then(|field| pool.find_message(&field.type_name));
    }
    Some(("bind the same field", "bind each field once"))
}
