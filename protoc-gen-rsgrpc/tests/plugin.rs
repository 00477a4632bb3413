//! The plugin as a process: its arguments, and what protoc makes of its answers.

use std::error::Error;
use std::fs;
use std::io::Write;
use std::process::{Command, Output, Stdio};

const PLUGIN: &str = env!("CARGO_BIN_EXE_protoc-gen-rsgrpc");

type Outcome = Result<(), Box<dyn Error>>;

const PROTO: &str = r#"edition = "2023"; package p; message M { int32 x = 1; } service S { rpc Get(M) returns (M); }"#;

#[test]
fn version_and_help_are_answered() -> Outcome {
    let version = Command::new(PLUGIN).arg("--version").output()?;
    assert_eq!(String::from_utf8(version.stdout)?, concat!("protoc-gen-rsgrpc ", env!("CARGO_PKG_VERSION"), "\n"));
    let help = String::from_utf8(Command::new(PLUGIN).arg("--help").output()?.stdout)?;
    for key in ["server=true|false", "extern_path=", "duplicate_routes="] {
        assert!(help.contains(key), "{key}: {help}");
    }
    Ok(())
}

#[test]
fn other_arguments_are_refused() -> Outcome {
    for arguments in [&["--what"][..], &["x.proto"], &["--version", "--help"]] {
        let output = Command::new(PLUGIN).args(arguments).output()?;
        assert!(!output.status.success() && output.stdout.is_empty());
        assert!(String::from_utf8(output.stderr)?.contains("unexpected arguments"));
    }
    Ok(())
}

#[test]
fn what_is_no_request_fails_the_process() -> Outcome {
    let mut plugin =
        Command::new(PLUGIN).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    plugin.stdin.take().ok_or("no stdin")?.write_all(b"\xff\xff")?;
    let output = plugin.wait_with_output()?;
    assert!(!output.status.success() && output.stdout.is_empty());
    assert!(String::from_utf8(output.stderr)?.contains("the request cannot be decoded"));
    Ok(())
}

#[test]
fn protoc_writes_the_files() -> Outcome {
    let folder = tempfile::tempdir()?;
    let output = protoc(&folder, PROTO, "server,client=false,type_attribute=.=#[allow(unused, dead_code)]")?;
    assert_eq!(String::from_utf8(output.stderr)?, "");
    let package = fs::read_to_string(folder.path().join("p.rs"))?;
    assert!(package.contains("pub trait S") && !package.contains("SClient"));
    assert!(package.contains("#[allow(unused, dead_code)]"));
    assert!(fs::read_to_string(folder.path().join("mod.rs"))?.contains("include!(\"p.rs\");"));
    Ok(())
}

/// The default of a message that holds one of itself would have no end. (prost-build cannot be asked: it panics.)
#[test]
fn what_requires_itself_may_be_left_out() -> Outcome {
    let proto = r#"syntax = "proto2"; package p;
        message Own { required Own own = 1; required Leaf leaf = 2; }
        message One { required Other other = 1; }
        message Other { required One one = 1; }
        message Leaf {}"#;
    let folder = tempfile::tempdir()?;
    let output = protoc(&folder, proto, "json=false")?;
    assert_eq!(String::from_utf8(output.stderr)?, "");
    let package = fs::read_to_string(folder.path().join("p.rs"))?;
    let fields: Vec<_> = package.lines().map(str::trim).filter(|line| line.starts_with("#[prost(message")).collect();
    let endless = "#[prost(message, optional, boxed, tag = \"1\")]";
    assert_eq!(fields, [endless, "#[prost(message, required, tag = \"2\")]", endless, endless]);
    Ok(())
}

#[test]
fn protoc_tells_the_user_of_mistakes() -> Outcome {
    let proto = r#"edition = "2024"; package p; message _ { string __ = 1; }"#;
    let folder = tempfile::tempdir()?;
    let proto = proto.replace("package", "option features.enforce_naming_style = STYLE_LEGACY; package");
    let output = protoc(&folder, &proto, "")?;
    assert!(!output.status.success());
    let message = String::from_utf8(output.stderr)?;
    let lines: Vec<_> = message.lines().collect();
    assert_eq!(lines.len(), 2, "{message}");
    assert!(lines[0].starts_with("--rsgrpc_out: x.proto:1:"), "{message}");
    assert!(lines[0].ends_with("no Rust name can be made of `_`; use letters and digits, beginning with a letter"));

    let output = protoc(&folder, PROTO, "no_such_option")?;
    let message = String::from_utf8(output.stderr)?;
    assert!(message.starts_with("--rsgrpc_out: there is no option `no_such_option`; the options are: server, "));

    let output = protoc(&folder, &proto, "no_such_option")?;
    let message = String::from_utf8(output.stderr)?;
    assert_eq!(message.lines().count(), 3, "{message}");
    assert!(message.contains("`no_such_option`") && message.contains("x.proto:1:"), "{message}");
    Ok(())
}

fn protoc(folder: &tempfile::TempDir, proto: &str, options: &str) -> Result<Output, Box<dyn Error>> {
    fs::write(folder.path().join("x.proto"), proto)?;
    let mut command = Command::new(protoc_bin_vendored::protoc_bin_path()?);
    command.arg(format!("--plugin=protoc-gen-rsgrpc={PLUGIN}")).arg("-I").arg(folder.path());
    command.arg("--rsgrpc_out").arg(folder.path()).arg(format!("--rsgrpc_opt={options}")).arg("x.proto");
    Ok(command.output()?)
}
