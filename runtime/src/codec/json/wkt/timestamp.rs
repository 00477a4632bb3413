use prost_types::Timestamp;

use super::fraction;
use crate::codec::json::error::shortened;
use crate::codec::json::{Error, Json, Reader, Writer};

/// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z (google/protobuf/timestamp.proto).
const MIN_SECONDS: i64 = -62_135_596_800;
const MAX_SECONDS: i64 = 253_402_300_799;

impl Json for Timestamp {
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Error> {
        let start = reader.position();
        let text = reader.string_of("a time of RFC 3339, such as \"2026-11-22T16:00:00Z\"")?;
        *self = parse(text.as_bytes()).ok_or_else(|| {
            let text = shortened(&text);
            reader.error_at(
                start,
                format!(
                    "{text:?} is no time of RFC 3339, such as \"2026-11-22T16:00:00Z\", in the years 0001 to 9999 in UTC"
                ),
            )
        })?;
        Ok(())
    }

    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Error> {
        let (Some(seconds), Some(nanos)) = (since_year_1(self.seconds), nanos(self.nanos)) else {
            let Self { seconds, nanos } = self;
            return Err(Error::new(format!(
                "a Timestamp of {seconds} seconds and {nanos} nanoseconds is outside of the years 0001 to 9999"
            )));
        };
        let mut text = *b"\"0000-00-00T00:00:00.000000000Z\"";
        let (year, month, day) = date((seconds / 86_400) as u32);
        let time = (seconds % 86_400) as u32;
        let mut pair = |at: usize, value: u32| {
            text[at] = b'0' + (value / 10) as u8;
            text[at + 1] = b'0' + (value % 10) as u8;
        };
        pair(1, year / 100);
        pair(3, year % 100);
        pair(6, month);
        pair(9, day);
        pair(12, time / 3600);
        pair(15, time / 60 % 60);
        pair(18, time % 60);
        let end = fraction::write(nanos, &mut text, 20);
        writer.ascii(text.get(..end).unwrap_or_default());
        writer.raw("Z\"");
        Ok(())
    }
}

fn since_year_1(seconds: i64) -> Option<u64> {
    if seconds > MAX_SECONDS {
        return None;
    }
    u64::try_from(seconds.checked_sub(MIN_SECONDS)?).ok()
}

fn nanos(nanos: i32) -> Option<u32> {
    u32::try_from(nanos).ok().filter(|&nanos| nanos < 1_000_000_000)
}

fn parse(text: &[u8]) -> Option<Timestamp> {
    let (&date_time, rest) = text.split_first_chunk::<19>()?;
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', i1, i2, b':', s1, s2] = date_time else {
        return None;
    };
    let year = pair(y1, y2)? * 100 + pair(y3, y4)?;
    let (month, day) = (pair(m1, m2)?, pair(d1, d2)?);
    let (hour, minute, second) = (pair(h1, h2)?, pair(i1, i2)?, pair(s1, s2)?);
    let date_is_valid = year >= 1 && (1..=12).contains(&month) && day >= 1 && day <= days_in(year, month);
    if !date_is_valid || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (nanos, zone) = match rest.split_first() {
        Some((b'.', rest)) => fraction::read(rest)?,
        _ => (0, rest),
    };
    let local = i64::from(days(year, month, day)) * 86_400 + i64::from(hour * 3600 + minute * 60 + second);
    let seconds = MIN_SECONDS + local - offset(zone)?;
    since_year_1(seconds)?;
    Some(Timestamp { seconds, nanos: i32::try_from(nanos).ok()? })
}

/// The seconds that a time zone is ahead of UTC.
fn offset(zone: &[u8]) -> Option<i64> {
    let (sign, h1, h2, m1, m2) = match *zone {
        [b'Z'] => return Some(0),
        [b'+', h1, h2, b':', m1, m2] => (1, h1, h2, m1, m2),
        [b'-', h1, h2, b':', m1, m2] => (-1, h1, h2, m1, m2),
        _ => return None,
    };
    let (hours, minutes) = (pair(h1, h2)?, pair(m1, m2)?);
    (hours < 24 && minutes < 60).then(|| sign * i64::from(hours * 3600 + minutes * 60))
}

/// The number that two digits say.
fn pair(tens: u8, ones: u8) -> Option<u32> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| u32::from(tens) * 10 + u32::from(ones))
}

fn days_in(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

// The two functions below count years from March, so that the leap day is the last of its year. From the first of
// March of year 0 to the first of January of year 1 it is 306 days.

/// The days from 0001-01-01 to a date.
fn days(year: u32, month: u32, day: u32) -> u32 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1 - 306
}

/// The date that is so many days after 0001-01-01.
fn date(days: u32) -> (u32, u32, u32) {
    let days = days + 306;
    let (century, in_century) = ((4 * days + 3) / 146_097, (4 * days + 3) % 146_097 / 4);
    let (year, in_year) = ((4 * in_century + 3) / 1461, (4 * in_century + 3) % 1461 / 4);
    let (month, in_month) = ((5 * in_year + 2) / 153, (5 * in_year + 2) % 153 / 5);
    let year = century * 100 + year;
    if month < 10 { (year, month + 3, in_month + 1) } else { (year + 1, month - 9, in_month + 1) }
}

#[cfg(test)]
mod tests {
    use super::{date, days, days_in};

    #[test]
    fn every_day_of_the_calendar_is_one_after_the_other() {
        let mut expected = 0;
        for year in 1..=9999 {
            for month in 1..=12 {
                for day in 1..=days_in(year, month) {
                    assert_eq!(days(year, month, day), expected);
                    assert_eq!(date(expected), (year, month, day));
                    expected += 1;
                }
            }
        }
        assert_eq!(expected, 3_652_059);
    }
}
