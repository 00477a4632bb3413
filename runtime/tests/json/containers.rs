use crate::kinds::{Choice, Lists, Maps, Optionals, Scalars, choice};
use crate::{becomes, read, refuses, stays};

#[test]
fn null_means_not_set() {
    becomes::<Scalars>(r#"{"flag":null,"text":null,"color":null,"data":null}"#, "{}");
    becomes::<Optionals>(r#"{"flag":null,"scalars":null,"again":null}"#, "{}");
    becomes::<Lists>(r#"{"flags":null,"values":null,"nulls":null}"#, "{}");
    becomes::<Maps>(r#"{"texts":null,"values":null}"#, "{}");
    becomes::<Choice>(r#"{"number":null,"text":"a"}"#, r#"{"text":"a"}"#);
    refuses::<Lists>(&[
        (r#"{"flags":[null]}"#, "flags[0]: expected true or false, found null"),
        (r#"{"int64s":[1,null]}"#, "int64s[1]: expected an integer, found null"),
        (r#"{"texts":[null]}"#, "texts[0]: expected a string, found null"),
        (r#"{"colors":[null]}"#, "colors[0]: expected the name of an enum value or its number, found null"),
        (r#"{"messages":[null]}"#, "messages[0]: expected an object, found null"),
        (r#"{"wrappers":[null]}"#, "wrappers[0]: expected an integer, found null"),
        (r#"{"anys":[null]}"#, "anys[0]: expected an object with `@type`, found null"),
    ]);
    refuses::<Maps>(&[
        (r#"{"texts":{"a":null}}"#, r#"texts["a"]: expected a string, found null"#),
        (r#"{"messages":{"a":null}}"#, r#"messages["a"]: expected an object, found null"#),
        (r#"{"int32s":{"1":nul}}"#, r#"int32s["1"]: expected an integer, found `nul`"#),
    ]);
    refuses::<Scalars>(&[("null", "expected an object, found null (line 1, column 1)")]);
}

#[test]
fn presence_is_kept() {
    stays::<Optionals>(r#"{"flag":false,"int32":0,"text":"","data":"","color":"COLOR_UNSPECIFIED","scalars":{}}"#);
    stays::<Optionals>(r#"{"again":{"again":{"scalars":{"int32":1}}}}"#);
    becomes::<Scalars>(r#"{"flag":false,"int32":0,"text":"","data":"","color":0}"#, "{}");
}

#[test]
fn lists() {
    stays::<Lists>(concat!(
        r#"{"flags":[true,false],"int64s":["1","2"],"doubles":[0.5,"NaN"],"texts":["","a"],"data":["","AA=="],"#,
        r#""colors":["COLOR_RED",7],"messages":[{},{"int32":1}],"nulls":[null,null],"values":[null,1,"a",[],{}],"#,
        r#""wrappers":[1,2]}"#
    ));
    becomes::<Lists>(r#"{"flags":[],"nulls":["NULL_VALUE",0]}"#, r#"{"nulls":[null,null]}"#);
    becomes::<Lists>(" { \"flags\" : [ true ,\tfalse\r\n] } ", r#"{"flags":[true,false]}"#);
    refuses::<Lists>(&[
        (r#"{"flags":true}"#, "flags: expected an array, found a boolean"),
        (r#"{"flags":{"0":true}}"#, "flags: expected an array, found an object"),
        (r#"{"flags":[true,]}"#, "flags[1]: expected true or false, found ']'"),
        (r#"{"flags":[,true]}"#, "flags[0]: expected true or false, found ','"),
        (r#"{"flags":[true true]}"#, "flags: expected `,` or `]`, found a boolean"),
        (r#"{"flags":[true"#, "flags: expected `,` or `]`, found the end of the text"),
        (
            r#"{"messages":[{},{"int32":"x"}]}"#,
            "messages[1].int32: expected an integer, found \"x\" (line 1, column 26)",
        ),
    ]);
}

#[test]
fn maps_with_keys_of_every_kind() {
    for text in [
        r#"{"texts":{"a \"b\"":"c"}}"#,
        r#"{"texts":{"":""}}"#,
        r#"{"flags":{"true":false}}"#,
        r#"{"int32s":{"-1":2}}"#,
        r#"{"int64s":{"-9223372036854775808":"2"}}"#,
        r#"{"uint32s":{"4294967295":"AA=="}}"#,
        r#"{"uint64s":{"18446744073709551615":0.5}}"#,
        r#"{"colors":{"a":"COLOR_RED"}}"#,
        r#"{"colors":{"a":9}}"#,
        r#"{"messages":{"a":{}}}"#,
        r#"{"messages":{"a":{"color":"COLOR_RED"}}}"#,
        r#"{"values":{"a":null}}"#,
        r#"{"times":{"a":"2026-11-22T16:00:00Z"}}"#,
    ] {
        stays::<Maps>(text);
    }
    becomes::<Maps>(r#"{"texts":{}}"#, "{}");
    refuses::<Maps>(&[
        (r#"{"texts":[]}"#, "texts: expected an object, found an array"),
        (r#"{"flags":{"1":true}}"#, "flags: expected true or false as key, found \"1\""),
        (r#"{"int32s":{"a":1}}"#, "int32s: expected a decimal i32 as key, found \"a\" (line 1, column 12)"),
        (r#"{"int32s":{"2147483648":1}}"#, "int32s: expected a decimal i32 as key"),
        (r#"{"int32s":{"+1":1}}"#, "int32s: expected a decimal i32 as key"),
        (r#"{"int32s":{"1.0":1}}"#, "int32s: expected a decimal i32 as key"),
        (r#"{"int32s":{1:1}}"#, "int32s: expected a key in quotes, found a number"),
        (r#"{"texts":{"a":"b","\u0061":"c"}}"#, "texts: the key \"a\" is given twice (line 1, column 19)"),
        (r#"{"messages":{"a":{"flag":7}}}"#, "messages[\"a\"].flag: expected true or false, found a number"),
        (r#"{"texts":{"a":"b",}}"#, "texts: expected a key in quotes, found '}'"),
    ]);
}

#[test]
fn oneofs() {
    for text in [
        r#"{"text":""}"#,
        r#"{"number":0}"#,
        r#"{"color":"COLOR_UNSPECIFIED"}"#,
        r#"{"scalars":{}}"#,
        r#"{"again":{"again":{"number":1}}}"#,
        r#"{"null":null}"#,
        r#"{"value":null}"#,
        r#"{"value":[1]}"#,
        r#"{"empty":{}}"#,
        r#"{"number":5,"other":"x"}"#,
    ] {
        stays::<Choice>(text);
    }
    assert_eq!(read::<Choice>(r#"{"null":null}"#).choice, Some(choice::Choice::Null(0)));
    assert_eq!(read::<Choice>(r#"{"empty":null}"#).choice, None);
    refuses::<Choice>(&[
        (r#"{"text":"a","number":1}"#, "number: another field of the same oneof is set already (line 1, column 22)"),
        (r#"{"number":1,"number":1}"#, "`number` is given twice"),
        (r#"{"value":null,"null":null}"#, "null: another field of the same oneof is set already"),
    ]);
}
