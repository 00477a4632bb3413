//! Which elements of a proto an option is about.

use std::cell::Cell;

use crate::diagnostic::{Diagnostic, Diagnostics};

/// A proto path and what to do with the elements it matches.
#[derive(Clone, Debug)]
pub(crate) struct PathRule {
    path: String,
    value: String,
}

impl PathRule {
    pub(crate) fn new(path: &str, value: &str) -> Self {
        Self { path: path.to_owned(), value: value.to_owned() }
    }

    /// `.` matches everything; a path with a leading dot itself and what is inside; another one the end of a name.
    fn matches(&self, name: &str) -> bool {
        let path = self.path.as_str();
        if path == "." || path == name {
            return true;
        }
        if path.starts_with('.') {
            return name.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'));
        }
        name.strip_suffix(path).is_some_and(|rest| rest.ends_with('.'))
    }
}

/// The rules of one option, and which of them have been of use.
pub(crate) struct PathRules<'a> {
    option: &'static str,
    /// What the paths are to match, for the message about one that does not.
    subject: &'static str,
    rules: Vec<(&'a PathRule, Cell<bool>)>,
}

impl<'a> PathRules<'a> {
    pub(crate) fn new(option: &'static str, subject: &'static str, rules: &'a [PathRule]) -> Self {
        Self { option, subject, rules: rules.iter().map(|rule| (rule, Cell::new(false))).collect() }
    }

    /// Whether a rule matches the full name, which begins with a dot.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.values(name).count() > 0
    }

    /// The values of all rules that match, in the order they were given.
    pub(crate) fn values(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.rules.iter().filter(move |(rule, _)| rule.matches(name)).map(|(rule, used)| {
            used.set(true);
            rule.value.as_str()
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Complains about every rule that has matched nothing.
    pub(crate) fn report_unused(&self, diagnostics: &mut Diagnostics) {
        for (rule, _) in self.rules.iter().filter(|(_, used)| !used.get()) {
            diagnostics.push(Diagnostic::new(
                format!("option `{}`: no {} matches the path `{}`", self.option, self.subject, rule.path),
                "write a full name with a leading dot (`.package.Message.field`) or the end of one without, or remove \
                 the option",
            ));
        }
    }
}
