//! What goes over the wire, written here and not by the crate that is to read it.

use std::{fmt::Write as _, io::Write as _};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use flate2::{
    Compression,
    write::{GzEncoder, ZlibEncoder},
};

use crate::Input;

pub const ENCODINGS: [&str; 4] = ["identity", "gzip", "deflate", "zstd"];

/// The compressed form by the encoding of this name.
pub fn compress(encoding: &str, plain: &[u8]) -> Vec<u8> {
    let written = match encoding {
        "gzip" => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(plain).and_then(|()| encoder.finish())
        }
        "deflate" => {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(plain).and_then(|()| encoder.finish())
        }
        "zstd" => zstd::encode_all(plain, 1),
        _ => Ok(plain.to_vec()),
    };
    written.expect("memory is written to")
}

/// Appends a frame: flags, length, payload.
pub fn frame(flags: u8, payload: &[u8], body: &mut Vec<u8>) {
    body.push(flags);
    body.extend(u32::try_from(payload.len()).expect("it is short").to_be_bytes());
    body.extend(payload);
}

/// The frames of a body that is nothing else.
pub fn frames(mut body: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut frames = Vec::new();
    while let Some((&[flags, length @ ..], rest)) = body.split_first_chunk::<5>() {
        let (payload, rest) = rest.split_at(u32::from_be_bytes(length) as usize);
        frames.push((flags, payload.to_vec()));
        body = rest;
    }
    assert!(body.is_empty(), "half a frame");
    frames
}

/// A body in base64, which is padded wherever a run of it ends: after as many bytes as the input says.
pub fn base64_runs(mut body: &[u8], input: &mut Input<'_>) -> Vec<u8> {
    let mut text = String::new();
    for _ in 0..input.byte() % 8 {
        let (run, rest) = body.split_at(body.len().min(usize::from(input.byte())));
        BASE64_STANDARD.encode_string(run, &mut text);
        body = rest;
    }
    BASE64_STANDARD.encode_string(body, &mut text);
    // The last run may lack it.
    let text = if input.flag() { text.trim_end_matches('=') } else { &text };
    text.as_bytes().to_vec()
}

/// What a body in base64 says, of which each group of four may be padded.
pub fn from_base64_runs(body: &[u8]) -> Vec<u8> {
    body.chunks(4).flat_map(|group| BASE64_STANDARD.decode(group).expect("base64")).collect()
}

/// A body in chunks of these lengths, of which one may be zero, and the rest.
pub fn cut(body: &[u8], lengths: &[u8]) -> Vec<Bytes> {
    let mut rest = Bytes::copy_from_slice(body);
    let mut chunks: Vec<_> = lengths.iter().map(|&length| rest.split_to(rest.len().min(usize::from(length)))).collect();
    chunks.push(rest);
    chunks
}

/// Percent-encodes letters and digits if the style says so, and all else but a few: with digits of either case.
pub fn escape(plain: &[u8], style: u8) -> String {
    let mut state = style;
    plain.iter().fold(String::new(), |mut escaped, &byte| {
        state = state.wrapping_mul(5).wrapping_add(1);
        let is_plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let result = match style % 4 {
            0 | 1 if is_plain => write!(escaped, "{}", char::from(byte)),
            2 if is_plain && state & 16 == 0 => write!(escaped, "{}", char::from(byte)),
            _ if (state ^ style) & 8 == 0 => write!(escaped, "%{byte:02x}"),
            _ => write!(escaped, "%{byte:02X}"),
        };
        result.expect("a string grows");
        escaped
    })
}

/// [`escape`] for a query, where a plus is a space.
pub fn escape_parameter(plain: &[u8], style: u8) -> String {
    let escaped = escape(plain, style);
    if style % 4 == 1 { escaped.replace("%20", "+") } else { escaped }
}
