//! The files that describe a server's services, by what is asked for.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use bytes::Bytes;
use prost::{
    Message,
    encoding::{self, DecodeContext},
};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto, ServiceDescriptorProto,
};
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
        let mut moved = Moved::new();
        for bytes in set.files {
            if let Ok(file) = FileDescriptorProto::decode(bytes.clone()) {
                self.add_file(bytes, &file, &mut moved);
            }
        }
    }

    /// Adds a file, unless it is known. Of two crates each may have a `service.proto`: one whose name is taken by another
    /// is moved into a folder of its package, and those of its set that import it, which come later, call it so.
    fn add_file(&mut self, bytes: Bytes, file: &FileDescriptorProto, moved: &mut Moved) {
        let mut name = file.name().to_owned();
        if let Some(taken) = self.files.get(&name) {
            let known = declared(file).find_map(|symbol| self.symbols.get(&symbol)).cloned();
            let place = known.unwrap_or_else(|| format!("{}/{name}", file.package()));
            if place == name || taken.bytes == bytes {
                return;
            }
            moved.insert(std::mem::replace(&mut name, place.clone()), place);
            if self.files.contains_key(&name) {
                return;
            }
        }
        let imports = file.dependency.iter().map(|import| moved.get(import).unwrap_or(import).clone()).collect();
        let bytes = if moved.is_empty() { bytes } else { renamed(&bytes, moved).unwrap_or(bytes) };
        self.files.insert(name.clone(), File { bytes, imports });
        let mut names = Names { index: self, file: &name };
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

/// What files of a set are called here instead.
type Moved = HashMap<String, String>;

/// The full names of what stands at the top of a file.
fn declared(file: &FileDescriptorProto) -> impl Iterator<Item = String> {
    let messages = file.message_type.iter().map(DescriptorProto::name);
    let enums = file.enum_type.iter().map(EnumDescriptorProto::name);
    let services = file.service.iter().map(ServiceDescriptorProto::name);
    let names = messages.chain(enums).chain(services).chain(file.extension.iter().map(FieldDescriptorProto::name));
    names.map(|name| within(file.package(), name))
}

fn within(scope: &str, name: &str) -> String {
    if scope.is_empty() { name.to_owned() } else { format!("{scope}.{name}") }
}

/// A file with other names for itself and for its imports, in all else as it was embedded.
fn renamed(mut file: &[u8], moved: &Moved) -> Option<Bytes> {
    const NAME: u32 = 1;
    const DEPENDENCY: u32 = 3;
    let mut renamed = Vec::new();
    while !file.is_empty() {
        let field = file;
        let (tag, wire_type) = encoding::decode_key(&mut file).ok()?;
        if matches!(tag, NAME | DEPENDENCY) {
            let mut name = String::new();
            encoding::string::merge(wire_type, &mut name, &mut file, DecodeContext::default()).ok()?;
            encoding::string::encode(tag, moved.get(&name).unwrap_or(&name), &mut renamed);
        } else {
            encoding::skip_field(wire_type, tag, &mut file, DecodeContext::default()).ok()?;
            renamed.extend_from_slice(&field[..field.len() - file.len()]);
        }
    }
    Some(renamed.into())
}

/// Collects the names that a file declares.
struct Names<'a> {
    index: &'a mut Index,
    file: &'a str,
}

impl Names<'_> {
    fn add(&mut self, scope: &str, name: &str) -> String {
        let full_name = within(scope, name);
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

#[cfg(test)]
mod tests {
    use prost_types::{FileDescriptorSet, FileOptions};

    use super::*;

    /// A service `S` in `service.proto`, which imports `types.proto`, both of this package.
    fn service(package: &'static str, name: &'static str) -> &'static ServiceDescriptor {
        let file = |name: &str| FileDescriptorProto {
            name: Some(name.to_owned()),
            package: Some(package.to_owned()),
            options: Some(FileOptions { go_package: Some(format!("go/{package}")), ..FileOptions::default() }),
            ..FileDescriptorProto::default()
        };
        let message = DescriptorProto { name: Some("M".to_owned()), ..DescriptorProto::default() };
        let types = FileDescriptorProto { message_type: vec![message], ..file("types.proto") };
        let services = vec![ServiceDescriptorProto { name: Some("S".to_owned()), ..ServiceDescriptorProto::default() }];
        let dependency = vec!["types.proto".to_owned()];
        let service = FileDescriptorProto { service: services, dependency, ..file("service.proto") };
        let set = FileDescriptorSet { file: vec![types, service] }.encode_to_vec();
        Box::leak(Box::new(ServiceDescriptor {
            name,
            methods: &[],
            message_types: &[],
            file_descriptor_set: set.leak(),
        }))
    }

    #[test]
    fn files_of_one_name_are_told_apart() {
        let mut index = Index::default();
        for service in [service("a", "a.S"), service("b", "b.S"), service("a", "a.S"), service("b", "b.S")] {
            index.add(service);
        }
        assert_eq!(index.files.len(), 4);
        let index = std::sync::Arc::new(index);
        for (package, place) in [("a", ""), ("b", "b/")] {
            for symbol in ["S", "M"].map(|name| format!("{package}.{name}")) {
                let question = MessageRequest::FileContainingSymbol(symbol.clone());
                let Some(MessageResponse::FileDescriptorResponse(answer)) = Session::new(&index).find(&question) else {
                    panic!("{symbol} is not found");
                };
                let files =
                    answer.file_descriptor_proto.iter().map(|file| FileDescriptorProto::decode(&**file).unwrap());
                let (names, rest): (Vec<_>, Vec<_>) = files
                    .map(|file| (file.name().to_owned(), (file.package().to_owned(), file.dependency, file.options)))
                    .unzip();
                let wanted = ["service.proto", "types.proto"].map(|name| format!("{place}{name}"));
                assert_eq!(names, &wanted[usize::from(symbol.ends_with('M'))..]);
                for (its, imports, options) in rest {
                    assert_eq!((&*its, options.unwrap().go_package()), (package, &*format!("go/{package}")));
                    assert!(imports.iter().all(|import| *import == wanted[1]), "{imports:?}");
                }
            }
        }
    }
}
