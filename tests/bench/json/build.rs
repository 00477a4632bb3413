//! Generates the shapes three times: ours, pbjson's with the routes of rest_over_grpc, and buffa's with the service of
//! connectrpc.

use std::{error::Error, fs, path::PathBuf};

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Outcome {
    rsgrpc_build::configure().option("descriptor_set", "false").compile(&["proto/echo.proto"])?;
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    pbjson(out.join("pbjson"))?;
    buffa(out.join("buffa"))
}

/// prost's messages with pbjson's serde, tonic's trait, and the routes of rest_over_grpc.
fn pbjson(out: PathBuf) -> Outcome {
    fs::create_dir_all(&out)?;
    let set = out.join("set.pb");
    let mut config = prost_build::Config::new();
    config
        .protoc_executable(protoc_bin_vendored::protoc_bin_path()?)
        .file_descriptor_set_path(&set)
        .compile_well_known_types()
        .extern_path(".google.protobuf", "::pbjson_types");
    tonic_prost_build::configure().build_client(false).build_transport(false).out_dir(&out).compile_with_config(
        config,
        &["proto/echo.proto"],
        &["proto", "../../../proto/protos"],
    )?;
    let set = fs::read(set)?;
    pbjson_build::Builder::new()
        .register_descriptors(&set)?
        .out_dir(&out)
        .extern_path(".google.protobuf", "::pbjson_types")
        .build(&[".shapes"])?;
    rest_over_grpc::build::compile_fds(&set, &out)?;
    Ok(())
}

/// buffa's messages with connectrpc's trait.
fn buffa(out: PathBuf) -> Outcome {
    fs::create_dir_all(&out)?;
    let set = out.join("set.pb");
    let mut config = prost_build::Config::new();
    config.protoc_executable(protoc_bin_vendored::protoc_bin_path()?).file_descriptor_set_path(&set).out_dir(&out);
    config.compile_protos(&["proto/echo.proto"], &["proto", "../../../proto/protos"])?;
    connectrpc_build::Config::new()
        .descriptor_set(set)
        .files(&["shapes.proto", "echo.proto"])
        .out_dir(out)
        .include_file("mod.rs")
        .compile()?;
    Ok(())
}
