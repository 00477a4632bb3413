//! The fields that a rule names.

use super::Mistake;
use crate::descriptor::{Field, FieldType, Message};
use crate::model::Content;
use crate::pool::Pool;

const HTTP_BODY: &str = ".google.api.HttpBody";
const FIELD_MASK: &str = ".google.protobuf.FieldMask";

/// Well-known types whose JSON is a string or a scalar.
const TEXT_TYPES: &[&str] = &[
    ".google.protobuf.BoolValue",
    ".google.protobuf.BytesValue",
    ".google.protobuf.DoubleValue",
    ".google.protobuf.Duration",
    ".google.protobuf.FieldMask",
    ".google.protobuf.FloatValue",
    ".google.protobuf.Int32Value",
    ".google.protobuf.Int64Value",
    ".google.protobuf.StringValue",
    ".google.protobuf.Timestamp",
    ".google.protobuf.UInt32Value",
    ".google.protobuf.UInt64Value",
];

/// Those whose JSON is something else.
const OTHER_TYPES: &[&str] =
    &[".google.protobuf.Any", ".google.protobuf.ListValue", ".google.protobuf.Struct", ".google.protobuf.Value"];

/// The fields of a message are set and written one by one, unless its JSON is not made of them.
fn check_parts(type_name: &str) -> Result<(), Mistake> {
    if !TEXT_TYPES.contains(&type_name) && !OTHER_TYPES.contains(&type_name) {
        return Ok(());
    }
    let name = type_name.trim_start_matches('.');
    Err(Mistake::new(format!("`{name}` has a JSON of its own, not one of its fields"), "name no field in it"))
}

/// A variable leads through singular messages to something that a piece of a path can spell.
pub(super) fn check_variable(pool: &Pool<'_>, type_name: &str, path: &[String]) -> Result<(), Mistake> {
    let (Some((last, parents)), Some(mut message)) = (path.split_last(), pool.find_message(type_name)) else {
        return Ok(());
    };
    check_parts(type_name)?;
    for name in parents {
        let field = singular(message, name, path)?;
        check_parts(&field.type_name)?;
        message = pool.find_message(&field.type_name).ok_or_else(|| {
            Mistake::new(format!("the field `{name}` in `{}` is no message", path.join(".")), "end the path there")
        })?;
    }
    let field = singular(message, last, path)?;
    let is_message = matches!(FieldType::try_from(field.r#type), Ok(FieldType::Message | FieldType::Group));
    if is_message && !TEXT_TYPES.contains(&field.type_name.as_str()) {
        return Err(Mistake::new(
            format!("`{}` is a message, which a path cannot spell", path.join(".")),
            "name a field in it",
        ));
    }
    Ok(())
}

/// `body` and `response_body` name one field of the message itself.
pub(super) fn top_level_field(pool: &Pool<'_>, type_name: &str, option: &str, name: &str) -> Result<(), Mistake> {
    let Some(message) = pool.find_message(type_name) else { return Ok(()) };
    check_parts(type_name).map_err(|Mistake { what, mend }| Mistake { what: format!("{option}: {what}"), mend })?;
    if name == "*" || name.contains('.') {
        return Err(Mistake::new(
            format!("{option} cannot be `{name}`"),
            format!("name one field of `{}`", type_name.trim_start_matches('.')),
        ));
    }
    find(message, name)
        .map(|_| ())
        .map_err(|Mistake { what, mend }| Mistake { what: format!("{option}: {what}"), mend })
}

/// What an HTTP body is that carries a message or, if it is named, a field of it.
pub(super) fn content(pool: &Pool<'_>, type_name: &str, field: &str) -> Content {
    let carries = match field {
        "" => type_name == HTTP_BODY,
        name => {
            let is_it = |field: &Field| field.name == name && field.type_name == HTTP_BODY && !field.is_repeated();
            fields(pool, type_name).iter().any(is_it)
        }
    };
    if carries { Content::HttpBody } else { Content::Json }
}

/// The field of a message that is its only `google.protobuf.FieldMask`.
pub(super) fn only_mask(pool: &Pool<'_>, type_name: &str) -> Option<String> {
    let mut masks =
        fields(pool, type_name).iter().filter(|field| field.type_name == FIELD_MASK && !field.is_repeated());
    let mask = masks.next()?;
    masks.next().is_none().then(|| mask.name.clone())
}

fn fields<'p>(pool: &Pool<'p>, type_name: &str) -> &'p [Field] {
    pool.find_message(type_name).map_or(&[], |message| &message.field)
}

fn singular<'m>(message: &'m Message, name: &str, path: &[String]) -> Result<&'m Field, Mistake> {
    let field = find(message, name)?;
    if field.is_repeated() {
        return Err(Mistake::new(
            format!("the field `{name}` in `{}` is repeated or a map", path.join(".")),
            "use a singular field",
        ));
    }
    Ok(field)
}

fn find<'m>(message: &'m Message, name: &str) -> Result<&'m Field, Mistake> {
    message.field.iter().find(|field| field.name == name).ok_or_else(|| {
        let known: Vec<_> = message.field.iter().map(|field| field.name.as_str()).collect();
        let mend = if known.is_empty() {
            "add it to the message".to_owned()
        } else {
            format!("add it, or name one of its fields: {}", known.join(", "))
        };
        Mistake::new(format!("`{}` has no field `{name}`", message.name), mend)
    })
}
