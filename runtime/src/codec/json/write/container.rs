use super::super::error::Error;
use super::super::message::{Json, Key, Map, Scalar};
use super::{Form, Writer};

impl Writer<'_> {
    /// Writes a field without presence, unless it holds its default.
    #[inline(never)]
    pub fn implicit<T: Scalar>(&mut self, value: &T) -> Result<(), Error> {
        if value.is_default() && !self.options.emit_defaults && !self.unset {
            return Ok(());
        }
        self.required(value)
    }

    /// Writes a field that is always there, or a member of a oneof that is set.
    pub fn required<T: Json>(&mut self, value: &T) -> Result<(), Error> {
        self.key();
        value.write(self)?;
        self.comma();
        Ok(())
    }

    /// Writes a field with presence, if it is set.
    #[inline(never)]
    pub fn optional<T: Json + Default>(&mut self, value: &Option<T>) -> Result<(), Error> {
        match value {
            Some(value) => self.required(value),
            None if self.unset && self.form != Form::Set => self.default_of::<T>(),
            None => Ok(()),
        }
    }

    /// Passes over a member of a oneof that is not set, as made by this.
    #[inline]
    pub fn no_member<T: Json + Default, O>(&mut self, _: fn(T) -> O) -> Result<(), Error> {
        if self.unset && self.form == Form::Whole { self.default_of::<T>() } else { Ok(()) }
    }

    #[cold]
    fn default_of<T: Json + Default>(&mut self) -> Result<(), Error> {
        (self.unset, self.absent) = (false, true);
        let written = self.required(&T::default());
        self.absent = false;
        written
    }

    /// Writes a repeated field, unless it is empty.
    pub fn repeated<T: Json>(&mut self, list: &[T]) -> Result<(), Error> {
        if list.is_empty() && !self.options.emit_defaults && !self.unset {
            return Ok(());
        }
        self.key();
        self.elements(list)?;
        self.comma();
        Ok(())
    }

    /// Writes an array.
    pub(crate) fn elements<T: Json>(&mut self, list: &[T]) -> Result<(), Error> {
        self.out.push(b'[');
        for (index, value) in list.iter().enumerate() {
            value.write(self).map_err(|error| error.in_element(index))?;
            self.comma();
        }
        self.close(b']');
        Ok(())
    }

    /// Writes a map field, unless it is empty.
    pub fn map<M: Map>(&mut self, map: &M) -> Result<(), Error> {
        if map.size() == 0 && !self.options.emit_defaults && !self.unset {
            return Ok(());
        }
        self.key();
        self.entries(map)?;
        self.comma();
        Ok(())
    }

    /// Writes a map as an object.
    pub(crate) fn entries<M: Map>(&mut self, map: &M) -> Result<(), Error> {
        self.out.push(b'{');
        for (key, value) in map.entries() {
            let start = self.out.len();
            key.write_key(self);
            self.out.push(b':');
            value.write(self).map_err(|error| error.in_entry(&self.text_of_key(start)))?;
            self.comma();
        }
        self.close(b'}');
        Ok(())
    }

    /// Writes nothing: the message has no field of that index.
    pub fn no_field(&self, _index: usize) -> Result<(), Error> {
        Ok(())
    }

    /// Refuses a field whose type comes from other code and has no JSON, if it is set.
    pub fn without_json(&mut self, is_set: bool, name: &'static str) -> Result<(), Error> {
        if is_set {
            return Err(Error::new(format!("the type `{name}` comes from other code and has no JSON")));
        }
        Ok(())
    }

    /// The key that was written at `start`, for an error.
    #[cold]
    fn text_of_key(&self, start: usize) -> String {
        let written = self.out.get(start + 1..).unwrap_or_default();
        let end = written.iter().position(|&byte| byte == b'"').unwrap_or(0);
        String::from_utf8_lossy(&written[..end]).into_owned()
    }
}
