//! Generates from the suites' own protos, which `tests/suites/run build` fetches out of their packages.

use std::{env, error::Error, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-env-changed=RSGRPC_SUITES_PROTO");
    let fetched = match env::var_os("RSGRPC_SUITES_PROTO") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("CARGO_MANIFEST_DIR is not set")?)
            .join("../../.cache/suites/proto"),
    };
    let (interop, connect) = (fetched.join("interop"), fetched.join("connect"));
    for folder in [&interop, &connect] {
        if !folder.is_dir() {
            return Err(format!("{} is not there; run `tests/suites/run build`", folder.display()).into());
        }
    }
    let mut protos = vec![interop.join("grpc/testing/test.proto"), PathBuf::from("proto/page.proto")];
    for file in ["client_compat", "config", "server_compat", "service"] {
        protos.push(connect.join(format!("connectrpc/conformance/v1/{file}.proto")));
    }
    rsgrpc_build::configure().include(&interop).include(&connect).include("proto").compile(&protos)?;
    Ok(())
}
