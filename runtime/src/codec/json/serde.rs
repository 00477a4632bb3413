//! serde's traits for messages, with the meaning of ProtoJSON.
//!
//! The engine writes and reads JSON text and nothing else, so that serde's generics never meet a message: what serde
//! sees is a walk over the text. Formats that describe themselves (JSON, YAML, TOML, CBOR, …) therefore work both ways.

use core::cell::RefCell;
use core::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{Error as _, Serialize, SerializeMap, SerializeSeq, Serializer};

use super::{Error, Json, Options, Reader, Writer};

/// What `Serialize` of a generated message does: writes its JSON, with the default [`Options`].
pub fn serialize<S: Serializer>(message: &dyn Json, serializer: S) -> Result<S::Ok, S::Error> {
    let options = Options::new();
    let text = options.to_string(message).map_err(S::Error::custom)?;
    Next(&RefCell::new(Reader::new(&text, &options))).serialize(serializer)
}

/// What `Deserialize` of a generated message does: reads its JSON, with the default [`Options`].
///
/// A number is what the format has made of it. serde_json gives one with a fraction or an exponent, and one beyond 64 bits,
/// as an `f64`, so that `9007199254740993.0` in an `int64` becomes another number, where [`from_str`](super::from_str)
/// reads every digit. What is then no integer, or out of the field's range, is an error.
pub fn deserialize<'de, T: Json + Default, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let options = Options::new();
    let mut writer = Writer::new(Vec::new(), &options);
    Value(&mut writer).deserialize(deserializer)?;
    options.from_slice(&writer.into_inner()).map_err(D::Error::custom)
}

/// The next value of a text.
struct Next<'r, 'a>(&'r RefCell<Reader<'a>>);

impl Serialize for Next<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let first = self.0.borrow().peek();
        match first {
            b'{' => self.object(serializer),
            b'[' => self.array(serializer),
            b'"' => serializer.serialize_str(&self.step(|reader| reader.string())?),
            b't' | b'f' => {
                let mut value = false;
                self.step(|reader| value.read(reader))?;
                serializer.serialize_bool(value)
            }
            b'n' => {
                self.step(|reader| reader.skip())?;
                serializer.serialize_unit()
            }
            _ => self.number(first, serializer),
        }
    }
}

impl<'a> Next<'_, 'a> {
    fn step<R, E: serde::ser::Error>(&self, step: impl FnOnce(&mut Reader<'a>) -> Result<R, Error>) -> Result<R, E> {
        step(&mut self.0.borrow_mut()).map_err(E::custom)
    }

    fn object<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let mut more = self.step(|reader| reader.open(b'{', "an object"))?;
        while more {
            let key = self.step(|reader| {
                let key = reader.string()?;
                reader.colon()?;
                Ok(key)
            })?;
            map.serialize_entry(&*key, self)?;
            more = self.step(|reader| reader.more(b'{'))?;
        }
        map.end()
    }

    fn array<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        let mut more = self.step(|reader| reader.open(b'[', "an array"))?;
        while more {
            list.serialize_element(self)?;
            more = self.step(|reader| reader.more(b'['))?;
        }
        list.end()
    }

    fn number<S: Serializer>(&self, first: u8, serializer: S) -> Result<S::Ok, S::Error> {
        let start = self.0.borrow().position();
        // Negative zero is a double.
        if let Ok(integer) = self.step::<_, S::Error>(|reader| reader.signed(i64::MIN, i64::MAX))
            && (integer != 0 || first == b'0')
        {
            return serializer.serialize_i64(integer);
        }
        serializer.serialize_f64(self.step(|reader| {
            reader.rewind(start);
            reader.double()
        })?)
    }
}

/// A value that is written as text while it comes.
struct Value<'w, 'a>(&'w mut Writer<'a>);

impl<'de> DeserializeSeed<'de> for Value<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value that JSON has")
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.0.raw(if value { "true" } else { "false" });
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.0.integer(value);
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.0.integer(value);
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.0.double(value);
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.0.string(value);
        Ok(())
    }

    fn visit_bytes<E>(self, value: &[u8]) -> Result<(), E> {
        self.0.base64(value);
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.0.raw("null");
        Ok(())
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<(), E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        self.0.raw("[");
        while list.next_element_seed(Value(self.0))?.is_some() {
            self.0.comma();
        }
        self.0.close(b']');
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        self.0.raw("{");
        while map.next_key_seed(Name(self.0))?.is_some() {
            self.0.raw(":");
            map.next_value_seed(Value(self.0))?;
            self.0.comma();
        }
        self.0.close(b'}');
        Ok(())
    }
}

/// A key, which is a string in JSON whatever it was.
struct Name<'w, 'a>(&'w mut Writer<'a>);

impl<'de> DeserializeSeed<'de> for Name<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for Name<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field name or a map key")
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.0.raw(if value { "\"true\"" } else { "\"false\"" });
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.0.quoted_integer(value);
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.0.quoted_integer(value);
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.0.string(value);
        Ok(())
    }
}
