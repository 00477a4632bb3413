//! Descriptor sets taken apart and put together without decoding what is inside.

use prost::bytes::{Buf, BufMut, Bytes};
use prost::encoding::{WireType, decode_key, decode_varint, encode_key, encode_varint};
use prost::{DecodeError, Message};

const SOURCE_CODE_INFO: u32 = 9;

#[derive(Clone, PartialEq, prost::Message)]
struct RawSet {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    file: Vec<Bytes>,
}

/// The files of a serialized `FileDescriptorSet`.
pub(crate) fn split_descriptor_set(set: &[u8]) -> Result<Vec<Bytes>, DecodeError> {
    RawSet::decode(Bytes::copy_from_slice(set)).map(|set| set.file)
}

/// A serialized `FileDescriptorSet` of `files`, without their comments and positions.
pub(crate) fn descriptor_set<'a>(files: impl IntoIterator<Item = &'a Bytes>) -> Vec<u8> {
    let mut set = Vec::new();
    for file in files {
        let file = without_source_info(file).unwrap_or_else(|| file.to_vec());
        encode_key(1, WireType::LengthDelimited, &mut set);
        encode_varint(file.len() as u64, &mut set);
        set.put_slice(&file);
    }
    set
}

/// `None` if the bytes are not a protobuf message.
fn without_source_info(file: &Bytes) -> Option<Vec<u8>> {
    let mut kept = Vec::with_capacity(file.len());
    let mut rest = &file[..];
    while !rest.is_empty() {
        let start = rest;
        let (number, wire_type) = decode_key(&mut rest).ok()?;
        match wire_type {
            WireType::LengthDelimited => {
                let length = usize::try_from(decode_varint(&mut rest).ok()?).ok()?;
                if length > rest.len() {
                    return None;
                }
                rest.advance(length);
            }
            WireType::Varint => drop(decode_varint(&mut rest).ok()?),
            WireType::SixtyFourBit if rest.len() >= 8 => rest.advance(8),
            WireType::ThirtyTwoBit if rest.len() >= 4 => rest.advance(4),
            _ => return None,
        }
        if number != SOURCE_CODE_INFO {
            kept.put_slice(&start[..start.len() - rest.len()]);
        }
    }
    Some(kept)
}
