use super::super::base64;
use super::super::table::Enum;
use super::{Form, Writer};

impl Writer<'_> {
    /// Writes an integer as a number.
    pub(crate) fn integer<T: itoa::Integer>(&mut self, value: T) {
        self.raw(itoa::Buffer::new().format(value));
    }

    /// Writes an integer as a string: 64-bit integers, and keys.
    pub(crate) fn quoted_integer<T: itoa::Integer>(&mut self, value: T) {
        self.out.push(b'"');
        self.raw(itoa::Buffer::new().format(value));
        self.out.push(b'"');
    }

    /// Writes an enum by its name, or by its number if it has none or the options ask for numbers.
    pub(crate) fn enum_value(&mut self, table: &Enum, number: i32) {
        if table.is_null() {
            return self.raw("null");
        }
        match table.name_of(number) {
            // The name of an enum value is an identifier: it needs no escapes.
            Some(name) if !self.options.enum_numbers => {
                self.out.push(b'"');
                self.raw(name);
                self.out.push(b'"');
            }
            _ => self.integer(number),
        }
    }

    /// Writes a double, the shortest text that reads as the same.
    pub(crate) fn double(&mut self, value: f64) {
        if value.is_finite() {
            self.decimal(zmij::Buffer::new().format_finite(value));
        } else {
            self.not_finite(value);
        }
    }

    /// Writes a float, the shortest text that reads as the same float.
    pub(crate) fn float(&mut self, value: f32) {
        if value.is_finite() {
            self.decimal(zmij::Buffer::new().format_finite(value));
        } else {
            self.not_finite(value.into());
        }
    }

    fn decimal(&mut self, text: &str) {
        self.raw(match text.strip_suffix(".0") {
            // Many readers take `-0` for an integer, which has no such thing.
            None | Some("-0") => text,
            Some(integer) => integer,
        });
    }

    fn not_finite(&mut self, value: f64) {
        self.raw(if value.is_nan() {
            "\"NaN\""
        } else if value > 0.0 {
            "\"Infinity\""
        } else {
            "\"-Infinity\""
        });
    }

    /// Writes bytes in base64.
    pub(crate) fn base64(&mut self, bytes: &[u8]) {
        if self.form == Form::Raw {
            return self.out.extend_from_slice(bytes);
        }
        self.out.push(b'"');
        base64::encode(bytes, &mut self.out);
        self.out.push(b'"');
    }
}
