//! Packages, from their files.

use super::context::{Context, Site};
use super::layout::PackageNames;
use super::{enums, json, messages, services};
use crate::descriptor::descriptor_set;
use crate::model::{MessageTypes, Module, Package};
use crate::options::{Layout, Options};
use crate::pool::FileId;

pub(super) fn packages(context: &mut Context<'_>) -> Vec<Package> {
    let mut packages = std::mem::take(&mut context.names.packages);
    let mut message_types = json::message_types(context, &mut packages);
    let package = |(name, names): (String, PackageNames)| {
        let message_types = message_types.remove(&name);
        self::package(context, name, names, message_types)
    };
    packages.into_iter().map(package).filter(has_items).collect()
}

fn package(context: &Context<'_>, name: String, names: PackageNames, message_types: Option<MessageTypes>) -> Package {
    let mut scope = names.scope;
    let mut package = Package {
        name,
        module: Module::clone(&names.module),
        messages: Vec::new(),
        enums: Vec::new(),
        services: Vec::new(),
        message_types,
        descriptor_set: None,
    };
    check_file_name(context, &package.name, names.files[0]);
    if context.options.descriptor_set {
        let ident = scope.claim("FILE_DESCRIPTOR_SET");
        let files = context.import_closure(&names.files);
        let set = descriptor_set(files.into_iter().map(|file| &context.pool.file(file).source.raw));
        package.descriptor_set = Some((ident, set));
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
