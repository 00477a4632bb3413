use std::borrow::Cow;

use super::super::error::Error;
use super::Reader;
use crate::codec::json::write::plain_len;

impl<'a> Reader<'a> {
    /// Reads a string; borrowed from the input unless it has escapes.
    #[inline]
    pub(crate) fn string(&mut self) -> Result<Cow<'a, str>, Error> {
        self.string_of("a string")
    }

    /// Reads a string that stands for `expected`.
    pub(crate) fn string_of(&mut self, expected: &str) -> Result<Cow<'a, str>, Error> {
        if self.is_text() {
            self.last_step()?;
            self.at = self.input.len();
            return Ok(Cow::Borrowed(self.input));
        }
        if self.peek() != b'"' {
            return Err(self.expected(expected));
        }
        let start = self.at + 1;
        let end = start + plain_len(self.bytes().get(start..).unwrap_or_default());
        if self.bytes().get(end) == Some(&b'"') {
            self.at = end + 1;
            return Ok(Cow::Borrowed(self.input.get(start..end).unwrap_or_default()));
        }
        self.unescape(start, end).map(Cow::Owned)
    }

    /// Reads on in a string whose text up to `plain` needs no change.
    fn unescape(&mut self, start: usize, plain: usize) -> Result<String, Error> {
        let mut text = self.input.get(start..plain).unwrap_or_default().to_owned();
        self.at = plain;
        loop {
            match self.peek() {
                b'"' => {
                    self.at += 1;
                    return Ok(text);
                }
                b'\\' => {
                    let character = self.escape()?;
                    text.push(character);
                }
                _ if self.at >= self.input.len() => return Err(self.error("the string has no closing quote")),
                control => {
                    return Err(
                        self.error(format!("the control character \\u{control:04x} in a string must be escaped"))
                    );
                }
            }
            let run = self.at;
            self.at += plain_len(self.rest());
            text.push_str(self.input.get(run..self.at).unwrap_or_default());
        }
    }

    /// Reads one escape, a surrogate pair as one.
    fn escape(&mut self) -> Result<char, Error> {
        let start = self.at;
        let simple = match self.bytes().get(start + 1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(start),
            _ => {
                return Err(
                    self.error_at(start, "no such escape in JSON: after `\\` stands one of \" \\ / b f n r t u")
                );
            }
        };
        self.at = start + 2;
        Ok(simple)
    }

    fn unicode_escape(&mut self, start: usize) -> Result<char, Error> {
        let first = self.hex4(start + 2)?;
        self.at = start + 6;
        if let Some(character) = char::from_u32(first) {
            return Ok(character);
        }
        if first < 0xdc00 && self.rest().starts_with(b"\\u") {
            let second = self.hex4(self.at + 2)?;
            if (0xdc00..0xe000).contains(&second)
                && let Some(character) = char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00))
            {
                self.at += 6;
                return Ok(character);
            }
        }
        Err(self.error_at(start, format!("\\u{first:04x} is half of a surrogate pair, and the other half is missing")))
    }

    fn hex4(&self, at: usize) -> Result<u32, Error> {
        let digits = self.bytes().get(at..at + 4).unwrap_or_default();
        let mut value = 0;
        for &digit in digits {
            let Some(digit) = char::from(digit).to_digit(16) else { break };
            value = value << 4 | digit;
        }
        if digits.len() == 4 && digits.iter().all(u8::is_ascii_hexdigit) {
            return Ok(value);
        }
        Err(self.error_at(at, "expected four hexadecimal digits after \\u"))
    }
}
