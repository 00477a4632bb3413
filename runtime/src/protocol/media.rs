//! Content types.

use http::{HeaderMap, HeaderValue, header};
use tonic::Status;

use crate::codec::Form;

/// The form a content type names, and the type itself, as the answer repeats it.
pub(super) struct Media {
    pub(super) form: Form,
    pub(super) content_type: HeaderValue,
}

impl Media {
    /// The content type of a call: `type`, which stands for protobuf, or `type+form`. `None` for another type and for a
    /// form we do not have.
    pub(super) fn of(value: Option<HeaderValue>, r#type: &str) -> Option<Self> {
        let value = value?;
        if value.as_bytes() == r#type.as_bytes() {
            return Some(Self { form: Form::Proto, content_type: value });
        }
        let suffix = strip_prefix(essence(&value), r#type)?;
        let form = match suffix.split_first() {
            None => Form::Proto,
            Some((b'+', name)) => Form::from_name(name)?,
            Some(_) => return None,
        };
        Self::repeat(form, value)
    }

    /// The content type of a call: `prefix` and a form.
    pub(super) fn of_form(value: Option<HeaderValue>, prefix: &str) -> Option<Self> {
        let value = value?;
        // Hardly anybody adds parameters.
        if let Some(form) = strip_prefix(value.as_bytes(), prefix).and_then(Form::from_name) {
            return Some(Self { form, content_type: value });
        }
        let form = Form::from_name(strip_prefix(essence(&value), prefix)?)?;
        Self::repeat(form, value)
    }

    fn repeat(form: Form, value: HeaderValue) -> Option<Self> {
        let essence = essence(&value);
        let content_type = if essence.len() == value.len() { value } else { HeaderValue::from_bytes(essence).ok()? };
        Some(Self { form, content_type })
    }
}

/// Whether the content type is `type`, with any form.
pub(super) fn is(headers: &HeaderMap, r#type: &str) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|value| names(value.as_bytes(), r#type))
}

/// Whether this is `type`, with any form.
pub(super) fn names(value: &[u8], r#type: &str) -> bool {
    strip_prefix(value, r#type).is_some_and(|suffix| {
        suffix.starts_with(b"+") || matches!(suffix.trim_ascii_start().first(), None | Some(b';'))
    })
}

/// Whether an answer is of this type and form; a type without a form stands for protobuf.
pub(super) fn check(headers: &HeaderMap, r#type: &str, form: Form) -> Result<(), Status> {
    let value = headers.get(header::CONTENT_TYPE);
    let suffix = value.and_then(|value| strip_prefix(essence(value), r#type));
    let found = match suffix {
        Some([]) => Some(Form::Proto),
        Some([b'+', name @ ..]) => Form::from_name(name),
        _ => {
            return Err(Status::unknown(format!("the server answered {}, not with {type}", shown(value))));
        }
    };
    if found != Some(form) {
        return Err(Status::internal(format!("the server answered {} to {form:?}", shown(value))));
    }
    Ok(())
}

/// Whether an answer is of the form, as Connect names it for a bare message.
pub(super) fn check_bare(headers: &HeaderMap, form: Form) -> Result<(), Status> {
    let value = headers.get(header::CONTENT_TYPE);
    let name = value.and_then(|value| strip_prefix(essence(value), "application/"));
    match name.and_then(Form::from_name) {
        Some(found) if found == form => Ok(()),
        Some(_) => Err(Status::internal(format!("the server answered {} to {form:?}", shown(value)))),
        None => Err(Status::unknown(format!("the server answered {}, not with Connect", shown(value)))),
    }
}

/// The content type of an answer, in the words of an error.
pub(super) fn shown(value: Option<&HeaderValue>) -> String {
    value.map_or_else(|| "without a content-type".to_owned(), |value| format!("with content-type {value:?}"))
}

/// Whether the content type is JSON.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|value| essence(value).eq_ignore_ascii_case(b"application/json"))
}

/// The type without its parameters. All of ours are UTF-8 or binary, so there is nothing to learn from those.
fn essence(value: &HeaderValue) -> &[u8] {
    let bytes = value.as_bytes();
    bytes.split(|&b| b == b';').next().unwrap_or(bytes).trim_ascii()
}

fn strip_prefix<'a>(value: &'a [u8], prefix: &str) -> Option<&'a [u8]> {
    let (head, rest) = value.split_at_checked(prefix.len())?;
    // Hardly anybody writes it in another case.
    (head == prefix.as_bytes() || head.eq_ignore_ascii_case(prefix.as_bytes())).then_some(rest)
}
