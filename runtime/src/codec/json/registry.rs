use core::any::Any;
use core::fmt;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, OnceLock};

use bytes::{Bytes, BytesMut};

use super::wkt::WELL_KNOWN;
use super::{Error, Json, Reader, Writer};
use crate::{
    call::Output,
    codec::{Erased, Message, fresh, merge},
    google,
};

/// A message type that has JSON: what an rpc sends and what an `Any` may hold. Generated modules list theirs as
/// `MESSAGE_TYPES`.
#[derive(Clone, Copy)]
pub struct Type {
    name: &'static str,
    /// Whether its JSON is no object of its fields, so that it stands in an `Any` as `value`.
    pub(super) special: bool,
    fresh: fn() -> Box<dyn Erased>,
    json: fn(&dyn Any) -> Option<&dyn Json>,
    json_mut: fn(&mut dyn Any) -> Option<&mut dyn Json>,
}

impl Type {
    /// A generated message under its full proto name.
    pub const fn of<M: Json + Message>(name: &'static str) -> Self {
        Self { name, special: false, fresh: fresh::<M>, json: json::<M>, json_mut: json_mut::<M> }
    }

    /// A well-known type whose JSON is its own.
    pub(super) const fn special<M: Json + Message>(name: &'static str) -> Self {
        Self { special: true, ..Self::of::<M>(name) }
    }

    /// The full proto name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// One as its type has it by default.
    pub(crate) fn fresh(&self) -> Box<dyn Erased> {
        (self.fresh)()
    }

    /// The message's JSON; `None` if it is of another Rust type.
    pub(crate) fn json<'a>(&self, message: &'a dyn Any) -> Option<&'a dyn Json> {
        (self.json)(message)
    }

    /// The message's JSON, to be read into; `None` if it is of another Rust type.
    pub(crate) fn json_mut<'a>(&self, message: &'a mut dyn Any) -> Option<&'a mut dyn Json> {
        (self.json_mut)(message)
    }

    /// Reads the JSON of a message, and gives its protobuf form.
    pub(super) fn read(&self, reader: &mut Reader<'_>) -> Result<Vec<u8>, Error> {
        let mut message = (self.fresh)();
        self.json_mut(message.any_mut()).map_or(Ok(()), |message| message.read(reader))?;
        let mut output = Output::from(BytesMut::with_capacity(message.encoded_len()));
        message.encode_raw(&mut output);
        Ok(output.into_bytes().into())
    }

    /// Writes the JSON of a message of which it is given the protobuf form.
    pub(super) fn write(&self, bytes: &[u8], writer: &mut Writer<'_>) -> Result<(), Error> {
        let mut message = (self.fresh)();
        merge(&mut *message, &mut Bytes::copy_from_slice(bytes), bytes.len())
            .map_err(|status| Error::new(format!("the value of the Any does not decode: {}", status.message())))?;
        self.json(message.any()).map_or(Ok(()), |message| message.write(writer))
    }
}

// Functions rather than closures in `of`: a closure behind a pointer is compiled twice, itself and what calls it. `inline`
// has them compiled beside the message, where all that they need is already.

#[inline]
fn json<M: Json + Message>(message: &dyn Any) -> Option<&dyn Json> {
    message.downcast_ref::<M>().map(|message| message as &dyn Json)
}

#[inline]
fn json_mut<M: Json + Message>(message: &mut dyn Any) -> Option<&mut dyn Json> {
    message.downcast_mut::<M>().map(|message| message as &mut dyn Json)
}

impl fmt::Debug for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Type").field(&self.name).finish()
    }
}

/// The message types that an `Any` may hold, by name. The well-known types and the messages of
/// [`google`](crate::google), such as the details of errors, are always in it.
///
/// A server and a client fill theirs from the descriptors of their services. For types beyond these, and for JSON apart
/// from calls, make one of the `MESSAGE_TYPES` of generated modules:
///
/// ```
/// # mod hello { pub static MESSAGE_TYPES: &[rsgrpc::json::Type] = &[]; }
/// let registry = rsgrpc::json::Registry::new().with(hello::MESSAGE_TYPES);
/// let options = rsgrpc::json::Options::new().registry(registry);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Registry {
    /// None is one with only what every registry has, which costs no allocation.
    types: Option<Arc<HashMap<&'static str, Type>>>,
}

/// What is in every registry: the well-known types, and the messages that this crate brings.
fn known() -> impl Iterator<Item = &'static Type> {
    WELL_KNOWN.iter().chain(google::rpc::MESSAGE_TYPES).chain(google::api::MESSAGE_TYPES)
}

static DEFAULT: OnceLock<Registry> = OnceLock::new();

impl Registry {
    /// One with what every registry has.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds types. One of a name that is there already replaces it.
    pub fn with(mut self, types: &[Type]) -> Self {
        let known = Arc::make_mut(self.types.get_or_insert_default());
        known.extend(types.iter().map(|ty| (ty.name, *ty)));
        self
    }

    /// Makes it the process's default: the one of `Options::new()`, of [`to_string`](super::to_string) and its like, and
    /// of serde. Works once, best at the start of `main`; later calls give the registry back.
    pub fn install_default(self) -> Result<(), Self> {
        DEFAULT.set(self)
    }

    pub(super) fn default_one() -> Self {
        DEFAULT.get().cloned().unwrap_or_default()
    }

    pub(super) fn find(&self, name: &str) -> Option<Type> {
        static KNOWN: LazyLock<HashMap<&'static str, Type>> =
            LazyLock::new(|| known().map(|ty| (ty.name, *ty)).collect());
        let added = self.types.as_ref().and_then(|types| types.get(name));
        added.or_else(|| KNOWN.get(name)).copied()
    }
}
