use bytes::BytesMut;
use rsgrpc::json::{Json, Options};
use rsgrpc::prost_types::{Any, Timestamp};

use crate::kinds::{Choice, Lists, Maps, Optionals, Scalars, WellKnown};
use crate::{options, read};

fn lenient<T: Json + Default>(text: &str, expected: &str) {
    let options = options().ignore_unknown_fields(true);
    let value = options.from_str::<T>(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(options.to_string(&value).unwrap(), expected, "from {text}");
}

#[test]
fn unknown_fields_and_enum_names_are_skipped_on_demand() {
    lenient::<Scalars>(
        r#"{"x":{"a":[1,"\u0041",true,null,{"b":-1.5e3}],"c":[]},"int32":1,"[a.b]":"","@type":{}}"#,
        r#"{"int32":1}"#,
    );
    lenient::<Scalars>(r#"{"color":"COLOR_GREEN","int32":1}"#, r#"{"int32":1}"#);
    lenient::<Optionals>(r#"{"color":"COLOR_GREEN","again":{"color":"?"}}"#, r#"{"again":{}}"#);
    lenient::<Lists>(
        r#"{"colors":["COLOR_RED","COLOR_GREEN",2],"flags":[true]}"#,
        r#"{"flags":[true],"colors":["COLOR_RED","COLOR_BLUE"]}"#,
    );
    lenient::<Maps>(r#"{"colors":{"a":"COLOR_GREEN","b":"COLOR_RED"}}"#, r#"{"colors":{"b":"COLOR_RED"}}"#);
    lenient::<Choice>(r#"{"color":"COLOR_GREEN","other":"a"}"#, r#"{"other":"a"}"#);
    lenient::<Choice>(r#"{"color":"COLOR_GREEN","number":1}"#, r#"{"number":1}"#);
    lenient::<Choice>(r#"{"number":1,"color":"COLOR_GREEN"}"#, r#"{"number":1}"#);
    // The flag of a skipped enum must not outlive its field.
    lenient::<Lists>(r#"{"messages":[{"color":"COLOR_GREEN"},{"int32":1}]}"#, r#"{"messages":[{},{"int32":1}]}"#);
    lenient::<Any>(
        r#"{"x":1,"@type":"a/google.protobuf.Duration","value":"1s"}"#,
        r#"{"@type":"a/google.protobuf.Duration","value":"1s"}"#,
    );
    for text in
        [r#"{"x":}"#, r#"{"x":[1,]}"#, r#"{"x":{"a"}}"#, r#"{"x":01}"#, r#"{"x":tru}"#, r#"{"x":"\q"}"#, r#"{"x":[1}"#]
    {
        assert!(options().ignore_unknown_fields(true).from_str::<Scalars>(text).is_err(), "{text} is not JSON");
    }
}

#[test]
fn defaults_are_written_on_demand() {
    let options = options().emit_defaults(true);
    assert_eq!(
        options.to_string(&Scalars::default()).unwrap(),
        concat!(
            r#"{"flag":false,"int32":0,"int64":"0","uint32":0,"uint64":"0","float":0,"double":0,"text":"","data":"","#,
            r#""color":"COLOR_UNSPECIFIED","sint32":0,"fixed64":"0"}"#
        )
    );
    // A field with presence has no default to write.
    assert_eq!(options.to_string(&Optionals::default()).unwrap(), "{}");
    assert_eq!(options.to_string(&Choice::default()).unwrap(), r#"{"other":""}"#);
    assert_eq!(options.to_string(&WellKnown::default()).unwrap(), r#"{"null":null}"#);
    assert!(options.to_string(&Lists::default()).unwrap().starts_with(r#"{"flags":[],"int64s":[],"#));
    assert!(options.to_string(&Maps::default()).unwrap().starts_with(r#"{"texts":{},"flags":{},"#));
}

#[test]
fn enums_are_numbers_on_demand() {
    let options = options().enum_numbers(true);
    let lists = read::<Lists>(r#"{"colors":["COLOR_BLUE","COLOR_DARK",9],"nulls":[null]}"#);
    assert_eq!(options.to_string(&lists).unwrap(), r#"{"colors":[2,-7,9],"nulls":[null]}"#);
}

#[test]
fn ways_in_and_out() {
    let options = Options::default();
    let scalars = Scalars { int32: 1, ..Default::default() };
    assert_eq!(options.to_vec(&scalars).unwrap(), br#"{"int32":1}"#);
    let mut buffer = BytesMut::from("before:");
    options.append(&scalars, &mut buffer).unwrap();
    assert_eq!(&buffer[..], br#"before:{"int32":1}"#);
    let late = Timestamp { seconds: i64::MAX, nanos: 0 };
    assert!(options.append(&late, &mut buffer).is_err());
    assert_eq!(&buffer[..], br#"before:{"int32":1}"#);
    let mut merged = Scalars { int32: 1, text: "a".into(), ..Default::default() };
    options.merge(r#"{"text":"b"}"#, &mut merged).unwrap();
    assert_eq!(merged, Scalars { int32: 1, text: "b".into(), ..Default::default() });
    let error = options.from_slice::<Scalars>(b"{\n\"text\":\"\xff\"}").unwrap_err();
    assert_eq!(error.to_string(), "the text is not UTF-8 (line 2, column 9)");
}
