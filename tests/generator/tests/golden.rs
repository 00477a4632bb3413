//! What a proto produces. A golden that differs is rewritten, and the test fails: the review is the diff.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use generator_tests::{Outcome, cases, folder, options, request};
use protoc_gen_rsgrpc::generate;

#[test]
fn goldens_are_what_is_generated() -> Outcome {
    let mut changed = Vec::new();
    for case in cases("golden")? {
        let files =
            generate(&request(&case)?, &options(&case)?).map_err(|error| format!("{}: {error}", case.display()))?;
        let expected = files.into_iter().map(|file| (file.name, file.content)).collect();
        changed.extend(update(&case, &expected)?);
    }
    changed.extend(update_modules()?);
    assert!(changed.is_empty(), "rewritten, see the diff: {changed:#?}");
    Ok(())
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
