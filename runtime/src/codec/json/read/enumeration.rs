use super::super::error::{Error, shortened};
use super::super::table::Enum;
use super::Reader;

impl Reader<'_> {
    /// The enum of the field at hand.
    #[inline]
    pub(crate) fn enumeration(&self) -> Option<&'static Enum> {
        self.enumeration
    }

    /// Reads a value of an enum: a name it knows, or any number.
    pub(crate) fn enum_value(&mut self, table: &'static Enum, value: &mut i32) -> Result<(), Error> {
        let start = self.at;
        match self.peek() {
            b'-' | b'0'..=b'9' => *value = self.signed(i32::MIN.into(), i32::MAX.into())? as i32,
            b'n' if table.is_null() && self.accept("null") => *value = 0,
            _ => {
                let name = self.string_of("the name of an enum value or its number")?;
                match table.number(&name) {
                    Some(number) => *value = number,
                    None if self.options.ignore_unknown_fields && !self.is_text() => self.ignored = true,
                    None => {
                        let name = shortened(&name);
                        return Err(self.error_at(start, format!("`{}` has no value `{name}`", table.name)));
                    }
                }
            }
        }
        Ok(())
    }
}
