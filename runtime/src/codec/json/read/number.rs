use super::super::error::{Error, shortened};
use super::Reader;

/// An integer as the text has it: sign apart from magnitude.
#[derive(Clone, Copy)]
struct Integer {
    negative: bool,
    magnitude: u64,
}

impl<'a> Reader<'a> {
    /// Reads an integer of `min..=max`: a number or a string of one; `1.0` and `1e3` are integers too.
    pub(crate) fn signed(&mut self, min: i64, max: i64) -> Result<i64, Error> {
        let start = self.at;
        let Integer { negative, magnitude } = self.integer()?;
        let value = if negative { 0i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() };
        match value {
            Some(value) if (min..=max).contains(&value) => Ok(value),
            _ => Err(self.out_of_range(start, format!("{min} to {max}"))),
        }
    }

    /// Reads an integer of `0..=max`, as [`Reader::signed`] does.
    pub(crate) fn unsigned(&mut self, max: u64) -> Result<u64, Error> {
        let start = self.at;
        let Integer { negative, magnitude } = self.integer()?;
        if magnitude > max || (negative && magnitude != 0) {
            return Err(self.out_of_range(start, format!("0 to {max}")));
        }
        Ok(magnitude)
    }

    fn integer(&mut self) -> Result<Integer, Error> {
        let start = self.at;
        let bytes = self.bytes();
        let quoted = self.peek() == b'"' && !self.is_text();
        let mut at = start + usize::from(quoted);
        let negative = bytes.get(at) == Some(&b'-');
        at += usize::from(negative);
        let digits = at;
        let mut magnitude = 0u64;
        while let Some(digit) = bytes.get(at).map(|byte| byte.wrapping_sub(b'0')).filter(|&digit| digit < 10) {
            magnitude = magnitude.wrapping_mul(10).wrapping_add(u64::from(digit));
            at += 1;
        }
        let len = at - digits;
        let leading_zero = len > 1 && bytes.get(digits) == Some(&b'0');
        let next = bytes.get(at).copied().unwrap_or(0);
        // 19 digits always fit a u64. Everything unusual takes the long way.
        if len == 0 || len > 19 || leading_zero || matches!(next, b'.' | b'e' | b'E') || (quoted && next != b'"') {
            return self.unusual_integer();
        }
        self.at = at + usize::from(quoted);
        Ok(Integer { negative, magnitude })
    }

    #[cold]
    fn unusual_integer(&mut self) -> Result<Integer, Error> {
        let start = self.at;
        let text = self.number_text("an integer")?;
        integral(&text).map_err(|wrong| self.error_at(start, format!("{} {wrong}", shortened(&text))))
    }

    #[cold]
    fn out_of_range(&self, start: usize, range: String) -> Error {
        let text = self.input.get(start..self.at).unwrap_or_default();
        self.error_at(start, format!("{} is out of range: {range}", shortened(text)))
    }

    /// Reads a double: a number, or a string of one, `NaN`, `Infinity` or `-Infinity`.
    pub(crate) fn double(&mut self) -> Result<f64, Error> {
        let start = self.at;
        let text = self.number_text("a number")?;
        match special_float(&text) {
            Some(special) => Ok(special),
            None => match text.parse::<f64>() {
                Ok(value) if value.is_finite() => Ok(value),
                _ => Err(self.error_at(start, format!("{} is out of range for a double", shortened(&text)))),
            },
        }
    }

    /// Reads a float, as [`Reader::double`] does.
    pub(crate) fn float(&mut self) -> Result<f32, Error> {
        let start = self.at;
        let text = self.number_text("a number")?;
        match special_float(&text) {
            Some(special) => Ok(special as f32),
            None => match text.parse::<f32>() {
                Ok(value) if value.is_finite() => Ok(value),
                _ => Err(self.error_at(start, format!("{} is out of range for a float", shortened(&text)))),
            },
        }
    }

    /// The text of a number, bare or quoted, in JSON's grammar, or quoted one of the three special floats. In plain text
    /// zeros may lead, as in the keys of maps.
    fn number_text(&mut self, expected: &str) -> Result<std::borrow::Cow<'a, str>, Error> {
        let start = self.at;
        if self.is_text() || self.peek() == b'"' {
            let text = self.string()?;
            if number_len(text.as_bytes(), self.is_text()) == text.len() && !text.is_empty()
                || special_float(&text).is_some()
            {
                return Ok(text);
            }
            return Err(self.error_at(start, format!("expected {expected}, found {:?}", shortened(&text))));
        }
        let len = number_len(self.rest(), false);
        if len == 0 {
            return Err(self.expected(expected));
        }
        self.at += len;
        Ok(std::borrow::Cow::Borrowed(self.input.get(start..self.at).unwrap_or_default()))
    }

    /// Skips a number.
    pub(super) fn skip_number(&mut self) -> Result<(), Error> {
        let len = number_len(self.rest(), false);
        if len == 0 {
            return Err(self.expected("a value"));
        }
        self.at += len;
        Ok(())
    }
}

fn special_float(text: &str) -> Option<f64> {
    match text.as_bytes().last()? {
        b'N' if text == "NaN" => Some(f64::NAN),
        b'y' if text == "Infinity" => Some(f64::INFINITY),
        b'y' if text == "-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

/// The length of the number that `bytes` begin with, in the grammar of RFC 8259 section 6, or with zeros that may lead; 0
/// for none.
fn number_len(bytes: &[u8], zeros_lead: bool) -> usize {
    let digits = |from: usize| bytes.iter().skip(from).take_while(|byte| byte.is_ascii_digit()).count();
    let byte = |at: usize| bytes.get(at).copied().unwrap_or(0);
    let mut at = usize::from(byte(0) == b'-');
    let whole = digits(at);
    if whole == 0 || (whole > 1 && byte(at) == b'0' && !zeros_lead) {
        return 0;
    }
    at += whole;
    if byte(at) == b'.' {
        let fraction = digits(at + 1);
        if fraction == 0 {
            return 0;
        }
        at += 1 + fraction;
    }
    if matches!(byte(at), b'e' | b'E') {
        let sign = usize::from(matches!(byte(at + 1), b'+' | b'-'));
        let exponent = digits(at + 1 + sign);
        if exponent == 0 {
            return 0;
        }
        at += 1 + sign + exponent;
    }
    at
}

/// The exact integer that a number in JSON's grammar says, with or without fraction and exponent.
fn integral(text: &str) -> Result<Integer, &'static str> {
    const NOT_INTEGRAL: &str = "is no integer";
    const TOO_LARGE: &str = "is out of range";
    let (negative, text) = match text.strip_prefix('-') {
        Some(text) => (true, text),
        None => (false, text),
    };
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        // What overflows an i64 as exponent is beyond every digit of the mantissa.
        Some((mantissa, exponent)) => {
            (mantissa, exponent.parse::<i64>().unwrap_or(if exponent.starts_with('-') { i64::MIN } else { i64::MAX }))
        }
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let fraction = fraction.trim_end_matches('0');
    let digits = || whole.bytes().chain(fraction.bytes());
    if digits().any(|digit| !digit.is_ascii_digit()) {
        return Err(NOT_INTEGRAL);
    }
    if digits().all(|digit| digit == b'0') {
        return Ok(Integer { negative, magnitude: 0 });
    }
    // Where the decimal point stands, counted from the first digit.
    let point = exponent.saturating_add(i64::try_from(whole.len()).unwrap_or(i64::MAX));
    let mut magnitude = 0u64;
    let mut position = 0i64;
    for digit in digits() {
        if position >= point {
            if digit != b'0' {
                return Err(NOT_INTEGRAL);
            }
        } else {
            magnitude = push_digit(magnitude, digit - b'0').ok_or(TOO_LARGE)?;
        }
        position += 1;
    }
    // A magnitude of at least one overflows after twenty more digits, so this loop is short.
    while position < point {
        magnitude = push_digit(magnitude, 0).ok_or(TOO_LARGE)?;
        position += 1;
    }
    Ok(Integer { negative, magnitude })
}

fn push_digit(magnitude: u64, digit: u8) -> Option<u64> {
    magnitude.checked_mul(10)?.checked_add(u64::from(digit))
}
