//! Timestamp, Duration and FieldMask, as quick as one would write them by hand.

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use super::text::{FromText, from_text};

const DAY: i64 = 86_400;

#[derive(Default)]
pub(super) struct Timestamp {
    seconds: i64,
    nanos: u32,
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (year, month, day) = date(self.seconds.div_euclid(DAY));
        let time = self.seconds.rem_euclid(DAY) as u32;
        let mut text = *b"0000-00-00T00:00:00.000000000Z";
        put(&mut text[0..4], year as u32);
        put(&mut text[5..7], month);
        put(&mut text[8..10], day);
        put(&mut text[11..13], time / 3600);
        put(&mut text[14..16], time / 60 % 60);
        put(&mut text[17..19], time % 60);
        let end = 19 + put_fraction(&mut text[19..], self.nanos);
        text[end] = b'Z';
        serializer.serialize_str(&String::from_utf8_lossy(&text[..=end]))
    }
}

impl FromText for Timestamp {
    const EXPECTED: &'static str = "a time of RFC 3339 in UTC";

    fn from_text(text: &str) -> Option<Self> {
        let (date_time, rest) = text.as_bytes().split_first_chunk::<19>()?;
        let number = |from: usize, to: usize| number(&date_time[from..to]);
        if [date_time[4], date_time[7], date_time[10], date_time[13], date_time[16]] != *b"--T::" {
            return None;
        }
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let nanos = match rest.strip_suffix(b"Z")? {
            [] => 0,
            [b'.', digits @ ..] => fraction(digits)?,
            _ => return None,
        };
        let time = i64::from(hour * 3600 + minute * 60 + second);
        Some(Self { seconds: days(i64::from(year), month, day) * DAY + time, nanos })
    }
}

#[derive(Default)]
pub(super) struct Duration {
    seconds: i64,
    nanos: i32,
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = [0; 40];
        let mut end = 0;
        if self.seconds < 0 || self.nanos < 0 {
            text[0] = b'-';
            end = 1;
        }
        let mut buffer = itoa::Buffer::new();
        let seconds = buffer.format(self.seconds.unsigned_abs()).as_bytes();
        text[end..end + seconds.len()].copy_from_slice(seconds);
        end += seconds.len();
        end += put_fraction(&mut text[end..], self.nanos.unsigned_abs());
        text[end] = b's';
        serializer.serialize_str(&String::from_utf8_lossy(&text[..=end]))
    }
}

impl FromText for Duration {
    const EXPECTED: &'static str = "a duration in seconds";

    fn from_text(text: &str) -> Option<Self> {
        let text = text.strip_suffix('s')?;
        let (sign, text) = match text.strip_prefix('-') {
            Some(text) => (-1, text),
            None => (1, text),
        };
        let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
        let seconds = whole.parse::<i64>().ok().filter(|seconds| *seconds <= 315_576_000_000)?;
        let nanos = if rest.is_empty() { 0 } else { fraction(rest.as_bytes())? };
        Some(Self { seconds: seconds * i64::from(sign), nanos: nanos as i32 * sign })
    }
}

#[derive(Default)]
pub(super) struct Mask(Vec<String>);

impl Serialize for Mask {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = String::with_capacity(self.0.iter().map(|path| path.len() + 1).sum());
        for path in &self.0 {
            if !text.is_empty() {
                text.push(',');
            }
            let mut characters = path.chars();
            while let Some(character) = characters.next() {
                match character {
                    '_' => text.extend(characters.next().map(|next| next.to_ascii_uppercase())),
                    _ => text.push(character),
                }
            }
        }
        serializer.serialize_str(&text)
    }
}

impl FromText for Mask {
    const EXPECTED: &'static str = "field paths";

    fn from_text(text: &str) -> Option<Self> {
        let snake = |path: &str| {
            let mut snake = String::with_capacity(path.len() + 4);
            for character in path.chars() {
                if character.is_ascii_uppercase() {
                    snake.push('_');
                }
                snake.push(character.to_ascii_lowercase());
            }
            snake
        };
        Some(Self(text.split(',').filter(|path| !path.is_empty()).map(snake).collect()))
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer)
    }
}

impl<'de> Deserialize<'de> for Mask {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer)
    }
}

fn put(digits: &mut [u8], mut value: u32) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

fn put_fraction(text: &mut [u8], nanos: u32) -> usize {
    let (digits, value) = match nanos {
        0 => return 0,
        _ if nanos.is_multiple_of(1_000_000) => (3, nanos / 1_000_000),
        _ if nanos.is_multiple_of(1_000) => (6, nanos / 1_000),
        _ => (9, nanos),
    };
    text[0] = b'.';
    put(&mut text[1..=digits], value);
    digits + 1
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |value, digit| digit.is_ascii_digit().then(|| value * 10 + u32::from(digit - b'0')))
}

fn fraction(digits: &[u8]) -> Option<u32> {
    let len = u32::try_from(digits.len()).ok().filter(|len| (1..=9).contains(len))?;
    Some(number(digits)? * 10u32.pow(9 - len))
}

/// The days from 1970-01-01, counting years from March.
fn days(year: i64, month: u32, day: u32) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    year * 365 + year / 4 - year / 100 + year / 400 + i64::from((month * 153 + 2) / 5 + day) - 1 - 719_468
}

fn date(days: i64) -> (i64, u32, u32) {
    let days = days + 719_468;
    let (century, in_century) = ((4 * days + 3) / 146_097, (4 * days + 3) % 146_097 / 4);
    let (year, in_year) = ((4 * in_century + 3) / 1461, (4 * in_century + 3) % 1461 / 4);
    let in_year = in_year as u32;
    let (month, day) = ((5 * in_year + 2) / 153, (5 * in_year + 2) % 153 / 5 + 1);
    let year = century * 100 + year;
    if month < 10 { (year, month + 3, day) } else { (year + 1, month - 9, day) }
}
