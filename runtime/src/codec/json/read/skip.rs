use super::super::error::Error;
use super::Reader;

impl Reader<'_> {
    /// Reads past one value of any kind, checking that it is JSON. Its nesting counts like that of messages.
    pub(crate) fn skip(&mut self) -> Result<(), Error> {
        match self.peek() {
            b'"' => self.string().map(drop),
            b'{' => {
                self.enter()?;
                let mut more = self.open(b'{', "an object")?;
                while more {
                    self.string_of("a field name in quotes")?;
                    self.colon()?;
                    self.skip()?;
                    more = self.more(b'{')?;
                }
                self.leave();
                Ok(())
            }
            b'[' => {
                self.enter()?;
                let mut more = self.open(b'[', "an array")?;
                while more {
                    self.skip()?;
                    more = self.more(b'[')?;
                }
                self.leave();
                Ok(())
            }
            b't' if self.accept("true") => Ok(()),
            b'f' if self.accept("false") => Ok(()),
            b'n' if self.accept("null") => Ok(()),
            _ => self.skip_number(),
        }
    }
}
