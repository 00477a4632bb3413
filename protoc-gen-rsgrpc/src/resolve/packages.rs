//! Packages, from their files.

use std::collections::BTreeSet;

use super::context::{Context, Site};
use super::layout::PackageNames;
use super::{enums, messages, services};
use crate::descriptor::descriptor_set;
use crate::model::{Module, Package};
use crate::options::{Layout, Options};
use crate::pool::FileId;

pub(super) fn packages(context: &mut Context<'_>) -> Vec<Package> {
    let packages = std::mem::take(&mut context.names.packages);
    let packages = packages.into_iter().map(|(name, names)| package(context, name, names));
    packages.filter(has_items).collect()
}

fn package(context: &Context<'_>, name: String, names: PackageNames) -> Package {
    let mut scope = names.scope;
    let mut package = Package {
        name,
        module: Module::clone(&names.module),
        messages: Vec::new(),
        enums: Vec::new(),
        services: Vec::new(),
        descriptor_set: None,
    };
    check_file_name(context, &package.name, names.files[0]);
    if context.options.descriptor_set {
        let ident = scope.claim("FILE_DESCRIPTOR_SET");
        package.descriptor_set = Some((ident, closure(context, &names.files)));
    }
    for &id in &names.files {
        let file = context.pool.file(id);
        package.messages.extend(messages::messages(context, &file.messages));
        package.enums.extend(enums::enums(context, &file.enums));
        for (index, service) in file.file().service.iter().enumerate() {
            let site = Site { file: id, path: vec![6, index as i32] };
            package.services.extend(services::service(context, &mut scope, &site, service));
        }
    }
    package
}

/// A package's file must not be the module file.
fn check_file_name(context: &Context<'_>, name: &str, file: FileId) {
    let Options { layout, module_file, .. } = context.options;
    if *layout == Layout::Packages && module_file.strip_suffix(".rs") == Some(name) {
        context.report(
            &Site { file, path: vec![2] },
            format!("the file of package `{name}` has the name of the module file"),
            "give that another name with the option module_file",
        );
    }
}

/// Whether anything of a package is generated: other code may provide all of it.
fn has_items(package: &Package) -> bool {
    !(package.messages.is_empty() && package.enums.is_empty() && package.services.is_empty())
}

/// The descriptors of the files and of all they import, each after its imports.
fn closure(context: &Context<'_>, files: &[FileId]) -> Vec<u8> {
    let pool = context.pool;
    let mut seen = BTreeSet::new();
    let mut ordered = Vec::new();
    let mut open: Vec<(FileId, bool)> = files.iter().rev().map(|&file| (file, false)).collect();
    while let Some((id, imports_done)) = open.pop() {
        if imports_done {
            ordered.push(&pool.file(id).source.raw);
        } else if seen.insert(id) {
            open.push((id, true));
            let imports = pool.file(id).file().dependency.iter().rev();
            open.extend(imports.filter_map(|name| pool.find_file(name)).map(|import| (import, false)));
        }
    }
    descriptor_set(ordered)
}
