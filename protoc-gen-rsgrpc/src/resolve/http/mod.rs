//! `google.api.http`: parsed, and checked against the messages of the method.

mod bindings;
mod fields;
mod routes;
mod rules;
mod template;

pub(super) use routes::Routes;
pub(super) use rules::rules;

/// The template alone.
#[cfg(feature = "fuzzing")]
pub(crate) fn template(text: &str) -> Option<crate::model::Template> {
    template::parse(text).ok().filter(|template| template::check_rest(template).is_ok())
}

/// What is wrong with a rule, and how to mend it.
#[derive(Debug, PartialEq, Eq)]
struct Mistake {
    what: String,
    mend: String,
}

impl Mistake {
    fn new(what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { what: what.into(), mend: mend.into() }
    }
}
