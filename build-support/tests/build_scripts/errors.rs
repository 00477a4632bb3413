//! What users read when something is wrong.

use crate::package::Package;

const LEAF: &str = "syntax = \"proto3\"; package leaf.v1; message Leaf {}";

#[test]
fn missing_protos_are_named_all_at_once() {
    let package = Package::new(&[("leaf.proto", LEAF)]);
    assert_eq!(
        package.build("proto=a.proto\nproto=leaf.proto\nproto=proto/b.proto").error(),
        "Error: \n\
         cannot read `a.proto`: No such file or directory (os error 2); the path is relative to the folder of Cargo.toml\n\
         cannot read `proto/b.proto`: No such file or directory (os error 2); the path is relative to the folder of \
         Cargo.toml"
    );
}

#[test]
fn no_proto_at_all() {
    assert_eq!(Package::new(&[]).build("").error(), "Error: there is nothing to compile; name at least one proto");
}

#[test]
fn a_mistake_in_a_proto_has_its_path_and_place() {
    let package = Package::new(&[("proto/leaf.proto", "syntax = \"proto3\";\nmessage Leaf {\n  string a = 1\n}\n")]);
    assert_eq!(
        package.build("proto=proto/leaf.proto").error(),
        "Error: proto/leaf.proto:4:1: Expected \";\"; write that here"
    );
}

#[test]
fn what_protoc_says_comes_with_how_to_mend_it() {
    for (code, expected) in [
        (
            "message M { string a; }",
            "3:21: Missing field number; write ` = ` and a number that no other field of the message has",
        ),
        ("message M {", "3:12: Reached end of input in message definition (missing '}'); close what is open"),
        (
            "message M { string a = 1; string a = 2; }",
            "3:34: \"a\" is already defined in \"p.M\"; rename or remove one of them",
        ),
        ("message M { required string a = 1; }", "3:22: Required fields are not allowed in proto3; remove `required`"),
        (
            "enum E { A = 1; }",
            "3:14: The first enum value must be zero for open enums; put a value with the number 0 first",
        ),
        (
            "message M { map<float, string> a = 1; }",
            "3:13: Key in map fields cannot be float/double, bytes or message types; use an integer, `bool` or `string` as \
             the key",
        ),
        ("message M { extensions 5; }", "3:24: Extension ranges are not allowed in proto3; OTHERWISE"),
        (
            "enum E { A = 0; B = 0; }",
            "3:21: \"p.B\" uses the same enum value as \"p.A\". If this is intended, set 'option allow_alias = true;' to the \
             enum definition. The next available enum value is 1.",
        ),
    ] {
        let package = Package::new(&[("leaf.proto", &format!("syntax = \"proto3\";\npackage p;\n{code}"))]);
        let expected = expected
            .replace("OTHERWISE", "what a proto may contain is described at https://protobuf.dev/programming-guides/");
        assert_eq!(package.build("proto=leaf.proto").error(), format!("Error: leaf.proto:{expected}"));
    }
}

#[test]
fn a_missing_import_says_where_it_was_looked_up() {
    let package = Package::new(&[
        ("proto/leaf.proto", "syntax = \"proto3\";\nimport \"other.proto\";"),
        ("proto/root.proto", "syntax = \"proto3\";\nimport \"leaf.proto\";"),
    ]);
    assert_eq!(
        package.build("proto=proto/root.proto").error(),
        "Error: \n\
         proto/leaf.proto:2:1: import \"other.proto\" is not found below `proto`; correct the name, or name the folder that \
         has it by `rsgrpc_build::configure().include(..)`\n\
         proto/root.proto:2:1: import \"leaf.proto\" has mistakes; mend those first"
    );
}

#[test]
fn a_folder_is_named_once() {
    let package = Package::new(&[
        ("proto/a.proto", "syntax = \"proto3\";\nimport \"other.proto\";"),
        ("proto/b.proto", "syntax = \"proto3\";"),
    ]);
    let error = package.build("proto=proto/b.proto\nproto=./proto/a.proto").error();
    assert!(error.contains("\"other.proto\" is not found below `proto`; "), "{error}");
}

#[test]
fn a_type_that_is_not_there() {
    let package = Package::new(&[("proto/leaf.proto", "syntax = \"proto3\";\nmessage Leaf {\n  Foo a = 1;\n}\n")]);
    assert_eq!(
        package.build("proto=proto/leaf.proto").error(),
        "Error: proto/leaf.proto:3:3: \"Foo\" is not defined; correct the name, or declare it, or import the file that does"
    );
}

#[test]
fn a_proto_hidden_by_another() {
    let package = Package::new(&[("v1/user.proto", LEAF), ("v2/user.proto", LEAF)]);
    assert_eq!(
        package.build("include=v1\ninclude=v2\nproto=v1/user.proto\nproto=v2/user.proto").error(),
        "Error: `v2/user.proto`: `import \"user.proto\"` means `v1/user.proto` here, which an earlier include folder has; \
         name first a folder that holds both, by `rsgrpc_build::configure().include(..)`"
    );
}

/// protoc has one file to a name, and takes a file with two names for two files.
#[test]
fn protos_of_one_name_are_imported_by_long_names() {
    let uses = |package: &str, import: &str| {
        format!("syntax = \"proto3\"; package x.{package}; import \"{import}\"; message M {{ T t = 1; }}")
    };
    let types = |package: &str| format!("syntax = \"proto3\"; package x.{package}; message T {{}}");
    let protos = |import: &str| {
        Package::new(&[
            ("a/types.proto", &types("a")),
            ("a/uses.proto", &uses("a", &format!("{import}types.proto"))),
            ("b/types.proto", &types("b")),
            ("b/uses.proto", &uses("b", "b/types.proto")),
        ])
    };
    let script = "proto=a/types.proto\nproto=a/uses.proto\nproto=b/types.proto\nproto=b/uses.proto";
    assert_eq!(
        protos("").build(script).error(),
        "Error: `a/uses.proto`: `import \"types.proto\"` is too short where protos of one name lie in several folders; \
         write `import \"a/types.proto\"`"
    );
    protos("a/").build(script).cargo();
    // Only one of them is given, but the other one lies where it is looked for first.
    let package = Package::new(&[
        ("a/leaf.proto", LEAF),
        ("a/types.proto", &types("a")),
        ("b/types.proto", &types("b")),
        ("b/uses.proto", &uses("b", "types.proto")),
    ]);
    let error = package.build("proto=a/leaf.proto\nproto=b/uses.proto").error();
    assert!(error.contains("`b/uses.proto`: `import \"types.proto\"` is too short"), "{error}");
}

#[test]
fn a_mistake_that_the_generator_finds_has_its_path_and_place() {
    let text = "syntax = \"proto3\";\nimport \"google/api/annotations.proto\";\nmessage M {}\nservice S {\n  \
                rpc R(M) returns (M) { option (google.api.http) = { get: \"no slash\" }; }\n}\n";
    let error = Package::new(&[("proto/leaf.proto", text)]).build("proto=proto/leaf.proto").error();
    assert!(error.starts_with("Error: proto/leaf.proto:5:"), "{error}");
}

#[test]
fn protos_that_the_include_folders_do_not_have() {
    let package = Package::new(&[("a/leaf.proto", LEAF), ("b/other.proto", LEAF)]);
    assert_eq!(
        package.build("include=b\nproto=a/leaf.proto\nproto=b/none.proto").error(),
        "Error: \n\
         `a/leaf.proto` is in none of the include folders, `b`; name one that holds it, written as in the path of the proto, \
         by `rsgrpc_build::configure().include(..)`\n\
         cannot read `b/none.proto`: No such file or directory (os error 2); the path is relative to the folder of Cargo.toml"
    );
}

#[test]
fn a_protoc_that_is_not_there() {
    let package = Package::new(&[("leaf.proto", LEAF)]);
    let expected = |path| {
        format!(
            "Error: cannot run protoc at `{path}`: No such file or directory (os error 2); correct the path, or leave it \
             and the variable PROTOC out to use the protoc that comes with rsgrpc-build"
        )
    };
    assert_eq!(package.build("protoc=/no/protoc\nproto=leaf.proto").error(), expected("/no/protoc"));
    let from_variable = package.build_with("proto=leaf.proto", &[("PROTOC", "/not/here")]);
    assert_eq!(from_variable.error(), expected("/not/here"));
}

#[cfg(unix)]
#[test]
fn a_program_that_is_no_protoc() {
    let package = Package::new(&[("leaf.proto", LEAF)]);
    for (program, what) in [
        ("/bin/true", "`/bin/true` ran and wrote no descriptors, so it is no protoc"),
        ("/bin/false", "protoc at `/bin/false` failed with exit status: 1"),
    ] {
        let error = package.build_with("proto=leaf.proto", &[("PROTOC", program)]).error();
        assert!(error.starts_with(&format!("Error: {what}; correct the path, or leave it ")), "{error}");
    }
}

/// A protoc on `PATH` would have the wrong version sooner or later.
#[cfg(unix)]
#[test]
fn a_protoc_on_the_path_is_not_used() {
    use std::os::unix::fs::PermissionsExt;
    let package = Package::new(&[("leaf.proto", LEAF), ("bin/protoc", "#!/bin/sh\necho wrong protoc >&2\nexit 1\n")]);
    let bin = package.path("bin");
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(bin.join("protoc"), executable).expect("permissions");
    package.build_with("proto=leaf.proto", &[("PATH", &bin.to_string_lossy())]).cargo();
    let wrong = package.build(&format!("protoc={}\nproto=leaf.proto", bin.join("protoc").display()));
    assert_eq!(wrong.error(), "Error: wrong protoc");
}

#[test]
fn wrong_options_are_named_all_at_once() {
    let error = Package::new(&[("leaf.proto", LEAF)]).build("clinet=false\nserver=maybe\nproto=leaf.proto").error();
    let lines: Vec<_> = error.lines().collect();
    assert_eq!(lines.len(), 3, "{error}");
    assert!(lines[1].contains("`clinet`") && lines[1].contains("client"), "{error}");
    assert!(lines[2].contains("`server`") && lines[2].contains("true|false"), "{error}");
}

#[test]
fn mistakes_in_options_and_protos_are_told_together() {
    let unfinished = "syntax = \"proto3\"; message Leaf {";
    let nameless = "syntax = \"proto3\"; package leaf; message _ {}";
    for proto in [unfinished, nameless] {
        let package = Package::new(&[("leaf.proto", proto)]);
        let error = package.build("clinet=false\nproto=leaf.proto").error();
        assert!(error.contains("`clinet`") && error.contains("leaf.proto:1:"), "{error}");
    }
}

#[test]
fn out_dir_is_needed() {
    let error = rsgrpc_build::compile(&["leaf.proto"]).expect_err("there is no OUT_DIR");
    assert!(error.to_string().starts_with("the variable OUT_DIR is not set;"), "{error}");
}

#[test]
fn descriptor_sets_may_be_missing_or_wrong() {
    let package = Package::new(&[("garbage.bin", "\u{7}garbage"), ("empty.bin", "")]);
    let missing = package.build("descriptors_from=set.bin\nproto=leaf.proto").error();
    assert!(missing.starts_with("Error: cannot read the descriptor set `set.bin`: "), "{missing}");
    let garbage = package.build("descriptors_from=garbage.bin\nproto=leaf.proto").error();
    assert!(garbage.starts_with("Error: the descriptor set cannot be decoded: "), "{garbage}");
    let empty = package.build("descriptors_from=empty.bin\nproto=leaf.proto").error();
    assert!(empty.contains("leaf.proto"), "{empty}");
}
