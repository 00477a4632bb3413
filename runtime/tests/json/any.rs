use rsgrpc::json::{Options, Registry};
use rsgrpc::prost::Message;
use rsgrpc::prost_types::{Any, Duration, Timestamp};

use crate::kinds::{Lists, MESSAGE_TYPES, Scalars, WellKnown};
use crate::{becomes, read, refuses, stays};

#[test]
fn messages_with_their_fields_beside_the_type() {
    let text = r#"{"@type":"type.googleapis.com/test.kinds.Scalars","int32":7,"color":"COLOR_RED"}"#;
    stays::<Any>(text);
    let any = read::<Any>(text);
    assert_eq!(any.type_url, "type.googleapis.com/test.kinds.Scalars");
    assert_eq!(Scalars::decode(&*any.value).unwrap(), Scalars { int32: 7, color: 1, ..Default::default() });
    // The type may stand anywhere, and be written in any way.
    becomes::<Any>(r#"{"int32":7,"\u0040type":"type.googleapis.com/test.kinds.Scalars","color":1}"#, text);
    stays::<Any>(r#"{"@type":"example.com/any/prefix/test.kinds.Scalars"}"#);
    stays::<WellKnown>(r#"{"any":{"@type":"type.googleapis.com/google.protobuf.Empty"}}"#);
    // As protobuf-go writes it.
    for written in
        [r#""value":{},"@type":"a/google.protobuf.Empty""#, r#""@type":"a/google.protobuf.Empty","value":{}"#]
    {
        becomes::<Any>(&format!("{{{written}}}"), r#"{"@type":"a/google.protobuf.Empty"}"#);
    }
    stays::<Any>("{}");
    assert_eq!(read::<Any>("{}"), Any::default());
}

#[test]
fn well_known_types_as_value() {
    for (name, value) in [
        ("Timestamp", "\"2026-11-22T16:00:00Z\""),
        ("Duration", "\"1.500s\""),
        ("FieldMask", "\"aB\""),
        ("Struct", "{\"a\":1}"),
        ("Value", "null"),
        ("ListValue", "[1]"),
        ("BoolValue", "true"),
        ("Int32Value", "1"),
        ("Int64Value", "\"1\""),
        ("UInt32Value", "1"),
        ("UInt64Value", "\"1\""),
        ("FloatValue", "0.5"),
        ("DoubleValue", "0.5"),
        ("StringValue", "\"a\""),
        ("BytesValue", "\"AA==\""),
        ("Any", r#"{"@type":"type.googleapis.com/google.protobuf.Duration","value":"1s"}"#),
        ("Any", "{}"),
    ] {
        let url = format!("type.googleapis.com/google.protobuf.{name}");
        stays::<Any>(&format!(r#"{{"@type":"{url}","value":{value}}}"#));
        becomes::<Any>(
            &format!(r#"{{"value":{value},"@type":"{url}"}}"#),
            &format!(r#"{{"@type":"{url}","value":{value}}}"#),
        );
    }
}

#[test]
fn details_of_errors_are_always_known() {
    let status = r#"{"code":5,"details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"1s"}]}"#;
    let bare = Options::new().registry(Registry::new());
    let read: rsgrpc::google::rpc::Status = bare.from_str(status).unwrap();
    assert_eq!(bare.to_string(&read).unwrap(), status);
}

/// The field at hand is an enum when the next Any is reached; its Int32Value is none.
#[test]
fn an_enum_before_does_not_leak_in() {
    stays::<Lists>(concat!(
        r#"{"anys":[{"@type":"type.googleapis.com/test.kinds.Scalars","color":"COLOR_RED"},"#,
        r#"{"@type":"type.googleapis.com/google.protobuf.Int32Value","value":1}]}"#
    ));
}

#[test]
fn refused() {
    refuses::<Any>(&[
        (r#"{"int32":7}"#, "an Any needs the type URL of its content as `@type`"),
        (r#"{"@type":7}"#, "expected a string, found a number"),
        (r#"{"@type":""}"#, "\"\" is no type URL"),
        (r#"{"@type":"test.kinds.Scalars"}"#, "\"test.kinds.Scalars\" is no type URL, such as `type.googleapis.com/"),
        (r#"{"@type":"a/"}"#, "\"a/\" is no type URL"),
        (
            r#"{"@type":"a/test.Unknown"}"#,
            "an Any holds `test.Unknown`, which is not in the registry: add the `MESSAGE_TYPES`",
        ),
        (r#"{"@type":"a/test.kinds.Scalars","x":1}"#, "`test.kinds.Scalars` has no field `x`"),
        (r#"{"@type":"a/test.kinds.Scalars","int32":"x"}"#, "int32: expected an integer"),
        (
            r#"{"@type":"a/test.kinds.Scalars","@type":"a/test.kinds.Scalars"}"#,
            "`@type` is given twice (line 1, column 33)",
        ),
        (
            r#"{"@type":"a/google.protobuf.Duration"}"#,
            "an Any of `google.protobuf.Duration` needs its content as `value`",
        ),
        (r#"{"@type":"a/google.protobuf.Empty","value":{"x":1}}"#, "value: `google.protobuf.Empty` has no field `x`"),
        (r#"{"@type":"a/google.protobuf.Empty","value":{},"value":{}}"#, "`value` is given twice"),
        (r#"{"@type":"a/google.protobuf.Empty","value":{"value":{}}}"#, "value: `google.protobuf.Empty` has no field"),
        (r#"{"@type":"a/google.protobuf.Duration","value":1}"#, "value: expected a duration in seconds"),
        (r#"{"@type":"a/google.protobuf.Duration","value":"1s","value":"1s"}"#, "`value` is given twice"),
        (
            r#"{"@type":"a/google.protobuf.Duration","value":"1s","x":1}"#,
            "an Any of `google.protobuf.Duration` has no field `x`",
        ),
    ]);
}

#[test]
fn writing_what_the_registry_does_not_know_or_what_does_not_decode() {
    let any = |name: &str, value: &[u8]| Any { type_url: format!("a/{name}"), value: value.into() };
    let error = |any: &Any| crate::options().to_string(any).unwrap_err().to_string();
    assert!(error(&any("test.Unknown", b"")).starts_with("an Any holds `test.Unknown`, which is not in the registry"));
    let why = "failed to decode Protobuf message: invalid varint";
    assert_eq!(error(&any("test.kinds.Scalars", b"\xff")), format!("the value of the Any does not decode: {why}"));
    assert!(error(&Any { type_url: "x".into(), value: vec![] }).starts_with("\"x\" is no type URL"));
    let late = Timestamp { seconds: i64::MAX, nanos: 0 }.encode_to_vec();
    assert!(error(&any("google.protobuf.Timestamp", &late)).starts_with("a Timestamp of "));
}

#[test]
fn registries() {
    let text = r#"{"@type":"a/test.kinds.Scalars"}"#;
    let bare = Options::new().registry(Registry::new());
    assert!(bare.from_str::<Any>(text).is_err());
    assert!(bare.from_str::<Any>(r#"{"@type":"a/google.protobuf.Duration","value":"1s"}"#).is_ok());
    let filled = Registry::new().with(MESSAGE_TYPES).with(&[]);
    assert!(bare.registry(filled.clone()).from_str::<Any>(text).is_ok());
    // The default is the one installed, once.
    assert!(Options::new().from_str::<Any>(text).is_err());
    assert!(filled.install_default().is_ok());
    assert!(Options::new().from_str::<Any>(text).is_ok());
    assert!(Registry::new().install_default().is_err());
    assert!(rsgrpc::json::from_slice::<Any>(text.as_bytes()).is_ok());
    assert_eq!(rsgrpc::json::to_string(&Duration { seconds: 1, nanos: 0 }).unwrap(), "\"1s\"");
}
