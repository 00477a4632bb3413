use rsgrpc::json::Step::{Field, Key};
use rsgrpc::json::{Json, Step, set_text};

use crate::kinds::{Choice, Lists, Maps, Names, Optionals, Scalars, WellKnown};
use crate::{options, read, write};

/// Sets fields of an empty message from texts, and expects the JSON given.
fn sets<T: Json + Default>(texts: &[(&[Step<'_>], &str)], expected: &str) {
    let mut message = T::default();
    for (steps, text) in texts {
        set_text(&mut message, steps, text, &options()).unwrap_or_else(|error| panic!("{steps:?} = {text}: {error}"));
    }
    assert_eq!(write(&message), expected);
}

fn refuses<T: Json + Default>(steps: &[Step<'_>], text: &str, expected: &str) {
    let error = set_text(&mut T::default(), steps, text, &options()).unwrap_err().to_string();
    assert!(error.starts_with(expected), "{steps:?} = {text}\n  gave     {error}\n  expected {expected}");
}

#[test]
fn scalars() {
    for (name, text, expected) in [
        ("flag", "true", "true"),
        ("int32", "-5", "-5"),
        ("int64", "9223372036854775807", "\"9223372036854775807\""),
        ("uint64", "7", "\"7\""),
        ("float", "NaN", "\"NaN\""),
        ("double", "-Infinity", "\"-Infinity\""),
        ("double", "1e3", "1000"),
        ("text", "\"a\" b", "\"\\\"a\\\" b\""),
        ("text", "null", "\"null\""),
        ("data", "_-8", "\"/+8=\""),
        ("color", "COLOR_BLUE", "\"COLOR_BLUE\""),
        ("color", "7", "7"),
    ] {
        sets::<Scalars>(&[(&[Field(name)], text)], &format!(r#"{{"{name}":{expected}}}"#));
    }
    for (name, text, expected) in [
        ("flag", "", "flag: expected true or false, found \"\""),
        ("flag", "True", "flag: expected true or false, found \"True\""),
        ("flag", "truely", "expected a value of the field's type, found \"truely\""),
        ("int32", "", "int32: expected an integer, found \"\""),
        ("int32", "\"5\"", "int32: expected an integer, found \"\\\"5\\\"\""),
        ("int32", "5x", "expected a value of the field's type, found \"5x\""),
        ("int32", " 5", "int32: expected an integer"),
        ("int32", "2147483648", "int32: 2147483648 is out of range"),
        ("double", "1 ", "double: expected a number"),
        ("color", "GREEN", "color: `test.kinds.Color` has no value `GREEN`"),
        ("color", "", "color: `test.kinds.Color` has no value ``"),
        ("data", "?", "data: the string is not base64"),
        ("nope", "1", "`test.kinds.Scalars` has no field `nope`"),
    ] {
        refuses::<Scalars>(&[Field(name)], text, expected);
    }
}

#[test]
fn an_empty_text_sets_presence() {
    sets::<Optionals>(&[(&[Field("text")], ""), (&[Field("data")], "")], r#"{"text":"","data":""}"#);
    sets::<Choice>(&[(&[Field("text")], "")], r#"{"text":""}"#);
    sets::<WellKnown>(&[(&[Field("string_value")], "")], r#"{"stringValue":""}"#);
}

#[test]
fn nested_fields_in_either_spelling() {
    sets::<Names>(
        &[
            (&[Field("self"), Field("self"), Field("twoWords")], "a"),
            (&[Field("self"), Field("self"), Field("type")], "b"),
            (&[Field("self"), Field("two_words")], "c"),
        ],
        r#"{"self":{"twoWords":"c","self":{"twoWords":"a","type":"b"}}}"#,
    );
    // Into what is there already.
    let mut message = read::<Choice>(r#"{"scalars":{"text":"kept"}}"#);
    set_text(&mut message, &[Field("scalars"), Field("int32")], "5", &options()).unwrap();
    assert_eq!(write(&message), r#"{"scalars":{"int32":5,"text":"kept"}}"#);
    refuses::<Names>(&[Field("self")], "a", "self: `test.kinds.Names` is a message, set by its fields only");
    refuses::<Names>(&[Field("plain"), Field("x")], "a", "plain: the field named has no fields of its own");
    refuses::<Names>(&[Field("self"), Field("x")], "a", "self: `test.kinds.Names` has no field `x`");
    refuses::<Names>(&[], "a", "`test.kinds.Names` is a message");
}

#[test]
fn lists_maps_and_oneofs() {
    sets::<Lists>(&[(&[Field("texts")], "a,b"), (&[Field("texts")], "c")], r#"{"texts":["a,b","c"]}"#);
    sets::<Lists>(&[(&[Field("wrappers")], "1")], r#"{"wrappers":[1]}"#);
    refuses::<Lists>(&[Field("messages")], "a", "messages[0]: `test.kinds.Scalars` is a message");
    refuses::<Lists>(&[Field("messages"), Field("int32")], "1", "messages: a repeated field has no fields of its own");
    sets::<Maps>(&[(&[Field("texts"), Key("a.b")], "c")], r#"{"texts":{"a.b":"c"}}"#);
    sets::<Maps>(&[(&[Field("int32s"), Key("-1")], "2")], r#"{"int32s":{"-1":2}}"#);
    sets::<Maps>(
        &[(&[Field("messages"), Key("k"), Field("int32")], "2"), (&[Field("messages"), Key("k"), Field("text")], "x")],
        r#"{"messages":{"k":{"int32":2,"text":"x"}}}"#,
    );
    refuses::<Maps>(&[Field("texts")], "c", "texts: a map is set by its entries only");
    refuses::<Maps>(&[Field("int32s"), Key("x")], "2", "int32s: expected a decimal i32 as key, found \"x\"");
    refuses::<Scalars>(&[Field("text"), Key("x")], "2", "text: the field named has no fields of its own");
    let mut message = read::<Choice>(r#"{"text":"a"}"#);
    let error = set_text(&mut message, &[Field("number")], "1", &options()).unwrap_err();
    assert_eq!(error.to_string(), "number: another field of the same oneof is set already");
}

#[test]
fn well_known_types() {
    for (name, text, expected) in [
        ("time", "2026-11-22T16:00:00+01:00", "\"2026-11-22T15:00:00Z\""),
        ("duration", "1.5s", "\"1.500s\""),
        ("mask", "display_name,a.bC", "\"displayName,a.bC\""),
        ("boolValue", "false", "false"),
        ("int64Value", "-7", "\"-7\""),
        ("uint32Value", "7", "7"),
        ("floatValue", "Infinity", "\"Infinity\""),
        ("bytesValue", "AA", "\"AA==\""),
    ] {
        sets::<WellKnown>(&[(&[Field(name)], text)], &format!(r#"{{"{name}":{expected}}}"#));
    }
    refuses::<WellKnown>(&[Field("time")], "yesterday", "time: \"yesterday\" is no time of RFC 3339");
    refuses::<WellKnown>(&[Field("struct")], "{}", "struct: a Struct has no form as text");
    refuses::<WellKnown>(&[Field("value")], "1", "value: a Value has no form as text");
    refuses::<WellKnown>(&[Field("list")], "[]", "list: a ListValue has no form as text");
    refuses::<WellKnown>(&[Field("any")], "{}", "any: expected an object with `@type`, found \"{}\"");
    for (field, text) in [("time", "1"), ("int32Value", "x"), ("boolValue", "x"), ("any", "x")] {
        let expected = format!("{field}: the field named has no fields of its own");
        refuses::<WellKnown>(&[Field(field), Field("seconds")], text, &expected);
    }
}
