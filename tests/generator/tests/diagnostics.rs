//! What the user reads on a mistake. An expectation that differs is rewritten, and the test fails.

use std::fs;
use std::path::Path;

use generator_tests::{Outcome, cases, descriptor_set, options, protos};
use protoc_gen_rsgrpc::{Options, Request, generate};

/// All of a folder's at once; `bindings`, `duplicate_routes` and `several` are about rules of REST.
// docs/rest.md 1.9 1.11 1.13
#[test]
fn mistakes_in_protos_are_explained() -> Outcome {
    let mut changed = Vec::new();
    for case in cases("diagnostics")? {
        let files = protos(&case)?;
        // Files in folders are imported only.
        let requested = files.iter().filter(|file| !file.contains('/'));
        let request = Request::from_descriptor_set(&descriptor_set(&case, &files)?, requested)?;
        let diagnostics = match generate(&request, &options(&case)?) {
            Ok(_) => "nothing is wrong".to_owned(),
            Err(diagnostics) => diagnostics.to_string(),
        };
        changed.extend(update(&case.join("expected.txt"), &(diagnostics + "\n"))?);
    }
    assert!(changed.is_empty(), "rewritten, see the diff: {changed:#?}");
    Ok(())
}

#[test]
fn mistakes_in_options_are_explained() -> Outcome {
    let table = [
        (
            "servr",
            "there is no option `servr`; the options are: server, client, json, descriptor_set, include_imports, \
             duplicate_routes, layout, module_file, extern_path, extern_json, bytes, btree_map, boxed, type_attribute, \
             message_attribute, enum_attribute, field_attribute",
        ),
        ("server=maybe", "option `server` cannot be `maybe`; write: server=true|false"),
        ("duplicate_routes=last", "option `duplicate_routes` cannot be `last`; write: duplicate_routes=error|first"),
        ("layout=", "option `layout` cannot be ``; write: layout=packages|single"),
        ("module_file=../x.rs", "option `module_file` cannot be `../x.rs`; write a file name: module_file=NAME.rs"),
        (
            "extern_path=a=::b",
            "option `extern_path` cannot be `a=::b`; write the proto path with a leading dot, and a Rust path from `::` or `crate::` on: \
             extern_path=.PROTO.PATH=::rust::path",
        ),
        (
            "extern_path=.a=::b;",
            "option `extern_path` cannot be `.a=::b;`; write the proto path with a leading dot, and a Rust path from `::` or `crate::` on: \
             extern_path=.PROTO.PATH=::rust::path",
        ),
        (
            "extern_path=.a=b::c",
            "option `extern_path` cannot be `.a=b::c`; write the proto path with a leading dot, and a Rust path from `::` or `crate::` on: \
             extern_path=.PROTO.PATH=::rust::path",
        ),
        (
            "extern_path=.a=::b::fn",
            "option `extern_path` cannot be `.a=::b::fn`; write the proto path with a leading dot, and a Rust path from `::` or `crate::` on: \
             extern_path=.PROTO.PATH=::rust::path",
        ),
        (
            "bytes=a..b",
            "option `bytes` cannot be `a..b`; write a proto path, with a leading dot from the package on: bytes=PATH",
        ),
        (
            "type_attribute=.a=derive(Eq)",
            "option `type_attribute` cannot be `.a=derive(Eq)`; write a proto path and attributes: \
             type_attribute=PATH=#[ATTRIBUTE]",
        ),
        (
            "type_attribute=.a=#[b",
            "option `type_attribute` cannot be `.a=#[b`; write a proto path and attributes: \
             type_attribute=PATH=#[ATTRIBUTE]",
        ),
    ];
    for (parameter, expected) in table {
        let error = Options::parse(parameter).err().map(|diagnostics| diagnostics.to_string());
        assert_eq!(error.as_deref(), Some(expected), "{parameter}");
    }
    Ok(())
}

#[test]
fn all_mistakes_in_options_are_told_at_once() {
    let error = Options::parse("server=1,client=2,server").map(|_| ()).map_err(|error| error.to_string());
    let expected = "option `client` cannot be `2`; write: client=true|false\n\
                    option `server` cannot be `1`; write: server=true|false";
    assert_eq!(error, Err(expected.to_owned()));
}

#[test]
fn commas_within_brackets_and_quotes_belong_to_the_value() {
    for parameter in [
        "",
        ",",
        "server,client=false",
        "type_attribute=.=#[derive(Eq, Hash)],bytes=.",
        "type_attribute=.=#[doc = \"a, b\"]",
        "extern_path=.a=crate::r#type::B",
    ] {
        assert!(Options::parse(parameter).is_ok(), "{parameter}");
    }
}

fn update(path: &Path, content: &str) -> Outcome<Option<String>> {
    if fs::read_to_string(path).is_ok_and(|old| old == content) {
        return Ok(None);
    }
    fs::write(path, content)?;
    Ok(Some(path.display().to_string()))
}
