//! Generates the same proto twice: for rsgrpc, and for tonic into the folder `tonic`.

use std::{env, error::Error, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    rsgrpc_build::configure().option("bytes", ".bench.v1.Chunk").compile(&["proto/bench.proto"])?;

    let tonic_dir = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?).join("tonic");
    fs::create_dir_all(&tonic_dir)?;
    let mut config = tonic_prost_build::Config::new();
    config.protoc_executable(protoc_bin_vendored::protoc_bin_path()?);
    tonic_prost_build::configure().bytes(".bench.v1.Chunk").out_dir(tonic_dir).compile_with_config(
        config,
        &["proto/bench.proto"],
        // That of the rules, which tonic does not know.
        &["proto", "../../proto/protos"],
    )?;
    Ok(())
}
