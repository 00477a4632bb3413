/// What a generated message knows about its fields, apart from their Rust types.
#[derive(Debug)]
pub struct Table {
    /// The full proto name, such as `example.v1.User`.
    pub name: &'static str,
    /// The fields, in the order of the proto; a field's index here is how the generated code knows it.
    pub fields: &'static [Field],
    /// Every spelling of every field, its JSON name and its proto name, with its index; sorted by spelling.
    pub names: &'static [(&'static str, usize)],
}

/// One field of a message.
#[derive(Debug)]
pub struct Field {
    pub(super) name: &'static str,
    pub(super) json: &'static str,
    pub(super) key: &'static str,
    pub(super) enumeration: Option<&'static Enum>,
    pub(super) nullable: bool,
}

impl Field {
    /// A field by its proto name, `display_name`, its JSON name, `displayName`, and the JSON name as the writer needs it,
    /// quoted, escaped and with its colon: `"displayName":`.
    pub const fn new(name: &'static str, json: &'static str, key: &'static str) -> Self {
        Self { name, json, key, enumeration: None, nullable: false }
    }

    /// The field holds numbers of an enum.
    pub const fn of_enum(self, enumeration: &'static Enum) -> Self {
        Self { enumeration: Some(enumeration), ..self }
    }

    /// JSON's `null` is a value of the field: a singular `google.protobuf.Value` or `NullValue`. For every other field it
    /// means «not set».
    pub const fn nullable(self) -> Self {
        Self { nullable: true, ..self }
    }

    /// The proto name, `display_name`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The JSON name, `displayName`.
    pub fn json_name(&self) -> &'static str {
        self.json
    }

    /// The length of its key as it is written: the name, its quotes and the colon.
    pub(super) fn key_len(&self, proto_names: bool) -> usize {
        if proto_names { self.name.len() + 3 } else { self.key.len() }
    }
}

/// An enum: its names and numbers.
#[derive(Debug)]
pub struct Enum {
    /// The full proto name, such as `example.v1.Color`.
    pub name: &'static str,
    /// Every number once with its first name, sorted by number.
    pub numbers: &'static [(i32, &'static str)],
    /// Every name, aliases too, sorted by name.
    pub names: &'static [(&'static str, i32)],
}

/// A generated enum.
pub trait Enumeration {
    /// Its names and numbers.
    const TABLE: &'static Enum;
}

impl Enumeration for prost_types::NullValue {
    const TABLE: &'static Enum = &NULL_VALUE;
}

pub(super) static NULL_VALUE: Enum =
    Enum { name: "google.protobuf.NullValue", numbers: &[(0, "NULL_VALUE")], names: &[("NULL_VALUE", 0)] };

/// The field at hand where there is none: a value on its own.
pub(super) static NO_FIELD: Field = Field::new("", "", "");

/// How far ahead of the field before it a field is looked for one by one: what is left out of a JSON object mostly
/// leaves its order as it was.
const AHEAD: usize = 6;

impl Table {
    /// The index of the field that `key` names in either spelling; `next` is where to look first.
    pub(super) fn find(&self, key: &str, next: usize) -> Option<usize> {
        let ahead = self.fields.get(next..).unwrap_or_default().iter().take(AHEAD);
        if let Some(skipped) = ahead.clone().position(|field| field.json == key) {
            return Some(next + skipped);
        }
        let found = self.names.binary_search_by(|(name, _)| (*name).cmp(key)).ok()?;
        self.names.get(found).map(|&(_, index)| index)
    }
}

impl Enum {
    pub(super) fn number(&self, name: &str) -> Option<i32> {
        let found = self.names.binary_search_by(|(known, _)| (*known).cmp(name)).ok()?;
        self.names.get(found).map(|&(_, number)| number)
    }

    pub(super) fn name_of(&self, number: i32) -> Option<&'static str> {
        // Most enums count from 0 without gaps.
        if let Some(&(first, name)) = usize::try_from(number).ok().and_then(|at| self.numbers.get(at))
            && first == number
        {
            return Some(name);
        }
        let found = self.numbers.binary_search_by_key(&number, |&(known, _)| known).ok()?;
        self.numbers.get(found).map(|&(_, name)| name)
    }

    pub(super) fn is_null(&self) -> bool {
        core::ptr::eq(self, &NULL_VALUE)
    }
}
