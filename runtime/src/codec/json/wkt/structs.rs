use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value};

use crate::codec::json::{Error, Json, Reader, Writer};

impl Json for Struct {
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Error> {
        reader.enter()?;
        if reader.is_text() {
            return Err(reader.error("a Struct has no form as text"));
        }
        reader.map(&mut self.fields)?;
        reader.leave();
        Ok(())
    }

    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Error> {
        writer.no_text()?;
        writer.enter()?;
        writer.entries(&self.fields)?;
        writer.leave();
        Ok(())
    }
}

impl Json for ListValue {
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Error> {
        reader.enter()?;
        if reader.is_text() {
            return Err(reader.error("a ListValue has no form as text"));
        }
        reader.repeated(&mut self.values)?;
        reader.leave();
        Ok(())
    }

    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Error> {
        writer.no_text()?;
        writer.enter()?;
        writer.elements(&self.values)?;
        writer.leave();
        Ok(())
    }
}

impl Json for Value {
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Error> {
        if reader.is_text() {
            return Err(reader.error("a Value has no form as text"));
        }
        self.kind = Some(match reader.peek() {
            b'"' => Kind::StringValue(reader.owned_string()?),
            b'{' => Kind::StructValue(container(reader)?),
            b'[' => Kind::ListValue(container(reader)?),
            b't' | b'f' => {
                let mut value = false;
                value.read(reader)?;
                Kind::BoolValue(value)
            }
            b'n' if reader.accept("null") => Kind::NullValue(0),
            b'-' | b'0'..=b'9' => Kind::NumberValue(reader.double()?),
            _ => return Err(reader.expected("a value")),
        });
        Ok(())
    }

    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Error> {
        writer.no_text()?;
        match &self.kind {
            Some(Kind::NullValue(_)) => writer.raw("null"),
            Some(Kind::NumberValue(value)) if value.is_finite() => writer.double(*value),
            Some(Kind::NumberValue(value)) => {
                return Err(Error::new(format!("JSON has no number for {value}, which a Value holds")));
            }
            Some(Kind::StringValue(value)) => writer.string(value),
            Some(Kind::BoolValue(value)) => value.write(writer)?,
            Some(Kind::StructValue(value)) => {
                writer.enter()?;
                value.write(writer)?;
                writer.leave();
            }
            Some(Kind::ListValue(value)) => {
                writer.enter()?;
                value.write(writer)?;
                writer.leave();
            }
            None if writer.absent => writer.raw("null"),
            None => return Err(Error::new("a Value of no kind has no JSON: null is `Kind::NullValue`")),
        }
        Ok(())
    }
}

/// Reads the message that a Value holds, which is one level more.
fn container<T: Json + Default>(reader: &mut Reader<'_>) -> Result<T, Error> {
    reader.enter()?;
    let mut value = T::default();
    value.read(reader)?;
    reader.leave();
    Ok(value)
}
