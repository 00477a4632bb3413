use super::{Error, Json, Options, Reader};

/// One step of the way from a message to the field that a text sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// A field, by its JSON name or its proto name.
    Field(&'a str),
    /// An entry of the map that the step before named.
    Key(&'a str),
}

/// Sets one field of a message from plain text, as a path or a query gives it: `a` then `b` of `?a.b=text`. A number,
/// boolean or enum is its JSON without quotes, a string or well-known type is the text itself. Messages on the way are
/// made if they are not there. A repeated field gets one more element.
///
/// Fails if there is no such field, if the field has no text form (a message, Any, Struct), if the text is not of its
/// type, and if the field is in a oneof of which another field is set.
pub fn set_text(message: &mut dyn Json, steps: &[Step<'_>], text: &str, options: &Options) -> Result<(), Error> {
    let mut reader = Reader::for_text(text, steps, options);
    message.read(&mut reader)?;
    reader.text_end()
}
