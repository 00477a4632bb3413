//! How large messages are in memory, told from their descriptors: as prost lays them out, give or take a few bytes.

use std::collections::{HashMap, HashSet};

use prost::Message;
use prost_types::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet,
    field_descriptor_proto::{Label, Type},
};

/// The messages of a set of descriptors, as far as the requests of a method may hold them.
#[derive(Debug)]
pub(super) struct Layouts {
    messages: Vec<Layout>,
    /// The bytes of their structs.
    sizes: Vec<usize>,
    /// The request.
    pub(super) input: usize,
}

/// The fields of a message, in the order of their numbers.
type Layout = Vec<Field>;

#[derive(Debug)]
pub(super) struct Field {
    number: u64,
    /// What each record of the field takes apart from its content, in bytes: none where the struct of the message that
    /// has the field holds it.
    pub(super) element: usize,
    pub(super) content: Content,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Content {
    /// As wide on the wire where that does not depend on the number.
    Number { width: Option<usize> },
    /// A string or bytes.
    Text,
    /// The message at this index.
    Message(usize),
}

const STRING: Size = Size { bytes: 24, align: 8, has_niche: true };
/// `bytes::Bytes`; a vector takes less.
const BYTES: Size = Size { bytes: 32, align: 8, has_niche: true };
const VEC: Size = STRING;
const BOX: Size = Size { bytes: 8, align: 8, has_niche: true };
const MAP: Size = Size { bytes: 48, align: 8, has_niche: true };
/// What an entry of a map takes besides its key and its value.
const ENTRY: usize = 16;

impl Layouts {
    /// Those of the method of this name, such as `example.v1.UserService/GetUser`; `None` where the descriptors do not
    /// have it.
    pub(super) fn of(set: &[u8], method: &str) -> Option<Self> {
        // What is not a set of descriptors was not written by the generator.
        let set = FileDescriptorSet::decode(set).ok()?;
        let (service, method) = method.rsplit_once('/')?;
        let mut services =
            set.file.iter().flat_map(|file| file.service.iter().map(|service| (file.package(), service)));
        let (_, service) =
            services.find(|(package, each)| child(package, each.name()).trim_start_matches('.') == service)?;
        let method = service.method.iter().find(|each| each.name() == method)?;
        let mut sizes = Sizes::of(&set);
        let input = *sizes.indexes.get(method.input_type())?;
        let messages = sizes.layouts(input);
        Some(Self { messages, sizes: sizes.found(), input })
    }

    /// The bytes of the struct of a message.
    #[inline]
    pub(super) fn size(&self, message: usize) -> usize {
        self.sizes.get(message).copied().unwrap_or_default()
    }

    #[inline]
    pub(super) fn field(&self, message: usize, number: u64) -> Option<&Field> {
        let fields = self.messages.get(message)?;
        // Most messages number their fields from 1 without gaps.
        let guess = (number as usize).checked_sub(1).and_then(|at| fields.get(at));
        guess.filter(|field| field.number == number).or_else(|| {
            let found = fields.binary_search_by_key(&number, |field| field.number).ok()?;
            fields.get(found)
        })
    }

    #[cfg(test)]
    pub(super) fn size_of(set: &[u8], name: &str) -> usize {
        let set = FileDescriptorSet::decode(set).unwrap();
        let mut sizes = Sizes::of(&set);
        let index = sizes.indexes[name];
        sizes.message(index).bytes
    }
}

/// The largest struct in the requests of methods, such as `example.v1.UserService/GetUser`, where it has more than
/// `usual` bytes: as many as there are where one of at least `nesting` bytes can hold others of its kind.
pub(super) fn largest(set: &[u8], nesting: usize, usual: usize) -> HashMap<String, usize> {
    let Ok(set) = FileDescriptorSet::decode(set) else { return HashMap::new() };
    let mut sizes = Sizes::of(&set);
    let mut large = Vec::new();
    for index in 0..sizes.messages.len() {
        let bytes = sizes.message(index).bytes;
        if bytes >= nesting && sizes.leads(index, index, |_| true) {
            large.push((index, usize::MAX));
        } else if bytes > usual {
            large.push((index, bytes));
        }
    }
    if large.is_empty() {
        return HashMap::new();
    }
    let holds = |input: usize, each: usize| each == input || sizes.leads(input, each, |_| true);
    let services = set.file.iter().flat_map(|file| file.service.iter().map(|service| (file.package(), service)));
    let methods = services.flat_map(|(package, service)| {
        let name = child(&format!(".{package}").replace("..", "."), service.name());
        service.method.iter().map(move |method| (format!("{}/{}", name.trim_start_matches('.'), method.name()), method))
    });
    let largest = |input: &str| {
        let input = *sizes.indexes.get(input)?;
        large.iter().filter(|(each, _)| holds(input, *each)).map(|(_, bytes)| *bytes).max()
    };
    methods.filter_map(|(name, method)| Some((name, largest(method.input_type())?))).collect()
}

fn child(parent: &str, name: &str) -> String {
    if parent == "." { format!(".{name}") } else { format!("{parent}.{name}") }
}

/// The size of a type.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    bytes: usize,
    align: usize,
    /// It has a value that does not occur, which an `Option` takes for `None`.
    has_niche: bool,
}

impl Size {
    fn number(bytes: usize) -> Self {
        Self { bytes, align: bytes, has_niche: bytes == 1 }
    }

    fn optional(self) -> Self {
        let bytes = if self.has_niche { self.bytes } else { self.bytes + self.align };
        Self { bytes, has_niche: true, ..self }
    }

    fn and(self, other: Self) -> Self {
        Self {
            bytes: self.bytes + other.bytes,
            align: self.align.max(other.align),
            has_niche: self.has_niche || other.has_niche,
        }
    }

    fn or(self, other: Self) -> Self {
        Self { bytes: self.bytes.max(other.bytes), align: self.align.max(other.align), has_niche: false }
    }

    fn padded(self) -> Self {
        Self { bytes: self.bytes.next_multiple_of(self.align.max(1)), ..self }
    }
}

/// Finds the sizes of messages.
#[derive(Default)]
struct Sizes<'a> {
    messages: Vec<Known<'a>>,
    /// By `.example.v1.User`.
    indexes: HashMap<String, usize>,
}

struct Known<'a> {
    descriptor: &'a DescriptorProto,
    extensions: Vec<&'a FieldDescriptorProto>,
    /// A field without a label is there when it is not the default.
    is_implicit: bool,
    size: State,
}

#[derive(Clone, Copy)]
enum State {
    Unknown,
    /// It is about to be known: who asks holds it in a box, or it would be endless.
    Asked,
    Found(Size),
}

impl<'a> Sizes<'a> {
    fn of(set: &'a FileDescriptorSet) -> Self {
        let mut sizes = Self::default();
        set.file.iter().for_each(|file| sizes.add_file(file));
        sizes
    }

    /// The layouts of a message and of all that it may hold.
    fn layouts(&mut self, message: usize) -> Vec<Layout> {
        let mut layouts: Vec<Layout> = self.messages.iter().map(|_| Vec::new()).collect();
        let (mut seen, mut next) = (HashSet::from([message]), vec![message]);
        while let Some(index) = next.pop() {
            self.message(index);
            layouts[index] = self.layout(index);
            let held = self.fields(index).into_iter().filter_map(|field| self.index(field));
            next.extend(held.filter(|inner| seen.insert(*inner)));
        }
        layouts
    }

    /// The sizes that were found.
    fn found(&self) -> Vec<usize> {
        let size = |known: &Known<'_>| if let State::Found(size) = known.size { size.bytes } else { 0 };
        self.messages.iter().map(size).collect()
    }

    fn add_file(&mut self, file: &'a FileDescriptorProto) {
        let package = format!(".{}", file.package());
        let is_implicit = file.syntax() == "proto3";
        file.message_type.iter().for_each(|message| self.add(&package, message, is_implicit));
        self.extend(&file.extension);
    }

    fn add(&mut self, parent: &str, descriptor: &'a DescriptorProto, is_implicit: bool) {
        let name = child(parent, descriptor.name());
        descriptor.nested_type.iter().for_each(|message| self.add(&name, message, is_implicit));
        self.indexes.insert(name, self.messages.len());
        self.messages.push(Known { descriptor, extensions: Vec::new(), is_implicit, size: State::Unknown });
        self.extend(&descriptor.extension);
    }

    /// Extensions are fields of what they extend, which stands in the same file or in one before it.
    fn extend(&mut self, extensions: &'a [FieldDescriptorProto]) {
        for field in extensions {
            let extended = self.indexes.get(field.extendee()).and_then(|&index| self.messages.get_mut(index));
            if let Some(extended) = extended {
                extended.extensions.push(field);
            }
        }
    }

    fn fields(&self, index: usize) -> Vec<&'a FieldDescriptorProto> {
        let known = &self.messages[index];
        known.descriptor.field.iter().chain(known.extensions.iter().copied()).collect()
    }

    fn layout(&mut self, index: usize) -> Layout {
        let mut fields: Vec<_> = self.fields(index).into_iter().map(|field| self.field(index, field)).collect();
        fields.sort_unstable_by_key(|field| field.number);
        fields
    }

    fn field(&mut self, of: usize, field: &FieldDescriptorProto) -> Field {
        let own = self.value(field);
        let inner = self.index(field);
        let is_element = field.label() == Label::Repeated;
        let element = match inner {
            Some(inner) if is_element && self.is_entry(inner) => self.entry(inner),
            Some(inner) if is_element || self.reaches(inner, of) => self.message(inner).bytes,
            None if is_element => own.bytes,
            _ => 0,
        };
        let content = match (inner, field.r#type()) {
            (Some(inner), _) => Content::Message(inner),
            (None, Type::String | Type::Bytes) => Content::Text,
            (None, Type::Double | Type::Fixed64 | Type::Sfixed64) => Content::Number { width: Some(8) },
            (None, Type::Float | Type::Fixed32 | Type::Sfixed32) => Content::Number { width: Some(4) },
            _ => Content::Number { width: None },
        };
        Field { number: field.number().unsigned_abs().into(), element, content }
    }

    /// The message that a field holds.
    fn index(&self, field: &FieldDescriptorProto) -> Option<usize> {
        let holds = matches!(field.r#type(), Type::Message | Type::Group);
        self.indexes.get(field.type_name()).copied().filter(|_| holds)
    }

    fn is_entry(&self, index: usize) -> bool {
        self.messages[index].descriptor.options.as_ref().is_some_and(|options| options.map_entry())
    }

    /// What an entry of a map takes.
    fn entry(&mut self, index: usize) -> usize {
        self.fields(index).into_iter().map(|field| self.value(field).bytes).sum::<usize>() + ENTRY
    }

    /// Whether a message holds another by itself, so that a field of that would be in a box.
    fn reaches(&self, from: usize, wanted: usize) -> bool {
        from == wanted || self.leads(from, wanted, |field| field.label() != Label::Repeated)
    }

    /// Whether fields of which each counts lead from a message to another, or back to itself.
    fn leads(&self, from: usize, wanted: usize, counts: impl Fn(&FieldDescriptorProto) -> bool) -> bool {
        let (mut seen, mut next) = (HashSet::new(), vec![from]);
        while let Some(index) = next.pop() {
            for inner in
                self.fields(index).into_iter().filter(|field| counts(field)).filter_map(|field| self.index(field))
            {
                if inner == wanted {
                    return true;
                }
                if seen.insert(inner) {
                    next.push(inner);
                }
            }
        }
        false
    }

    /// The size of one value of a field.
    fn value(&mut self, field: &FieldDescriptorProto) -> Size {
        match (self.index(field), field.r#type()) {
            (Some(inner), _) => self.message(inner),
            (None, Type::String | Type::Message | Type::Group) => STRING,
            (None, Type::Bytes) => BYTES,
            (None, Type::Double | Type::Fixed64 | Type::Sfixed64 | Type::Int64 | Type::Uint64 | Type::Sint64) => {
                Size::number(8)
            }
            (None, Type::Bool) => Size::number(1),
            _ => Size::number(4),
        }
    }

    fn message(&mut self, index: usize) -> Size {
        match self.messages[index].size {
            State::Found(size) => size,
            State::Asked => BOX,
            State::Unknown => {
                self.messages[index].size = State::Asked;
                let size = self.sum(index).padded();
                self.messages[index].size = State::Found(size);
                size
            }
        }
    }

    fn sum(&mut self, index: usize) -> Size {
        let mut oneofs: HashMap<i32, Size> = HashMap::new();
        let mut size = Size::default();
        for field in self.fields(index) {
            if field.label() == Label::Repeated {
                let is_map = self.index(field).is_some_and(|inner| self.is_entry(inner));
                size = size.and(if is_map { MAP } else { VEC });
                continue;
            }
            let value = self.value(field);
            match field.oneof_index {
                Some(oneof) if !field.proto3_optional() => {
                    let member = oneofs.entry(oneof).or_default();
                    *member = member.or(value);
                }
                _ if self.index(field).is_some() || self.is_optional(index, field) => size = size.and(value.optional()),
                _ => size = size.and(value),
            }
        }
        // The tag of a oneof has values that do not occur.
        let member = |size: Size| Size { bytes: size.padded().bytes + size.align, has_niche: true, ..size };
        oneofs.into_values().map(member).fold(size, Size::and)
    }

    fn is_optional(&self, index: usize, field: &FieldDescriptorProto) -> bool {
        field.proto3_optional() || (field.label() == Label::Optional && !self.messages[index].is_implicit)
    }
}
