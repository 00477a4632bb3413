//! Default values of proto2 and editions fields, in the spelling of prost's attribute.

use super::context::{Context, Site};
use super::enums::VariantNames;
use crate::descriptor;
use crate::model::{Scalar, Type};
use crate::pool::Definition;

/// `None` if the field states no default, or once what is wrong with it is reported.
pub(super) fn default_value(
    context: &Context<'_>,
    site: &Site,
    field: &descriptor::Field,
    ty: &Type,
) -> Option<String> {
    let text = field.default_value.as_deref()?;
    let spelled = match ty {
        Type::Enum(_) => variant(context, &field.type_name, text),
        Type::SharedBytes => bytes(text),
        Type::Scalar(scalar) => spell(*scalar, text),
        Type::Message(_) | Type::Group(_) => None,
    };
    if spelled.is_none() {
        context.report(site, format!("the default `{text}` is no value of the field's type"), "change or remove it");
    }
    spelled
}

fn spell(scalar: Scalar, text: &str) -> Option<String> {
    let is_valid = match scalar {
        Scalar::Int32 | Scalar::Sint32 | Scalar::Sfixed32 => text.parse::<i32>().is_ok(),
        Scalar::Int64 | Scalar::Sint64 | Scalar::Sfixed64 => text.parse::<i64>().is_ok(),
        Scalar::Uint32 | Scalar::Fixed32 => text.parse::<u32>().is_ok(),
        Scalar::Uint64 | Scalar::Fixed64 => text.parse::<u64>().is_ok(),
        Scalar::Bool => text.parse::<bool>().is_ok(),
        Scalar::String => true,
        Scalar::Bytes => return bytes(text),
        Scalar::Float => return float::<f32>(text),
        Scalar::Double => return float::<f64>(text),
    };
    is_valid.then(|| text.to_owned())
}

/// Floats in a spelling that is a Rust literal or one of the three words that prost knows.
fn float<F: std::str::FromStr + std::fmt::Debug + Into<f64> + Copy>(text: &str) -> Option<String> {
    let value: F = text.parse().ok()?;
    let wide: f64 = value.into();
    Some(match wide {
        _ if wide.is_nan() => "nan".to_owned(),
        f64::INFINITY => "inf".to_owned(),
        f64::NEG_INFINITY => "-inf".to_owned(),
        _ => format!("{value:?}"),
    })
}

/// The Rust literal of what protoc escaped as in C.
fn bytes(text: &str) -> Option<String> {
    let mut literal = "b\"".to_owned();
    for byte in unescape(text)? {
        literal.extend(std::ascii::escape_default(byte).map(char::from));
    }
    literal.push('"');
    Some(literal)
}

fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        if first != b'\\' {
            bytes.push(first);
            continue;
        }
        let (&kind, tail) = rest.split_first()?;
        let digits = match kind {
            b'x' | b'X' => {
                rest = tail;
                leading_digits(rest, 16, 2)
            }
            b'0'..=b'7' => leading_digits(rest, 8, 3),
            _ => {
                rest = tail;
                bytes.push(escaped(kind)?);
                continue;
            }
        };
        let (number, tail) = rest.split_at(digits);
        let radix = if matches!(kind, b'x' | b'X') { 16 } else { 8 };
        bytes.push(u8::from_str_radix(std::str::from_utf8(number).ok()?, radix).ok()?);
        rest = tail;
    }
    Some(bytes)
}

fn leading_digits(bytes: &[u8], radix: u32, most: usize) -> usize {
    bytes.iter().take(most).take_while(|&&byte| char::from(byte).is_digit(radix)).count()
}

fn escaped(kind: u8) -> Option<u8> {
    Some(match kind {
        b'a' => 0x07,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 0x0b,
        b'\\' | b'?' | b'\'' | b'"' => kind,
        _ => return None,
    })
}

fn variant(context: &Context<'_>, enum_name: &str, value_name: &str) -> Option<String> {
    let Definition::Enum(descriptor) = context.pool.get(context.pool.find(enum_name)?).definition else {
        return None;
    };
    let number = descriptor.value.iter().find(|value| value.name == value_name)?.number;
    let variants = VariantNames::new(descriptor).variants;
    let (_, ident) = variants.into_iter().find(|&(index, _)| descriptor.value[index].number == number)?;
    Some(ident.to_string())
}
