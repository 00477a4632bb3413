//! Random calls: messages with every kind of field, metadata, deadlines, and what a handler is to do.

use std::time::Duration;

use prost::{Message, Name};
use prost_types::{Any, FieldMask, ListValue, Struct, Timestamp, Value, value::Kind};

use super::lane::{Case, Sent};
use crate::rest::items::{Item, proto::item::Side};

/// The largest message, in bytes; none that is made here comes near it by accident, and "too large" is far beyond it in
/// every form.
pub const LIMIT: usize = 16 << 10;

/// How long a call sleeps that is to be cut by its deadline.
const SHORT: Duration = Duration::from_secs(1);

/// Numbers that a seed determines (SplitMix64).
pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    fn choose<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// Few, some or any bits.
    fn number(&mut self) -> i64 {
        let bits = self.choose(&[1, 7, 16, 31, 40, 63]);
        let number = (self.next() >> (64 - bits)).cast_signed();
        if self.one_in(2) { -number } else { number }
    }

    fn or_number(&mut self, special: &[i64]) -> i64 {
        if self.one_in(2) { self.choose(special) } else { self.number() }
    }

    fn text(&mut self, longest: usize) -> String {
        const LETTERS: [&str; 24] = [
            "a",
            "Z",
            "7",
            " ",
            "/",
            "\"",
            "\\",
            "\n",
            "\t",
            "\u{1}",
            "\u{7f}",
            "ü",
            "☃",
            "😀",
            "%",
            "+",
            "&",
            "=",
            "{",
            "<",
            "\u{2028}",
            "'",
            "é\u{301}",
            "_",
        ];
        (0..self.below(longest + 1)).map(|_| self.choose(&LETTERS)).collect()
    }

    fn bytes(&mut self, longest: usize) -> Vec<u8> {
        (0..self.below(longest + 1)).map(|_| self.next() as u8).collect()
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.one_in(4).then(|| make(self))
    }

    /// A message with a few fields, and with others inside, this deep at most.
    fn item(&mut self, depth: usize) -> Item {
        let mut item = Item { int32: self.number() as i32, text: self.text(8), ..Item::default() };
        for _ in 0..self.below(6) {
            self.set_field(&mut item, depth);
        }
        item
    }

    fn set_field(&mut self, item: &mut Item, depth: usize) {
        match self.below(20) {
            0 => item.id = self.text(8),
            1 => item.name = self.text(30),
            2 => item.int64 = self.or_number(&[i64::MIN, i64::MAX]),
            3 => item.flag = true,
            4 => item.double = self.double(),
            5 => item.color = self.choose(&[0, 1, 7, -1, i32::MAX]),
            6 => item.data = self.bytes(20),
            7 => item.maybe = Some(self.text(2)),
            8 => item.tags = (0..self.below(4)).map(|_| self.text(6)).collect(),
            9 => item.labels = [(self.text(6), self.text(6))].into(),
            10 => item.time = Some(self.timestamp()),
            11 => item.duration = Some(self.duration()),
            12 => item.mask = Some(FieldMask { paths: vec![self.choose(&["a", "snake_case.b_c"]).to_owned()] }),
            13 => item.wrapped = Some(self.text(4)),
            14 => item.r#struct = Some(self.structure(2)),
            15 => item.side = Some(self.choose(&[Side::Left, Side::Right])(self.text(4))),
            16 => item.number = Some(self.or_number(&[0, -1]).cast_unsigned()),
            17 if depth > 0 => item.child = Some(Box::new(self.item(depth - 1))),
            18 if depth > 0 => item.numbered = [(self.number() as i32, self.item(depth - 1))].into(),
            19 if depth > 0 => {
                let value = self.item(depth - 1).encode_to_vec();
                item.any = Some(Any { type_url: Item::type_url(), value });
            }
            _ => item.snake_case = self.text(3),
        }
    }

    /// Not -0, which protobuf leaves out as if it were 0; of few digits, so that all who read it agree.
    fn double(&mut self) -> f64 {
        let number = (self.next() >> 30) as f64 / 8.0 - 4096.0;
        self.choose(&[number, number, f64::NAN, f64::INFINITY, f64::NEG_INFINITY])
    }

    fn timestamp(&mut self) -> Timestamp {
        const YEAR_1: i64 = -62_135_596_800;
        const YEAR_9999: i64 = 253_402_300_799;
        let seconds = self.or_number(&[YEAR_1, YEAR_9999, 0]).clamp(YEAR_1, YEAR_9999);
        Timestamp { seconds, nanos: self.nanos() }
    }

    fn duration(&mut self) -> prost_types::Duration {
        const LONGEST: i64 = 315_576_000_000;
        let seconds = self.or_number(&[0]).clamp(-LONGEST, LONGEST);
        // Both have the same sign, and the longest duration has no fraction.
        let nanos = if seconds.abs() == LONGEST { 0 } else { self.nanos() };
        prost_types::Duration { seconds, nanos: if seconds < 0 { -nanos } else { nanos } }
    }

    fn nanos(&mut self) -> i32 {
        self.choose(&[0, 1, 999_999_999, 500_000_000, 120_000, 7_000])
    }

    fn structure(&mut self, depth: usize) -> Struct {
        let fields = (0..self.below(3)).map(|_| (self.text(4), self.value(depth)));
        Struct { fields: fields.collect() }
    }

    fn value(&mut self, depth: usize) -> Value {
        let kind = match self.below(if depth == 0 { 4 } else { 6 }) {
            0 => Kind::NullValue(0),
            1 => Kind::BoolValue(self.one_in(2)),
            2 => Kind::NumberValue(self.number() as i32 as f64 / 4.0 + 0.5),
            3 => Kind::StringValue(self.text(4)),
            4 => Kind::ListValue(ListValue { values: (0..self.below(3)).map(|_| self.value(depth - 1)).collect() }),
            _ => Kind::StructValue(self.structure(depth - 1)),
        };
        Value { kind: Some(kind) }
    }

    /// What a handler is to do with a message.
    fn act(&mut self) -> String {
        let act = match self.below(24) {
            0 | 1 => "fail",
            2 => "panic",
            3 => "long",
            _ => "",
        };
        act.to_owned()
    }

    /// A message with which something is done.
    fn request(&mut self) -> Item {
        let mut item = Item { act: self.act(), ..self.item(2) };
        if self.one_in(40) {
            item.text = "x".repeat(LIMIT + 1);
        }
        item
    }

    /// One of which a target says all.
    fn named(&mut self) -> Item {
        let id = format!("i{}", self.text(6));
        Item { id, act: self.act(), text: self.text(6), int32: self.number() as i32, ..Item::default() }
    }

    fn requests(&mut self) -> Vec<Item> {
        (0..self.below(5)).map(|_| self.request()).collect()
    }

    fn sent(&mut self) -> Sent {
        match self.below(7) {
            0 => Sent::Watch(self.named()),
            6 => Sent::Get(self.named()),
            1 => {
                let mut items = self.requests();
                items
                    .iter_mut()
                    .filter(|item| item.text.len() <= LIMIT)
                    .for_each(|item| "t".clone_into(&mut item.text));
                Sent::Upload(items)
            }
            2 => Sent::Sync(self.requests()),
            _ => Sent::Create(self.request()),
        }
    }

    fn metadata(&mut self) -> Vec<(&'static str, Vec<u8>)> {
        const NAMES: [&str; 5] = ["x-a", "x-b.c_d", "x-0", "x-a-bin", "x-trace-bin"];
        const VALUES: [&str; 5] = ["1", "a, b", "a=b; c=\"d\"", "%41~", "!"];
        let mut metadata = Vec::new();
        for name in NAMES {
            if self.one_in(4) {
                let is_bytes = name.ends_with("-bin");
                metadata.push((name, if is_bytes { self.bytes(9) } else { self.choose(&VALUES).into() }));
                if !is_bytes && self.one_in(3) {
                    metadata.push((name, self.choose(&VALUES).into()));
                }
            }
        }
        metadata
    }

    /// Everything about a call. One in `sleepers` sleeps beyond its deadline.
    pub fn case(&mut self, sleepers: usize) -> Case {
        let far = self.maybe(|random| Duration::from_millis(3_600_000 + random.next() % 90_000_000));
        let mut case = Case { sent: self.sent(), metadata: self.metadata(), timeout: far, gzip: self.one_in(32) };
        if self.one_in(sleepers) {
            case.timeout = Some(SHORT);
            let first = match &mut case.sent {
                Sent::Create(item) | Sent::Get(item) | Sent::Watch(item) => Some(item),
                Sent::Upload(items) | Sent::Sync(items) => items.last_mut(),
            };
            if let Some(item) = first {
                "sleep".clone_into(&mut item.act);
            }
        }
        case
    }
}
