//! The contract of a protoc plugin.

use prost::Message;

use crate::descriptor::{CodeGeneratorResponse, ResponseFile};
use crate::{Error, GeneratedFile, Options, Request, generate};

/// `FEATURE_PROTO3_OPTIONAL | FEATURE_SUPPORTS_EDITIONS`.
const SUPPORTED_FEATURES: u64 = 1 | 2;
/// `EDITION_PROTO2`.
const MINIMUM_EDITION: i32 = 998;
/// `EDITION_2024`.
pub(crate) const MAXIMUM_EDITION: i32 = 1001;

/// Answers a serialized `CodeGeneratorRequest` with a serialized `CodeGeneratorResponse`.
///
/// Mistakes in protos or options are part of the response, all at once. No IO.
///
/// # Errors
/// If the bytes are not a request.
pub fn run(request: &[u8]) -> Result<Vec<u8>, Error> {
    let request = Request::decode(request)?;
    let result = Options::parse(&request.parameter).and_then(|options| generate(&request, &options));
    let mut response = CodeGeneratorResponse {
        supported_features: SUPPORTED_FEATURES,
        minimum_edition: MINIMUM_EDITION,
        maximum_edition: MAXIMUM_EDITION,
        ..CodeGeneratorResponse::default()
    };
    match result {
        Ok(files) => response.file = files.into_iter().map(response_file).collect(),
        Err(diagnostics) => response.error = Some(diagnostics.to_string()),
    }
    Ok(response.encode_to_vec())
}

fn response_file(file: GeneratedFile) -> ResponseFile {
    ResponseFile { name: file.name, content: file.content }
}
