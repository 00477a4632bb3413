//! What build scripts generate, and what they tell Cargo.

use crate::package::Package;

const USER: &str = "syntax = \"proto3\";
package example.v1;
import \"common.proto\";
import \"google/api/annotations.proto\";
import \"google/protobuf/timestamp.proto\";
service Users {
  rpc Get(User) returns (User) { option (google.api.http) = { get: \"/v1/{id}\" }; }
}
message User { string id = 1; google.protobuf.Timestamp created = 2; common.Address address = 3; }
";
const COMMON: &str = "syntax = \"proto3\"; package common; message Address { string city = 1; }";
const LEAF: &str = "syntax = \"proto3\"; package leaf.v1; message Leaf {}";

#[test]
fn one_proto_suffices() {
    let package =
        Package::new(&[("proto/user.proto", USER), ("proto/common.proto", COMMON), ("proto/other.proto", LEAF)]);
    let cargo = package.build("proto=proto/user.proto").cargo();
    assert_eq!(
        cargo,
        ["rerun-if-changed=proto/common.proto", "rerun-if-changed=proto/user.proto", "rerun-if-env-changed=PROTOC"],
        "exactly the files that were read, and not those that come with rsgrpc or protoc"
    );
    let user = package.generated("example.v1.rs");
    assert!(user.contains("pub trait Users") && user.contains("pub struct User "), "{user}");
    assert!(package.generated("common.rs").contains("pub struct Address"), "an import is generated too");
    assert!(package.generated("mod.rs").contains("example.v1.rs"));
    let left: Vec<_> = std::fs::read_dir(package.path("out")).expect("OUT_DIR").flatten().collect();
    assert_eq!(left.len(), 3, "nothing but generated code stays: {left:?}");
}

#[test]
fn what_did_not_change_is_not_written() {
    let package = Package::new(&[("proto/user.proto", USER), ("proto/common.proto", COMMON)]);
    // Without the descriptors of imports, the code of a package depends on its own protos only.
    let script = "descriptor_set=false\nproto=proto/user.proto";
    let written = || {
        let of =
            |name| package.path("out").join(name).metadata().and_then(|file| file.modified()).expect("a time stamp");
        (of("example.v1.rs"), of("common.rs"))
    };
    package.build(script).cargo();
    let first = written();
    package.build(script).cargo();
    assert_eq!(written(), first);
    std::fs::write(package.path("proto/common.proto"), COMMON.replace("city", "town")).expect("a file");
    package.build(script).cargo();
    assert_eq!(written().0, first.0);
    assert!(written().1 > first.1);
}

#[test]
fn imports_start_where_the_package_does() {
    let user = USER.replace("common.proto", "example/v1/common.proto");
    let common = COMMON.replace("package common;", "package example.v1;");
    let user = user.replace("common.Address", "Address");
    let package = Package::new(&[("proto/example/v1/user.proto", &user), ("proto/example/v1/common.proto", &common)]);
    let cargo = package.build("proto=./proto/example/v1/user.proto").cargo();
    assert!(cargo.contains(&"rerun-if-changed=proto/example/v1/common.proto".to_owned()), "{cargo:?}");
}

#[test]
fn several_protos_may_lie_in_several_folders() {
    let package = Package::new(&[
        ("a/leaf.proto", LEAF),
        ("b/common/x.proto", COMMON),
        ("top.proto", &LEAF.replace("leaf", "top")),
    ]);
    package.build("proto=a/leaf.proto\nproto=b/common/x.proto\nproto=top.proto").cargo();
    for name in ["leaf.v1.rs", "common.rs", "top.v1.rs"] {
        package.generated(name);
    }
}

#[test]
fn protos_of_one_name_may_lie_in_several_folders() {
    let user = |version: &str| format!("syntax = \"proto3\"; package example.{version}; message User {{}}");
    for folders in [["proto/v1", "proto/v2"], ["v1", "./v2"], ["proto/v1", "proto/v1/next"]] {
        let (one, two) = (format!("{}/user.proto", folders[0]), format!("{}/user.proto", folders[1]));
        let package = Package::new(&[(&one, &user("v1")), (&two, &user("v2"))]);
        let cargo = package.build(&format!("proto={one}\nproto={two}")).cargo();
        assert_eq!(cargo.len(), 3, "{cargo:?}");
        assert!(package.generated("example.v1.rs").contains("pub struct User "));
        assert!(package.generated("example.v2.rs").contains("pub struct User "));
    }
}

#[test]
fn include_folders_can_be_named() {
    let package = Package::new(&[("proto/sub/user.proto", USER), ("shared/common.proto", COMMON)]);
    let cargo = package.build("include=proto\ninclude=shared\nproto=proto/sub/user.proto").cargo();
    assert!(cargo.contains(&"rerun-if-changed=shared/common.proto".to_owned()), "{cargo:?}");
}

#[test]
fn a_proto_of_the_user_hides_the_one_that_comes_with_rsgrpc() {
    let own = rsgrpc_proto::FILES.iter().find(|(name, _)| *name == "google/api/annotations.proto").expect("the file").1;
    let package = Package::new(&[
        ("proto/user.proto", USER),
        ("proto/common.proto", COMMON),
        ("proto/google/api/annotations.proto", own),
    ]);
    let cargo = package.build("proto=proto/user.proto").cargo();
    assert!(cargo.contains(&"rerun-if-changed=proto/google/api/annotations.proto".to_owned()), "{cargo:?}");
}

#[test]
fn every_proto_of_rsgrpc_can_be_imported() {
    let imports: String = rsgrpc_proto::FILES.iter().map(|(name, _)| format!("import \"{name}\";\n")).collect();
    let package =
        Package::new(&[("all.proto", &format!("syntax = \"proto3\";\npackage all;\n{imports}message M {{}}"))]);
    package.build("proto=all.proto").cargo();
}

#[test]
fn options_reach_the_generator() {
    let package = Package::new(&[("proto/user.proto", USER), ("proto/common.proto", COMMON)]);
    package.build("client=false\nproto=proto/user.proto").cargo();
    assert!(!package.generated("example.v1.rs").contains("UsersClient"));
}

#[test]
fn code_can_go_elsewhere() {
    let package = Package::new(&[("leaf.proto", LEAF)]);
    package.build("out_dir=src/generated\nproto=leaf.proto").cargo();
    assert!(package.path("src/generated/leaf.v1.rs").is_file());
}

#[test]
fn a_descriptor_set_replaces_protoc() {
    let package = Package::new(&[("proto/user.proto", USER), ("proto/common.proto", COMMON)]);
    let protoc = protoc_bin_vendored::protoc_bin_path().expect("a protoc");
    let protos = concat!(env!("CARGO_MANIFEST_DIR"), "/../proto/protos");
    let made = std::process::Command::new(protoc)
        .current_dir(package.path("."))
        .args(["--include_imports", "--include_source_info", "--descriptor_set_out=set.bin", "-Iproto", "-I", protos])
        .arg("proto/user.proto")
        .status();
    assert!(made.expect("protoc runs").success());
    let script = "descriptors_from=set.bin\nprotoc=/nonexistent\nproto=user.proto";
    assert_eq!(package.build(script).cargo(), ["rerun-if-changed=set.bin"]);
    assert!(package.generated("example.v1.rs").contains("pub trait Users"));
}

#[test]
fn warnings_of_protoc_are_shown() {
    let package = Package::new(&[
        ("proto/user.proto", &USER.replace("common.Address", "string")),
        ("proto/common.proto", COMMON),
    ]);
    let cargo = package.build("proto=proto/user.proto").cargo();
    assert!(
        cargo.contains(&"warning=proto/user.proto:3:1: warning: Import common.proto is unused.".to_owned()),
        "{cargo:?}"
    );
}
