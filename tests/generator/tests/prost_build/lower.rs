//! Editions and extensions for prost-build, which knows neither: what they mean, said as proto3 says it.

use generator_tests::Outcome;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto};

/// What a feature makes of a field that without it has explicit presence, or is packed, or has a length in front.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Feature {
    Implicit,
    Required,
    Expanded,
    Delimited,
}

/// The features of every field that has others than those of editions 2023 and 2024. They are written down here, and
/// not read from the descriptors, so that it is not our reading of them that is compared with itself.
const FEATURES: &[(&str, Feature)] = &[
    ("e2023.Presence.implicit", Feature::Implicit),
    ("e2023.Presence.required", Feature::Required),
    ("e2023.Presence.delimited", Feature::Delimited),
    ("e2023.Presence.expanded", Feature::Expanded),
    ("e2023.Presence.groups", Feature::Delimited),
    ("e2023.Presence.b", Feature::Delimited),
    ("e2023.Presence.kind_implicit", Feature::Implicit),
    ("e2023.Presence.kinds", Feature::Expanded),
    ("e2023.First.second", Feature::Delimited),
    ("e2023.Second.first", Feature::Delimited),
    ("e2023.file.Inherits.implicit", Feature::Implicit),
    ("e2023.file.Inherits.expanded", Feature::Expanded),
    ("e2023.file.Inherits.group", Feature::Delimited),
    ("e2023.file.Inherits.Nested.implicit", Feature::Implicit),
    ("e2023.file.Inherits.Nested.groups", Feature::Delimited),
];

/// The extensions that become fields of the message they extend, which prost-build does not do, and the fields' names.
const EXTENSIONS: &[(&str, &str)] = &[
    ("test.extensions.level", "level"),
    ("test.extensions.tags", "tags"),
    ("test.extensions.parent", "parent"),
    ("test.extensions.details", "details"),
    ("test.extensions.Scope.level", "scope_level"),
    ("two.more", "more"),
    ("two.inners", "inners"),
    ("two.Inner.inner", "inner_inner"),
];

/// Makes files of editions ones of proto3, and extensions fields.
pub(crate) fn lower(files: &mut [FileDescriptorProto]) -> Outcome {
    for file in files {
        let package = file.package().to_owned();
        if file.syntax() == "editions" {
            file.syntax = Some("proto3".to_owned());
            file.message_type.iter_mut().try_for_each(|message| lower_message(&package, message))?;
        }
        let mut extensions = Vec::new();
        collect(&package, &file.extension, &file.message_type, &mut extensions);
        for extension in extensions {
            let extended =
                |message: &&mut DescriptorProto| format!(".{package}.{}", message.name()) == extension.extendee();
            let message = file.message_type.iter_mut().find(extended).ok_or("the extended message is elsewhere")?;
            message.field.push(extension);
        }
    }
    Ok(())
}

/// Adds those of the extensions in a scope that become fields, with their names as fields.
fn collect(
    scope: &str,
    extensions: &[FieldDescriptorProto],
    messages: &[DescriptorProto],
    found: &mut Vec<FieldDescriptorProto>,
) {
    for extension in extensions {
        let full_name = format!("{scope}.{}", extension.name());
        if let Some((_, name)) = EXTENSIONS.iter().find(|(name, _)| *name == full_name) {
            found.push(FieldDescriptorProto { name: Some((*name).to_owned()), ..extension.clone() });
        }
    }
    for message in messages {
        collect(&format!("{scope}.{}", message.name()), &message.extension, &message.nested_type, found);
    }
}

fn lower_message(scope: &str, message: &mut DescriptorProto) -> Outcome {
    if message.options.as_ref().is_some_and(|options| options.map_entry()) {
        return Ok(());
    }
    let name = format!("{scope}.{}", message.name());
    message.field.iter_mut().try_for_each(|field| lower_field(&name, field))?;
    message.nested_type.iter_mut().try_for_each(|nested| lower_message(&name, nested))
}

fn lower_field(message: &str, field: &mut FieldDescriptorProto) -> Outcome {
    let name = format!("{message}.{}", field.name());
    let feature = FEATURES.iter().find(|(field, _)| *field == name).map(|&(_, feature)| feature);
    if feature == Some(Feature::Delimited) {
        field.set_type(Type::Group);
    }
    match (field.label(), feature) {
        (Label::Repeated, _) => {
            field.options.get_or_insert_default().packed = Some(feature != Some(Feature::Expanded));
        }
        (_, Some(Feature::Required)) => field.set_label(Label::Required),
        (_, Some(Feature::Implicit)) => {}
        (_, Some(Feature::Expanded)) => return Err(format!("{name} is not repeated").into()),
        _ if field.oneof_index.is_none() => field.proto3_optional = Some(true),
        _ => {}
    }
    Ok(())
}
