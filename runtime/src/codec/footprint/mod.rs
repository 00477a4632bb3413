//! What a message takes in memory once it is read, told from its bytes before it is.
//!
//! An element of a repeated field takes as few as two bytes on the wire, and as many as its struct has in memory. So the
//! bytes of a large message are looked through first, by the descriptors of its service, and what its elements would
//! take is added up: it costs a small part of reading them, and nothing where messages are small. Structs that nest are on the
//! stack of whoever reads them, so where they can be large every message is looked through.

mod layout;

use std::{
    collections::HashMap,
    ptr,
    sync::{Arc, LazyLock, PoisonError, RwLock},
};

use tonic::Status;

use self::layout::{Content, Field, Layouts};
use crate::{
    hash::Table,
    method::{Method, ServiceDescriptor},
};

/// Messages of fewer bytes are read without a look, and of fewer still where there is less room or structs are larger:
/// an element takes two bytes at least, and of 16 KiB, more than nearly all structs, as many fit into the default.
const SMALL: usize = 4 * 1024;
const LARGEST: usize = 16 * 1024;
/// Structs of as many bytes are counted while they nest: whoever reads a message has one on the stack for each level, twice or
/// three times in a release build and more in others. A thread of tokio has 2 MiB.
pub(crate) const ON_STACK: usize = 1024;
/// What structs that hold each other may have on the stack at once, in bytes. A hundred levels of smaller ones are less.
pub(crate) const STACK: usize = 256 * 1024;
/// Deeper than prost reads, which is 100.
const DEPTH: u32 = 128;

/// What messages may take in memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    bytes: usize,
    /// Messages of fewer bytes fit, whatever is in them.
    small: usize,
    /// Whose requests they are.
    rpc: Option<(&'static ServiceDescriptor, &'static Method)>,
}

impl Room {
    /// As much as there is.
    pub(crate) const UNLIMITED: Self = Self { bytes: usize::MAX, small: usize::MAX, rpc: None };

    /// So many bytes for each request of this method, whose structs have as many at most as is known of the [largest].
    pub(crate) fn of(
        service: &'static ServiceDescriptor,
        method: &'static Method,
        bytes: usize,
        largest: usize,
    ) -> Self {
        Self { bytes, small: SMALL.min(bytes / (LARGEST.max(largest) / 2)), rpc: Some((service, method)) }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Messages of fewer bytes fit, whatever is in them.
    #[inline]
    pub(crate) fn small(&self) -> usize {
        self.small
    }

    /// Whether a message of so many bytes fits, whatever is in it.
    #[inline]
    pub(crate) fn fits(&self, len: usize) -> bool {
        len < self.small
    }

    /// What the elements of a message in protobuf will take, in bytes, where it is large and its descriptor is known.
    ///
    /// # Errors
    ///
    /// RESOURCE_EXHAUSTED where that is more than there is room for, or where large structs nest too deep.
    pub(crate) fn weigh(&self, message: &[u8]) -> Result<usize, Status> {
        let Some((service, method)) = self.rpc.filter(|_| !self.fits(message.len())) else {
            return Ok(0);
        };
        let Some(layouts) = layouts_of(service, method) else {
            return Ok(0);
        };
        let mut scale = Scale { layouts: &layouts, weight: 0, limit: self.bytes, stack: 0 };
        match scale.message(layouts.input, &mut Wire(message), DEPTH) {
            Err(Stop::TooHeavy) => Err(too_heavy(self.bytes)),
            Err(Stop::TooDeep) => Err(Status::resource_exhausted(too_deep())),
            // What is broken is a matter of who reads it.
            Ok(()) | Err(Stop::Broken) => Ok(scale.weight),
        }
    }
}

/// The status of a message that would take too much.
pub(crate) fn too_heavy(limit: usize) -> Status {
    Status::resource_exhausted(format!(
        "the elements of a message would take more memory than the limit of {limit} bytes: send fewer at once"
    ))
}

/// Of messages that would not fit onto the stack.
pub(crate) fn too_deep() -> String {
    format!(
        "messages with many fields are nested too deep: their structs would take more than {STACK} bytes of the stack"
    )
}

/// The largest struct in the requests of those methods of a service, by their full names, where it is unusual: there is
/// none where large ones may hold each other, as together they have no end.
pub(crate) fn largest(service: &ServiceDescriptor) -> HashMap<String, usize> {
    layout::largest(service.file_descriptor_set, STACK / DEPTH as usize, LARGEST)
}

/// The layouts of a method's requests, from the descriptors that its service has embedded. They are made when the first
/// large message comes; they are facts of the program, so one table serves all servers.
fn layouts_of(service: &'static ServiceDescriptor, method: &'static Method) -> Option<Arc<Layouts>> {
    type Known = Table<usize, Option<Arc<Layouts>>>;
    static KNOWN: LazyLock<RwLock<Known>> = LazyLock::new(RwLock::default);
    let key = ptr::from_ref(method).addr();
    if let Some(known) = KNOWN.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return known.clone();
    }
    let layouts = Layouts::of(service.file_descriptor_set, method.full_name()).map(Arc::new);
    KNOWN.write().unwrap_or_else(PoisonError::into_inner).insert(key, layouts.clone());
    layouts
}

/// Adds up what elements take.
struct Scale<'a> {
    layouts: &'a Layouts,
    weight: usize,
    limit: usize,
    /// What the structs of the messages around have on the stack.
    stack: usize,
}

/// Why a message is looked at no further.
enum Stop {
    TooHeavy,
    TooDeep,
    /// It is no protobuf, or nests too deep.
    Broken,
}

impl Scale<'_> {
    fn add(&mut self, bytes: usize) -> Result<(), Stop> {
        self.weight = self.weight.saturating_add(bytes);
        if self.weight > self.limit { Err(Stop::TooHeavy) } else { Ok(()) }
    }

    /// Weighs the fields of a message, up to the end of the bytes or of its group.
    fn message(&mut self, message: usize, wire: &mut Wire<'_>, depth: u32) -> Result<(), Stop> {
        let depth = depth.checked_sub(1).ok_or(Stop::Broken)?;
        let around = self.stack;
        self.stack += self.layouts.size(message);
        if self.stack > STACK {
            return Err(Stop::TooDeep);
        }
        self.fields(message, wire, depth)?;
        self.stack = around;
        Ok(())
    }

    fn fields(&mut self, message: usize, wire: &mut Wire<'_>, depth: u32) -> Result<(), Stop> {
        let layouts = self.layouts;
        while !wire.0.is_empty() {
            let key = wire.varint()?;
            let field = layouts.field(message, key >> 3);
            match key & 7 {
                0 => drop(wire.varint()?),
                1 => drop(wire.take(8)?),
                5 => drop(wire.take(4)?),
                2 => {
                    let length = wire.varint()?;
                    let content = wire.take(usize::try_from(length).map_err(|_| Stop::Broken)?)?;
                    if let Some(field) = field {
                        self.content(field, content, depth)?;
                    }
                    continue;
                }
                3 => match field.map(|field| &field.content) {
                    Some(Content::Message(inner)) => self.message(*inner, wire, depth)?,
                    _ => wire.skip_group(depth)?,
                },
                4 => return Ok(()),
                _ => return Err(Stop::Broken),
            }
            self.add(field.map_or(0, |field| field.element))?;
        }
        Ok(())
    }

    /// Weighs what a record with a length holds.
    fn content(&mut self, field: &Field, content: &[u8], depth: u32) -> Result<(), Stop> {
        match field.content {
            Content::Message(inner) => {
                self.add(field.element)?;
                self.message(inner, &mut Wire(content), depth)
            }
            Content::Text => self.add(field.element + allocated(content.len())),
            // A list of numbers, packed.
            Content::Number { width: Some(width) } => self.add(content.len() / width * field.element),
            Content::Number { width: None } => {
                let numbers = content.iter().filter(|byte| **byte < 0x80).count();
                self.add(numbers * field.element)
            }
        }
    }
}

/// What an allocation takes, as the usual allocators do it.
pub(crate) fn allocated(bytes: usize) -> usize {
    if bytes == 0 { 0 } else { bytes.max(24) + 8 }
}

/// Bytes of protobuf, of which the front is read.
struct Wire<'a>(&'a [u8]);

impl<'a> Wire<'a> {
    #[inline]
    fn varint(&mut self) -> Result<u64, Stop> {
        let mut value = 0;
        for (at, byte) in self.0.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * at);
            if *byte < 0x80 {
                self.0 = &self.0[at + 1..];
                return Ok(value);
            }
        }
        Err(Stop::Broken)
    }

    fn take(&mut self, bytes: usize) -> Result<&'a [u8], Stop> {
        let (taken, rest) = self.0.split_at_checked(bytes).ok_or(Stop::Broken)?;
        self.0 = rest;
        Ok(taken)
    }

    /// Skips to the end of a group that the message does not have.
    fn skip_group(&mut self, depth: u32) -> Result<(), Stop> {
        let mut open = 1;
        while open > 0 {
            match self.varint()? & 7 {
                0 => drop(self.varint()?),
                1 => drop(self.take(8)?),
                5 => drop(self.take(4)?),
                2 => {
                    let length = self.varint()?;
                    self.take(usize::try_from(length).map_err(|_| Stop::Broken)?)?;
                }
                3 if open < depth => open += 1,
                4 => open -= 1,
                _ => return Err(Stop::Broken),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
