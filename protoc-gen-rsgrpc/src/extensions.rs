//! Extensions become fields of the message that they extend.
//!
//! prost's messages hold no extensions: what arrives as one is lost. So an extension that is generated in the same run
//! as its message is generated as an ordinary field of it, which on the wire is the same thing. In JSON its name is
//! `[full.name]`, which is how the rest recognizes it.

use std::collections::HashMap;

use crate::descriptor::{Field, File, Message};
use crate::request::SourceFile;

/// Adds the extensions of the files that are generated to the messages of those files.
pub(crate) fn into_fields(files: &mut [SourceFile], to_generate: &[String]) {
    let mut extensions = HashMap::new();
    let is_generated = |source: &SourceFile| to_generate.contains(&source.file.name);
    for source in files.iter().filter(|source| is_generated(source)) {
        let package = scope(&source.file);
        collect(&package, &source.file.extension, &mut extensions);
        collect_nested(&package, &source.file.message_type, &mut extensions);
    }
    if extensions.is_empty() {
        return;
    }
    for source in files.iter_mut().filter(|source| is_generated(source)) {
        let package = scope(&source.file);
        extend(&package, &package, &mut source.file.message_type, &mut extensions);
    }
}

/// Extensions with their full names, by the full name of the message they extend, both with a leading dot.
type Extensions = HashMap<String, Vec<(String, Field)>>;

fn scope(file: &File) -> String {
    match file.package.as_str() {
        "" => String::new(),
        package => format!(".{package}"),
    }
}

fn collect(scope: &str, fields: &[Field], extensions: &mut Extensions) {
    for field in fields {
        let name = format!("{scope}.{}", field.name);
        extensions.entry(field.extendee.clone()).or_default().push((name, field.clone()));
    }
}

fn collect_nested(scope: &str, messages: &[Message], extensions: &mut Extensions) {
    for message in messages {
        let scope = format!("{scope}.{}", message.name);
        collect(&scope, &message.extension, extensions);
        collect_nested(&scope, &message.nested_type, extensions);
    }
}

fn extend(package: &str, scope: &str, messages: &mut [Message], extensions: &mut Extensions) {
    for message in messages {
        let name = format!("{scope}.{}", message.name);
        extend(package, &name, &mut message.nested_type, extensions);
        // The extensions of a message set are not encoded as fields.
        if message.options.as_ref().is_some_and(|options| options.message_set_wire_format) {
            continue;
        }
        let own = extensions.remove(&name).unwrap_or_default();
        message.field.extend(own.into_iter().map(|(name, field)| as_field(package, &name, field)));
    }
}

/// The field is named from the package of its message on, or in full if the extension comes from another package.
fn as_field(package: &str, name: &str, field: Field) -> Field {
    let full_name = name.trim_start_matches('.');
    let near = name.strip_prefix(package).and_then(|name| name.strip_prefix('.')).unwrap_or(full_name);
    Field { name: near.replace('.', "_"), json_name: format!("[{full_name}]"), extendee: String::new(), ..field }
}
