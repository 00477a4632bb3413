//! Content types.

use http::{HeaderMap, HeaderValue, header};

use crate::codec::Form;

/// The form a content type names, and the type itself, as the answer repeats it.
pub(super) struct Media {
    pub(super) form: Form,
    pub(super) content_type: HeaderValue,
}

impl Media {
    /// Takes the content type of a call out of its headers: `type`, which stands for protobuf, or `type+form`. `None`
    /// for another type and for a form we do not have.
    pub(super) fn take(headers: &mut HeaderMap, r#type: &str) -> Option<Self> {
        let value = headers.remove(header::CONTENT_TYPE)?;
        let suffix = strip_prefix(essence(&value), r#type)?;
        let form = match suffix.split_first() {
            None => Form::Proto,
            Some((b'+', name)) => Form::from_name(name)?,
            Some(_) => return None,
        };
        Self::repeat(form, value)
    }

    /// Takes the content type of a call out of its headers: `prefix` and a form.
    pub(super) fn take_form(headers: &mut HeaderMap, prefix: &str) -> Option<Self> {
        let value = headers.remove(header::CONTENT_TYPE)?;
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
    let suffix = headers.get(header::CONTENT_TYPE).and_then(|value| strip_prefix(essence(value), r#type));
    suffix.is_some_and(|suffix| matches!(suffix.first(), None | Some(b'+')))
}

/// The type without its parameters. All of ours are UTF-8 or binary, so there is nothing to learn from those.
fn essence(value: &HeaderValue) -> &[u8] {
    let bytes = value.as_bytes();
    bytes.split(|&b| b == b';').next().unwrap_or(bytes).trim_ascii()
}

fn strip_prefix<'a>(value: &'a [u8], prefix: &str) -> Option<&'a [u8]> {
    let (head, rest) = value.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix.as_bytes()).then_some(rest)
}
