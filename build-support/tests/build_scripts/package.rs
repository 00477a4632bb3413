//! Build scripts for tests: a folder with files as the package, and this test program, started again, as the script.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// The variable with the configuration of a build script, one `key=value` per line.
const SCRIPT: &str = "RSGRPC_BUILD_SCRIPT";

/// Not a test of its own: what the started program runs.
#[test]
fn as_build_script() {
    let Ok(script) = std::env::var(SCRIPT) else { return };
    let (mut builder, mut protos) = (rsgrpc_build::configure(), Vec::new());
    for line in script.lines() {
        let Some((key, value)) = line.split_once('=') else { continue };
        builder = match key {
            "include" => builder.include(value),
            "protoc" => builder.protoc(value),
            "descriptors_from" => builder.descriptors_from(value),
            "out_dir" => builder.out_dir(value),
            "proto" => {
                protos.push(value.to_owned());
                builder
            }
            option => builder.option(option, value),
        };
    }
    if let Err(error) = builder.compile(&protos) {
        // As Rust does for an error that `main` returns.
        eprintln!("Error: {error:?}");
        std::process::exit(1);
    }
}

/// A package that is built.
pub(crate) struct Package {
    folder: TempDir,
}

/// What a build script has said.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The lines for Cargo, without `cargo::`.
    pub(crate) cargo: BTreeSet<String>,
    /// The error, if it failed.
    pub(crate) error: Option<String>,
}

impl Package {
    /// With these files, by path.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        fs::create_dir(folder.path().join("out")).expect("OUT_DIR");
        Self { folder }
    }

    /// A file or folder of the package.
    pub(crate) fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(path)
    }

    /// A file that was generated.
    pub(crate) fn generated(&self, name: &str) -> String {
        let path = self.path("out").join(name);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Runs a build script with this configuration.
    pub(crate) fn build(&self, script: &str) -> Outcome {
        self.build_with(script, &[])
    }

    /// The same with some environment variables set.
    pub(crate) fn build_with(&self, script: &str, variables: &[(&str, &str)]) -> Outcome {
        let output = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "package::as_build_script", "--nocapture", "--quiet"])
            .current_dir(self.folder.path())
            .env_remove("PROTOC")
            .env("OUT_DIR", self.path("out"))
            .env(SCRIPT, script)
            .envs(variables.iter().copied())
            .output()
            .expect("the build script runs");
        let said = String::from_utf8(output.stdout).expect("UTF-8");
        let cargo =
            said.lines().filter_map(|line| line.split_once("cargo::")).map(|(_, line)| line.to_owned()).collect();
        let complaint = String::from_utf8(output.stderr).expect("UTF-8");
        Outcome { cargo, error: (!output.status.success()).then(|| complaint.trim_end().to_owned()) }
    }
}

impl Outcome {
    /// What Cargo was told, of a build that worked.
    #[track_caller]
    pub(crate) fn cargo(self) -> Vec<String> {
        assert_eq!(self.error, None);
        self.cargo.into_iter().collect()
    }

    /// The error of a build that failed.
    #[track_caller]
    pub(crate) fn error(self) -> String {
        self.error.expect("the build script fails")
    }
}
