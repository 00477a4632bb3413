//! Mutates protobuf bytes without breaking the lengths around what is mutated.

use prost::{
    bytes::Buf,
    encoding::{decode_varint, encode_varint},
};

/// A field: its key, and what stands behind it.
#[derive(Clone)]
struct Field {
    key: u64,
    value: Value,
}

#[derive(Clone)]
enum Value {
    Varint(u64),
    Fixed(Vec<u8>),
    /// Text, bytes, packed numbers: what is no message.
    Leaf(Vec<u8>),
    Message(Vec<Field>),
}

/// Deeper messages are taken for leaves.
const DEPTH: usize = 12;
/// A leaf may grow by as many bytes at once.
const GROWTH: usize = 16;

/// One change somewhere in a message; `None` if the bytes are none. `mutate_bytes(buffer, size, max_size)` changes a
/// leaf and gives its new size.
pub fn mutate(data: &[u8], seed: u32, mutate_bytes: fn(&mut [u8], usize, usize) -> usize) -> Option<Vec<u8>> {
    let mut fields = parse(data, DEPTH)?;
    let mut random = Random(u64::from(seed) << 1 | 1);
    let all = count(&fields);
    let mut donor = None;
    at(&mut fields, &mut random.below(all)?, &mut |fields, index| donor = Some(fields[index].clone()));
    at(&mut fields, &mut random.below(all)?, &mut |fields, index| {
        change(fields, index, donor.take(), &mut random, mutate_bytes);
    });
    let mut out = Vec::new();
    write(&fields, &mut out);
    Some(out)
}

fn change(
    fields: &mut Vec<Field>,
    index: usize,
    donor: Option<Field>,
    random: &mut Random,
    mutate_bytes: fn(&mut [u8], usize, usize) -> usize,
) {
    match (random.below(8), donor) {
        (Some(0), _) => drop(fields.remove(index)),
        (Some(1), _) => fields.insert(index, fields[index].clone()),
        (Some(2), Some(donor)) => fields.insert(index, donor),
        (Some(3), Some(donor)) => fields[index].value = donor.value,
        _ => match &mut fields[index].value {
            Value::Varint(number) => *number = random.number(),
            Value::Fixed(bytes) => {
                let size = bytes.len();
                mutate_bytes(bytes, size, size);
            }
            Value::Leaf(bytes) => {
                let size = bytes.len();
                bytes.resize(size + GROWTH, 0);
                let size = mutate_bytes(bytes, size, size + GROWTH);
                bytes.truncate(size);
            }
            Value::Message(inner) => {
                let by = inner.len().min(1);
                inner.rotate_left(by);
            }
        },
    }
}

/// All fields, those of inner messages included.
fn count(fields: &[Field]) -> usize {
    let inner = |field: &Field| if let Value::Message(fields) = &field.value { count(fields) } else { 0 };
    fields.iter().map(|field| 1 + inner(field)).sum()
}

/// Does something at the field of this number, counted as [`count`] does.
fn at(fields: &mut Vec<Field>, number: &mut usize, act: &mut dyn FnMut(&mut Vec<Field>, usize)) -> bool {
    for index in 0..fields.len() {
        if *number == 0 {
            act(fields, index);
            return true;
        }
        *number -= 1;
        if let Value::Message(inner) = &mut fields[index].value
            && at(inner, number, act)
        {
            return true;
        }
    }
    false
}

fn parse(mut data: &[u8], depth: usize) -> Option<Vec<Field>> {
    let mut fields = Vec::new();
    while !data.is_empty() {
        let key = decode_varint(&mut data).ok()?;
        if key >> 3 == 0 {
            return None;
        }
        let value = match key & 7 {
            0 => Value::Varint(decode_varint(&mut data).ok()?),
            1 => Value::Fixed(take(&mut data, 8)?),
            5 => Value::Fixed(take(&mut data, 4)?),
            2 => {
                let length = usize::try_from(decode_varint(&mut data).ok()?).ok()?;
                let bytes = take(&mut data, length)?;
                // What is text is hardly ever a message, though it may look like one.
                let is_text = bytes.iter().all(|byte| (b' '..=b'~').contains(byte));
                let inner = if depth == 0 || is_text { None } else { parse(&bytes, depth - 1) };
                inner.map_or(Value::Leaf(bytes), Value::Message)
            }
            _ => return None,
        };
        fields.push(Field { key, value });
    }
    Some(fields)
}

fn take(data: &mut &[u8], length: usize) -> Option<Vec<u8>> {
    let bytes = data.get(..length)?.to_vec();
    data.advance(length);
    Some(bytes)
}

fn write(fields: &[Field], out: &mut Vec<u8>) {
    for Field { key, value } in fields {
        let key = match value {
            Value::Varint(_) => key & !7,
            Value::Fixed(bytes) if bytes.len() == 8 => key & !7 | 1,
            Value::Fixed(_) => key & !7 | 5,
            Value::Leaf(_) | Value::Message(_) => key & !7 | 2,
        };
        encode_varint(key, out);
        match value {
            Value::Varint(number) => encode_varint(*number, out),
            Value::Fixed(bytes) => out.extend(bytes),
            Value::Leaf(bytes) => {
                encode_varint(bytes.len() as u64, out);
                out.extend(bytes);
            }
            Value::Message(inner) => {
                let mut bytes = Vec::new();
                write(inner, &mut bytes);
                encode_varint(bytes.len() as u64, out);
                out.extend(bytes);
            }
        }
    }
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        // Knuth's multiplier; the low bits are the weak ones.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn below(&mut self, limit: usize) -> Option<usize> {
        (self.next() as usize).checked_rem(limit)
    }

    /// Mostly small, as enum values, labels and field numbers are.
    fn number(&mut self) -> u64 {
        let bits = [2, 5, 12, 29, 31][(self.next() % 5) as usize];
        self.next() & ((1 << bits) - 1)
    }
}
