//! Requests that no protoc sends: a diagnostic, never a panic.

use generator_tests::Outcome;
use prost::Message;
use prost_types::{FileDescriptorProto, FileDescriptorSet};
use protoc_gen_rsgrpc::{Options, Request, generate};

/// What the user reads if these files are to be generated.
fn diagnostics(file: &[FileDescriptorProto]) -> Outcome<String> {
    let set = FileDescriptorSet { file: file.to_vec() }.encode_to_vec();
    let request = Request::from_descriptor_set(&set, file.iter().map(|file| file.name()))?;
    Ok(generate(&request, &Options::default()).err().ok_or("it is generated")?.to_string())
}

fn file(name: &str) -> FileDescriptorProto {
    FileDescriptorProto { name: Some(name.to_owned()), ..FileDescriptorProto::default() }
}

#[test]
fn a_file_that_comes_twice() -> Outcome {
    assert_eq!(
        diagnostics(&[file("a.proto"), file("a.proto")])?,
        "a.proto: the file is in the request twice; remove one"
    );
    Ok(())
}
