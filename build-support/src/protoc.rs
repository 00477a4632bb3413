//! Finds protoc and has it turn protos into a descriptor set.

mod said;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::includes::Includes;
use crate::{Error, cargo, output};

/// The variable that names the protoc to use.
const VARIABLE: &str = "PROTOC";
/// What helps when the program is the wrong one.
const CORRECT_IT: &str =
    "correct the path, or leave it and the variable PROTOC out to use the protoc that comes with rsgrpc-build";

/// The protoc to use: the one that was configured, else the one of `PROTOC`, else the one that comes with this crate.
/// Never one that merely lies on `PATH`: its version would decide what a proto may contain.
pub(crate) fn find(configured: Option<&Path>) -> Result<PathBuf, Error> {
    if let Some(path) = configured {
        return Ok(path.to_owned());
    }
    cargo::rerun_if_env_changed(VARIABLE);
    if let Some(path) = std::env::var_os(VARIABLE).filter(|path| !path.is_empty()) {
        return Ok(path.into());
    }
    protoc_bin_vendored::protoc_bin_path().map_err(|error| {
        Error::new(format!(
            "{error}; name one by the variable {VARIABLE} or by `rsgrpc_build::configure().protoc(..)`, or pass \
             descriptors made elsewhere by `.descriptors_from(..)`"
        ))
    })
}

/// Runs protoc: a serialized `FileDescriptorSet` of the protos and all they import.
pub(crate) fn describe(protoc: &Path, protos: &[PathBuf], includes: &Includes) -> Result<Vec<u8>, Error> {
    let scratch = scratch()?;
    let own_protos = scratch.path().join("protos");
    for (name, text) in rsgrpc_proto::FILES {
        output::write(&own_protos.join(name), text.as_bytes())?;
    }
    let set = scratch.path().join("descriptors.bin");
    let mut command = Command::new(protoc);
    command.args(["--include_imports", "--include_source_info"]);
    command.arg(joined("--descriptor_set_out=", &set));
    for folder in includes.folders().iter().map(PathBuf::as_path).chain([own_protos.as_path()]) {
        command.arg(joined("--proto_path=", folder));
    }
    let output = command
        .args(protos)
        .output()
        .map_err(|error| Error::new(format!("cannot run protoc at `{}`: {error}; {CORRECT_IT}", protoc.display())))?;
    let lines = said::lines(&String::from_utf8_lossy(&output.stderr), includes);
    if !output.status.success() {
        let silent =
            || Error::new(format!("protoc at `{}` failed with {}; {CORRECT_IT}", protoc.display(), output.status));
        return Err(Error::of(lines).unwrap_or_else(silent));
    }
    lines.iter().for_each(|line| cargo::warning(line));
    if !set.is_file() {
        let problem = format!("`{}` ran and wrote no descriptors, so it is no protoc; {CORRECT_IT}", protoc.display());
        return Err(Error::new(problem));
    }
    fs::read(&set).map_err(|error| Error::io("read what protoc wrote to", &set, &error))
}

/// A folder for the time of one run, beside the generated code where there is such a place.
fn scratch() -> Result<tempfile::TempDir, Error> {
    let parent = std::env::var_os("OUT_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = tempfile::Builder::new().prefix("rsgrpc-build").tempdir_in(&parent);
    folder.map_err(|error| Error::io("create a folder in", &parent, &error))
}

fn joined(option: &str, path: &Path) -> OsString {
    let mut argument = OsString::from(option);
    argument.push(path);
    argument
}
