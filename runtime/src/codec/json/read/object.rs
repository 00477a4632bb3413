use core::fmt::{self, Write as _};

use super::super::error::{Error, shortened};
use super::super::message::Fields;
use super::super::table::{Field, Table};
use super::super::text::Step;
use super::Reader;
use super::cursor::Mode;

impl<'a> Reader<'a> {
    /// Reads a JSON object into a message.
    pub fn object(&mut self, table: &'static Table, message: &mut dyn Fields) -> Result<(), Error> {
        if self.mode != Mode::Json {
            return self.step_into(table, message);
        }
        let mut any = std::mem::take(&mut self.in_any).then_some(AnyType::Due);
        self.enter()?;
        let mut more = self.open(b'{', "an object")?;
        let mut seen = Seen::default();
        let mut next = 0;
        while more {
            let start = self.at;
            match self.key(table, next, &mut any)? {
                Some(index) => {
                    let Some(field) = table.fields.get(index) else { break };
                    if !seen.insert(index) {
                        return Err(self.error_at(start, format!("`{}` is given twice", field.json)));
                    }
                    next = index + 1;
                    self.field(index, field, message).map_err(|error| error.in_field(field.json))?;
                }
                None => {
                    self.trace_skipped();
                    self.skip()?;
                }
            }
            more = self.more(b'{')?;
        }
        self.leave();
        Ok(())
    }

    /// Reads a key and its colon: the index of the field it names, or none for what is to be skipped.
    #[inline]
    fn key(&mut self, table: &'static Table, next: usize, any: &mut Option<AnyType>) -> Result<Option<usize>, Error> {
        if let Some(field) = table.fields.get(next)
            && self.accept(field.key)
        {
            self.whitespace();
            return Ok(Some(next));
        }
        self.named_key(table, next, any)
    }

    fn named_key(
        &mut self,
        table: &'static Table,
        next: usize,
        any: &mut Option<AnyType>,
    ) -> Result<Option<usize>, Error> {
        let start = self.at;
        let key = self.string_of("a field name in quotes")?;
        self.colon()?;
        if let Some(index) = table.find(&key, next) {
            return Ok(Some(index));
        }
        // The `@type` of an Any was read before.
        if let Some(read) = any
            && key == "@type"
        {
            return match std::mem::replace(read, AnyType::Given) {
                AnyType::Due => Ok(None),
                AnyType::Given => Err(self.error_at(start, "`@type` is given twice")),
            };
        }
        if self.options.ignore_unknown_fields {
            return Ok(None);
        }
        Err(self.error_at(start, no_such_field(table, &key)))
    }

    #[inline]
    fn field(&mut self, index: usize, field: &'static Field, message: &mut dyn Fields) -> Result<(), Error> {
        if self.trace.is_some() {
            return self.traced_field(index, field, message);
        }
        self.value_of(index, field, message).map(drop)
    }

    /// Reads the value of a field; false for one that is passed over.
    #[inline]
    pub(super) fn value_of(
        &mut self,
        index: usize,
        field: &'static Field,
        message: &mut dyn Fields,
    ) -> Result<bool, Error> {
        if self.peek() == b'n' && !field.nullable && self.accept("null") {
            return Ok(true);
        }
        self.enumeration = field.enumeration;
        message.read_field(index, self)?;
        Ok(!std::mem::take(&mut self.ignored))
    }

    /// Takes the next step, which must name a field of the message.
    fn step_into(&mut self, table: &'static Table, message: &mut dyn Fields) -> Result<(), Error> {
        let Some(Step::Field(name)) = self.step() else {
            return Err(self.error(format!("`{}` is a message, set by its fields only", table.name)));
        };
        let found = table.find(name, 0).and_then(|index| Some((index, table.fields.get(index)?)));
        let Some((index, field)) = found else {
            if self.bound.is_some_and(|bound| bound.ignore_unknown) {
                self.pass_over();
                return Ok(());
            }
            return Err(self.error(no_such_field(table, name)));
        };
        if self.is_bound(field.name) {
            self.pass_over();
            return Ok(());
        }
        if self.mode == Mode::Json {
            return self.value_of(index, field, message).map(drop).map_err(|error| error.in_field(field.json));
        }
        self.enumeration = field.enumeration;
        message.read_field(index, self).map_err(|error| error.in_field(field.json))
    }

    /// Takes the next step of the way to a field, if there is one.
    pub(super) fn step(&mut self) -> Option<Step<'a>> {
        let (&first, rest) = self.steps.split_first()?;
        self.steps = rest;
        if rest.is_empty() && self.mode == Mode::Field {
            self.mode = Mode::Json;
        }
        Some(first)
    }

    /// Adds a field to the trail; whether something else than the query sets it.
    fn is_bound(&mut self, name: &'static str) -> bool {
        let Some(bound) = self.bound else { return false };
        let is_first = self.trail.is_empty();
        if !is_first {
            self.trail.push('.');
        }
        self.trail.push_str(name);
        let is_trail = |path: &[&str]| self.trail.split('.').eq(path.iter().copied());
        (is_first && bound.body == Some(name))
            || (self.steps.is_empty() && bound.variables.iter().any(|variable| is_trail(variable.field)))
    }

    /// Adds an entry of a map to the trail: by what its key says, as a number has several spellings.
    pub(super) fn trail_key(&mut self, key: &dyn fmt::Display) {
        if self.bound.is_some() {
            // No key holds a NUL character, so no two entries have the same trail. To write to a String cannot fail.
            let _ = write!(self.trail, "[{key}\0]");
        }
    }

    /// Leaves the value alone.
    fn pass_over(&mut self) {
        self.ignored = true;
        self.steps = &[];
        self.at = self.input.len();
    }
}

fn no_such_field(table: &Table, key: &str) -> String {
    let key = shortened(key);
    if key.starts_with('[') && key.ends_with(']') {
        return format!(
            "{key} is a proto2 extension; the message type generated for `{}` holds no extensions",
            table.name
        );
    }
    format!("`{}` has no field `{key}`", table.name)
}

/// The `@type` in the object of a message that an `Any` holds.
#[derive(Clone, Copy)]
enum AnyType {
    Due,
    Given,
}

/// The set of the fields that an object has had.
#[derive(Default)]
struct Seen {
    first: u64,
    /// Of the fields after the sixty-fourth; few messages have that many.
    others: Vec<u64>,
}

impl Seen {
    /// Adds an index; false if it was there.
    #[inline]
    fn insert(&mut self, index: usize) -> bool {
        let bit = 1 << (index % 64);
        let word = if index < 64 { &mut self.first } else { self.other(index / 64 - 1) };
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    #[cold]
    fn other(&mut self, word: usize) -> &mut u64 {
        if self.others.len() <= word {
            self.others.resize(word + 1, 0);
        }
        &mut self.others[word]
    }
}
