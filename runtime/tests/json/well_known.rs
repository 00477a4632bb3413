use prost_types::{Duration, FieldMask, ListValue, Struct, Timestamp, Value, value::Kind};
use rsgrpc::json::{Error, Json};
use rsgrpc::{prost_types, prost_types as wkt};

use crate::kinds::WellKnown;
use crate::{becomes, read, refuse, refuses, stays, write};

fn write_error(value: &dyn Json) -> String {
    crate::options().to_string(value).map_err(|error: Error| error.to_string()).unwrap_err()
}

#[test]
fn timestamps() {
    for (text, seconds, nanos) in [
        ("0001-01-01T00:00:00Z", -62_135_596_800, 0),
        ("9999-12-31T23:59:59.999999999Z", 253_402_300_799, 999_999_999),
        ("1970-01-01T00:00:00Z", 0, 0),
        ("1969-12-31T23:59:59.500Z", -1, 500_000_000),
        ("2000-02-29T12:34:56.000001Z", 951_827_696, 1_000),
        ("2026-11-22T16:00:00.000000001Z", 1_795_363_200, 1),
    ] {
        let text = format!("{text:?}");
        assert_eq!(read::<Timestamp>(&text), Timestamp { seconds, nanos }, "{text}");
        stays::<Timestamp>(&text);
    }
    becomes::<Timestamp>("\"2026-11-22T16:00:00.1+05:30\"", "\"2026-11-22T10:30:00.100Z\"");
    becomes::<Timestamp>("\"2026-11-22T16:00:00-08:00\"", "\"2026-11-23T00:00:00Z\"");
    becomes::<Timestamp>("\"0001-01-01T00:30:00+00:30\"", "\"0001-01-01T00:00:00Z\"");
    for text in [
        "0000-12-31T23:59:59Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "10000-01-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-32T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:60Z",
        "2026-01-01T00:00:00",
        "2026-01-01t00:00:00Z",
        "2026-01-01T00:00:00z",
        "2026-01-01 00:00:00Z",
        "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00.1234567890Z",
        "2026-01-01",
        "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00+00:60",
        "2026-01-01T00:00:00+0000",
        "2026-01-01T00:00:00Z ",
        "+2026-01-01T00:00:00Z",
        "",
        "2026-1-01T00:00:00Z",
        "٢026-01-01T00:00:00Z",
    ] {
        let error = refuse::<Timestamp>(&format!("{text:?}"));
        assert!(error.contains("is no time of RFC 3339"), "{text}: {error}");
    }
    refuses::<WellKnown>(&[(
        r#"{"time":0}"#,
        "time: expected a time of RFC 3339, such as \"2026-11-22T16:00:00Z\", found a number",
    )]);
    for (seconds, nanos) in [(-62_135_596_801, 0), (253_402_300_800, 0), (0, -1), (0, 1_000_000_000), (i64::MIN, 0)] {
        let error = write_error(&WellKnown { time: Some(Timestamp { seconds, nanos }), ..Default::default() });
        assert!(error.starts_with("time: a Timestamp of "), "{error}");
    }
}

#[test]
fn durations() {
    for (text, seconds, nanos) in [
        ("0s", 0, 0),
        ("1.500s", 1, 500_000_000),
        ("-0.000001s", 0, -1_000),
        ("-3.000000001s", -3, -1),
        ("315576000000.999999999s", 315_576_000_000, 999_999_999),
        ("-315576000000.999999999s", -315_576_000_000, -999_999_999),
    ] {
        let text = format!("{text:?}");
        assert_eq!(read::<Duration>(&text), Duration { seconds, nanos }, "{text}");
        stays::<Duration>(&text);
    }
    becomes::<Duration>("\"1.1s\"", "\"1.100s\"");
    for text in [
        "1",
        "s",
        "1.s",
        ".5s",
        "1.0000000000s",
        "+1s",
        "--1s",
        "1 s",
        "1e3s",
        "315576000001s",
        "1s ",
        "",
        "-s",
        "99999999999999999999s",
    ] {
        let error = refuse::<Duration>(&format!("{text:?}"));
        assert!(error.contains("is no duration in seconds"), "{text}: {error}");
    }
    for (seconds, nanos) in [(1, -1), (-1, 1), (0, 1_000_000_000), (315_576_000_001, 0), (i64::MIN, 0), (0, i32::MIN)] {
        assert!(write_error(&Duration { seconds, nanos }).starts_with("a Duration of "));
    }
}

#[test]
fn field_masks() {
    for text in ["\"\"", "\"a\"", "\"displayName,address.postalCode\"", "\"f1,aB1\""] {
        stays::<FieldMask>(text);
    }
    assert_eq!(read::<FieldMask>("\"displayName,a.bC\"").paths, ["display_name", "a.b_c"]);
    assert!(refuse::<FieldMask>("\"a,b_c\"").contains("the path `b_c` of a FieldMask must be in camelCase"));
    for path in ["fooBar", "foo_3_bar", "foo__bar", "foo_", "Foo", "foo,bar"] {
        let error = write_error(&FieldMask { paths: vec![path.into()] });
        assert_eq!(error, format!("the path `{path}` of a FieldMask cannot be told from its camelCase"));
    }
    for text in ["\",\"", "\"a,\"", "\"a,,b\""] {
        assert!(refuse::<FieldMask>(text).starts_with("a path of a FieldMask is empty"), "{text}");
    }
    for paths in [vec![String::new()], vec![String::new(), "a".into()], vec!["a".into(), String::new()]] {
        assert_eq!(write_error(&FieldMask { paths }), "a path of a FieldMask is empty");
    }
}

#[test]
fn values() {
    for text in ["null", "1", "-0.5", "\"a\"", "true", "[]", "{}", r#"[null,[1,"b"],{"a":{"b":null}}]"#] {
        stays::<Value>(text);
        stays::<WellKnown>(&format!(r#"{{"value":{text}}}"#));
    }
    assert_eq!(read::<WellKnown>(r#"{"value":null}"#).value, Some(Value { kind: Some(Kind::NullValue(0)) }));
    stays::<ListValue>(r#"[1,[2]]"#);
    stays::<Struct>(r#"{"a":{"b":[]}}"#);
    becomes::<Struct>(r#"{"b":1,"a":2}"#, r#"{"a":2,"b":1}"#);
    refuses::<Struct>(&[
        (r#"{"a":1,"a":1}"#, "the key \"a\" is given twice"),
        (r#"{"a":{"b":[1,1e999]}}"#, "[\"a\"][\"b\"][1]: 1e999 is out of range for a double"),
        ("[]", "expected an object, found an array"),
    ]);
    refuses::<WellKnown>(&[(r#"{"struct":{"a":nul}}"#, "struct[\"a\"]: expected a value, found `nul`")]);
    let number = |value| Value { kind: Some(Kind::NumberValue(value)) };
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let list = wkt::ListValue { values: vec![number(0.0), number(value)] };
        let error = write_error(&WellKnown { list: Some(list), ..Default::default() });
        assert!(error.starts_with("list[1]: JSON has no number for "), "{error}");
    }
    let error = write_error(&Struct { fields: [("a\"b".to_owned(), Value::default())].into() });
    assert!(error.ends_with("a Value of no kind has no JSON: null is `Kind::NullValue`"), "{error}");
}

#[test]
fn wrappers_and_empty() {
    stays::<WellKnown>(concat!(
        r#"{"empty":{},"boolValue":false,"int32Value":0,"int64Value":"0","uint32Value":0,"uint64Value":"0","#,
        r#""floatValue":0,"doubleValue":0,"stringValue":"","bytesValue":""}"#
    ));
    becomes::<WellKnown>(r#"{"boolValue":null,"stringValue":null,"int64Value":null,"empty":null}"#, "{}");
    refuses::<WellKnown>(&[
        (r#"{"int32Value":{"value":1}}"#, "int32Value: expected an integer, found an object"),
        (r#"{"empty":{"a":1}}"#, "empty: `google.protobuf.Empty` has no field `a`"),
    ]);
    // On their own, as request and response types.
    assert_eq!(read::<i64>("\"7\""), 7);
    assert_eq!(write(&7i64), "\"7\"");
    assert_eq!(read::<String>("\"a\""), "a");
    assert_eq!(write(&vec![0u8, 255]), "\"AP8=\"");
    stays::<()>("{}");
}
