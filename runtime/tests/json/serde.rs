use rsgrpc::json::{deserialize, serialize};
use serde_json::{Value, json};

use crate::kinds::{Maps, Scalars, WellKnown};
use crate::{read, write};

#[test]
fn the_same_text_as_the_codec() {
    let text = concat!(
        r#"{"flag":true,"int32":-1,"int64":"-9223372036854775808","uint64":"18446744073709551615","float":0.1,"#,
        r#""double":-0.0,"text":"ü\"\\\n","data":"AP/+","color":"COLOR_BLUE"}"#
    );
    let scalars: Scalars = serde_json::from_str(text).unwrap();
    assert_eq!(scalars, read::<Scalars>(text));
    assert_eq!(serde_json::to_string(&scalars).unwrap(), text);
    assert_eq!(serde_json::to_string(&Scalars::default()).unwrap(), "{}");
}

#[test]
fn by_way_of_a_value() {
    let value = json!({
        "value": {"a": [1, 2.5, null, true, "x"]},
        "time": "2026-11-22T16:00:00Z",
        "any": {"@type": "a/google.protobuf.Duration", "value": "1s"},
        "int64Value": 7,
    });
    let message: WellKnown = serde_json::from_value(value.clone()).unwrap();
    assert_eq!(write(&message), write(&read::<WellKnown>(&value.to_string())));
    let empty: WellKnown =
        serde_json::from_value(json!({"any": {"@type": "a/google.protobuf.Empty", "value": {}}})).unwrap();
    assert_eq!(serde_json::to_value(&empty).unwrap(), json!({"any": {"@type": "a/google.protobuf.Empty"}}));
    let back = serde_json::to_value(&message).unwrap();
    assert_eq!(back["int64Value"], json!("7"));
    assert_eq!(back["value"], value["value"]);
    let maps: Maps = serde_json::from_str(r#"{"int32s":{"1":2},"flags":{"true":false}}"#).unwrap();
    assert_eq!(serde_json::to_value(&maps).unwrap(), json!({"int32s": {"1": 2}, "flags": {"true": false}}));
}

/// serde_json reads these as doubles.
#[test]
fn numbers_are_as_exact_as_the_format_has_them() {
    let int64 = |text: &str| serde_json::from_str::<Scalars>(text).map(|scalars| scalars.int64).ok();
    let exact = |text: &str| crate::options().from_str::<Scalars>(text).map(|scalars| scalars.int64).ok();
    for (text, value) in [
        (r#"{"int64":9007199254740993}"#, Some(9_007_199_254_740_993)),
        (r#"{"int64":1e18}"#, Some(1_000_000_000_000_000_000)),
        (r#"{"int64":1.5}"#, None),
        (r#"{"int64":9223372036854775808.0}"#, None),
        (r#"{"int64":1e19}"#, None),
    ] {
        assert_eq!((int64(text), exact(text)), (value, value), "{text}");
    }
    let text = r#"{"int64":9007199254740993.0}"#;
    assert_eq!(exact(text), Some(9_007_199_254_740_993));
    assert!(int64(text).is_some_and(|value| value % 2 == 0), "{:?} has more digits than an f64", int64(text));
}

#[test]
fn errors_name_the_field() {
    let error = serde_json::from_str::<Scalars>(r#"{"int32":"x"}"#).unwrap_err();
    assert!(error.to_string().starts_with("int32: expected an integer, found \"x\""), "{error}");
    assert!(serde_json::from_str::<Scalars>(r#"{"nope":1}"#).is_err());
    assert!(serde_json::from_value::<Scalars>(Value::Null).is_err());
    let late =
        WellKnown { time: Some(rsgrpc::prost_types::Timestamp { seconds: i64::MAX, nanos: 0 }), ..Default::default() };
    assert!(serde_json::to_string(&late).unwrap_err().to_string().starts_with("time: "));
}

/// Any serializer and deserializer, not only serde_json's.
#[test]
fn other_formats() {
    use serde_json::value::Serializer;
    let scalars = Scalars { int64: 5, text: "a".into(), ..Default::default() };
    let value = serialize(&scalars, Serializer).unwrap();
    assert_eq!(value, json!({"int64": "5", "text": "a"}));
    assert_eq!(deserialize::<Scalars, _>(value).unwrap(), scalars);
}
