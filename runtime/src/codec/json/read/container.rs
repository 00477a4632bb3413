use super::super::error::{Error, shortened};
use super::super::message::{Json, Key, Map};
use super::super::text::Step;
use super::Reader;
use crate::codec::allocated;

impl Reader<'_> {
    /// Reads a field without presence, or a required one.
    #[inline]
    pub fn value<T: Json>(&mut self, slot: &mut T) -> Result<(), Error> {
        slot.read(self)
    }

    /// Reads a field with presence.
    #[inline(never)]
    pub fn optional<T: Json + Default>(&mut self, slot: &mut Option<T>) -> Result<(), Error> {
        if let Some(value) = slot {
            return value.read(self);
        }
        self.descend::<T>()?;
        let mut value = T::default();
        value.read(self)?;
        self.rise::<T>();
        if !self.ignored {
            *slot = Some(value);
        }
        Ok(())
    }

    /// Reads a member of a oneof that is not the one set.
    #[inline]
    pub fn member<T: Json + Default, O>(&mut self, slot: &mut Option<O>, member: fn(T) -> O) -> Result<(), Error> {
        let start = self.at;
        self.descend::<T>()?;
        let mut value = T::default();
        value.read(self)?;
        self.rise::<T>();
        // What is passed over meets no other member, whichever comes first.
        if self.ignored {
            return Ok(());
        }
        if slot.is_some() {
            return Err(self.error_at(start, "another field of the same oneof is set already"));
        }
        *slot = Some(member(value));
        Ok(())
    }

    /// Reads a repeated field.
    pub fn repeated<T: Json + Default>(&mut self, list: &mut Vec<T>) -> Result<(), Error> {
        let mut more = self.open_list()?;
        let sent = more;
        self.descend::<T>()?;
        while more {
            self.take_room(size_of::<T>())?;
            list.push(T::default());
            let index = list.len() - 1;
            list[index].read(self).map_err(|error| error.in_element(index))?;
            if std::mem::take(&mut self.ignored) {
                list.pop();
            }
            more = self.more_in_list()?;
        }
        self.rise::<T>();
        self.opaque = true;
        // A list of which nothing is left is passed over, unlike one that was sent empty.
        self.ignored = sent && list.is_empty();
        Ok(())
    }

    /// Reads a map field.
    pub fn map<M: Map>(&mut self, map: &mut M) -> Result<(), Error> {
        if self.is_text() {
            return self.entry_from_text(map);
        }
        let mut more = self.open(b'{', "an object")?;
        let sent = more;
        self.descend::<M::Value>()?;
        while more {
            let start = self.at;
            let text = self.string_of("a key in quotes")?;
            self.colon()?;
            let Some(key) = M::Key::from_text(&text) else {
                return Err(
                    self.error_at(start, format!("expected {} as key, found {:?}", M::Key::EXPECTED, shortened(&text)))
                );
            };
            self.take_room(size_of::<M::Key>() + size_of::<M::Value>() + allocated(text.len()))?;
            let (value, known) = map.slot(key);
            if known {
                return Err(self.error_at(start, format!("the key {:?} is given twice", shortened(&text))));
            }
            value.read(self).map_err(|error| error.in_entry(&text))?;
            if std::mem::take(&mut self.ignored)
                && let Some(key) = M::Key::from_text(&text)
            {
                map.discard(&key);
            }
            more = self.more(b'{')?;
        }
        self.rise::<M::Value>();
        self.opaque = true;
        self.ignored = sent && map.size() == 0;
        Ok(())
    }

    /// Reads nothing: the message has no field of that index.
    pub fn no_field(&self, _index: usize) -> Result<(), Error> {
        Ok(())
    }

    /// Refuses a field whose type comes from other code and has no JSON.
    pub fn without_json(&mut self, name: &'static str) -> Result<(), Error> {
        Err(self.error(format!("the type `{name}` comes from other code and has no JSON")))
    }

    /// In plain text: the entry that the next step names.
    fn entry_from_text<M: Map>(&mut self, map: &mut M) -> Result<(), Error> {
        let Some(Step::Key(text)) = self.step() else {
            return Err(self.error("a map is set by its entries only, as `field[key]`"));
        };
        let Some(key) = M::Key::from_text(text) else {
            return Err(self.error(format!("expected {} as key, found {:?}", M::Key::EXPECTED, shortened(text))));
        };
        self.trail_key(&key);
        let (value, known) = map.slot(key);
        if known && self.bound.is_some() && self.steps.is_empty() {
            return Err(self.error(format!("the key {:?} is given twice", shortened(text))));
        }
        value.read(self).map_err(|error| error.in_entry(text))?;
        if self.ignored
            && !known
            && let Some(key) = M::Key::from_text(text)
        {
            map.discard(&key);
        }
        Ok(())
    }

    /// In plain text a list is its one element: a repeated field is given by repeating it.
    fn open_list(&mut self) -> Result<bool, Error> {
        if !self.is_text() {
            return self.open(b'[', "an array");
        }
        self.repeated = true;
        match self.steps {
            [] => Ok(true),
            _ => Err(self.error("a repeated field has no fields of its own")),
        }
    }

    #[inline]
    fn more_in_list(&mut self) -> Result<bool, Error> {
        if self.is_text() { Ok(false) } else { self.more(b'[') }
    }
}
