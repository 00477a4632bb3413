//! Compression undone while it comes.

use std::io::{Result, Write};

use bytes::Bytes;

use super::Encoding;

/// Undoes an encoding step by step. Whatever a step is given, no more than 160 KiB come of it (a block of zstd and what was
/// left of the last one), so that a bomb costs what its reader takes.
pub(crate) struct Decoder {
    kind: Kind,
    /// Whether there was anything: nothing is the compressed form of nothing.
    begun: bool,
    /// Members of gzip that have ended since something came out.
    silent: usize,
}

enum Kind {
    #[cfg(feature = "gzip")]
    Gzip(flate2::write::GzDecoder<Vec<u8>>),
    #[cfg(feature = "deflate")]
    Deflate(flate2::write::ZlibDecoder<Vec<u8>>),
    #[cfg(feature = "zstd")]
    Zstd(zstd::stream::zio::Writer<Vec<u8>, zstd::stream::raw::Decoder<'static>>),
}

impl Decoder {
    pub(crate) fn new(encoding: Encoding) -> Result<Self> {
        let kind = match encoding {
            #[cfg(feature = "gzip")]
            Encoding::Gzip => Kind::Gzip(flate2::write::GzDecoder::new(Vec::new())),
            #[cfg(feature = "deflate")]
            Encoding::Deflate => Kind::Deflate(flate2::write::ZlibDecoder::new(Vec::new())),
            #[cfg(feature = "zstd")]
            Encoding::Zstd => {
                let mut decoder = zstd::stream::raw::Decoder::new()?;
                decoder.set_parameter(zstd::stream::raw::DParameter::WindowLogMax(super::WINDOW_LOG_MAX))?;
                Kind::Zstd(zstd::stream::zio::Writer::new(Vec::new(), decoder))
            }
        };
        Ok(Self { kind, begun: false, silent: 0 })
    }

    /// Takes of the next bytes, of which there are some, as many as a step can. What came out before an error can be taken
    /// still.
    pub(crate) fn advance(&mut self, data: &mut Bytes) -> Result<()> {
        self.begun = true;
        let taken = match self.writer().write(data) {
            Ok(0) => return self.go_on(),
            Ok(taken) => taken,
            Err(error) => {
                let _ = self.writer().flush();
                return Err(error);
            }
        };
        bytes::Buf::advance(data, taken);
        // So that what is complete does not wait for what follows.
        if data.is_empty() { self.writer().flush() } else { Ok(()) }
    }

    /// Goes on behind the end.
    fn go_on(&mut self) -> Result<()> {
        match self.kind {
            #[cfg(feature = "gzip")]
            Kind::Gzip(ref mut decoder) => {
                decoder.try_finish()?;
                let plain = std::mem::take(decoder.get_mut());
                self.silent = if plain.is_empty() { self.silent + 1 } else { 0 };
                *decoder = flate2::write::GzDecoder::new(plain);
                if self.silent > super::MEMBERS { Err(super::too_many_members()) } else { Ok(()) }
            }
            #[cfg(any(feature = "deflate", feature = "zstd"))]
            _ => Err(std::io::Error::other("more bytes stand behind its end")),
        }
    }

    /// Nothing more comes: an error unless that is where it may end.
    pub(crate) fn finish(&mut self) -> Result<()> {
        if !self.begun {
            return Ok(());
        }
        match self.kind {
            #[cfg(feature = "gzip")]
            Kind::Gzip(ref mut decoder) => decoder.try_finish(),
            #[cfg(feature = "deflate")]
            Kind::Deflate(ref mut decoder) => decoder.try_finish(),
            #[cfg(feature = "zstd")]
            Kind::Zstd(ref mut decoder) => decoder.finish(),
        }
    }

    /// What has come out since it was last taken.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        let plain: Vec<u8> = std::mem::take(match self.kind {
            #[cfg(feature = "gzip")]
            Kind::Gzip(ref mut decoder) => decoder.get_mut(),
            #[cfg(feature = "deflate")]
            Kind::Deflate(ref mut decoder) => decoder.get_mut(),
            #[cfg(feature = "zstd")]
            Kind::Zstd(ref mut decoder) => decoder.writer_mut(),
        });
        if !plain.is_empty() {
            self.silent = 0;
        }
        plain
    }

    fn writer(&mut self) -> &mut dyn Write {
        match self.kind {
            #[cfg(feature = "gzip")]
            Kind::Gzip(ref mut decoder) => decoder,
            #[cfg(feature = "deflate")]
            Kind::Deflate(ref mut decoder) => decoder,
            #[cfg(feature = "zstd")]
            Kind::Zstd(ref mut decoder) => decoder,
        }
    }
}

#[cfg(all(test, any(feature = "gzip", feature = "deflate", feature = "zstd")))]
mod tests {
    use bytes::BytesMut;

    use super::*;

    fn compressed(encoding: Encoding, plain: &[u8]) -> Bytes {
        let mut data = BytesMut::new();
        assert!(encoding.compress(plain, &mut data).is_ok());
        data.freeze()
    }

    /// What comes of the data in pieces of this size, and the most that came of a step.
    fn undone(encoding: Encoding, data: &[u8], size: usize) -> Result<(Vec<u8>, usize)> {
        let (mut decoder, mut plain, mut most) = (Decoder::new(encoding)?, Vec::new(), 0);
        let mut take = |decoder: &mut Decoder| {
            let piece = decoder.take();
            most = most.max(piece.len());
            plain.extend(piece);
        };
        for piece in data.chunks(size) {
            let mut piece = Bytes::copy_from_slice(piece);
            while !piece.is_empty() {
                decoder.advance(&mut piece)?;
                take(&mut decoder);
            }
        }
        decoder.finish()?;
        take(&mut decoder);
        Ok((plain, most))
    }

    #[test]
    fn only_what_is_whole_is_undone() {
        let plain: Vec<u8> = (0..2_000_u32).flat_map(|i| i.wrapping_mul(i).to_be_bytes()).collect();
        for &encoding in Encoding::ALL {
            let data = compressed(encoding, &plain);
            for size in [1, 2, 7, 1000, data.len()] {
                let read = |data: &[u8]| undone(encoding, data, size);
                assert_eq!(read(&data).expect("it is whole").0, plain, "{encoding:?} by {size}");
                assert_eq!(read(b"").expect("nothing").0, b"", "{encoding:?} by {size}");
                for end in (1..data.len()).step_by(97).chain(data.len() - 9..data.len()) {
                    assert!(read(&data[..end]).is_err(), "{encoding:?} of {end} bytes by {size}");
                }
                for more in [&b"\0"[..], b"x", b"more"] {
                    assert!(read(&[&data, more].concat()).is_err(), "{encoding:?} and {more:?} by {size}");
                }
            }
        }
    }

    #[test]
    fn a_step_is_no_more_than_it_may_be() {
        for &encoding in Encoding::ALL {
            let data = compressed(encoding, &vec![0; 16 << 20]);
            for size in [1, 1000, data.len()] {
                let (plain, most) = undone(encoding, &data, size).expect("it is whole");
                assert_eq!(plain.len(), 16 << 20, "{encoding:?} by {size}");
                assert!(most <= 160 << 10, "{encoding:?} by {size}: {most} bytes");
            }
        }
    }

    #[test]
    fn members_may_follow_each_other() {
        for &encoding in Encoding::ALL.iter().filter(|encoding| encoding.name() != "deflate") {
            let data =
                [compressed(encoding, b"one, "), compressed(encoding, b""), compressed(encoding, b"two")].concat();
            for size in [1, 5, data.len()] {
                assert_eq!(
                    undone(encoding, &data, size).expect("it is whole").0,
                    b"one, two",
                    "{encoding:?} by {size}"
                );
            }
        }
    }

    #[cfg(feature = "gzip")]
    #[test]
    fn members_that_say_nothing_are_counted() {
        let (nothing, something) = (compressed(Encoding::Gzip, b""), compressed(Encoding::Gzip, b"x"));
        let members = |count: usize| [something.to_vec(), nothing.repeat(count)].concat();
        for (count, is_good) in [(super::super::MEMBERS - 1, true), (super::super::MEMBERS + 1, false)] {
            let data = [members(count), members(count)].concat();
            assert_eq!(undone(Encoding::Gzip, &data, 1000).is_ok(), is_good, "{count} in a stream");
            assert_eq!(
                Encoding::Gzip.decompress(&members(count), 100, tonic::Code::Internal).is_ok(),
                is_good,
                "{count}"
            );
        }
    }

    #[test]
    fn what_comes_before_an_error_is_not_lost() {
        for &encoding in Encoding::ALL {
            let mut data = Bytes::from([&compressed(encoding, b"good")[..], &[0xff; 40]].concat());
            let mut decoder = Decoder::new(encoding).expect("a decoder");
            let mut plain = Vec::new();
            while decoder.advance(&mut data).is_ok() {
                assert!(!data.is_empty(), "{encoding:?}");
                plain.extend(decoder.take());
            }
            plain.extend(decoder.take());
            assert_eq!(plain, b"good", "{encoding:?}");
        }
    }
}
