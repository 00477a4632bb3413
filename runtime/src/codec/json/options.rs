use std::cell::Cell;

use bytes::BytesMut;

use super::{Error, Form, Json, Reader, Registry, Type, Writer, merge_field};

/// How JSON is read and written. The default is ProtoJSON's own: unknown fields are errors, defaults are left out, enums
/// are names, fields have their JSON names.
///
/// ```
/// # fn main() -> Result<(), rsgrpc::json::Error> {
/// let options = rsgrpc::json::Options::new().ignore_unknown_fields(true);
/// let empty: () = options.from_str(r#"{"a": 1}"#)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Options {
    pub(super) ignore_unknown_fields: bool,
    pub(super) emit_defaults: bool,
    pub(super) enum_numbers: bool,
    pub(super) proto_names: bool,
    pub(super) nesting_limit: u32,
    pub(super) registry: Registry,
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

impl Options {
    /// The defaults, with the registry that [`Registry::install_default`] set.
    pub fn new() -> Self {
        Self {
            ignore_unknown_fields: false,
            emit_defaults: false,
            enum_numbers: false,
            proto_names: false,
            nesting_limit: 100,
            registry: Registry::default_one(),
        }
    }

    /// When reading, skips fields that the message does not have, and enum names that the enum does not have.
    pub fn ignore_unknown_fields(self, ignore: bool) -> Self {
        Self { ignore_unknown_fields: ignore, ..self }
    }

    /// When writing, writes fields without presence even if they hold their default.
    pub fn emit_defaults(self, emit: bool) -> Self {
        Self { emit_defaults: emit, ..self }
    }

    /// When writing, writes enums as numbers.
    pub fn enum_numbers(self, numbers: bool) -> Self {
        Self { enum_numbers: numbers, ..self }
    }

    /// When writing, names fields as the proto does. Both spellings are always read.
    pub fn proto_names(self, proto: bool) -> Self {
        Self { proto_names: proto, ..self }
    }

    /// How deep messages may nest, in both directions, counting Any, Struct, Value and ListValue as the messages that they
    /// are, and everything in a skipped field; 100 by default. Each level costs some 500 bytes of stack.
    ///
    /// Whatever it is, only some eight Anys may nest that have their `@type` behind their content, as each is read twice: in
    /// all, a text is read ahead by four times its length. All writers put `@type` first.
    pub fn nesting_limit(self, levels: u32) -> Self {
        Self { nesting_limit: levels, ..self }
    }

    /// The types that an `Any` may hold.
    pub fn registry(self, registry: Registry) -> Self {
        Self { registry, ..self }
    }

    /// Adds types that an `Any` may hold.
    pub(crate) fn with_types(self, types: &[Type]) -> Self {
        Self { registry: self.registry.with(types), ..self }
    }

    /// The JSON of a message of this name in protobuf form; `None` where the registry does not have it or it is broken.
    pub(crate) fn transcode(&self, name: &str, message: &[u8]) -> Option<String> {
        let ty = self.registry.find(name)?;
        let mut writer = Writer::new(Vec::new(), self);
        ty.write(message, &mut writer).ok()?;
        String::from_utf8(writer.into_inner()).ok()
    }

    /// Reads a message.
    pub fn from_str<T: Json + Default>(&self, text: &str) -> Result<T, Error> {
        let mut value = T::default();
        self.merge(text, &mut value)?;
        Ok(value)
    }

    /// Reads a message from bytes, which must be UTF-8.
    pub fn from_slice<T: Json + Default>(&self, bytes: &[u8]) -> Result<T, Error> {
        self.from_str(utf8(bytes)?)
    }

    /// Reads into a message: fields that the text does not name keep their values.
    pub fn merge(&self, text: &str, value: &mut dyn Json) -> Result<(), Error> {
        let mut reader = Reader::new(text, self);
        reader.whitespace();
        value.read(&mut reader)?;
        reader.end()
    }

    /// Reads into a message from bytes, whose elements may take as many bytes in memory as there is room for.
    pub(crate) fn merge_within(&self, bytes: &[u8], value: &mut dyn Json, room: usize) -> Result<(), Error> {
        merge_field(value, &[], utf8(bytes)?, self, false, room).map(drop)
    }

    /// Reads into a message, as [`merge`](Self::merge) does, from bytes, which must be UTF-8.
    pub fn merge_slice(&self, bytes: &[u8], value: &mut dyn Json) -> Result<(), Error> {
        self.merge(utf8(bytes)?, value)
    }

    /// Writes a message.
    pub fn to_string(&self, value: &dyn Json) -> Result<String, Error> {
        self.written(value, |text| utf8(text).map(str::to_owned))?
    }

    /// Writes a message as bytes.
    pub fn to_vec(&self, value: &dyn Json) -> Result<Vec<u8>, Error> {
        self.written(value, <[u8]>::to_vec)
    }

    /// Appends a message to a buffer, which is left as it was on an error.
    pub fn append(&self, value: &dyn Json, buffer: &mut BytesMut) -> Result<(), Error> {
        self.written(value, |text| {
            if buffer.capacity() == 0 {
                *buffer = BytesMut::from(text);
            } else {
                buffer.extend_from_slice(text);
            }
        })
    }

    /// Appends the value of one field and gives its length: of a field that is not set the default. The way to it is of
    /// proto names.
    pub(crate) fn append_field(
        &self,
        value: &dyn Json,
        way: &[&str],
        form: Form,
        buffer: &mut BytesMut,
    ) -> Result<usize, Error> {
        let mut writer = Writer::new(Vec::new(), self);
        (writer.way, writer.form) = (way, form);
        value.write(&mut writer)?;
        let skip = writer.skip;
        let written = writer.into_inner();
        let text = written.get(skip..).unwrap_or_default();
        buffer.extend_from_slice(text);
        Ok(text.len())
    }

    /// Writes into a buffer that the thread keeps, so that the result is allocated once, in its size.
    fn written<R>(&self, value: &dyn Json, take: impl FnOnce(&[u8]) -> R) -> Result<R, Error> {
        thread_local! {
            static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
        }
        /// What a thread keeps at most, in bytes.
        const KEPT: usize = 64 << 10;

        let mut out = SCRATCH.take();
        out.clear();
        let mut writer = Writer::new(out, self);
        let result = value.write(&mut writer);
        out = writer.into_inner();
        let result = result.map(|()| take(&out));
        if out.capacity() <= KEPT {
            SCRATCH.set(out);
        }
        result
    }
}

/// Reads a message with the default [`Options`].
pub fn from_str<T: Json + Default>(text: &str) -> Result<T, Error> {
    Options::new().from_str(text)
}

/// Reads a message from bytes, which must be UTF-8, with the default [`Options`].
pub fn from_slice<T: Json + Default>(bytes: &[u8]) -> Result<T, Error> {
    Options::new().from_slice(bytes)
}

/// Writes a message with the default [`Options`].
pub fn to_string(value: &dyn Json) -> Result<String, Error> {
    Options::new().to_string(value)
}

/// Writes a message as bytes with the default [`Options`].
pub fn to_vec(value: &dyn Json) -> Result<Vec<u8>, Error> {
    Options::new().to_vec(value)
}

fn utf8(bytes: &[u8]) -> Result<&str, Error> {
    core::str::from_utf8(bytes).map_err(|error| Error::at("the text is not UTF-8", bytes, error.valid_up_to()))
}
