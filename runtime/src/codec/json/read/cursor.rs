use super::super::error::Error;
use super::super::options::Options;
use super::super::table::Enum;
use super::super::text::{Bound, Step};
use super::trace::Trace;
use crate::codec::{ON_STACK, STACK, too_deep};

/// Reads JSON out of a text. Generated code calls its methods, one for each cardinality a field may have.
///
/// Between calls it stands at the first byte of a value: who skips the whitespace is who consumed the byte before it.
#[derive(Debug)]
pub struct Reader<'a> {
    pub(super) input: &'a str,
    pub(super) at: usize,
    /// How many more messages may nest.
    pub(super) depth: u32,
    pub(crate) options: &'a Options,
    /// The enum of the field at hand.
    pub(super) enumeration: Option<&'static Enum>,
    /// The value just read was an enum name that the options say to ignore: whoever holds it drops it.
    pub(crate) ignored: bool,
    /// The object about to be read is the content of an `Any`: `@type` in it is no field.
    pub(crate) in_any: bool,
    /// How many bytes may still be read ahead in search of an `@type`.
    pub(crate) look_ahead: usize,
    /// What elements may take in memory, in bytes, and how much of it is left.
    pub(crate) room: usize,
    pub(crate) left: usize,
    /// What large structs may still have on the stack, in bytes.
    pub(super) stack: usize,
    /// What the input is.
    pub(super) mode: Mode,
    /// What is left of the way to the field that the input is the value of.
    pub(super) steps: &'a [Step<'a>],
    /// The value itself, for a field of bytes or a FieldMask: it is taken as it is.
    pub(crate) raw: Option<&'a [u8]>,
    /// What else sets fields of the message, for a text that is a parameter of a query.
    pub(crate) bound: Option<Bound<'a>>,
    /// The way so far, in proto names, for such a text.
    pub(crate) trail: String,
    /// The value went into a repeated field.
    pub(crate) repeated: bool,
    /// Notes which fields there are.
    pub(in crate::codec::json) trace: Option<Box<Trace>>,
    /// The value just read was a list, a map or an Any: a field mask names nothing in it.
    pub(crate) opaque: bool,
}

/// What the input of a reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// The JSON of the value at hand.
    Json,
    /// The JSON of a field of the message at hand.
    Field,
    /// The plain text of one value, from a path or a query.
    Text,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(input: &'a str, options: &'a Options) -> Self {
        Self {
            input,
            at: 0,
            depth: options.nesting_limit,
            options,
            enumeration: None,
            ignored: false,
            in_any: false,
            // A text whose Anys name their type first, as all writers do, needs none of it.
            look_ahead: input.len().saturating_mul(4),
            room: usize::MAX,
            left: usize::MAX,
            stack: STACK,
            mode: Mode::Json,
            steps: &[],
            raw: None,
            bound: None,
            trail: String::new(),
            repeated: false,
            trace: None,
            opaque: false,
        }
    }

    /// For the plain text of a field.
    pub(crate) fn for_text(input: &'a str, steps: &'a [Step<'a>], options: &'a Options) -> Self {
        Self { mode: Mode::Text, steps, ..Self::new(input, options) }
    }

    /// For the JSON of a field.
    pub(crate) fn for_field(input: &'a str, steps: &'a [Step<'a>], options: &'a Options) -> Self {
        let mode = if steps.is_empty() { Mode::Json } else { Mode::Field };
        Self { mode, steps, ..Self::new(input, options) }
    }

    /// Whether the input is the plain text of one value, from a path or a query, and no JSON.
    pub(crate) fn is_text(&self) -> bool {
        self.mode == Mode::Text
    }

    pub(super) fn bytes(&self) -> &'a [u8] {
        self.input.as_bytes()
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes().get(self.at..).unwrap_or_default()
    }

    /// The byte at hand; 0, which no JSON text has, at the end.
    #[inline]
    pub(crate) fn peek(&self) -> u8 {
        self.bytes().get(self.at).copied().unwrap_or(0)
    }

    #[inline]
    pub(crate) fn whitespace(&mut self) {
        if self.peek() <= b' ' {
            self.skip_whitespace();
        }
    }

    fn skip_whitespace(&mut self) {
        while matches!(self.peek(), b' ' | b'\n' | b'\r' | b'\t') {
            self.at += 1;
        }
    }

    /// Consumes `literal` if it is what comes next.
    pub(crate) fn accept(&mut self, literal: &str) -> bool {
        let found = self.rest().starts_with(literal.as_bytes());
        if found {
            self.at += literal.len();
        }
        found
    }

    /// Enters an object or an array; whether it has any content.
    pub(crate) fn open(&mut self, bracket: u8, expected: &str) -> Result<bool, Error> {
        if self.peek() != bracket || self.is_text() {
            return Err(self.expected(expected));
        }
        self.at += 1;
        self.whitespace();
        // `]` and `}` both follow their opening bracket by two.
        if self.peek() == bracket + 2 {
            self.at += 1;
            return Ok(false);
        }
        Ok(true)
    }

    /// After a value in an object or an array: whether another one follows. An object's next key is then at hand.
    #[inline]
    pub(crate) fn more(&mut self, bracket: u8) -> Result<bool, Error> {
        self.whitespace();
        let byte = self.peek();
        if byte == b',' {
            self.at += 1;
            self.whitespace();
            return Ok(true);
        }
        if byte == bracket + 2 {
            self.at += 1;
            return Ok(false);
        }
        Err(self.expected(if bracket == b'{' { "`,` or `}`" } else { "`,` or `]`" }))
    }

    pub(crate) fn colon(&mut self) -> Result<(), Error> {
        self.whitespace();
        if self.peek() != b':' {
            return Err(self.expected("`:`"));
        }
        self.at += 1;
        self.whitespace();
        Ok(())
    }

    /// Enters a message; [`Reader::leave`] is its counterpart.
    #[inline]
    pub(crate) fn enter(&mut self) -> Result<(), Error> {
        match self.depth.checked_sub(1) {
            Some(depth) => {
                self.depth = depth;
                Ok(())
            }
            None => Err(self.too_deep()),
        }
    }

    #[inline]
    pub(crate) fn leave(&mut self) {
        self.depth += 1;
    }

    /// Counts what an element takes.
    #[inline]
    pub(crate) fn take_room(&mut self, bytes: usize) -> Result<(), Error> {
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(self.out_of_room()),
        }
    }

    /// Goes down to a value that is on the stack while it is read; [`Reader::rise`] comes back up. Of small types it costs
    /// nothing.
    #[inline(always)]
    pub(crate) fn descend<T>(&mut self) -> Result<(), Error> {
        if size_of::<T>() < ON_STACK {
            return Ok(());
        }
        self.stack = self.stack.checked_sub(size_of::<T>()).ok_or_else(|| self.error(too_deep()))?;
        Ok(())
    }

    #[inline(always)]
    pub(crate) fn rise<T>(&mut self) {
        if size_of::<T>() >= ON_STACK {
            self.stack += size_of::<T>();
        }
    }

    #[cold]
    fn out_of_room(&self) -> Error {
        let limit = self.room;
        self.error(format!("the elements would take more memory than the limit of {limit} bytes: send fewer at once"))
            .of_room()
    }

    #[cold]
    fn too_deep(&self) -> Error {
        self.error(format!("messages are nested deeper than the limit of {}", self.options.nesting_limit))
    }

    /// What the whole text must end with.
    pub(crate) fn end(&mut self) -> Result<(), Error> {
        self.whitespace();
        if self.at < self.input.len() {
            return Err(self.expected("the end of the text"));
        }
        Ok(())
    }

    /// What reading plain text must end with: all of it read, for the last step.
    pub(crate) fn text_end(&self) -> Result<(), Error> {
        self.last_step()?;
        if self.at < self.input.len() {
            return Err(self.expected("a value of the field's type"));
        }
        Ok(())
    }

    /// That the way does not lead on, into what is no message.
    #[inline]
    pub(super) fn last_step(&self) -> Result<(), Error> {
        if self.steps.is_empty() {
            return Ok(());
        }
        Err(self.error("the field named has no fields of its own"))
    }

    /// The byte offset in the input, for [`Reader::error_at`] and [`Reader::rewind`].
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// Goes back to where the reader was.
    pub(crate) fn rewind(&mut self, position: usize) {
        self.at = position;
    }

    /// Forgets the field at hand, for a value that is no field's.
    pub(crate) fn without_field(&mut self) {
        self.enumeration = None;
    }

    /// An error at the place at hand.
    #[cold]
    pub(crate) fn error(&self, message: impl Into<String>) -> Error {
        self.error_at(self.at, message)
    }

    /// An error at a byte offset of the input.
    #[cold]
    pub(crate) fn error_at(&self, at: usize, message: impl Into<String>) -> Error {
        if self.is_text() { Error::new(message) } else { Error::at(message, self.bytes(), at) }
    }

    #[cold]
    pub(crate) fn expected(&self, what: &str) -> Error {
        if self.is_text()
            && let Err(error) = self.last_step()
        {
            return error;
        }
        self.error(format!("expected {what}, found {}", self.found()))
    }

    /// What stands at the place at hand, in words.
    fn found(&self) -> String {
        if self.is_text() {
            return format!("{:?}", super::super::error::shortened(self.input));
        }
        match self.peek() {
            b'"' => "a string".into(),
            b'{' => "an object".into(),
            b'[' => "an array".into(),
            b'-' | b'0'..=b'9' => "a number".into(),
            b't' | b'f' | b'n' => self.found_word(),
            _ => match self.input.get(self.at..).and_then(|rest| rest.chars().next()) {
                Some(character) => format!("{character:?}"),
                None => "the end of the text".into(),
            },
        }
    }

    /// A word that JSON has, by what it is; any other as it is written.
    fn found_word(&self) -> String {
        let rest = self.input.get(self.at..).unwrap_or_default();
        let word = rest.split(|character: char| !character.is_alphanumeric()).next().unwrap_or_default();
        match word {
            "true" | "false" => "a boolean".into(),
            "null" => "null".into(),
            _ => format!("`{}`", super::super::error::shortened(word)),
        }
    }
}
