//! Requests that no protoc sends: a diagnostic, never a panic.

use generator_tests::Outcome;
use prost::Message;
use prost_types::{FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto, ServiceDescriptorProto};
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

#[test]
fn an_rpc_of_a_type_that_is_not_there() -> Outcome {
    let no_type = Some(".x".to_owned());
    let method = MethodDescriptorProto {
        name: Some("R".to_owned()),
        input_type: no_type.clone(),
        output_type: no_type,
        ..MethodDescriptorProto::default()
    };
    let service = ServiceDescriptorProto {
        name: Some("S".to_owned()),
        method: vec![method],
        ..ServiceDescriptorProto::default()
    };
    let file = FileDescriptorProto { service: vec![service], ..file("a.proto") };
    assert_eq!(
        diagnostics(&[file])?,
        "a.proto: the type `x` is not declared; declare it, or import the file that does"
    );
    Ok(())
}
