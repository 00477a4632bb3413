//! Types that are not generated because other Rust code provides them.

use std::rc::Rc;

use proc_macro2::TokenStream;

use super::names;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{ExternJson, TypePath};
use crate::options::Options;
use crate::pool::{Pool, TypeEntry};

/// The Rust type of every type that has an extern path, by type.
pub(super) fn externs(
    pool: &Pool<'_>,
    requested: &[bool],
    options: &Options,
    diagnostics: &mut Diagnostics,
) -> Vec<Option<TypePath>> {
    let paths = &options.extern_paths;
    let mut json = JsonRules { rules: &options.extern_json, used: vec![false; options.extern_json.len()] };
    let mut used = vec![false; paths.len()];
    let mut resolve = |entry: &TypeEntry<'_>| {
        let best = (0..paths.len())
            .filter(|&index| covers(&paths[index].proto, &entry.name))
            .max_by_key(|&index| paths[index].proto.len());
        let usual = || well_known(entry.full_name()).or_else(|| provided(entry.full_name()));
        if let Some(index) = best {
            used[index] = true;
            let path = join(&paths[index].rust, &entry.name[paths[index].proto.len()..]);
            let json = match (json.of(&entry.name), usual()) {
                (Some(true), _) => ExternJson::Yes,
                (Some(false), _) => ExternJson::No,
                // Mapped by hand to where it is anyway.
                (None, Some(TypePath::Extern { text, json, .. })) if *text == *path => json,
                (None, _) => ExternJson::Unsaid(Rc::from(paths[index].proto.as_str())),
            };
            return Some(extern_type(&path, json));
        }
        well_known(entry.full_name())
            .or_else(|| if requested[entry.file.0] { None } else { provided(entry.full_name()) })
    };
    let externs = pool.types.iter().map(&mut resolve).collect();
    for (path, _) in paths.iter().zip(used).filter(|(_, used)| !used) {
        diagnostics.push(Diagnostic::new(
            format!("option `extern_path`: no type has or is within the path `{}`", path.proto),
            "write the full name of a package or a type with a leading dot, or remove the option",
        ));
    }
    for (rule, _) in json.rules.iter().zip(json.used).filter(|(_, used)| !used) {
        diagnostics.push(Diagnostic::new(
            format!("option `extern_json`: no type of an extern path has or is within the path `{}`", rule.proto),
            "write the full name of a package or a type with a leading dot, or remove the option",
        ));
    }
    externs
}

fn covers(path: &str, name: &str) -> bool {
    name.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The Rust path of what `names` leads to from an extern path: modules and then a type.
fn join(rust: &str, names: &str) -> String {
    let mut path = rust.to_owned();
    let Some(names) = names.strip_prefix('.') else { return path };
    let (modules, simple) = names.rsplit_once('.').map_or((None, names), |(m, s)| (Some(m), s));
    for module in modules.into_iter().flat_map(|modules| modules.split('.')) {
        path.push_str("::");
        path.push_str(&names::snake(module));
    }
    path.push_str("::");
    path.push_str(&names::camel(simple));
    path
}

/// The options `extern_json`.
struct JsonRules<'o> {
    rules: &'o [crate::options::ExternJson],
    used: Vec<bool>,
}

impl JsonRules<'_> {
    /// What the rule says that names the most of a type's path.
    fn of(&mut self, name: &str) -> Option<bool> {
        let about = (0..self.rules.len()).filter(|&index| covers(&self.rules[index].proto, name));
        let best = about.max_by_key(|&index| self.rules[index].proto.len())?;
        self.used[best] = true;
        Some(self.rules[best].json)
    }
}

fn extern_type(text: &str, json: ExternJson) -> TypePath {
    TypePath::Extern {
        json,
        text: Rc::from(text),
        // The option's parser and the tables below let only paths through.
        tokens: text.parse::<TokenStream>().unwrap_or_default(),
    }
}

/// The well-known types as prost has them.
fn well_known(name: &str) -> Option<TypePath> {
    let name = name.strip_prefix("google.protobuf.")?;
    let plain = match name {
        "Empty" => "()",
        "BoolValue" => "bool",
        "Int32Value" => "i32",
        "Int64Value" => "i64",
        "UInt32Value" => "u32",
        "UInt64Value" => "u64",
        "FloatValue" => "f32",
        "DoubleValue" => "f64",
        "StringValue" => "::rsgrpc::prost::alloc::string::String",
        "BytesValue" => "::rsgrpc::prost::alloc::vec::Vec<u8>",
        _ => "",
    };
    if !plain.is_empty() {
        return Some(extern_type(plain, ExternJson::Yes));
    }
    let known = PROST_TYPES.binary_search(&name).is_ok();
    let json = if WITH_JSON.binary_search(&name).is_ok() { ExternJson::Yes } else { ExternJson::No };
    known.then(|| extern_type(&join("::rsgrpc::prost_types", &format!(".{name}")), json))
}

/// What of `prost-types` the runtime has JSON for, sorted: the types for which JSON has a form of their own.
const WITH_JSON: &[&str] = &["Any", "Duration", "FieldMask", "ListValue", "NullValue", "Struct", "Timestamp", "Value"];

/// The messages of googleapis that the runtime works with.
fn provided(name: &str) -> Option<TypePath> {
    let is_status = name.strip_prefix("google.rpc.").is_some_and(|name| {
        let outer = name.split('.').next().unwrap_or_default();
        STATUS_TYPES.contains(&outer)
    });
    (is_status || name == "google.api.HttpBody")
        .then(|| extern_type(&join("::rsgrpc", &format!(".{name}")), ExternJson::Yes))
}

const STATUS_TYPES: &[&str] = &[
    "BadRequest",
    "DebugInfo",
    "ErrorInfo",
    "Help",
    "LocalizedMessage",
    "PreconditionFailure",
    "QuotaFailure",
    "RequestInfo",
    "ResourceInfo",
    "RetryInfo",
    "Status",
];

/// What the crate `prost-types` 0.14 has of `google.protobuf`, sorted.
const PROST_TYPES: &[&str] = &[
    "Any",
    "Api",
    "DescriptorProto",
    "DescriptorProto.ExtensionRange",
    "DescriptorProto.ReservedRange",
    "Duration",
    "Enum",
    "EnumDescriptorProto",
    "EnumDescriptorProto.EnumReservedRange",
    "EnumOptions",
    "EnumValue",
    "EnumValueDescriptorProto",
    "EnumValueOptions",
    "ExtensionRangeOptions",
    "Field",
    "Field.Cardinality",
    "Field.Kind",
    "FieldDescriptorProto",
    "FieldDescriptorProto.Label",
    "FieldDescriptorProto.Type",
    "FieldMask",
    "FieldOptions",
    "FieldOptions.CType",
    "FieldOptions.JSType",
    "FileDescriptorProto",
    "FileDescriptorSet",
    "FileOptions",
    "FileOptions.OptimizeMode",
    "GeneratedCodeInfo",
    "GeneratedCodeInfo.Annotation",
    "ListValue",
    "MessageOptions",
    "Method",
    "MethodDescriptorProto",
    "MethodOptions",
    "MethodOptions.IdempotencyLevel",
    "Mixin",
    "NullValue",
    "OneofDescriptorProto",
    "OneofOptions",
    "Option",
    "ServiceDescriptorProto",
    "ServiceOptions",
    "SourceCodeInfo",
    "SourceCodeInfo.Location",
    "SourceContext",
    "Struct",
    "Syntax",
    "Timestamp",
    "Type",
    "UninterpretedOption",
    "UninterpretedOption.NamePart",
    "Value",
    "compiler.CodeGeneratorRequest",
    "compiler.CodeGeneratorResponse",
    "compiler.CodeGeneratorResponse.Feature",
    "compiler.CodeGeneratorResponse.File",
    "compiler.Version",
];
