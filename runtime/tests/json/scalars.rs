use crate::kinds::{Optionals, Scalars};
use crate::{becomes, read, refuse, refuses, stays};

#[test]
fn every_kind_is_written_as_it_is_read() {
    stays::<Scalars>("{}");
    stays::<Scalars>(concat!(
        r#"{"flag":true,"int32":-2147483648,"int64":"-9223372036854775808","uint32":4294967295,"#,
        r#""uint64":"18446744073709551615","float":1.5,"double":-0.1,"text":"ü\"\\\n","data":"AP/+","#,
        r#""color":"COLOR_BLUE","sint32":7,"fixed64":"8"}"#
    ));
}

#[test]
fn integers_in_every_spelling() {
    for (text, expected) in [
        ("1", 1),
        ("\"1\"", 1),
        ("1.0", 1),
        ("\"1.000\"", 1),
        ("1e2", 100),
        ("1.25E+2", 125),
        ("\"1200e-2\"", 12),
        ("-0", 0),
        ("0e99999999999999999999", 0),
        ("2147483647.0", i32::MAX),
        ("\"-2147483648\"", i32::MIN),
        ("\"\\u0031\"", 1),
    ] {
        assert_eq!(read::<Scalars>(&format!(r#"{{"int32":{text}}}"#)).int32, expected, "{text}");
    }
    assert_eq!(read::<Scalars>(r#"{"int64":9223372036854775807}"#).int64, i64::MAX);
    assert_eq!(read::<Scalars>(r#"{"uint64":1844674407370955161.5e1}"#).uint64, u64::MAX);
    assert_eq!(read::<Scalars>(r#"{"uint64":"18446744073709551615"}"#).uint64, u64::MAX);
}

#[test]
fn integers_refused() {
    refuses::<Scalars>(&[
        (r#"{"int32":0.5}"#, "int32: 0.5 is no integer (line 1, column 10)"),
        (r#"{"int32":1e-1}"#, "int32: 1e-1 is no integer"),
        (r#"{"int32":2147483648}"#, "int32: 2147483648 is out of range: -2147483648 to 2147483647"),
        (r#"{"int32":1e99}"#, "int32: 1e99 is out of range"),
        (r#"{"int32":01}"#, "int32: expected an integer, found a number"),
        (r#"{"int32":-}"#, "int32: expected an integer"),
        (r#"{"int32":+1}"#, "int32: expected an integer, found '+'"),
        (r#"{"int32":1.}"#, "int32: expected an integer"),
        (r#"{"int32":.5}"#, "int32: expected an integer, found '.'"),
        (r#"{"int32":"1 "}"#, "int32: expected an integer, found \"1 \""),
        (r#"{"int32":""}"#, "int32: expected an integer, found \"\""),
        (r#"{"int32":"NaN"}"#, "int32: NaN is no integer"),
        (r#"{"int32":true}"#, "int32: expected an integer, found a boolean"),
        (r#"{"int32":[1]}"#, "int32: expected an integer, found an array"),
        (r#"{"int64":"9223372036854775808"}"#, "int64: \"9223372036854775808\" is out of range"),
        (r#"{"int64":18446744073709551616}"#, "int64: 18446744073709551616 is out of range"),
        (r#"{"uint32":-1}"#, "uint32: -1 is out of range: 0 to 4294967295"),
        (r#"{"uint64":18446744073709551616}"#, "uint64: 18446744073709551616 is out of range"),
        (r#"{"int32":1 2}"#, "expected `,` or `}`, found a number"),
    ]);
}

#[test]
fn floats() {
    becomes::<Scalars>(r#"{"double":"1.5e3","float":1}"#, r#"{"float":1,"double":1500}"#);
    stays::<Scalars>(r#"{"float":"NaN","double":"NaN"}"#);
    stays::<Scalars>(r#"{"float":"Infinity","double":"-Infinity"}"#);
    // Negative zero has bits set, so it is no default.
    stays::<Scalars>(r#"{"float":-0.0,"double":-0.0}"#);
    becomes::<Scalars>(r#"{"float":-0,"double":-0}"#, r#"{"float":-0.0,"double":-0.0}"#);
    // The shortest text that gives the same value back.
    becomes::<Scalars>(r#"{"float":0.1000000001,"double":5e-324}"#, r#"{"float":0.1,"double":5e-324}"#);
    assert_eq!(read::<Scalars>(r#"{"double":1.7976931348623157e308}"#).double, f64::MAX);
    assert_eq!(read::<Scalars>(r#"{"float":3.4028235e38}"#).float, f32::MAX);
    refuses::<Scalars>(&[
        (r#"{"double":1e400}"#, "double: 1e400 is out of range for a double"),
        (r#"{"double":"-1e400"}"#, "double: -1e400 is out of range for a double"),
        (r#"{"float":3.5e38}"#, "float: 3.5e38 is out of range for a float"),
        (r#"{"double":NaN}"#, "double: expected a number, found 'N'"),
        (r#"{"double":"nan"}"#, "double: expected a number, found \"nan\""),
        (r#"{"double":"inf"}"#, "double: expected a number, found \"inf\""),
        (r#"{"double":" 1"}"#, "double: expected a number, found \" 1\""),
        (r#"{"double":"0x1"}"#, "double: expected a number, found \"0x1\""),
        (r#"{"double":false}"#, "double: expected a number, found a boolean"),
    ]);
}

#[test]
fn strings() {
    let text = r#"{"text":"\u00fc\ud83d\ude00\b\f\n\r\t\/\\\" \u0000"}"#;
    assert_eq!(read::<Scalars>(text).text, "ü😀\u{8}\u{c}\n\r\t/\\\" \0");
    stays::<Scalars>("{\"text\":\"😀\u{7f}\u{2028}\\u0000\\u001f\\b\\f\"}");
    refuses::<Scalars>(&[
        (r#"{"text":"\ud83d"}"#, "text: \\ud83d is half of a surrogate pair"),
        (r#"{"text":"\ud83dx"}"#, "text: \\ud83d is half of a surrogate pair"),
        (r#"{"text":"\ud83d\u0041"}"#, "text: \\ud83d is half of a surrogate pair"),
        (r#"{"text":"\ude00"}"#, "text: \\ude00 is half of a surrogate pair"),
        (r#"{"text":"\u12g4"}"#, "text: expected four hexadecimal digits"),
        (r#"{"text":"\u+123"}"#, "text: expected four hexadecimal digits"),
        (r#"{"text":"\u12"#, "text: expected four hexadecimal digits"),
        (r#"{"text":"\x41"}"#, "text: no such escape in JSON"),
        ("{\"text\":\"a\nb\"}", "text: the control character \\u000a in a string must be escaped"),
        (r#"{"text":"abc"#, "text: the string has no closing quote (line 1, column 13)"),
        (r#"{"text":'abc'}"#, "text: expected a string, found '\\''"),
        (r#"{"text":1}"#, "text: expected a string, found a number"),
    ]);
    // Every length and place of an escape around the eight bytes that are looked at together.
    for len in 0..40 {
        for place in 0..=len {
            let (before, after) = ("a".repeat(place), "é".repeat(len - place));
            let scalars = read::<Scalars>(&format!(r#"{{"text":"{before}\n{after}"}}"#));
            assert_eq!(scalars.text, format!("{before}\n{after}"));
            assert_eq!(crate::write(&scalars), format!(r#"{{"text":"{before}\n{after}"}}"#));
        }
    }
}

#[test]
fn bytes_in_both_alphabets() {
    for text in ["-_8", "+/8", "+/8=", "-_8="] {
        assert_eq!(read::<Scalars>(&format!(r#"{{"data":"{text}"}}"#)).data, [0xfb, 0xff], "{text}");
    }
    assert_eq!(read::<Optionals>(r#"{"data":""}"#).data, Some(vec![]));
    assert_eq!(refuse::<Scalars>(r#"{"data":"a"}"#), "data: the string is not base64 (line 1, column 9)");
    assert_eq!(
        refuse::<Scalars>(r#"{"data":7}"#),
        "data: expected a string of base64, found a number (line 1, column 9)"
    );
}

#[test]
fn booleans_and_enums() {
    refuses::<Scalars>(&[
        (r#"{"flag":"true"}"#, "flag: expected true or false, found a string"),
        (r#"{"flag":tru}"#, "flag: expected true or false, found `tru`"),
        (r#"{"flag":falsely}"#, "expected `,` or `}`, found 'l'"),
        (r#"{"flag":fälse}"#, "flag: expected true or false, found `fälse` (line 1, column 9)"),
        (r#"{"flag":1}"#, "flag: expected true or false, found a number"),
        (r#"{"color":"COLOR_GREEN"}"#, "color: `test.kinds.Color` has no value `COLOR_GREEN` (line 1, column 10)"),
        (r#"{"color":"1"}"#, "color: `test.kinds.Color` has no value `1`"),
        (r#"{"color":true}"#, "color: expected the name of an enum value or its number, found a boolean"),
        (r#"{"color":1.5}"#, "color: 1.5 is no integer"),
    ]);
    becomes::<Scalars>(r#"{"color":"COLOR_CRIMSON"}"#, r#"{"color":"COLOR_RED"}"#);
    becomes::<Scalars>(r#"{"color":2}"#, r#"{"color":"COLOR_BLUE"}"#);
    becomes::<Scalars>(r#"{"color":-7}"#, r#"{"color":"COLOR_DARK"}"#);
    // Unknown numbers are kept: enums are open.
    stays::<Scalars>(r#"{"color":99}"#);
    stays::<Scalars>(r#"{"color":-99}"#);
}
