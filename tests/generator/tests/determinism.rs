//! The same request gives the same bytes, in whatever order its files come.

use generator_tests::{Outcome, cases, descriptor_set, options, protos};
use prost::Message;
use prost_types::{FileDescriptorSet, compiler::CodeGeneratorRequest};
use protoc_gen_rsgrpc::{GeneratedFile, Request, generate};

#[test]
fn order_of_files_does_not_matter() -> Outcome {
    for case in cases("golden")? {
        let options = options(&case)?;
        let files = protos(&case)?;
        let reversed: Vec<_> = files.iter().rev().cloned().collect();
        let forth = descriptor_set(&case, &files)?;
        let back = descriptor_set(&case, &reversed)?;
        let run = |set: &[u8], files: &[String]| -> Outcome<Vec<GeneratedFile>> {
            Ok(generate(&Request::from_descriptor_set(set, files)?, &options)?)
        };
        let expected = run(&forth, &files)?;
        assert_eq!(run(&forth, &files)?, expected, "{}", case.display());
        assert_eq!(run(&forth, &reversed)?, expected, "{}", case.display());
        assert_eq!(run(&back, &files)?, expected, "{}", case.display());
        assert!(expected.is_sorted_by(|a, b| a.name < b.name));
    }
    Ok(())
}

#[test]
fn order_of_files_does_not_matter_to_the_plugin() -> Outcome {
    let case = generator_tests::folder("golden").join("other_packages");
    let files = protos(&case)?;
    let proto_file = FileDescriptorSet::decode(&descriptor_set(&case, &files)?[..])?.file;
    let run = |file_to_generate| {
        let request = CodeGeneratorRequest { file_to_generate, proto_file: proto_file.clone(), ..Default::default() };
        protoc_gen_rsgrpc::run(&request.encode_to_vec())
    };
    let reversed = files.iter().rev().cloned().collect();
    assert_eq!(run(files)?, run(reversed)?);
    Ok(())
}
