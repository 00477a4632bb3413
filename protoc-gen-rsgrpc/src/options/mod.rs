//! The options: one table that parses them, documents them and serves both the plugin and build scripts.

mod paths;
mod split;
mod table;

use std::fmt::Write as _;

use crate::diagnostic::{Diagnostic, Diagnostics};
pub(crate) use paths::{PathRule, PathRules};
use split::split_parameter;
use table::KEYS;

/// What to generate and how. Filled by [`Options::parse`] or [`Options::set`]; [`Options::help`] lists the keys.
#[derive(Clone, Debug)]
pub struct Options {
    pub(crate) server: bool,
    pub(crate) client: bool,
    pub(crate) json: bool,
    pub(crate) descriptor_set: bool,
    pub(crate) include_imports: bool,
    pub(crate) duplicate_routes: DuplicateRoutes,
    pub(crate) layout: Layout,
    pub(crate) module_file: String,
    pub(crate) extern_paths: Vec<ExternPath>,
    pub(crate) extern_json: Vec<ExternJson>,
    pub(crate) bytes: Vec<PathRule>,
    pub(crate) btree_map: Vec<PathRule>,
    pub(crate) boxed: Vec<PathRule>,
    pub(crate) type_attributes: Vec<PathRule>,
    pub(crate) message_attributes: Vec<PathRule>,
    pub(crate) enum_attributes: Vec<PathRule>,
    pub(crate) field_attributes: Vec<PathRule>,
}

/// What two HTTP routes of one service with the same shape mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DuplicateRoutes {
    Error,
    /// The one declared first is kept.
    First,
}

/// How the generated code is spread over files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// A file per package, and a module file that nests them.
    Packages,
    /// Everything in the module file.
    Single,
}

/// A proto package or type that Rust code elsewhere provides.
#[derive(Clone, Debug)]
pub(crate) struct ExternPath {
    /// With a leading dot.
    pub(crate) proto: String,
    pub(crate) rust: String,
}

/// Whether what other code provides for a proto package or type has JSON.
#[derive(Clone, Debug)]
pub(crate) struct ExternJson {
    /// With a leading dot.
    pub(crate) proto: String,
    pub(crate) json: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            server: true,
            client: true,
            json: true,
            descriptor_set: true,
            include_imports: false,
            duplicate_routes: DuplicateRoutes::Error,
            layout: Layout::Packages,
            module_file: "mod.rs".to_owned(),
            extern_paths: Vec::new(),
            extern_json: Vec::new(),
            bytes: Vec::new(),
            btree_map: Vec::new(),
            boxed: Vec::new(),
            type_attributes: Vec::new(),
            message_attributes: Vec::new(),
            enum_attributes: Vec::new(),
            field_attributes: Vec::new(),
        }
    }
}

impl Options {
    /// Reads a plugin parameter: `key=value` pairs joined by commas. A key alone means `key=true`; commas inside
    /// brackets or quotes belong to the value.
    ///
    /// # Errors
    /// All unknown keys and bad values, at once.
    pub fn parse(parameter: &str) -> Result<Self, Diagnostics> {
        let (options, mistakes) = Self::read(parameter);
        mistakes.finish(options)
    }

    /// The options of a plugin parameter as far as they can be read, and what is wrong with the others.
    pub(crate) fn read(parameter: &str) -> (Self, Diagnostics) {
        let mut options = Self::default();
        let mut diagnostics = Diagnostics::default();
        for pair in split_parameter(parameter) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, "true"));
            if let Err(diagnostic) = options.set(key.trim(), value.trim()) {
                diagnostics.push(diagnostic);
            }
        }
        (options, diagnostics)
    }

    /// Sets one option; a repeatable one is added to.
    ///
    /// # Errors
    /// If there is no such key, which names those that exist, or the value is none for it.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), Diagnostic> {
        let Some(entry) = KEYS.iter().find(|entry| entry.name == key) else {
            let known: Vec<_> = KEYS.iter().map(|entry| entry.name).collect();
            return Err(Diagnostic::new(
                format!("there is no option `{key}`"),
                format!("the options are: {}", known.join(", ")),
            ));
        };
        (entry.apply)(self, value).map_err(|mend| {
            Diagnostic::new(format!("option `{key}` cannot be `{value}`"), format!("{mend}: {key}={}", entry.value))
        })
    }

    /// The table of options as text, one per line.
    pub fn help() -> String {
        let mut text = String::new();
        for entry in KEYS {
            let key = format!("{}={}", entry.name, entry.value);
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  {key}\n      {}", entry.help);
        }
        text
    }
}
