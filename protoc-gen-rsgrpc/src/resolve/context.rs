//! What every part of the resolution works with.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use proc_macro2::TokenStream;

use super::docs::markdown;
use super::facts::Facts;
use super::layout::Names;
use super::{externs, layout, selection};
use crate::descriptor::Field;
use crate::diagnostic::Diagnostics;
use crate::model::{Docs, TypeRef};
use crate::options::{Options, PathRules};
use crate::pool::{FileId, Pool, TypeId};
use crate::request::Request;

pub(super) struct Context<'a> {
    pub(super) pool: &'a Pool<'a>,
    pub(super) options: &'a Options,
    pub(super) rules: Rules<'a>,
    pub(super) names: Names,
    pub(super) facts: Facts,
    /// The extern paths of which it was complained that nobody says whether they have JSON.
    pub(super) unsaid_json: RefCell<BTreeSet<Rc<str>>>,
    diagnostics: RefCell<Diagnostics>,
}

/// The options that are about paths.
pub(super) struct Rules<'a> {
    pub(super) bytes: PathRules<'a>,
    pub(super) btree_map: PathRules<'a>,
    pub(super) boxed: PathRules<'a>,
    pub(super) types: PathRules<'a>,
    pub(super) messages: PathRules<'a>,
    pub(super) enums: PathRules<'a>,
    pub(super) fields: PathRules<'a>,
}

/// Where an element is: its file, and the path to its descriptor within it.
pub(super) struct Site {
    pub(super) file: FileId,
    pub(super) path: Vec<i32>,
}

impl Site {
    pub(super) fn child(&self, number: i32, index: usize) -> Self {
        Self { file: self.file, path: [self.path.as_slice(), &[number, index as i32]].concat() }
    }
}

impl<'a> Context<'a> {
    pub(super) fn new(
        pool: &'a Pool<'a>,
        request: &Request,
        options: &'a Options,
        mut diagnostics: Diagnostics,
    ) -> Self {
        let requested = selection::requested(pool, request, &mut diagnostics);
        let externs = externs::externs(pool, &requested, options, &mut diagnostics);
        let mut selected = requested;
        if options.include_imports {
            selection::include_imports(pool, &mut selected, |id| externs[id.0].is_some());
        }
        layout::check_names(pool, &selected, &mut diagnostics);
        let names = layout::names(pool, &selected, externs, &mut diagnostics);
        let rules = Rules::new(options);
        let facts = Facts::new(pool, |message, field| rules.boxes(pool, message, field));
        Self {
            pool,
            options,
            rules,
            names,
            facts,
            unsaid_json: RefCell::default(),
            diagnostics: RefCell::new(diagnostics),
        }
    }

    pub(super) fn finish<T>(self, value: T) -> Result<T, Diagnostics> {
        let mut diagnostics = self.diagnostics.into_inner();
        self.rules.report_unused(&mut diagnostics);
        diagnostics.finish(value)
    }

    pub(super) fn report(&self, site: &Site, what: impl Into<String>, mend: impl Into<String>) {
        let diagnostic = self.pool.diagnose(site.file, &site.path, what, mend);
        self.diagnostics.borrow_mut().push(diagnostic);
    }

    /// The Rust documentation of an element.
    pub(super) fn docs(&self, site: &Site) -> Docs {
        let (leading, trailing) = self.pool.file(site.file).locations().comments(&site.path);
        markdown(leading, trailing)
    }

    /// The files and all they import, each after its imports.
    pub(super) fn import_closure(&self, files: &[FileId]) -> Vec<FileId> {
        let mut seen = BTreeSet::new();
        let mut ordered = Vec::new();
        let mut open: Vec<(FileId, bool)> = files.iter().rev().map(|&file| (file, false)).collect();
        while let Some((id, imports_done)) = open.pop() {
            if imports_done {
                ordered.push(id);
            } else if seen.insert(id) {
                open.push((id, true));
                let imports = self.pool.file(id).file().dependency.iter().rev();
                open.extend(imports.filter_map(|name| self.pool.find_file(name)).map(|import| (import, false)));
            }
        }
        ordered
    }

    /// Finds the type that an element at `site` refers to.
    pub(super) fn type_ref(&self, site: &Site, name: &str) -> Option<TypeRef> {
        let Some(id) = self.pool.find(name) else {
            self.report(
                site,
                format!("the type `{}` is not declared", name.trim_start_matches('.')),
                "declare it, or import the file that does",
            );
            return None;
        };
        match &self.names.paths[id.0] {
            Some(path) => Some(TypeRef { path: path.clone() }),
            None => {
                self.report_ungenerated(site, id);
                None
            }
        }
    }

    fn report_ungenerated(&self, site: &Site, id: TypeId) {
        let entry = self.pool.get(id);
        let (name, file) = (entry.full_name(), self.pool.file(entry.file).file());
        let mend = match file.package.as_str() {
            "google.protobuf" => format!("map it: extern_path=.{name}=::your::Type"),
            package => format!(
                "generate that file too (with buf: `strategy: all`), set include_imports=true, or map it: \
                 extern_path=.{package}=::your::module"
            ),
        };
        self.report(site, format!("`{name}` is declared in {}, which is not generated", file.name), mend);
    }
}

impl<'a> Rules<'a> {
    fn new(options: &'a Options) -> Self {
        Self {
            bytes: PathRules::new("bytes", "bytes field", &options.bytes),
            btree_map: PathRules::new("btree_map", "map field", &options.btree_map),
            boxed: PathRules::new("boxed", "singular message field", &options.boxed),
            types: PathRules::new("type_attribute", "type", &options.type_attributes),
            messages: PathRules::new("message_attribute", "message", &options.message_attributes),
            enums: PathRules::new("enum_attribute", "enum or oneof", &options.enum_attributes),
            fields: PathRules::new("field_attribute", "field or enum value", &options.field_attributes),
        }
    }

    /// Whether the option `boxed` names a field, by the message or by the oneof it is in.
    pub(super) fn boxes(&self, pool: &Pool<'_>, message: TypeId, field: &Field) -> bool {
        if self.boxed.is_empty() {
            return false;
        }
        let entry = pool.get(message);
        let oneof = field.oneof_index.and_then(|index| {
            let oneofs = &entry.message()?.oneof_decl;
            oneofs.get(usize::try_from(index).ok()?)
        });
        self.boxed.contains(&format!("{}.{}", entry.name, field.name))
            || oneof.is_some_and(|oneof| self.boxed.contains(&format!("{}.{}.{}", entry.name, oneof.name, field.name)))
    }

    fn report_unused(&self, diagnostics: &mut Diagnostics) {
        let all = [&self.bytes, &self.btree_map, &self.boxed, &self.types, &self.messages, &self.enums, &self.fields];
        for rules in all {
            rules.report_unused(diagnostics);
        }
    }
}

/// The attributes that rules put on an element.
pub(super) fn attributes<'a>(rules: impl IntoIterator<Item = &'a PathRules<'a>>, name: &str) -> TokenStream {
    // The option's parser lets nothing through that is no attribute.
    let parse = |text: &str| text.parse::<TokenStream>().unwrap_or_default();
    rules.into_iter().flat_map(|rules| rules.values(name)).map(parse).collect()
}
