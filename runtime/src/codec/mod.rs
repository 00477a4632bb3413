//! How messages become bytes and bytes messages.

mod footprint;
pub mod json;
mod message;

use std::{any::Any, sync::Arc};

use bytes::{Bytes, BytesMut};
use tonic::{Extensions, Status};

pub(crate) use self::footprint::{ON_STACK, Room, STACK, allocated, largest, too_deep};
use self::json::Json;
pub use self::message::Message;
pub(crate) use self::message::{Erased, Fresh, fresh, merge};
use crate::call::Output;

/// The form of the messages of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// The protobuf binary format.
    Proto,
    /// ProtoJSON.
    Json,
}

impl Form {
    /// The form of this name, as content types end with it, in any case (RFC 9110, 8.3.1).
    pub(crate) fn from_name(name: &[u8]) -> Option<Self> {
        match name {
            b"proto" => Some(Self::Proto),
            b"json" => Some(Self::Json),
            name if name.eq_ignore_ascii_case(b"proto") => Some(Self::Proto),
            name if name.eq_ignore_ascii_case(b"json") => Some(Self::Json),
            _ => None,
        }
    }

    /// The codec of a direction of a call.
    ///
    /// # Errors
    ///
    /// UNIMPLEMENTED when the messages have no JSON.
    pub(crate) fn codec(
        self,
        options: &Arc<json::Options>,
        message: Option<&'static json::Type>,
    ) -> Result<Codec, Status> {
        match (self, message) {
            (Self::Proto, _) => Ok(Codec::Proto),
            (Self::Json, Some(message)) => Ok(Codec::Json { options: Arc::clone(options), message }),
            (Self::Json, None) => Err(without_json()),
        }
    }
}

pub(crate) fn without_json() -> Status {
    Status::unimplemented("the messages of the method were generated without JSON")
}

/// Reads or writes the messages of one direction of a call.
#[derive(Debug, Clone, Default)]
pub(crate) enum Codec {
    #[default]
    Proto,
    Json {
        options: Arc<json::Options>,
        message: &'static json::Type,
    },
    /// JSON of which a protocol has parts elsewhere.
    Transcoded {
        by: Arc<dyn Transcode>,
        message: &'static json::Type,
    },
}

/// Puts messages together of what a request has in several places, and takes them apart again.
pub(crate) trait Transcode: Any + std::fmt::Debug + Send + Sync {
    /// Reads what a body holds, and the rest, into a message, whose elements may take so many bytes.
    fn read(&self, bytes: &Bytes, message: &mut dyn Json, room: usize) -> Result<(), Status>;

    /// Appends what a body holds of a message.
    fn write(&self, message: &dyn Json, buf: &mut BytesMut) -> Result<(), Status>;

    /// Learns what the handler attached to its response.
    fn attached(&self, extensions: &Extensions) {
        let _ = extensions;
    }

    /// Whether the head of a request can be written before its first message was.
    fn is_ready(&self) -> bool {
        true
    }
}

#[cold]
fn undecodable(why: &Status) -> Status {
    Status::internal(format!("the message does not decode as protobuf: {}", why.message()))
}

impl Codec {
    /// The codec of the other direction of the same call.
    pub(crate) fn of(&self, message: Option<&'static json::Type>) -> Result<Self, Status> {
        match self {
            Self::Proto => Ok(Self::Proto),
            Self::Json { options, .. } => Form::Json.codec(options, message),
            Self::Transcoded { by, .. } => match message {
                Some(message) => Ok(Self::Transcoded { by: Arc::clone(by), message }),
                None => Err(without_json()),
            },
        }
    }

    pub(crate) fn form(&self) -> Form {
        match self {
            Self::Proto => Form::Proto,
            Self::Json { .. } | Self::Transcoded { .. } => Form::Json,
        }
    }

    /// The codec in which interceptors see and replace a whole message.
    pub(crate) fn of_whole(&self) -> Self {
        match self {
            Self::Transcoded { .. } => Self::Proto,
            codec => codec.clone(),
        }
    }

    /// Weighs a message, then reads it.
    pub(crate) fn decode<M: Message>(&self, mut bytes: Bytes, room: Room) -> Result<M, Status> {
        let mut message = M::default();
        self.weigh(&bytes, room)?;
        let len = bytes.len();
        self.read(&mut bytes, len, &mut message, room.bytes())?;
        Ok(message)
    }

    /// What reading a message costs, as the bytes that it will take in memory; a guess, of JSON, whose elements are counted
    /// while they are read.
    ///
    /// # Errors
    ///
    /// RESOURCE_EXHAUSTED where there is no room for its elements.
    pub(crate) fn weigh(&self, bytes: &[u8], room: Room) -> Result<usize, Status> {
        match self {
            Self::Proto => Ok(bytes.len() + room.weigh(bytes)?),
            Self::Json { .. } | Self::Transcoded { .. } => Ok(bytes.len().saturating_mul(8)),
        }
    }

    /// Reads the first bytes, as many as `len`, into the message, which is as its type has it by default. What is protobuf
    /// was [weighed](Self::weigh) before, and is used up; the elements of other messages may take `room` bytes.
    #[inline]
    pub(crate) fn read(
        &self,
        bytes: &mut Bytes,
        len: usize,
        message: &mut dyn Erased,
        room: usize,
    ) -> Result<(), Status> {
        if let Self::Proto = self {
            return merge(message, bytes, len).map_err(|status| undecodable(&status));
        }
        self.read_text(&bytes.split_to(len), message.any_mut(), room)
    }

    fn read_text(&self, text: &Bytes, message: &mut dyn Any, room: usize) -> Result<(), Status> {
        match self {
            Self::Proto => Ok(()),
            Self::Json { options, message: ty } => options
                .merge_within(text, json_mut(ty, message)?, room)
                .map_err(|error| unreadable("the message does not decode as JSON", &error)),
            Self::Transcoded { by, message: ty } => by.read(text, json_mut(ty, message)?, room),
        }
    }

    /// The room to make for a message in bytes: its encoded size, which `limit` bounds, where it is known before.
    pub(crate) fn room(&self, message: &(impl Erased + ?Sized), limit: usize) -> Result<usize, Status> {
        match self {
            Self::Proto => within(message.encoded_len(), limit),
            Self::Json { .. } | Self::Transcoded { .. } => Ok(0),
        }
    }

    /// The message in bytes of its own.
    pub(crate) fn encode(&self, message: &(impl Erased + ?Sized), limit: usize) -> Result<Bytes, Status> {
        let mut output = Output::from(BytesMut::with_capacity(self.room(message, limit)?));
        match self {
            // `Message::encode` would compute the length a second time, only to compare it with the room.
            Self::Proto => message.encode_raw(&mut output),
            _ => self.write(message.any(), output.buffer(), limit)?,
        }
        Ok(output.into_bytes())
    }

    /// Appends the message as text, which `limit` bounds in bytes.
    pub(crate) fn write(&self, message: &dyn Any, buf: &mut BytesMut, limit: usize) -> Result<(), Status> {
        let start = buf.len();
        match self {
            Self::Proto => {}
            Self::Json { options, message: ty } => options
                .append(json(ty, message)?, buf)
                .map_err(|error| Status::internal(format!("the message cannot be written as JSON: {error}")))?,
            Self::Transcoded { by, message: ty } => by.write(json(ty, message)?, buf)?,
        }
        within(buf.len() - start, limit).map(drop)
    }
}

fn json<'m>(ty: &json::Type, message: &'m dyn Any) -> Result<&'m dyn Json, Status> {
    ty.json(message).ok_or_else(|| another_type(ty))
}

fn json_mut<'m>(ty: &json::Type, message: &'m mut dyn Any) -> Result<&'m mut dyn Json, Status> {
    ty.json_mut(message).ok_or_else(|| another_type(ty))
}

/// The status of JSON that cannot be read.
pub(crate) fn unreadable(what: &str, error: &json::Error) -> Status {
    let message = format!("{what}: {error}");
    if error.is_of_room() { Status::resource_exhausted(message) } else { Status::invalid_argument(message) }
}

/// An interceptor may ask for any type; in protobuf's form all messages look alike.
fn another_type(ty: &json::Type) -> Status {
    Status::internal(format!("in JSON, the messages of the method can be read and written as {} only", ty.name()))
}

fn within(len: usize, limit: usize) -> Result<usize, Status> {
    if len > limit { Err(too_large("sending", len, limit)) } else { Ok(len) }
}

/// The status of a message over a size limit: gRPC gives it RESOURCE_EXHAUSTED (doc/statuscodes.md).
pub(crate) fn too_large(doing: &str, len: usize, limit: usize) -> Status {
    Status::resource_exhausted(format!("{doing} a message of {len} bytes, over the limit of {limit} bytes"))
}
