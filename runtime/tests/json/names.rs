use crate::kinds::{Names, Scalars};
use crate::{becomes, read, refuses, stays, write};

#[test]
fn both_spellings_are_read() {
    becomes::<Names>(r#"{"twoWords":"a","some \"other\" name":"b"}"#, r#"{"twoWords":"a","some \"other\" name":"b"}"#);
    becomes::<Names>(r#"{"two_words":"a","renamed":"b"}"#, r#"{"twoWords":"a","some \"other\" name":"b"}"#);
    becomes::<Names>(r#"{"\u0074woWords":"a"}"#, r#"{"twoWords":"a"}"#);
    stays::<Names>(r#"{"type":"t","self":{"type":"u"}}"#);
    // In any order, with any of them left out.
    becomes::<Scalars>(
        r#"{"fixed64":1,"flag":true,"text":"a","int32":2}"#,
        r#"{"flag":true,"int32":2,"text":"a","fixed64":"1"}"#,
    );
}

#[test]
fn proto_names_are_written_on_demand() {
    let names = read::<Names>(r#"{"twoWords":"a","renamed":"b","self":{"twoWords":"c"}}"#);
    let text = crate::options().proto_names(true).to_string(&names).unwrap();
    assert_eq!(text, r#"{"two_words":"a","renamed":"b","self":{"two_words":"c"}}"#);
    assert_eq!(read::<Names>(&text), names);
    assert_eq!(write(&names), r#"{"twoWords":"a","some \"other\" name":"b","self":{"twoWords":"c"}}"#);
}

#[test]
fn keys_refused() {
    refuses::<Names>(&[
        (r#"{"plain":"a","plain":"a"}"#, "`plain` is given twice (line 1, column 14)"),
        (r#"{"twoWords":"a","two_words":"a"}"#, "`twoWords` is given twice"),
        (r#"{"twoWords":null,"two_words":null}"#, "`twoWords` is given twice"),
        (r#"{"TwoWords":"a"}"#, "`test.kinds.Names` has no field `TwoWords` (line 1, column 2)"),
        (r#"{"self":{"self":{"x":1}}}"#, "self.self: `test.kinds.Names` has no field `x`"),
        (r#"{"@type":"a"}"#, "`test.kinds.Names` has no field `@type`"),
        (r#"{"[test.extension]":1}"#, "[test.extension] is a proto2 extension; "),
        (r#"{plain:"a"}"#, "expected a field name in quotes, found 'p'"),
        (r#"{"plain" "a"}"#, "expected `:`, found a string"),
        (r#"{"plain":"a",}"#, "expected a field name in quotes, found '}'"),
        (r#"{"plain":"a""#, "expected `,` or `}`, found the end of the text"),
        (r#"{"plain":}"#, "plain: expected a string, found '}'"),
        ("{", "expected a field name in quotes, found the end of the text"),
        ("", "expected an object, found the end of the text"),
        ("{}{}", "expected the end of the text, found an object (line 1, column 3)"),
        ("\u{feff}{}", "expected an object, found '\\u{feff}'"),
        ("{\u{a0}}", "expected a field name in quotes, found '\\u{a0}'"),
        ("[]", "expected an object, found an array"),
        ("{\n \"plain\": 1\n}", "plain: expected a string, found a number (line 2, column 11)"),
    ]);
}
