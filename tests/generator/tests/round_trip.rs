//! The generated messages read and write the bytes that protoc writes: presence, packing, groups and the rest of what
//! editions and proto2 say about encoding.

use std::io::Write;
use std::process::Stdio;

use compile_edition2024 as goldens;
use generator_tests::{Outcome, folder, protoc};
use rsgrpc::prost::{DecodeError, Message};

/// A golden, a proto in it, a message, the message in text format, and a decoder that encodes again.
type Case = (&'static str, &'static str, &'static str, &'static str, fn(&[u8]) -> Result<Vec<u8>, DecodeError>);

const CASES: &[Case] = &[
    (
        "editions2023",
        "e2023.proto",
        "e2023.Presence",
        r#"explicit: 0 required: 0 text: "" message { required: 1 } delimited { required: 2 explicit: 3 }
           packed: [0, 1, 300] expanded: [0, 1, 300] groups { required: 4 } groups { required: 5 text: "y" }
           map { key: 7 value { required: 6 } } b { required: 7 } kind: ZERO kind_implicit: OPEN_ONE
           kinds: [ONE, ZERO] data: """#,
        again::<goldens::editions2023::e2023::Presence>,
    ),
    (
        "editions2023",
        "e2023.proto",
        "e2023.Presence",
        "required: 5 implicit: 9 a: 0",
        again::<goldens::editions2023::e2023::Presence>,
    ),
    (
        "editions2023",
        "e2023.proto",
        "e2023.Presence",
        "required: 1 c: ONE",
        again::<goldens::editions2023::e2023::Presence>,
    ),
    (
        "editions2023",
        "e2023.proto",
        "e2023.First",
        "second { first { second { first {} } } }",
        again::<goldens::editions2023::e2023::First>,
    ),
    (
        "editions2023",
        "file_features.proto",
        "e2023.file.Inherits",
        r#"implicit: 1 expanded: [1, 2] group { explicit: 0 } never_a_group { key: "k" value { implicit: 2 } }
           explicit: 0 prefixed { implicit: "x" groups { implicit: "y" } groups {} }"#,
        again::<goldens::editions2023::e2023::file::Inherits>,
    ),
    (
        "editions2024",
        "e2024.proto",
        "e2024.Thing",
        r#"name: "" part { id: 0 }"#,
        again::<goldens::editions2024::e2024::Thing>,
    ),
    (
        "presence",
        "presence.proto",
        "presence.Implicit",
        r#"i32: -1 i64: -2 u32: 3 u64: 4 s32: -5 s64: -6 f32: 7 f64: 8 sf32: -9 sf64: -10 float: 1.5 double: -2.5
           bool: true string: "s" bytes: "\x00\xff" kind: ONE message { i32: 0 string: "" bytes: "" kind: ZERO }"#,
        again::<goldens::presence::presence::Implicit>,
    ),
    (
        "presence",
        "presence.proto",
        "presence.Repeated",
        r#"i32: [1, -1] string: ["", "a"] bytes: ["", "b"] kind: [ONE, ZERO] message {} double: [1, 2]
           deprecated: [true, false] s64: [-1, 1]"#,
        again::<goldens::presence::presence::Repeated>,
    ),
    (
        "proto2",
        "two.proto",
        "two.Labels",
        r#"a: "" c: "x" d: [1, 2] e: [1, 2] f { id: 0 } g: COLOR_GREEN h: COLOR_ALIAS i: [COLOR_RED, COLOR_GREEN] j: "\x80"
           k { key: -1 value { id: 1 } } n { id: 2 }"#,
        again::<goldens::proto2::two::Labels>,
    ),
    (
        "groups",
        "groups.proto",
        "groups.Search",
        r#"Hit { url: "a" } Hit { url: "b" Part { from: 1 } } Page { search { Must { x: 1 } } } Must {}
           Right { left { a: "x" } }"#,
        again::<goldens::groups::groups::Search>,
    ),
    ("groups", "groups.proto", "groups.A", "B { a { B {} } C { b { } a { } } }", again::<goldens::groups::groups::A>),
    (
        "oneofs",
        "oneofs.proto",
        "oneofs.Many",
        r#"d { e: NONE no: false inner { many { c: "" } } } yes: false old: """#,
        again::<goldens::oneofs::oneofs::Many>,
    ),
    (
        "options_types",
        "types.proto",
        "options.types.Data",
        r#"shared: "a" owned: "b" many: ["c", ""] maybe: "" map { key: "k" value: "v" } sorted { key: "s" value: 1 }
           hashed { key: "h" value: 2 } small { on: true } boxed { on: true } unboxed {}"#,
        again::<goldens::options_types::options::types::Data>,
    ),
];

#[test]
fn bytes_of_protoc_survive() -> Outcome {
    for (golden, proto, message, text, again) in CASES {
        let bytes = encode(golden, proto, message, text)?;
        assert!(!bytes.is_empty());
        assert_eq!(again(&bytes)?, bytes, "{message}: {text}");
    }
    Ok(())
}

#[test]
fn defaults_are_those_of_the_proto() {
    let message = goldens::proto2::two::Defaults::default();
    assert_eq!((message.a(), message.b(), message.c(), message.d()), (-5, i64::MIN, u32::MAX, u64::MAX));
    assert_eq!((message.e(), message.f(), message.h(), message.i()), (f32::INFINITY, f32::NEG_INFINITY, 1e300, -1.5));
    assert!(message.g().is_nan());
    assert_eq!((message.j(), message.k(), message.s(), message.t()), (3.0, true, 0x7f, 1e-7));
    assert_eq!(message.l(), "a \"quoted\" \\ text\n\t\u{e4} '");
    assert_eq!(message.m(), b"\x00\x01\xfe\"\\'\n a");
    assert_eq!((message.n(), message.o()), (goldens::proto2::two::Color::Green, goldens::proto2::two::Color::Green));
    assert_eq!((message.p, message.q.as_str(), message.r()), (7, "q", ""));
}

fn again<M: Message + Default>(bytes: &[u8]) -> Result<Vec<u8>, DecodeError> {
    M::decode(bytes).map(|message| message.encode_to_vec())
}

/// What protoc makes of a message in text format.
fn encode(golden: &str, proto: &str, message: &str, text: &str) -> Outcome<Vec<u8>> {
    let mut command = protoc(&folder("golden").join(golden))?;
    command.arg(format!("--encode={message}")).arg(proto);
    let mut protoc = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    protoc.stdin.take().ok_or("no stdin")?.write_all(text.as_bytes())?;
    let output = protoc.wait_with_output()?;
    if !output.status.success() {
        return Err(format!("{message}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(output.stdout)
}
