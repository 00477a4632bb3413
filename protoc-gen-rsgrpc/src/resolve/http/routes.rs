//! The routes of one service.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::Mistake;
use crate::model::{HttpRule, Segment};
use crate::options::DuplicateRoutes;

/// The shapes so far, each with the rpc that has it.
pub(crate) struct Routes {
    seen: HashMap<Shape, String>,
    duplicates: DuplicateRoutes,
}

/// What a request is matched by: variables bind what is matched, but change nothing about it.
#[derive(PartialEq, Eq, Hash)]
struct Shape {
    verb: String,
    segments: Vec<Segment>,
    template_verb: String,
}

impl Routes {
    pub(crate) fn new(duplicates: DuplicateRoutes) -> Self {
        Self { seen: HashMap::new(), duplicates }
    }

    /// Whether the rule counts: another rule of the same shape is a mistake, or passed over if an option says so.
    pub(super) fn add(&mut self, rule: &HttpRule, method: &str) -> Result<bool, Mistake> {
        let shape = Shape {
            verb: rule.verb.clone(),
            segments: rule.template.segments.clone(),
            template_verb: rule.template.verb.clone(),
        };
        match self.seen.entry(shape) {
            Entry::Vacant(vacant) => {
                vacant.insert(method.to_owned());
                Ok(true)
            }
            Entry::Occupied(_) if self.duplicates == DuplicateRoutes::First => Ok(false),
            Entry::Occupied(first) => Err(Mistake::new(
                format!(
                    "the route `{} {}` matches the same requests as one of rpc `{}`",
                    rule.verb,
                    rule.template.text,
                    first.get()
                ),
                "change one of them, or set duplicate_routes=first to keep the first",
            )),
        }
    }
}
