use super::read::Trace;
use super::{Error, Json, Options, Reader};
use crate::method::Variable;

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

/// What sets fields of a message besides the parameters of a query, which leave those alone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bound<'a> {
    /// Those of the path.
    pub(crate) variables: &'a [Variable],
    /// The top-level field that the body carries, by its proto name.
    pub(crate) body: Option<&'a str>,
    /// Parameters that name no field are left alone, too.
    pub(crate) ignore_unknown: bool,
}

/// As [`set_text`], for a parameter of a query. Gives the way in the one spelling that every field has, if the value may
/// stand there only once: the field was set and is not repeated.
pub(crate) fn set_parameter(
    message: &mut dyn Json,
    steps: &[Step<'_>],
    text: &str,
    options: &Options,
    bound: Bound<'_>,
) -> Result<Option<String>, Error> {
    let mut reader = Reader::for_text(text, steps, options);
    reader.bound = Some(bound);
    message.read(&mut reader)?;
    reader.text_end()?;
    let once = !reader.ignored && !reader.repeated;
    Ok(once.then_some(reader.trail))
}

/// Sets a field of bytes to these bytes, or a FieldMask to these paths, joined by commas.
pub(crate) fn set_raw(message: &mut dyn Json, steps: &[Step<'_>], raw: &[u8], options: &Options) -> Result<(), Error> {
    let mut reader = Reader::for_text("", steps, options);
    reader.raw = Some(raw);
    message.read(&mut reader)?;
    reader.text_end()
}

/// Reads the JSON of one field; without steps that of the message. Gives the paths to the leaves that the text names
/// below it, if they are wanted. The elements may take as many bytes in memory as there is room for.
pub(crate) fn merge_field(
    message: &mut dyn Json,
    steps: &[Step<'_>],
    text: &str,
    options: &Options,
    traced: bool,
    room: usize,
) -> Result<Vec<String>, Error> {
    let mut reader = Reader::for_field(text, steps, options);
    (reader.room, reader.left) = (room, room);
    reader.trace = traced.then(Box::default);
    reader.whitespace();
    message.read(&mut reader)?;
    reader.end()?;
    Ok(reader.trace.map_or_else(Vec::new, |trace| Trace::into_paths(*trace)))
}
