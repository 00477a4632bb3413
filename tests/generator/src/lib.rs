//! What the tests of the generator share: protoc, and the folders of protos.

pub mod kept;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use protoc_gen_rsgrpc::{Options, Request};

/// The outcome of a test.
pub type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// A folder of the workspace's `tests`.
pub fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

/// The folders within a folder, by name.
///
/// # Errors
/// If it cannot be read.
pub fn cases(name: &str) -> Outcome<Vec<PathBuf>> {
    let mut cases = Vec::new();
    for entry in fs::read_dir(folder(name))? {
        let path = entry?.path();
        if path.is_dir() {
            cases.push(path);
        }
    }
    cases.sort();
    Ok(cases)
}

/// The protos of a folder and the folders in it, relative to it, by name.
///
/// # Errors
/// If it cannot be read.
pub fn protos(root: &Path) -> Outcome<Vec<String>> {
    let mut protos = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "proto") {
                protos.push(path.strip_prefix(root)?.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    protos.sort();
    Ok(protos)
}

/// protoc, with the include folders of a case.
///
/// # Errors
/// If there is none for this machine.
pub fn protoc(root: &Path) -> Outcome<Command> {
    let mut command = Command::new(protoc_bin_vendored::protoc_bin_path()?);
    command.arg("-I").arg(root);
    command.arg("-I").arg(folder("../proto/protos"));
    command.arg("-I").arg(protoc_bin_vendored::include_path()?);
    Ok(command)
}

/// What protoc makes of the files in a folder.
///
/// # Errors
/// If protoc refuses them.
pub fn descriptor_set(root: &Path, files: &[String]) -> Outcome<Vec<u8>> {
    let output = tempfile::NamedTempFile::new()?;
    let mut command = protoc(root)?;
    command.args(["--include_imports", "--include_source_info"]);
    command.arg("-o").arg(output.path()).args(files);
    let result = command.output()?;
    if !result.status.success() {
        return Err(String::from_utf8_lossy(&result.stderr).into());
    }
    Ok(fs::read(output.path())?)
}

/// All protos of a folder as a request.
///
/// # Errors
/// If protoc refuses them.
pub fn request(root: &Path) -> Outcome<Request> {
    let files = protos(root)?;
    Ok(Request::from_descriptor_set(&descriptor_set(root, &files)?, files)?)
}

/// The options of a folder: the lines of its file `options`, as keys and values.
///
/// # Errors
/// If a line is no option.
pub fn option_lines(root: &Path) -> Outcome<Vec<(String, String)>> {
    let file = root.join("options");
    if !file.exists() {
        return Ok(Vec::new());
    }
    let text = fs::read_to_string(file)?;
    let pair = |line: &str| -> Outcome<(String, String)> {
        let (key, value) = line.split_once('=').ok_or("an option is key=value")?;
        Ok((key.to_owned(), value.to_owned()))
    };
    text.lines().map(pair).collect()
}

/// The options of a folder, parsed. Descriptor sets are left out unless asked for, because nobody can read them.
///
/// # Errors
/// If there is no such option.
pub fn options(root: &Path) -> Outcome<Options> {
    let mut options = Options::default();
    options.set("descriptor_set", "false")?;
    for (key, value) in option_lines(root)? {
        options.set(&key, &value)?;
    }
    Ok(options)
}
