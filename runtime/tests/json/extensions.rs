use crate::extended::Base;
use crate::{read, refuses, stays};

/// Extensions generated with their message are fields of it, named in brackets.
#[test]
fn generated_extensions_are_fields() {
    stays::<Base>(concat!(
        r#"{"name":"a","[test.extensions.level]":7,"[test.extensions.tags]":["b"],"#,
        r#""[test.extensions.parent]":{"[test.extensions.level]":0},"[test.extensions.details]":{"text":"c"},"#,
        r#""[test.extensions.Scope.level]":{"depth":1}}"#
    ));
    let base = read::<Base>(r#"{"[test.extensions.Scope.level]":{"depth":1}}"#);
    assert_eq!(base.scope_level.map(|scope| scope.depth()), Some(1));
    let names = crate::options().proto_names(true);
    let text = r#"{"[test.extensions.level]":7}"#;
    assert_eq!(names.to_string(&read::<Base>(text)).unwrap(), text);
}

#[test]
fn others_are_reported_as_what_they_are() {
    refuses::<Base>(&[
        (r#"{"level":7}"#, "`test.extensions.Base` has no field `level`"),
        (
            r#"{"[test.extensions.other]":7}"#,
            "[test.extensions.other] is a proto2 extension; the message type generated",
        ),
    ]);
}
