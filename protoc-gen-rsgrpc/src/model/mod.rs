//! What is to be generated, with every decision taken. Types only.

mod http;
mod json;
mod message;
mod path;
mod service;

pub(crate) use http::*;
pub(crate) use json::*;
pub(crate) use message::*;
pub(crate) use path::*;
pub(crate) use service::*;

/// One proto package: one Rust module, one file.
pub(crate) struct Package {
    /// As in the proto; empty for files without a package.
    pub(crate) name: String,
    pub(crate) module: Module,
    pub(crate) messages: Vec<Message>,
    pub(crate) enums: Vec<Enum>,
    pub(crate) services: Vec<Service>,
    /// `None` without messages, or without JSON.
    pub(crate) message_types: Option<MessageTypes>,
    /// A constant's name and the serialized `FileDescriptorSet` of the package's files and all they import.
    pub(crate) descriptor_set: Option<(proc_macro2::Ident, Vec<u8>)>,
}
