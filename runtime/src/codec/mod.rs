//! How messages become bytes and bytes messages.

pub mod json;

use bytes::{Bytes, BytesMut};
use tonic::Status;

/// A message that every codec can carry. Generated messages implement it.
pub trait Message: prost::Message + Default + 'static {}

impl<M: prost::Message + Default + 'static> Message for M {}

/// The form of the messages of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Codec {
    /// The protobuf binary format.
    #[default]
    Proto,
}

impl Codec {
    /// The codec of this name, as content types end with it.
    pub(crate) fn from_name(name: &[u8]) -> Option<Self> {
        match name {
            b"proto" => Some(Self::Proto),
            _ => None,
        }
    }

    pub(crate) fn decode<M: Message>(self, bytes: Bytes) -> Result<M, Status> {
        match self {
            // INTERNAL for a message that does not parse: gRPC's doc/statuscodes.md.
            Self::Proto => M::decode(bytes)
                .map_err(|error| Status::internal(format!("the message does not decode as protobuf: {error}"))),
        }
    }

    /// The room to make for a message in bytes: its encoded size, which `limit` bounds, where it is known before.
    pub(crate) fn room<M: Message>(self, message: &M, limit: usize) -> Result<usize, Status> {
        match self {
            Self::Proto => {
                let len = message.encoded_len();
                if len > limit { Err(too_large("sending", len, limit)) } else { Ok(len) }
            }
        }
    }

    /// Appends the message, for which there is `room`.
    pub(crate) fn encode<M: Message>(self, message: &M, buf: &mut BytesMut) -> Result<(), Status> {
        match self {
            Self::Proto => {
                // `Message::encode` would compute the length a second time, only to compare it with the room.
                message.encode_raw(buf);
                Ok(())
            }
        }
    }
}

/// The status of a message over a size limit: gRPC gives it RESOURCE_EXHAUSTED (doc/statuscodes.md).
pub(crate) fn too_large(doing: &str, len: usize, limit: usize) -> Status {
    Status::resource_exhausted(format!("{doing} a message of {len} bytes, over the limit of {limit} bytes"))
}
