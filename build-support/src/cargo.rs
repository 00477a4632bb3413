//! What a build script tells Cargo: lines on standard output.

#![expect(clippy::print_stdout, reason = "standard output is how a build script talks to Cargo")]

use std::path::Path;

/// Whether Cargo runs this program as a build script. Elsewhere nobody reads the lines.
fn listens() -> bool {
    std::env::var_os("OUT_DIR").is_some()
}

/// Runs the build script again when this file changes.
pub(crate) fn rerun_if_changed(path: &Path) {
    if listens() {
        println!("cargo::rerun-if-changed={}", path.display());
    }
}

/// Runs the build script again when this variable changes.
pub(crate) fn rerun_if_env_changed(variable: &str) {
    if listens() {
        println!("cargo::rerun-if-env-changed={variable}");
    }
}

/// Shows a warning to whoever builds the crate.
pub(crate) fn warning(line: &str) {
    if listens() {
        println!("cargo::warning={line}");
    }
}
