use core::fmt;
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hash};

use super::{Error, Reader, Writer};

/// What has a JSON form (ProtoJSON, <https://protobuf.dev/programming-guides/json/>): generated messages, the well-known
/// types of `prost-types`, and scalars, which as messages are the wrappers of `google/protobuf/wrappers.proto`.
pub trait Json {
    /// Reads one JSON value into `self`. A message is merged into: fields that the text does not name keep their values.
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Error>;

    /// Writes `self` as one JSON value.
    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Error>;
}

impl<T: Json> Json for Box<T> {
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Error> {
        reader.take_room(size_of::<T>())?;
        // It was on the stack when it was made.
        reader.descend::<T>()?;
        (**self).read(reader)?;
        reader.rise::<T>();
        Ok(())
    }

    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Error> {
        (**self).write(writer)
    }
}

/// The fields of a generated message, by their index in its [`Table`](super::Table).
pub trait Fields {
    /// Reads the value of one field.
    fn read_field(&mut self, index: usize, reader: &mut Reader<'_>) -> Result<(), Error>;

    /// Writes one field, key and value, or nothing if it is not set.
    fn write_field(&self, index: usize, writer: &mut Writer<'_>) -> Result<(), Error>;
}

/// A type that a field without presence may have.
pub trait Scalar: Json {
    /// Whether the value is the type's default, which a field without presence leaves out.
    fn is_default(&self) -> bool;
}

/// A type that a map's keys may have. Each key is displayed in one way.
pub trait Key: fmt::Display + Sized {
    /// The key that the text of a JSON name says.
    fn from_text(text: &str) -> Option<Self>;

    /// Writes the key as a JSON name, without the colon.
    fn write_key(&self, writer: &mut Writer<'_>);

    /// What a key must look like, for the error message.
    const EXPECTED: &'static str;
}

/// A map field: `HashMap` or `BTreeMap`.
pub trait Map {
    /// The type of its keys.
    type Key: Key;
    /// The type of its values.
    type Value: Json;

    /// The value at `key`, inserted if need be, and whether it was there before.
    fn slot(&mut self, key: Self::Key) -> (&mut Self::Value, bool);

    /// Takes an entry out again.
    fn discard(&mut self, key: &Self::Key);

    /// The number of entries.
    fn size(&self) -> usize;

    /// All entries.
    fn entries(&self) -> impl Iterator<Item = (&Self::Key, &Self::Value)>;
}

impl<K: Key + Eq + Hash, V: Json + Default, S: BuildHasher> Map for HashMap<K, V, S> {
    type Key = K;
    type Value = V;

    fn slot(&mut self, key: K) -> (&mut V, bool) {
        use std::collections::hash_map::Entry;
        match self.entry(key) {
            Entry::Occupied(entry) => (entry.into_mut(), true),
            Entry::Vacant(entry) => (entry.insert(V::default()), false),
        }
    }

    fn discard(&mut self, key: &K) {
        self.remove(key);
    }

    fn size(&self) -> usize {
        self.len()
    }

    fn entries(&self) -> impl Iterator<Item = (&K, &V)> {
        self.iter()
    }
}

impl<K: Key + Ord, V: Json + Default> Map for BTreeMap<K, V> {
    type Key = K;
    type Value = V;

    fn slot(&mut self, key: K) -> (&mut V, bool) {
        use std::collections::btree_map::Entry;
        match self.entry(key) {
            Entry::Occupied(entry) => (entry.into_mut(), true),
            Entry::Vacant(entry) => (entry.insert(V::default()), false),
        }
    }

    fn discard(&mut self, key: &K) {
        self.remove(key);
    }

    fn size(&self) -> usize {
        self.len()
    }

    fn entries(&self) -> impl Iterator<Item = (&K, &V)> {
        self.iter()
    }
}
