use prost_types::Duration;

use super::fraction;
use crate::codec::json::error::shortened;
use crate::codec::json::{Error, Json, Reader, Writer};

/// The most seconds either way, some ten thousand years (google/protobuf/duration.proto).
const MAX_SECONDS: u64 = 315_576_000_000;

impl Json for Duration {
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Error> {
        let start = reader.position();
        let text = reader.string_of("a duration in seconds, such as \"1.5s\"")?;
        *self = parse(&text).ok_or_else(|| {
            let text = shortened(&text);
            reader.error_at(
                start,
                format!("{text:?} is no duration in seconds, such as \"1.5s\", of at most {MAX_SECONDS} seconds"),
            )
        })?;
        Ok(())
    }

    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Error> {
        let in_range = self.seconds.unsigned_abs() <= MAX_SECONDS && self.nanos.unsigned_abs() < 1_000_000_000;
        let one_sign = (self.seconds >= 0 && self.nanos >= 0) || (self.seconds <= 0 && self.nanos <= 0);
        if !in_range || !one_sign {
            let Self { seconds, nanos } = self;
            return Err(Error::new(format!(
                "a Duration of {seconds} seconds and {nanos} nanoseconds is out of range or has mixed signs"
            )));
        }
        writer.raw(if self.seconds < 0 || self.nanos < 0 { "\"-" } else { "\"" });
        writer.integer(self.seconds.unsigned_abs());
        let mut text = [0; 10];
        let end = fraction::write(self.nanos.unsigned_abs(), &mut text, 0);
        writer.ascii(text.get(..end).unwrap_or_default());
        writer.raw("s\"");
        Ok(())
    }
}

fn parse(text: &str) -> Option<Duration> {
    let text = text.as_bytes().strip_suffix(b"s")?;
    let (negative, text) = match text.strip_prefix(b"-") {
        Some(text) => (true, text),
        None => (false, text),
    };
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    // More digits than the limit has are out of range, leading zeros apart, which nobody writes.
    if digits == 0 || digits > 18 {
        return None;
    }
    let (whole, rest) = text.split_at(digits);
    let seconds = whole.iter().fold(0, |value, digit| value * 10 + u64::from(digit - b'0'));
    if seconds > MAX_SECONDS {
        return None;
    }
    let (nanos, rest) = match rest.strip_prefix(b".") {
        Some(rest) => fraction::read(rest)?,
        None => (0, rest),
    };
    let (seconds, nanos) = (i64::try_from(seconds).ok()?, i32::try_from(nanos).ok()?);
    rest.is_empty().then_some(match negative {
        true => Duration { seconds: -seconds, nanos: -nanos },
        false => Duration { seconds, nanos },
    })
}
