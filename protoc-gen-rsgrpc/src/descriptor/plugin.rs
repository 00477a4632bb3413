//! The two messages that protoc and a plugin exchange, `google/protobuf/compiler/plugin.proto`.

use prost::bytes::Bytes;

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct CodeGeneratorRequest {
    #[prost(string, repeated, tag = "1")]
    pub(crate) file_to_generate: Vec<String>,
    #[prost(string, tag = "2")]
    pub(crate) parameter: String,
    /// `FileDescriptorProto`s, kept as bytes: an embedded descriptor set must not lose what the mirror does not know.
    #[prost(bytes = "bytes", repeated, tag = "15")]
    pub(crate) proto_file: Vec<Bytes>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct CodeGeneratorResponse {
    #[prost(string, optional, tag = "1")]
    pub(crate) error: Option<String>,
    #[prost(uint64, tag = "2")]
    pub(crate) supported_features: u64,
    #[prost(int32, tag = "3")]
    pub(crate) minimum_edition: i32,
    #[prost(int32, tag = "4")]
    pub(crate) maximum_edition: i32,
    #[prost(message, repeated, tag = "15")]
    pub(crate) file: Vec<ResponseFile>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct ResponseFile {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    /// Empty: the content is the whole file.
    #[prost(string, tag = "2")]
    pub(crate) insertion_point: String,
    #[prost(string, tag = "15")]
    pub(crate) content: String,
}
