//! Generated code that is kept: the goldens, and what the runtime carries. What differs is rewritten.
//!
//! It is a library, for the tests and for `rewrite-goldens`: that one builds also while the goldens, or the runtime, do not
//! compile.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use protoc_gen_rsgrpc::{Options, Request, generate};

use crate::{Outcome, cases, descriptor_set, folder, options, request};

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

/// Rewrites the goldens, and gives the files that were others.
///
/// # Errors
/// If a case cannot be generated, or a file not be written.
pub fn rewrite_goldens() -> Outcome<Vec<String>> {
    let mut changed = Vec::new();
    for case in cases("golden")? {
        let files =
            generate(&request(&case)?, &options(&case)?).map_err(|error| format!("{}: {error}", case.display()))?;
        let expected = files.into_iter().map(|file| (file.name, file.content)).collect();
        changed.extend(update(&case, &expected)?);
    }
    changed.extend(update_modules()?);
    Ok(changed)
}

/// Rewrites what the runtime carries, and gives the files that were others.
///
/// # Errors
/// If it cannot be generated, or a file not be written.
pub fn rewrite_runtime() -> Outcome<Vec<String>> {
    let mut changed = Vec::new();
    for (name, protos) in FOLDERS {
        let protos: Vec<String> = protos.iter().map(|&proto| proto.to_owned()).collect();
        let set = descriptor_set(&folder("../proto/protos"), &protos)?;
        let request = Request::from_descriptor_set(&set, &protos)?;
        // Messages alone need no descriptors; reflection describes the services with theirs.
        let mut options = Options::default();
        options.set("descriptor_set", if name == "grpc" { "true" } else { "false" })?;
        for file in generate(&request, &options)? {
            if file.name != "mod.rs" {
                changed.extend(write(&folder("../runtime/src").join(name).join(&file.name), &file.content)?);
            }
        }
    }
    Ok(changed)
}

/// Makes a folder's Rust files the expected ones; gives those that were not.
fn update(root: &Path, expected: &BTreeMap<String, String>) -> Outcome<Vec<String>> {
    let mut changed = Vec::new();
    for entry in fs::read_dir(root)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".rs") && !expected.contains_key(&name) {
            fs::remove_file(&path)?;
            changed.push(path.display().to_string());
        }
    }
    for (name, content) in expected {
        changed.extend(write(&root.join(name), content)?);
    }
    Ok(changed)
}

/// Gives the file if its content was another.
fn write(path: &Path, content: &str) -> Outcome<Option<String>> {
    if fs::read_to_string(path).is_ok_and(|old| old == content) {
        return Ok(None);
    }
    fs::write(path, content)?;
    Ok(Some(path.display().to_string()))
}

/// The list of goldens that the crates in `tests/compile` include.
fn update_modules() -> Outcome<Option<String>> {
    let mut modules = "// Every golden, as a module. Kept by the golden test.\n".to_owned();
    for case in cases("golden")? {
        let name = case.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let file = if case.join("lib.rs").exists() { "lib.rs" } else { "mod.rs" };
        modules.push_str(&format!("\n#[path = \"../golden/{name}/{file}\"]\npub mod {name};\n"));
    }
    write(&folder("compile/goldens.rs"), &modules)
}
