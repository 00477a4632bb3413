//! Running prost-build on a case.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use generator_tests::Outcome;
use prost_build::{Config, Module};
use prost_types::FileDescriptorProto;

use crate::case::Case;
use crate::deliberate::TOLD;
use crate::facts::{Facts, Reader};

/// What prost-build prints for the packages of a case, which are those of the requested files and those that `also`
/// has files for. Its panics are errors here.
pub(crate) fn facts(case: &Case, also: &BTreeMap<String, String>) -> Outcome<Facts> {
    let files = case.lowered.file.clone();
    let is_asked_for = |file: &FileDescriptorProto| {
        case.files.iter().any(|name| name == file.name()) || also.contains_key(&format!("{}.rs", file.package()))
    };
    let packages: BTreeSet<Module> = files
        .iter()
        .filter(|file| is_asked_for(file))
        .map(|file| Module::from_protobuf_package_name(file.package()))
        .collect();
    let requests = files.into_iter().map(|file| (Module::from_protobuf_package_name(file.package()), file)).collect();
    let mut config = config(case)?;
    let modules = catch_unwind(AssertUnwindSafe(|| config.generate(requests)))
        .map_err(|panic| panic.downcast::<String>().map_or_else(|_| "a panic".to_owned(), |text| *text))??;
    let files = BTreeMap::new();
    let mut reader = Reader { files: &files, facts: Facts::new() };
    for (module, text) in modules.iter().filter(|(module, _)| packages.contains(module)) {
        let path: Vec<_> = module.parts().map(str::to_owned).collect();
        reader.text(&path, text)?;
        for length in 1..=path.len() {
            reader.facts.insert(path[..length].join("::"), "pub mod".to_owned());
        }
    }
    Ok(reader.facts)
}

/// Options that change nothing of what is compared.
const NOT_OF_MESSAGES: [&str; 9] = [
    "client",
    "descriptor_set",
    "duplicate_routes",
    "extern_json",
    "include_imports",
    "json",
    "layout",
    "module_file",
    "server",
];

/// The settings of a case that are about messages.
fn config(case: &Case) -> Outcome<Config> {
    let mut config = Config::new();
    config.prost_path("::rsgrpc::prost").prost_types_path("::rsgrpc::prost_types").format(false);
    config.enable_type_names().type_name_domain(["."], "type.googleapis.com");
    let (mut bytes, mut btree_maps) = (Vec::new(), Vec::new());
    let own = case.options.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let told = TOLD.iter().filter(|told| told.case == case.name).flat_map(|told| told.options.iter().copied());
    for (key, value) in own.chain(told) {
        match key {
            "bytes" => bytes.push(value),
            "btree_map" => btree_maps.push(value),
            "boxed" => drop(config.boxed(value)),
            _ if NOT_OF_MESSAGES.contains(&key) => {}
            _ => {
                let (path, value) = value.split_once('=').ok_or("the option has no second value")?;
                match key {
                    "extern_path" => config.extern_path(path, value),
                    "type_attribute" => config.type_attribute(path, value),
                    "message_attribute" => config.message_attribute(path, value),
                    "enum_attribute" => config.enum_attribute(path, value),
                    "field_attribute" => config.field_attribute(path, value),
                    _ => return Err(format!("say what the option `{key}` is for prost-build").into()),
                };
            }
        }
    }
    config.bytes(bytes).btree_map(btree_maps);
    Ok(config)
}
