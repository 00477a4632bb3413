use prost_types::Any;

use crate::codec::json::error::shortened;
use crate::codec::json::registry::Type;
use crate::codec::json::{Error, Json, Reader, Writer};

impl Json for Any {
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Error> {
        let start = reader.position();
        reader.enter()?;
        let Some(type_url) = type_url(reader)? else {
            *self = Self::default();
            reader.leave();
            return Ok(());
        };
        let ty = find(&type_url, reader)?;
        reader.rewind(start);
        self.value = match ty.special {
            true => special(ty, reader)?,
            false => {
                reader.in_any = true;
                ty.read(reader)?
            }
        };
        self.type_url = type_url;
        reader.opaque = true;
        reader.leave();
        Ok(())
    }

    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Error> {
        writer.no_text()?;
        if self.type_url.is_empty() && self.value.is_empty() {
            writer.raw("{}");
            return Ok(());
        }
        let name = type_name(&self.type_url).ok_or_else(|| Error::new(not_a_url(&self.type_url)))?;
        let ty = writer.options.registry.find(name).ok_or_else(|| Error::new(not_registered(name)))?;
        writer.enter()?;
        writer.raw("{\"@type\":");
        writer.string(&self.type_url);
        writer.comma();
        writer.without_field();
        if ty.special {
            writer.raw("\"value\":");
            ty.write(&self.value, writer)?;
            writer.raw("}");
        } else {
            writer.opened = true;
            ty.write(&self.value, writer)?;
        }
        writer.leave();
        Ok(())
    }
}

/// Finds the `@type` of the object at hand, wherever in it; none if the object is empty. Leaves the reader behind it.
fn type_url(reader: &mut Reader<'_>) -> Result<Option<String>, Error> {
    let start = reader.position();
    let mut more = reader.open(b'{', "an object with `@type`")?;
    if !more {
        return Ok(None);
    }
    while more {
        let key = reader.string_of("a field name in quotes")?;
        reader.colon()?;
        if key == "@type" {
            return Ok(Some(reader.string()?.into_owned()));
        }
        let skipped = reader.position();
        reader.skip()?;
        // Nested Anys that all name their type last would each be read as often as they are deep.
        let Some(left) = reader.look_ahead.checked_sub(reader.position() - skipped) else {
            return Err(reader.error("Anys are nested with `@type` behind their content: write `@type` first"));
        };
        reader.look_ahead = left;
        more = reader.more(b'{')?;
    }
    Err(reader.error_at(start, "an Any needs the type URL of its content as `@type`"))
}

fn find(type_url: &str, reader: &Reader<'_>) -> Result<Type, Error> {
    let name = type_name(type_url).ok_or_else(|| reader.error(not_a_url(type_url)))?;
    reader.options.registry.find(name).ok_or_else(|| reader.error(not_registered(name)))
}

/// Reads an Any of a type whose JSON is no object of its fields: that JSON stands as `value`.
fn special(ty: Type, reader: &mut Reader<'_>) -> Result<Vec<u8>, Error> {
    let start = reader.position();
    let mut value = None;
    let mut typed = false;
    let mut more = reader.open(b'{', "an object")?;
    while more {
        let at = reader.position();
        let key = reader.string_of("a field name in quotes")?;
        reader.colon()?;
        match &*key {
            "@type" if !typed => {
                typed = true;
                reader.skip()?;
            }
            "value" if value.is_none() => {
                reader.without_field();
                value = Some(ty.read(reader).map_err(|error| error.in_field("value"))?);
            }
            "@type" | "value" => return Err(reader.error_at(at, format!("`{key}` is given twice"))),
            _ if reader.options.ignore_unknown_fields => reader.skip()?,
            _ => {
                let message = format!("an Any of `{}` has no field `{}`, only `value`", ty.name(), shortened(&key));
                return Err(reader.error_at(at, message));
            }
        }
        more = reader.more(b'{')?;
    }
    value.ok_or_else(|| reader.error_at(start, format!("an Any of `{}` needs its content as `value`", ty.name())))
}

/// The full name of the type, which a type URL has behind its last slash.
fn type_name(type_url: &str) -> Option<&str> {
    type_url.rsplit_once('/').map(|(_, name)| name).filter(|name| !name.is_empty())
}

fn not_a_url(type_url: &str) -> String {
    format!("{:?} is no type URL, such as `type.googleapis.com/package.Message`", shortened(type_url))
}

fn not_registered(name: &str) -> String {
    let name = shortened(name);
    format!(
        "an Any holds `{name}`, which is not in the registry: add the `MESSAGE_TYPES` of its generated module to it"
    )
}
