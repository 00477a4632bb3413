//! The modules and the names of all generated types, so that no two collide.

use std::collections::BTreeMap;

use proc_macro2::Ident;

use super::names;
use super::scopes::{Scope, append};
use crate::diagnostic::Diagnostics;
use crate::model::{Module, TypePath};
use crate::pool::{Definition, FileId, Pool, TypeEntry, TypeId};

pub(super) struct Names {
    /// By type; `None` for a type that is neither generated nor provided by other code.
    pub(super) paths: Vec<Option<TypePath>>,
    /// By type: of what is nested in a message.
    pub(super) modules: Vec<Module>,
    /// By type: of a message's oneofs.
    pub(super) oneofs: Vec<Vec<Ident>>,
    /// By name.
    pub(super) packages: BTreeMap<String, PackageNames>,
}

pub(super) struct PackageNames {
    pub(super) module: Module,
    /// What the package's module contains.
    pub(super) scope: Scope,
    /// In the order of their names.
    pub(super) files: Vec<FileId>,
}

/// Names the types of the selected files; `paths` has those that other code provides.
pub(super) fn names(
    pool: &Pool<'_>,
    selected: &[bool],
    paths: Vec<Option<TypePath>>,
    diagnostics: &mut Diagnostics,
) -> Names {
    let mut packages = packages(pool, selected, diagnostics);
    let root: Module = Module::from([]);
    let mut names = Names {
        modules: vec![root; paths.len()],
        oneofs: vec![Vec::new(); paths.len()],
        packages: BTreeMap::new(),
        paths,
    };
    for package in packages.values_mut() {
        let files = package.files.iter().map(|&file| pool.file(file));
        let (mut messages, mut enums) = (Vec::new(), Vec::new());
        for file in files {
            messages.extend_from_slice(&file.messages);
            enums.extend_from_slice(&file.enums);
        }
        names.add(pool, &package.module, &mut package.scope, &messages, &enums);
    }
    names.packages = packages;
    names
}

impl Names {
    /// Names what one module contains: first the types, which others rely on, then the modules.
    fn add(&mut self, pool: &Pool<'_>, module: &Module, scope: &mut Scope, messages: &[TypeId], enums: &[TypeId]) {
        for &id in messages.iter().chain(enums) {
            let entry = pool.get(id);
            if self.paths[id.0].is_none() && !is_map_entry(entry) {
                let ident = scope.claim(names::camel(entry.simple_name()));
                self.paths[id.0] = Some(TypePath::Local { module: Module::clone(module), ident });
            }
        }
        for &id in messages {
            let entry = pool.get(id);
            let is_local = matches!(self.paths[id.0], Some(TypePath::Local { .. }));
            if is_local && has_module(pool, entry) {
                let inner = scope.claim(names::snake(entry.simple_name()));
                let inner: Module = module.iter().cloned().chain([inner]).collect();
                let mut scope = Scope::default();
                self.add(pool, &inner, &mut scope, &entry.messages, &entry.enums);
                self.oneofs[id.0] = oneofs(pool, entry, &mut scope);
                self.modules[id.0] = inner;
            }
        }
    }
}

/// A oneof with the name of a nested type is told from it by a suffix.
fn oneofs(pool: &Pool<'_>, entry: &TypeEntry<'_>, scope: &mut Scope) -> Vec<Ident> {
    let is_nested = |name: &str| {
        let nested = entry.messages.iter().chain(&entry.enums);
        nested.map(|&id| names::camel(pool.get(id).simple_name())).any(|nested| nested == name)
    };
    let oneofs = entry.message().map(|message| message.oneof_decl.as_slice()).unwrap_or_default();
    let claim = |oneof: &crate::descriptor::Oneof| {
        let mut name = names::camel(&oneof.name);
        if is_nested(&name) || scope.contains(&name) {
            append(&mut name, "OneOf");
        }
        scope.claim(name)
    };
    oneofs.iter().map(claim).collect()
}

fn is_map_entry(entry: &TypeEntry<'_>) -> bool {
    entry.message().is_some_and(|message| message.is_map_entry())
}

/// Whether anything is generated inside a message's module.
fn has_module(pool: &Pool<'_>, entry: &TypeEntry<'_>) -> bool {
    let Some(message) = entry.message() else { return false };
    let has_oneof = || message.field.iter().any(|f| f.oneof_index.is_some() && !f.proto3_optional);
    !entry.enums.is_empty() || entry.messages.iter().any(|&id| !is_map_entry(pool.get(id))) || has_oneof()
}

/// The packages of the selected files. A name that is a module already is no type's any more.
fn packages(pool: &Pool<'_>, selected: &[bool], diagnostics: &mut Diagnostics) -> BTreeMap<String, PackageNames> {
    let mut files: Vec<FileId> = (0..pool.files.len()).filter(|&file| selected[file]).map(FileId).collect();
    files.sort_by_key(|&file| &pool.file(file).file().name);
    let mut packages = BTreeMap::<String, PackageNames>::new();
    for &file in &files {
        let name = &pool.file(file).file().package;
        let package = packages.entry(name.clone()).or_insert_with(|| PackageNames {
            module: parts(name).map(|part| names::ident(&names::snake(part))).collect(),
            scope: Scope::default(),
            files: Vec::new(),
        });
        package.files.push(file);
    }
    let modules: Vec<(String, Module)> =
        packages.iter().map(|(name, package)| (name.clone(), Module::clone(&package.module))).collect();
    for package in packages.values_mut() {
        for (_, module) in &modules {
            if let Some(inner) = module.strip_prefix(&*package.module).and_then(<[Ident]>::first) {
                package.scope.reserve(inner.to_string());
            }
        }
    }
    for pair in sorted_by_module(&modules).windows(2) {
        if let [(first, one), (second, other)] = pair
            && one == other
        {
            let file = packages[second.as_str()].files[0];
            diagnostics.push(pool.diagnose(
                file,
                &[2],
                format!("the packages `{first}` and `{second}` become the same Rust module"),
                "rename one of them",
            ));
        }
    }
    packages
}

fn sorted_by_module(modules: &[(String, Module)]) -> Vec<(&String, &Module)> {
    let mut sorted: Vec<_> = modules.iter().map(|(name, module)| (name, module)).collect();
    sorted.sort_by_key(|&(_, module)| module);
    sorted
}

fn parts(package: &str) -> impl Iterator<Item = &str> {
    package.split('.').filter(|part| !part.is_empty())
}

/// Complains about names of which no Rust identifier can be made.
pub(super) fn check_names(pool: &Pool<'_>, selected: &[bool], diagnostics: &mut Diagnostics) {
    let mut check = |file: FileId, path: &[i32], steps: &[i32], name: &str| {
        if !names::is_usable(name) {
            let path = [path, steps].concat();
            diagnostics.push(pool.diagnose(
                file,
                &path,
                format!("no Rust name can be made of `{name}`"),
                "use letters and digits, beginning with a letter",
            ));
        }
    };
    for entry in pool.types.iter().filter(|entry| selected[entry.file.0]) {
        check(entry.file, &entry.path, &[], entry.simple_name());
        match entry.definition {
            Definition::Message(message) => {
                for (index, field) in (0..).zip(&message.field) {
                    check(entry.file, &entry.path, &[2, index], &field.name);
                }
                for (index, oneof) in (0..).zip(&message.oneof_decl) {
                    check(entry.file, &entry.path, &[8, index], &oneof.name);
                }
            }
            Definition::Enum(definition) => {
                for (index, value) in (0..).zip(&definition.value) {
                    check(entry.file, &entry.path, &[2, index], &value.name);
                }
            }
        }
    }
    for id in (0..pool.files.len()).filter(|&file| selected[file]).map(FileId) {
        let file = pool.file(id).file();
        for part in file.package.split('.').filter(|_| !file.package.is_empty()) {
            check(id, &[2], &[], part);
        }
        for (index, service) in (0..).zip(&file.service) {
            check(id, &[6, index], &[], &service.name);
            for (method_index, method) in (0..).zip(&service.method) {
                check(id, &[6, index], &[2, method_index], &method.name);
            }
        }
    }
}
