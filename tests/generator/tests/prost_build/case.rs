//! What both generators are given.

use std::path::Path;

use generator_tests::{Outcome, descriptor_set, option_lines, protos};
use prost::Message;
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet};

use crate::lower::lower;

/// Protos and options.
pub(crate) struct Case {
    pub(crate) name: String,
    /// The files to generate.
    pub(crate) files: Vec<String>,
    /// A descriptor set, serialized, with all they import.
    pub(crate) set: Vec<u8>,
    /// The same as far as prost-build knows descriptors.
    pub(crate) lowered: FileDescriptorSet,
    pub(crate) options: Vec<(String, String)>,
}

impl Case {
    /// All protos in a folder, with the folder's options.
    pub(crate) fn folder(name: &str, root: &Path) -> Outcome<Self> {
        let files = protos(root)?;
        let set = descriptor_set(root, &files)?;
        let mut lowered = FileDescriptorSet::decode(set.as_slice())?;
        for file in &mut lowered.file {
            // Comments are not compared.
            file.source_code_info = None;
        }
        lower(&mut lowered.file)?;
        Ok(Self { name: name.to_owned(), files, set, lowered, options: option_lines(root)? })
    }

    /// The same with another package in the place of `google.protobuf`, whose types are not generated.
    pub(crate) fn without_well_known_types(mut self) -> Self {
        self.lowered.file.iter_mut().for_each(rename_file);
        self.set = self.lowered.encode_to_vec();
        self
    }
}

fn rename_file(file: &mut FileDescriptorProto) {
    rename(&mut file.package, "google.protobuf");
    file.extension.iter_mut().for_each(rename_field);
    file.message_type.iter_mut().for_each(rename_message);
}

fn rename_message(message: &mut DescriptorProto) {
    message.field.iter_mut().chain(&mut message.extension).for_each(rename_field);
    message.nested_type.iter_mut().for_each(rename_message);
}

fn rename_field(field: &mut FieldDescriptorProto) {
    rename(&mut field.type_name, ".google.protobuf");
}

fn rename(name: &mut Option<String>, prefix: &str) {
    if let Some(name) = name
        && let Some(rest) = name.strip_prefix(prefix)
    {
        *name = format!("{}{rest}", prefix.replace("google", "renamed"));
    }
}
