//! Message compression: the encodings that gRPC and Connect name in their headers.

mod decoder;

use bytes::{BufMut, Bytes, BytesMut};
use tonic::{Code, Status};

pub(crate) use self::decoder::Decoder;
use crate::codec::too_large;

/// How many members of gzip may make up a message, and how many may follow each other in a stream without saying anything:
/// to begin one takes two microseconds, and it may have no more than 20 bytes (RFC 1952, 2.2).
#[cfg(feature = "gzip")]
const MEMBERS: usize = 1000;

/// The window that a zstd frame may ask for, as a power of two: what RFC 8878, 3.1.1.1.2 says decoders should support.
#[cfg(feature = "zstd")]
const WINDOW_LOG_MAX: u32 = 23;

/// A compression algorithm, as `grpc-encoding` and `Content-Encoding` name it. Each is behind a cargo feature of its
/// name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Encoding {
    /// `gzip` (RFC 1952), level 6.
    #[cfg(feature = "gzip")]
    Gzip,
    /// `deflate`: the zlib format (RFC 1950), level 6.
    #[cfg(feature = "deflate")]
    Deflate,
    /// `zstd` (RFC 8878), level 3.
    #[cfg(feature = "zstd")]
    Zstd,
}

impl Encoding {
    /// All that are compiled in, the preferred first.
    pub const ALL: &'static [Self] = &[
        #[cfg(feature = "zstd")]
        Self::Zstd,
        #[cfg(feature = "gzip")]
        Self::Gzip,
        #[cfg(feature = "deflate")]
        Self::Deflate,
    ];

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            #[cfg(feature = "gzip")]
            Self::Gzip => "gzip",
            #[cfg(feature = "deflate")]
            Self::Deflate => "deflate",
            #[cfg(feature = "zstd")]
            Self::Zstd => "zstd",
        }
    }

    pub(crate) fn from_name(name: &[u8]) -> Option<Self> {
        // RFC 9110, 8.4.1: in either case.
        Self::ALL.iter().copied().find(|encoding| encoding.name().as_bytes().eq_ignore_ascii_case(name))
    }

    /// Appends the compressed form of `plain`.
    pub(crate) fn compress(self, plain: &[u8], buf: &mut BytesMut) -> Result<(), Status> {
        let result: std::io::Result<()> = match self {
            #[cfg(feature = "gzip")]
            Self::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(buf.writer(), flate2::Compression::default());
                std::io::Write::write_all(&mut encoder, plain).and_then(|()| encoder.try_finish())
            }
            #[cfg(feature = "deflate")]
            Self::Deflate => {
                let mut encoder = flate2::write::ZlibEncoder::new(buf.writer(), flate2::Compression::default());
                std::io::Write::write_all(&mut encoder, plain).and_then(|()| encoder.try_finish())
            }
            #[cfg(feature = "zstd")]
            Self::Zstd => zstd::stream::copy_encode(plain, buf.writer(), 3),
        };
        result.map_err(|error| Status::internal(format!("a message could not be compressed: {error}")))
    }

    /// The decompressed form of `data`, of at most `limit` bytes. It grows with what comes out, so a bomb costs no more
    /// than the limit. What is not of this encoding is an error of the code `corrupt`.
    pub(crate) fn decompress(self, data: &[u8], limit: usize, corrupt: Code) -> Result<Bytes, Status> {
        // An empty payload is the compressed form of nothing in several implementations.
        if data.is_empty() {
            return Ok(Bytes::new());
        }
        let plain: std::io::Result<Bytes> = match self {
            #[cfg(feature = "gzip")]
            Self::Gzip => members_within(data, limit),
            #[cfg(feature = "deflate")]
            Self::Deflate => {
                let mut decoder = flate2::bufread::ZlibDecoder::new(data);
                match read_within(&mut decoder, limit) {
                    // The decoders of the others take it for another member, which it then is not.
                    Ok(plain) if plain.len() <= limit && !decoder.get_ref().is_empty() => {
                        Err(std::io::Error::other("more bytes stand behind its end"))
                    }
                    read => read,
                }
            }
            #[cfg(feature = "zstd")]
            Self::Zstd => zstd::stream::read::Decoder::with_buffer(data).and_then(|mut decoder| {
                decoder.window_log_max(WINDOW_LOG_MAX)?;
                read_within(decoder, limit)
            }),
        };
        match plain {
            Ok(plain) if plain.len() > limit => Err(too_large("decompressing", plain.len(), limit)),
            Ok(plain) => Ok(plain),
            Err(error) => {
                Err(Status::new(corrupt, format!("a message does not decompress as {}: {error}", self.name())))
            }
        }
    }
}

/// All that the members give, or the first byte over the limit and no more.
#[cfg(feature = "gzip")]
fn members_within(mut data: &[u8], limit: usize) -> std::io::Result<Bytes> {
    let mut plain = BytesMut::new().writer();
    for _ in 0..MEMBERS {
        let mut member = flate2::bufread::GzDecoder::new(data);
        let left = limit.saturating_add(1).saturating_sub(plain.get_ref().len()) as u64;
        std::io::copy(&mut std::io::Read::take(&mut member, left), &mut plain)?;
        data = member.into_inner();
        if data.is_empty() || plain.get_ref().len() > limit {
            return Ok(plain.into_inner().freeze());
        }
    }
    Err(too_many_members())
}

#[cfg(feature = "gzip")]
fn too_many_members() -> std::io::Error {
    std::io::Error::other(format!("it has more than {MEMBERS} members"))
}

/// All that the reader gives, or the first byte over the limit and no more.
#[cfg(any(feature = "deflate", feature = "zstd"))]
fn read_within(reader: impl std::io::Read, limit: usize) -> std::io::Result<Bytes> {
    let mut plain = BytesMut::new().writer();
    std::io::copy(&mut std::io::Read::take(reader, (limit as u64).saturating_add(1)), &mut plain)?;
    Ok(plain.into_inner().freeze())
}

#[cfg(all(test, any(feature = "gzip", feature = "deflate", feature = "zstd")))]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_message_decompresses() {
        for &encoding in Encoding::ALL {
            let mut data = BytesMut::new();
            encoding.compress(&[7; 100], &mut data).expect("it compresses");
            let read = |data: &[u8]| encoding.decompress(data, 100, Code::Internal);
            assert_eq!(read(&data).expect("it is whole"), [7; 100][..], "{encoding:?}");
            for limit in [usize::MAX, usize::MAX - 1] {
                let read = encoding.decompress(&data, limit, Code::Internal);
                assert_eq!(read.expect("there is no limit"), [7; 100][..], "{encoding:?}");
            }
            for end in 1..data.len() {
                assert!(read(&data[..end]).is_err(), "{encoding:?} of {end} bytes");
            }
            for more in [&b"\0"[..], b"x", b"more"] {
                assert!(read(&[&data, more].concat()).is_err(), "{encoding:?} and {more:?}");
            }
        }
    }
}
