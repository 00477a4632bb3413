//! Generates from the suites' own protos, which `tests/suites/run build` fetches out of their packages.

use std::{env, error::Error, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-env-changed=RSGRPC_SUITES_PROTO");
    let fetched = match env::var_os("RSGRPC_SUITES_PROTO") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("CARGO_MANIFEST_DIR is not set")?)
            .join("../../.cache/suites/proto"),
    };
    let (interop, connect, protobuf) = (fetched.join("interop"), fetched.join("connect"), fetched.join("protobuf"));
    for folder in [&interop, &connect, &protobuf] {
        if !folder.is_dir() {
            return Err(format!("{} is not there; run `tests/suites/run build`", folder.display()).into());
        }
    }
    let mut protos = vec![interop.join("grpc/testing/test.proto"), PathBuf::from("proto/page.proto")];
    for file in ["client_compat", "config", "server_compat", "service"] {
        protos.push(connect.join(format!("connectrpc/conformance/v1/{file}.proto")));
    }
    protos.push(protobuf.join("conformance/conformance.proto"));
    for file in ["edition2023", "proto2", "proto2_editions", "proto3", "proto3_editions"] {
        protos.push(protobuf.join(format!("google/protobuf/test_messages_{file}.proto")));
    }
    rsgrpc_build::configure()
        .include(&interop)
        .include(&connect)
        .include(&protobuf)
        .include("proto")
        .compile(&protos)?;
    Ok(())
}
