//! Any request gives a response: files that are Rust, or diagnostics, and the same ones each time.

#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use prost::Message;
use rsgrpc_fuzz::wire;

/// What is read of `google.protobuf.compiler.CodeGeneratorResponse`.
#[derive(Clone, PartialEq, Message)]
struct Response {
    #[prost(string, optional, tag = "1")]
    error: Option<String>,
    #[prost(message, repeated, tag = "15")]
    file: Vec<File>,
}

#[derive(Clone, PartialEq, Message)]
struct File {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "15")]
    content: String,
}

fuzz_target!(|data: &[u8]| {
    let Ok(bytes) = protoc_gen_rsgrpc::run(data) else { return };
    assert_eq!(protoc_gen_rsgrpc::run(data).ok().as_ref(), Some(&bytes));
    let response = Response::decode(&bytes[..]).expect("a response");
    match response.error {
        Some(error) => assert!(response.file.is_empty() && !error.trim().is_empty()),
        None => response.file.iter().for_each(check),
    }
});

fn check(file: &File) {
    if let Err(error) = syn::parse_file(&file.content) {
        panic!("{} is not Rust: {error}\n{}", file.name, file.content);
    }
}

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    match wire::mutate(&data[..size], seed, fuzzer_mutate) {
        Some(mutated) if mutated.len() <= max_size => {
            data[..mutated.len()].copy_from_slice(&mutated);
            mutated.len()
        }
        _ => fuzzer_mutate(data, size, max_size),
    }
});
