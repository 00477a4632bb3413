use super::super::error::Error;
use super::super::message::Fields;
use super::super::options::Options;
use super::super::table::{Enum, Field, NO_FIELD, Table};
use super::parting::Parting;

/// Writes JSON. Generated code calls its methods, one for each cardinality a field may have.
///
/// Every value in an object or an array is followed by a comma; the closing bracket takes the place of the last one.
#[derive(Debug)]
pub struct Writer<'a> {
    pub(super) out: Vec<u8>,
    /// How many more messages may nest.
    depth: u32,
    pub(crate) options: &'a Options,
    /// The field at hand.
    pub(super) field: &'static Field,
    /// An `Any` has opened the object of the message it holds.
    pub(crate) opened: bool,
    /// What is left of the way to the one field that is written.
    pub(crate) way: &'a [&'a str],
    /// What stands before its value.
    pub(crate) skip: usize,
    /// It is written although it is not set.
    pub(super) unset: bool,
    /// The value at hand is the default of one that is not set.
    pub(crate) absent: bool,
    pub(crate) form: Form,
    /// What of a message stands elsewhere.
    pub(crate) parting: Option<Box<Parting<'a>>>,
}

/// How one field is written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Form {
    /// A member of a oneof that is not set is nothing.
    Json,
    /// One that is not set is its default, as other fields are.
    Whole,
    /// Whatever has presence and is not set is nothing, and so is what would be inside of it.
    Set,
    /// Bytes are as they are, and the rest is as JSON.
    Raw,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(out: Vec<u8>, options: &'a Options) -> Self {
        Self {
            out,
            depth: options.nesting_limit,
            options,
            field: &NO_FIELD,
            opened: false,
            way: &[],
            skip: 0,
            unset: false,
            absent: false,
            form: Form::Json,
            parting: None,
        }
    }

    pub(crate) fn into_inner(self) -> Vec<u8> {
        self.out
    }

    /// Writes a message as a JSON object.
    pub fn object(&mut self, table: &'static Table, message: &dyn Fields) -> Result<(), Error> {
        if let Some((&name, way)) = self.way.split_first() {
            self.way = way;
            return self.only(table, message, name);
        }
        if self.parting.is_some() {
            return self.parted(table, message);
        }
        self.enter()?;
        if !std::mem::take(&mut self.opened) {
            self.out.push(b'{');
        }
        for (index, field) in table.fields.iter().enumerate() {
            self.field = field;
            message.write_field(index, self).map_err(|error| error.in_field(field.json))?;
        }
        self.close(b'}');
        self.leave();
        Ok(())
    }

    /// Writes the value of one field and nothing around it; of one that is not set the default, and nothing if it has
    /// none.
    fn only(&mut self, table: &'static Table, message: &dyn Fields, name: &str) -> Result<(), Error> {
        let found = table.find(name, 0).and_then(|index| Some((index, table.fields.get(index)?)));
        let Some((index, field)) = found else {
            return Err(Error::new(format!("`{}` has no field `{name}`", table.name)));
        };
        self.field = field;
        let start = self.out.len();
        self.skip = start + field.key_len(self.options.proto_names);
        self.sets_out_for(field);
        message.write_field(index, self).map_err(|error| error.in_field(field.json))?;
        self.comes_back();
        // Of a part, that it is not set must show.
        if self.out.len() == start && self.parting.is_none() {
            self.unset = true;
            self.field = field;
            message.write_field(index, self).map_err(|error| error.in_field(field.json))?;
            self.unset = false;
        }
        if self.out.len() > start {
            // The comma behind the value.
            self.out.pop();
        }
        self.skip = self.skip.min(self.out.len());
        Ok(())
    }

    /// Enters a message; [`Writer::leave`] is its counterpart.
    pub(crate) fn enter(&mut self) -> Result<(), Error> {
        match self.depth.checked_sub(1) {
            Some(depth) => {
                self.depth = depth;
                Ok(())
            }
            None => Err(self.too_deep()),
        }
    }

    pub(crate) fn leave(&mut self) {
        self.depth += 1;
    }

    #[cold]
    fn too_deep(&self) -> Error {
        Error::new(format!("messages are nested deeper than the limit of {}", self.options.nesting_limit))
    }

    /// Appends text as it is.
    #[inline]
    pub(crate) fn raw(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    /// Appends bytes that are ASCII as they are.
    #[inline]
    pub(crate) fn ascii(&mut self, text: &[u8]) {
        self.out.extend_from_slice(text);
    }

    /// Ends a value in an object or an array.
    #[inline]
    pub(crate) fn comma(&mut self) {
        self.out.push(b',');
    }

    /// Ends an object or an array.
    #[inline]
    pub(crate) fn close(&mut self, bracket: u8) {
        match self.out.last_mut() {
            Some(last) if *last == b',' => *last = bracket,
            _ => self.out.push(bracket),
        }
    }

    /// Writes the key of the field at hand.
    pub(super) fn key(&mut self) {
        if self.options.proto_names {
            self.out.push(b'"');
            self.raw(self.field.name);
            self.raw("\":");
        } else {
            self.raw(self.field.key);
        }
    }

    /// The enum of the field at hand.
    pub(crate) fn enumeration(&self) -> Option<&'static Enum> {
        self.field.enumeration
    }

    /// Forgets the field at hand, for a value that is no field's.
    pub(crate) fn without_field(&mut self) {
        self.field = &NO_FIELD;
    }
}
