//! The contract of a protoc plugin.

use prost::Message;

use crate::descriptor::{CodeGeneratorResponse, ResponseFile};
use crate::{Diagnostics, Error, GeneratedFile, Options, Request, generate};

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
    let mut response = CodeGeneratorResponse {
        supported_features: SUPPORTED_FEATURES,
        minimum_edition: MINIMUM_EDITION,
        maximum_edition: MAXIMUM_EDITION,
        ..CodeGeneratorResponse::default()
    };
    match files(&request) {
        Ok(files) => response.file = files,
        Err(diagnostics) => response.error = Some(diagnostics.to_string()),
    }
    Ok(response.encode_to_vec())
}

fn files(request: &Request) -> Result<Vec<ResponseFile>, Diagnostics> {
    let (options, mistakes) = Options::read(&request.parameter);
    let files = mistakes.join(generate(request, &options))?;
    let mut files: Vec<_> = files.into_iter().map(response_file).collect();
    // The order in which a caller lists files must not show.
    if let Some(first) = request.to_generate.iter().min() {
        mark(&mut files, &options.module_file, first);
    }
    Ok(files)
}

fn response_file(file: GeneratedFile) -> ResponseFile {
    ResponseFile { name: file.name, insertion_point: String::new(), content: file.content }
}

/// Marks the module file with an insertion point of this run, and inserts nothing there.
///
/// Without `strategy: all` buf calls a plugin once per directory, and keeps the module file of one of these runs. The
/// others then ask for an insertion point that is not there, so buf fails and says its name.
fn mark(files: &mut Vec<ResponseFile>, module_file: &str, first: &str) {
    let Some(file) = files.iter_mut().find(|file| file.name == module_file) else { return };
    let insertion_point = format!("{}: buf needs `strategy: all` for this plugin", first.escape_debug());
    file.content += &format!("\n// @@protoc_insertion_point({insertion_point})\n");
    files.push(ResponseFile { name: module_file.to_owned(), insertion_point, content: String::new() });
}
