//! One namespace of Rust, in which no two things may have the same name.

use std::collections::HashSet;

use proc_macro2::Ident;

use super::names;

#[derive(Default)]
pub(super) struct Scope {
    taken: HashSet<String>,
}

impl Scope {
    /// The name itself, or the name and as many underscores as make it unique.
    pub(super) fn claim(&mut self, name: impl Into<String>) -> Ident {
        let mut name = name.into();
        while !self.taken.insert(name.clone()) {
            append(&mut name, "_");
        }
        names::ident(&name)
    }

    /// A name like `name` that nothing has so far, without taking it.
    pub(super) fn unused(&self, name: &str) -> Ident {
        let mut name = name.to_owned();
        while self.taken.contains(&name) {
            append(&mut name, "_");
        }
        names::ident(&name)
    }

    /// Takes a name that something else uses already.
    pub(super) fn reserve(&mut self, name: impl Into<String>) {
        self.taken.insert(name.into());
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.taken.contains(name)
    }
}

/// A keyword with a suffix is none any more.
pub(super) fn append(name: &mut String, suffix: &str) {
    if let Some(keyword) = name.strip_prefix("r#") {
        *name = keyword.to_owned();
    }
    name.push_str(suffix);
}
