//! A message in parts: what a path, a query and a body say of it together.

use bytes::BytesMut;

use super::super::error::Error;
use super::super::message::{Fields, Json};
use super::super::options::{Options, from_str};
use super::super::table::{Field, Table};
use super::Writer;
use crate::method::Variable;

/// The part of a message that does not stand elsewhere.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part<'a> {
    /// What stands in the path.
    pub(crate) variables: &'a [Variable],
    /// The top-level field that stands in the body, by its proto name.
    pub(crate) body: Option<&'a str>,
}

/// A part that is being written.
#[derive(Debug)]
pub(crate) struct Parting<'a> {
    part: Part<'a>,
    /// From the whole message to the field at hand.
    trail: Vec<&'static Field>,
    /// Names and values, where they are wanted in place of an object.
    parameters: Option<Vec<(String, String)>>,
}

impl Parting<'_> {
    /// Whether a parameter or the path says something of the message at hand, which has this name.
    fn tells_of(&self, name: &str) -> bool {
        let is_inside = |other: &str| other.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
        let way = || self.trail.iter().map(|field| field.name);
        let leads_inside = |variable: &Variable| way().eq(variable.field.iter().copied().take(way().len()));
        self.parameters.iter().flatten().last().is_some_and(|(last, _)| is_inside(last))
            || self.part.variables.iter().any(leads_inside)
    }
}

impl Options {
    /// The fields of a message as the parameters of a query, by their JSON names: those that stand neither in the path nor
    /// in the body. A repeated field is as many parameters as it has values.
    ///
    /// # Errors
    ///
    /// A field is set that has no text form: a map, a repeated message, an Any, a Struct, a Value, a ListValue, or a
    /// message of which no parameter and no variable of the path would tell.
    pub(crate) fn parameters(&self, message: &dyn Json, part: Part<'_>) -> Result<Vec<(String, String)>, Error> {
        let mut writer = Writer::new(Vec::new(), self);
        writer.parting = Some(Box::new(Parting { part, trail: Vec::new(), parameters: Some(Vec::new()) }));
        message.write(&mut writer)?;
        let parameters = writer.parting.take().and_then(|parting| parting.parameters);
        // What is no generated message writes itself, and has no fields.
        if !matches!(&*writer.into_inner(), b"" | b"{}") {
            return Err(Error::new("the message has no fields that a query could name"));
        }
        Ok(parameters.unwrap_or_default())
    }

    /// Appends what a body has to hold of a message: its field, if the part has one, or all of it, without what stands in
    /// the path. Nothing if the field is not set.
    pub(crate) fn append_part(&self, message: &dyn Json, part: Part<'_>, buffer: &mut BytesMut) -> Result<(), Error> {
        let way: Vec<&str> = part.body.into_iter().collect();
        let mut writer = Writer::new(Vec::new(), self);
        writer.way = &way;
        let part = Part { body: None, ..part };
        writer.parting = Some(Box::new(Parting { part, trail: Vec::new(), parameters: None }));
        message.write(&mut writer)?;
        let skip = writer.skip;
        buffer.extend_from_slice(writer.into_inner().get(skip..).unwrap_or_default());
        Ok(())
    }
}

impl Writer<'_> {
    /// Writes the fields of a message that do not stand elsewhere.
    #[cold]
    pub(super) fn parted(&mut self, table: &'static Table, message: &dyn Fields) -> Result<(), Error> {
        let named = self.parting.as_ref().is_some_and(|parting| parting.parameters.is_some());
        // An element of a list.
        if named && matches!(self.out.last(), Some(b'[' | b',')) {
            return Err(without_text());
        }
        self.enter()?;
        if !std::mem::take(&mut self.opened) && !named {
            self.out.push(b'{');
        }
        for (index, field) in table.fields.iter().enumerate() {
            if !self.sets_out_for(field) {
                continue;
            }
            self.field = field;
            let start = self.out.len();
            message.write_field(index, self).map_err(|error| error.in_field(field.json))?;
            if named {
                self.take_parameters(start).map_err(|error| error.in_field(field.json))?;
            }
            self.comes_back();
        }
        if !named {
            self.close(b'}');
        }
        self.leave();
        Ok(())
    }

    /// Adds a field to the trail, unless it stands elsewhere.
    pub(super) fn sets_out_for(&mut self, field: &'static Field) -> bool {
        let Some(parting) = &mut self.parting else { return true };
        let Part { variables, body } = parting.part;
        if parting.trail.is_empty() && body == Some(field.name) {
            return false;
        }
        parting.trail.push(field);
        let names = || parting.trail.iter().map(|field| field.name);
        let elsewhere = variables.iter().any(|variable| names().eq(variable.field.iter().copied()));
        if elsewhere {
            parting.trail.pop();
        }
        !elsewhere
    }

    pub(super) fn comes_back(&mut self) {
        if let Some(parting) = &mut self.parting {
            parting.trail.pop();
        }
    }

    /// Refuses what has no text form where a parameter's value is to be written.
    pub(crate) fn no_text(&self) -> Result<(), Error> {
        match &self.parting {
            Some(parting) if parting.parameters.is_some() && !parting.trail.is_empty() => Err(without_text()),
            _ => Ok(()),
        }
    }

    /// Turns what was written of a field, key, value and comma, into parameters. Of a message there is no value: its
    /// fields are parameters already.
    fn take_parameters(&mut self, start: usize) -> Result<(), Error> {
        let written = self.out.split_off(start);
        if written.is_empty() {
            return Ok(());
        }
        let Some(parting) = &mut self.parting else { return Ok(()) };
        let key = parting.trail.last().map_or(0, |field| field.key_len(self.options.proto_names));
        let value = written.get(key..written.len().saturating_sub(1)).unwrap_or_default();
        let value = str::from_utf8(value).map_err(|_| Error::new("the value is not UTF-8"))?;
        let names: Vec<_> = parting.trail.iter().map(|field| field.json).collect();
        let name = names.join(".");
        if value.is_empty() && !parting.tells_of(&name) {
            return Err(Error::new("it is set, but none of its fields is, of which a query could tell"));
        }
        let Some(parameters) = &mut parting.parameters else { return Ok(()) };
        match value.as_bytes().first() {
            None => {}
            // What is empty is written where defaults are.
            Some(b'{' | b'[') if value.len() == 2 => {}
            Some(b'[') => {
                for element in elements(value) {
                    parameters.push((name.clone(), text_of(element)?));
                }
            }
            Some(_) => parameters.push((name, text_of(value)?)),
        }
        Ok(())
    }
}

/// The elements of an array of scalars.
fn elements(array: &str) -> impl Iterator<Item = &str> {
    let inner = array.strip_prefix('[').and_then(|array| array.strip_suffix(']')).unwrap_or_default();
    let (mut quoted, mut escaped) = (false, false);
    inner.split(move |letter| {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = quoted,
            '"' => quoted = !quoted,
            ',' => return !quoted,
            _ => {}
        }
        false
    })
}

/// The text that a scalar's JSON says.
pub(crate) fn text_of(json: &str) -> Result<String, Error> {
    match json.as_bytes().first() {
        Some(b'"') => from_str(json),
        None | Some(b'{' | b'[') => Err(without_text()),
        Some(_) => Ok(json.to_owned()),
    }
}

fn without_text() -> Error {
    Error::new("it has no text form; maps, repeated messages, Any and Struct go in a body only")
}
