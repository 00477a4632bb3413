//! What is to be generated: the files, and which of them.

use std::fmt;

use prost::Message;
use prost::bytes::Bytes;

use crate::descriptor::{CodeGeneratorRequest, File, split_descriptor_set};
use crate::extensions;

/// The proto files of a run, with everything they import, and the names of those to generate.
#[derive(Clone, Debug)]
pub struct Request {
    pub(crate) files: Vec<SourceFile>,
    pub(crate) to_generate: Vec<String>,
    pub(crate) parameter: String,
}

/// A file with the bytes it was decoded from.
#[derive(Clone, Debug)]
pub(crate) struct SourceFile {
    pub(crate) raw: Bytes,
    pub(crate) file: File,
}

impl Request {
    /// Reads a serialized `google.protobuf.compiler.CodeGeneratorRequest`.
    ///
    /// # Errors
    /// If the bytes are not such a message.
    pub fn decode(request: &[u8]) -> Result<Self, Error> {
        let request = CodeGeneratorRequest::decode(Bytes::copy_from_slice(request))
            .map_err(|error| Error(format!("the request cannot be decoded: {error}")))?;
        Self::new(request.proto_file, request.file_to_generate, request.parameter)
    }

    /// Reads a serialized `google.protobuf.FileDescriptorSet`, which must contain all imports, and generates the files
    /// named `to_generate`. Sets made with `protoc --include_source_info` give comments and positions.
    ///
    /// # Errors
    /// If the bytes are not such a message.
    pub fn from_descriptor_set(
        set: &[u8],
        to_generate: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<Self, Error> {
        let files = split_descriptor_set(set)
            .map_err(|error| Error(format!("the descriptor set cannot be decoded: {error}")))?;
        Self::new(files, to_generate.into_iter().map(Into::into).collect(), String::new())
    }

    fn new(files: Vec<Bytes>, to_generate: Vec<String>, parameter: String) -> Result<Self, Error> {
        let mut files = decode_files(files)?;
        extensions::into_fields(&mut files, &to_generate);
        Ok(Self { files, to_generate, parameter })
    }

    /// The names of all files, imports included, in the order given.
    pub fn file_names(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|source| source.file.name.as_str())
    }
}

fn decode_files(files: Vec<Bytes>) -> Result<Vec<SourceFile>, Error> {
    let decode = |raw: Bytes| {
        let file = File::decode(raw.clone())
            .map_err(|error| Error(format!("a file descriptor cannot be decoded: {error}")))?;
        Ok(SourceFile { raw, file })
    };
    files.into_iter().map(decode).collect()
}

/// A request that is no request: protoc or another front end is at fault, not a proto file.
#[derive(Clone, Debug)]
pub struct Error(String);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}
