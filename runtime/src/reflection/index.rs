//! The files that describe a server's services, by what is asked for.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use bytes::Bytes;
use prost::Message;
use prost_types::{DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto};
use tonic::Code;

use crate::{
    grpc::reflection::v1::{
        ErrorResponse, ExtensionNumberResponse, FileDescriptorResponse, ListServiceResponse, ServerReflectionRequest,
        ServerReflectionResponse, ServiceResponse, server_reflection_request::MessageRequest,
        server_reflection_response::MessageResponse,
    },
    method::ServiceDescriptor,
};

/// All files of some services, by name, by symbol and by extension.
#[derive(Debug, Default)]
pub(crate) struct Index {
    services: BTreeSet<&'static str>,
    files: HashMap<String, File>,
    symbols: HashMap<String, String>,
    extensions: HashMap<String, BTreeMap<i32, String>>,
}

#[derive(Debug)]
struct File {
    /// As the generator embedded it, custom options included.
    bytes: Bytes,
    imports: Vec<String>,
}

/// A descriptor set whose files stay as they are.
#[derive(Clone, PartialEq, Message)]
struct RawSet {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    files: Vec<Bytes>,
}

impl Index {
    /// Adds a service with its files. A service without embedded files is listed, and nothing more.
    pub(crate) fn add(&mut self, service: &'static ServiceDescriptor) {
        self.services.insert(service.name);
        let set = RawSet::decode(Bytes::from_static(service.file_descriptor_set)).unwrap_or_default();
        for bytes in set.files {
            if let Ok(file) = FileDescriptorProto::decode(bytes.clone()) {
                self.add_file(bytes, &file);
            }
        }
    }

    fn add_file(&mut self, bytes: Bytes, file: &FileDescriptorProto) {
        if self.files.contains_key(file.name()) {
            return;
        }
        self.files.insert(file.name().to_owned(), File { bytes, imports: file.dependency.clone() });
        let mut names = Names { index: self, file: file.name() };
        let package = file.package();
        file.message_type.iter().for_each(|message| names.message(package, message));
        file.enum_type.iter().for_each(|kind| names.enumeration(package, kind));
        file.extension.iter().for_each(|field| names.extension(package, field));
        for service in &file.service {
            let name = names.add(package, service.name());
            service.method.iter().for_each(|method| drop(names.add(&name, method.name())));
        }
    }
}

/// Collects the names that a file declares.
struct Names<'a> {
    index: &'a mut Index,
    file: &'a str,
}

impl Names<'_> {
    fn add(&mut self, scope: &str, name: &str) -> String {
        let full_name = if scope.is_empty() { name.to_owned() } else { format!("{scope}.{name}") };
        self.index.symbols.insert(full_name.clone(), self.file.to_owned());
        full_name
    }

    fn message(&mut self, scope: &str, message: &DescriptorProto) {
        let name = self.add(scope, message.name());
        message.field.iter().for_each(|field| drop(self.add(&name, field.name())));
        message.oneof_decl.iter().for_each(|oneof| drop(self.add(&name, oneof.name())));
        message.extension.iter().for_each(|field| self.extension(&name, field));
        message.enum_type.iter().for_each(|kind| self.enumeration(&name, kind));
        message.nested_type.iter().for_each(|nested| self.message(&name, nested));
    }

    /// The values of an enum are named in the scope that holds it.
    fn enumeration(&mut self, scope: &str, kind: &EnumDescriptorProto) {
        self.add(scope, kind.name());
        kind.value.iter().for_each(|value| drop(self.add(scope, value.name())));
    }

    fn extension(&mut self, scope: &str, field: &FieldDescriptorProto) {
        self.add(scope, field.name());
        let extended = field.extendee().trim_start_matches('.').to_owned();
        self.index.extensions.entry(extended).or_default().insert(field.number(), self.file.to_owned());
    }
}

/// One stream of questions: no file is sent twice on it.
pub(super) struct Session {
    index: std::sync::Arc<Index>,
    sent: HashSet<String>,
}

impl Session {
    pub(super) fn new(index: &std::sync::Arc<Index>) -> Self {
        Self { index: std::sync::Arc::clone(index), sent: HashSet::new() }
    }

    pub(super) fn answer(&mut self, request: ServerReflectionRequest) -> ServerReflectionResponse {
        let answer = match &request.message_request {
            Some(question) => self.find(question).unwrap_or_else(|| not_found(question)),
            None => error(Code::InvalidArgument, "the request asks nothing".to_owned()),
        };
        ServerReflectionResponse {
            valid_host: request.host.clone(),
            original_request: Some(request),
            message_response: Some(answer),
        }
    }

    fn find(&mut self, question: &MessageRequest) -> Option<MessageResponse> {
        let index = &self.index;
        Some(match question {
            MessageRequest::FileByFilename(name) => self.files(name.clone())?,
            MessageRequest::FileContainingSymbol(symbol) => self.files(index.symbols.get(symbol)?.clone())?,
            MessageRequest::FileContainingExtension(extension) => {
                let numbers = index.extensions.get(&extension.containing_type)?;
                self.files(numbers.get(&extension.extension_number)?.clone())?
            }
            MessageRequest::AllExtensionNumbersOfType(name) => {
                let numbers = index.extensions.get(name);
                let known = numbers.is_some() || index.symbols.contains_key(name);
                known.then(|| {
                    let extension_number = numbers.into_iter().flat_map(BTreeMap::keys).copied().collect();
                    let base_type_name = name.clone();
                    MessageResponse::AllExtensionNumbersResponse(ExtensionNumberResponse {
                        base_type_name,
                        extension_number,
                    })
                })?
            }
            MessageRequest::ListServices(_) => {
                let service = index.services.iter().map(|&name| ServiceResponse { name: name.to_owned() }).collect();
                MessageResponse::ListServicesResponse(ListServiceResponse { service })
            }
        })
    }

    /// A file and all it imports, without those sent before. The file itself is always sent.
    fn files(&mut self, name: String) -> Option<MessageResponse> {
        self.index.files.get(&name)?;
        self.sent.remove(&name);
        let mut open = vec![name];
        let mut files = Vec::new();
        while let Some(name) = open.pop() {
            let Some(file) = self.index.files.get(&name) else { continue };
            if self.sent.insert(name) {
                files.push(file.bytes.to_vec());
                open.extend(file.imports.iter().cloned());
            }
        }
        Some(MessageResponse::FileDescriptorResponse(FileDescriptorResponse { file_descriptor_proto: files }))
    }
}

fn not_found(question: &MessageRequest) -> MessageResponse {
    let what = match question {
        MessageRequest::FileByFilename(name) => format!("no file {name:?}"),
        MessageRequest::FileContainingSymbol(name) => format!("no symbol {name:?}"),
        MessageRequest::FileContainingExtension(extension) => {
            format!("no extension {} of {:?}", extension.extension_number, extension.containing_type)
        }
        MessageRequest::AllExtensionNumbersOfType(name) => format!("no message {name:?}"),
        MessageRequest::ListServices(_) => "no services".to_owned(),
    };
    error(Code::NotFound, what)
}

fn error(code: Code, message: String) -> MessageResponse {
    MessageResponse::ErrorResponse(ErrorResponse { error_code: code as i32, error_message: message })
}
