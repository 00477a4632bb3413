//! Texts made to break a reader: each is refused, quickly, with the stack intact.

use std::time::{Duration, Instant};

use rsgrpc::json::Json;
use rsgrpc::prost_types::{Any, Struct, Value};

use crate::kinds::{Maps, Names, Optionals, Scalars, WellKnown};
use crate::{options, refuse};

const DEPTH: usize = 1_000_000;

fn nested(open: &str, close: &str, depth: usize) -> String {
    format!("{}1{}", open.repeat(depth), close.repeat(depth))
}

#[test]
fn a_million_levels() {
    for (error, open) in [
        (refuse::<Names>(&nested(r#"{"self":"#, "}", DEPTH)), "self.self."),
        (refuse::<Value>(&nested("[", "]", DEPTH)), "[0][0]"),
        (refuse::<Value>(&nested(r#"{"":"#, "}", DEPTH)), r#"[""][""]"#),
        (refuse::<Any>(&nested(r#"{"@type":"a/test.kinds.WellKnown","any":"#, "}", DEPTH)), "any.any."),
        (refuse::<Any>(&nested(r#"{"@type":"a/google.protobuf.Any","value":"#, "}", DEPTH)), "value.value."),
        (refuse::<Any>(&nested(r#"{"value":"#, "}", DEPTH)), ""),
    ] {
        assert!(error.starts_with(open), "{error}");
        assert!(error.contains("messages are nested deeper than the limit of 100"), "{error}");
    }
    for (open, close) in [("[", "]"), (r#"{"":"#, "}"), (r#"{"a":["#, "]}")] {
        let skipped = format!(r#"{{"unknown":{}}}"#, nested(open, close, DEPTH));
        let error = options().ignore_unknown_fields(true).from_str::<Scalars>(&skipped).unwrap_err();
        assert!(error.message().contains("nested deeper"), "{error}");
    }
}

#[test]
fn the_limit_is_one_and_an_option() {
    let levels = |depth: usize| format!("{}{{}}{}", r#"{"self":"#.repeat(depth - 1), "}".repeat(depth - 1));
    assert!(options().from_str::<Names>(&levels(100)).is_ok());
    assert!(options().from_str::<Names>(&levels(101)).is_err());
    assert!(options().nesting_limit(200).from_str::<Names>(&levels(200)).is_ok());
    assert!(options().nesting_limit(1).from_str::<Names>(&levels(2)).is_err());
    // Value, Struct and ListValue are a message each: one around them, then two for each level.
    let values = |depth: usize| format!(r#"{{"value":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
    assert!(options().from_str::<WellKnown>(&values(49)).is_ok());
    assert!(options().from_str::<WellKnown>(&values(50)).is_err());
    // Writing has the same limit.
    let deep = options().nesting_limit(150).from_str::<Names>(&levels(150)).unwrap();
    assert!(options().to_string(&deep).unwrap_err().message().contains("nested deeper than the limit of 100"));
    assert!(options().nesting_limit(150).to_string(&deep).is_ok());
}

/// Reads a text that must be refused in less time than anything quadratic could take.
fn refused_quickly<T: Json + Default>(text: &str) -> String {
    let start = Instant::now();
    let error = options().ignore_unknown_fields(true).from_str::<T>(text).map(drop).unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(20), "took {:?}", start.elapsed());
    error.to_string()
}

#[test]
fn numbers_of_ten_million_digits() {
    let digits = "9".repeat(10_000_000);
    for (field, text) in [("int64", digits.clone()), ("double", format!("\"-1{digits}\""))] {
        let error = refused_quickly::<Scalars>(&format!(r#"{{"{field}":{text}}}"#));
        assert!(error.contains("out of range"), "{error}");
        assert!(error.len() < 300, "{} bytes of error", error.len());
    }
    let digits = "9".repeat(100_000);
    for (field, text) in [
        ("int32", format!("-{digits}")),
        ("uint64", format!("\"{digits}\"")),
        ("int64", format!("1e{digits}")),
        ("double", format!("1e{digits}")),
        ("float", digits.clone()),
    ] {
        let error = refused_quickly::<Scalars>(&format!(r#"{{"{field}":{text}}}"#));
        assert!(error.contains("out of range"), "{error}");
        assert!(error.len() < 300, "{} bytes of error", error.len());
    }
    assert!(refused_quickly::<Scalars>(&format!(r#"{{"int32":1e-{digits}}}"#)).contains("is no integer"));
    let tiny = format!(r#"{{"double":1e-{digits},"int32":1.{}}}"#, "0".repeat(100_000));
    assert_eq!(options().from_str::<Scalars>(&tiny).unwrap(), Scalars { int32: 1, ..Default::default() });
}

/// Each Any names its type last, so each level is read ahead before it is read.
#[test]
fn anys_that_name_their_type_last() {
    let end = r#","@type":"a/google.protobuf.Any"}"#;
    let nested = |depth: usize, inner: &str| format!("{}{inner}{}", r#"{"value":"#.repeat(depth), end.repeat(depth));
    assert!(options().from_str::<Any>(&nested(8, "{}")).is_ok());
    assert!(refused_quickly::<Any>(&nested(12, "{}")).contains("write `@type` first"));
    let long = format!(r#"{{"x":"{}"}}"#, "a".repeat(1_000_000));
    let error = refused_quickly::<Any>(&nested(45, &long));
    assert!(error.contains("write `@type` first"), "{error}");
}

#[test]
fn very_many_keys() {
    let keys: String = (0..200_000).map(|key| format!("\"k{key}\":0,")).collect();
    let error = refused_quickly::<Scalars>(&format!("{{{keys}\"flag\":0}}"));
    assert!(error.starts_with("flag: "), "{error}");
    let error = refuse::<Struct>(&format!("{{{keys}\"k0\":0}}"));
    assert!(error.starts_with("the key \"k0\" is given twice"), "{error}");
}

#[test]
fn errors_stay_short() {
    let long = "x".repeat(1_000_000);
    for text in [
        format!(r#"{{"{long}":1}}"#),
        format!(r#"{{"int32":"{long}"}}"#),
        format!(r#"{{"color":"{long}"}}"#),
        format!(r#"{{"[{long}]":"{long}"}}"#),
    ] {
        let error = refuse::<Scalars>(&text);
        assert!(error.len() < 300, "{} bytes of error", error.len());
    }
    let error = refuse::<WellKnown>(&format!(r#"{{"struct":{{"{long}":{{"{long}":nul}}}}}}"#));
    assert!(error.len() < 400, "{} bytes of error", error.len());
    for field in ["time", "duration"] {
        assert!(refuse::<WellKnown>(&format!(r#"{{"{field}":"{long}"}}"#)).len() < 300);
    }
    assert!(refuse::<Struct>(&format!(r#"{{"{long}":1,"{long}":2}}"#)).len() < 300);
    assert!(refuse::<Maps>(&format!(r#"{{"int32s":{{"{long}":1}}}}"#)).len() < 300);
}

/// Every prefix of a good text is refused, and nothing panics on any single byte changed.
#[test]
fn cut_and_changed_texts() {
    let text = concat!(
        r#"{"flag":true,"int32":1.0,"int64":"-2","text":"a\u00e4\ud83d\ude00","data":"AA==","color":"COLOR_RED","#,
        r#""double":-1.5e-3}"#
    );
    for end in 0..text.len() {
        refuse::<Scalars>(&text[..end]);
    }
    for place in 0..text.len() {
        for byte in 0..=255u8 {
            let mut bytes = text.as_bytes().to_vec();
            bytes[place] = byte;
            if let Ok(scalars) = options().from_slice::<Scalars>(&bytes) {
                let written = crate::write(&scalars);
                assert_eq!(crate::read::<Scalars>(&written), scalars, "{written}");
            }
        }
    }
}

#[test]
fn optionals_do_not_recurse_without_end() {
    let text = nested(r#"{"again":"#, "}", 99);
    assert!(refuse::<Optionals>(&text).contains("expected an object, found a number"));
}

/// What prost would make of a message of two thousand numbers and a list of its own kind.
struct Large([u64; 2000], Vec<Large>);

impl Default for Large {
    fn default() -> Self {
        Self([0; 2000], Vec::new())
    }
}

impl rsgrpc::json::Json for Large {
    fn read(&mut self, reader: &mut rsgrpc::json::Reader<'_>) -> Result<(), rsgrpc::json::Error> {
        reader.repeated(&mut self.1)
    }

    fn write(&self, _: &mut rsgrpc::json::Writer<'_>) -> Result<(), rsgrpc::json::Error> {
        Ok(())
    }
}

#[test]
fn large_structs_nest_as_deep_as_a_stack_bears() {
    let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    let read = |levels| rsgrpc::json::from_str::<Large>(&nested(levels)).map(|large| (large.0[0], large.1.len()));
    assert_eq!(read(16).unwrap(), (0, 1));
    let error = read(17).unwrap_err().to_string();
    assert!(error.contains("messages with many fields are nested too deep"), "{error}");
    assert!(read(100_000).is_err());
}
