//! The scalars: as fields, as map keys, and on their own as the wrappers of `google/protobuf/wrappers.proto`.

use bytes::Bytes;

use super::base64;
use super::{Error, Json, Key, Reader, Scalar, Writer};
use crate::codec::allocated;

impl Json for bool {
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Error> {
        *self = match reader.peek() {
            b't' if reader.accept("true") => true,
            b'f' if reader.accept("false") => false,
            _ => return Err(reader.expected("true or false")),
        };
        Ok(())
    }

    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Error> {
        writer.raw(if *self { "true" } else { "false" });
        Ok(())
    }
}

impl Json for i32 {
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Error> {
        match reader.enumeration() {
            None => *self = reader.signed(i32::MIN.into(), i32::MAX.into())? as i32,
            Some(table) => reader.enum_value(table, self)?,
        }
        Ok(())
    }

    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Error> {
        match writer.enumeration() {
            None => writer.integer(*self),
            Some(table) => writer.enum_value(table, *self),
        }
        Ok(())
    }
}

impl Json for u32 {
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Error> {
        *self = reader.unsigned(u32::MAX.into())? as u32;
        Ok(())
    }

    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Error> {
        writer.integer(*self);
        Ok(())
    }
}

impl Json for i64 {
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Error> {
        *self = reader.signed(i64::MIN, i64::MAX)?;
        Ok(())
    }

    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Error> {
        writer.quoted_integer(*self);
        Ok(())
    }
}

impl Json for u64 {
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Error> {
        *self = reader.unsigned(u64::MAX)?;
        Ok(())
    }

    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Error> {
        writer.quoted_integer(*self);
        Ok(())
    }
}

impl Json for f32 {
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Error> {
        *self = reader.float()?;
        Ok(())
    }

    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Error> {
        writer.float(*self);
        Ok(())
    }
}

impl Json for f64 {
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Error> {
        *self = reader.double()?;
        Ok(())
    }

    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Error> {
        writer.double(*self);
        Ok(())
    }
}

impl Json for String {
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Error> {
        *self = reader.owned_string()?;
        Ok(())
    }

    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Error> {
        writer.string(self);
        Ok(())
    }
}

impl Json for Vec<u8> {
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Error> {
        *self = reader.base64()?;
        Ok(())
    }

    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Error> {
        writer.base64(self);
        Ok(())
    }
}

impl Json for Bytes {
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Error> {
        *self = Self::from(reader.base64()?);
        Ok(())
    }

    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Error> {
        writer.base64(self);
        Ok(())
    }
}

impl Reader<'_> {
    pub(super) fn owned_string(&mut self) -> Result<String, Error> {
        let text = self.string()?;
        self.take_room(allocated(text.len()))?;
        Ok(text.into_owned())
    }

    fn base64(&mut self) -> Result<Vec<u8>, Error> {
        if let Some(raw) = self.raw {
            return Ok(raw.to_vec());
        }
        let start = self.position();
        let text = self.string_of("a string of base64")?;
        self.take_room(allocated(text.len() / 4 * 3))?;
        base64::decode(&text).ok_or_else(|| self.error_at(start, "the string is not base64"))
    }
}

macro_rules! scalar {
    ($($type:ty: $value:ident => $is_default:expr;)*) => {$(
        impl Scalar for $type {
            fn is_default(&self) -> bool {
                let $value = self;
                $is_default
            }
        }
    )*};
}

scalar! {
    bool: value => !*value;
    i32: value => *value == 0;
    i64: value => *value == 0;
    u32: value => *value == 0;
    u64: value => *value == 0;
    // Negative zero is not the default: it has bits set.
    f32: value => value.to_bits() == 0;
    f64: value => value.to_bits() == 0;
    String: value => value.is_empty();
    Vec<u8>: value => value.is_empty();
    Bytes: value => value.is_empty();
}

macro_rules! integer_key {
    ($($type:ty)*) => {$(
        impl Key for $type {
            const EXPECTED: &'static str = concat!("a decimal ", stringify!($type));

            fn from_text(text: &str) -> Option<Self> {
                // What `parse` allows beyond a JSON number is a plus sign.
                text.parse().ok().filter(|_| !text.starts_with('+'))
            }

            fn write_key(&self, writer: &mut Writer<'_>) {
                writer.quoted_integer(*self);
            }
        }
    )*};
}

integer_key! { i32 i64 u32 u64 }

impl Key for bool {
    const EXPECTED: &'static str = "true or false";

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn write_key(&self, writer: &mut Writer<'_>) {
        writer.raw(if *self { "\"true\"" } else { "\"false\"" });
    }
}

impl Key for String {
    const EXPECTED: &'static str = "a string";

    fn from_text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }

    fn write_key(&self, writer: &mut Writer<'_>) {
        writer.string(self);
    }
}
