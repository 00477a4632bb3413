//! The generated code that the runtime itself carries. What differs is rewritten, and the test fails.

use std::fs;
use std::path::PathBuf;

use generator_tests::{Outcome, descriptor_set, folder};
use protoc_gen_rsgrpc::{Options, Request, generate};

/// A folder of the runtime, and the protos it is generated from.
const FOLDERS: [(&str, &[&str]); 2] = [
    ("google", &["google/api/httpbody.proto", "google/rpc/error_details.proto", "google/rpc/status.proto"]),
    (
        "grpc",
        &[
            "grpc/health/v1/health.proto",
            "grpc/reflection/v1/reflection.proto",
            "grpc/reflection/v1alpha/reflection.proto",
        ],
    ),
];

#[test]
fn the_runtime_carries_what_is_generated() -> Outcome {
    let mut changed: Vec<PathBuf> = Vec::new();
    for (name, protos) in FOLDERS {
        let protos: Vec<String> = protos.iter().map(|&proto| proto.to_owned()).collect();
        let set = descriptor_set(&folder("../proto/protos"), &protos)?;
        let request = Request::from_descriptor_set(&set, &protos)?;
        // Messages alone need no descriptors; reflection describes the services with theirs.
        let mut options = Options::default();
        options.set("descriptor_set", if name == "grpc" { "true" } else { "false" })?;
        for file in generate(&request, &options)? {
            let path = folder("../runtime/src").join(name).join(&file.name);
            if file.name != "mod.rs" && fs::read_to_string(&path).ok().as_ref() != Some(&file.content) {
                fs::write(&path, &file.content)?;
                changed.push(path);
            }
        }
    }
    assert!(changed.is_empty(), "rewritten, see the diff: {changed:#?}");
    Ok(())
}
