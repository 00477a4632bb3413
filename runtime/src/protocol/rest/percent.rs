//! Percent-encoding (RFC 3986, 2.1), undone once.

use std::borrow::Cow;

/// What a piece of a request target is, which decides what its characters mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    /// What a variable of one segment captures.
    Segment,
    /// What a variable of several segments captures: `%2F` stays, so that it is never taken for a slash.
    Segments,
    /// A name or a value of the query: `+` is a space (application/x-www-form-urlencoded).
    Parameter,
}

/// Decodes a piece of a request target. The error says what is wrong with it.
pub(super) fn decode(text: &str, piece: Piece) -> Result<Cow<'_, str>, &'static str> {
    let first = match piece {
        Piece::Parameter => text.bytes().position(|byte| byte == b'%' || byte == b'+'),
        Piece::Segment | Piece::Segments => position(text.as_bytes(), b'%'),
    };
    let Some(plain) = first else {
        return Ok(Cow::Borrowed(text));
    };
    let mut decoded = Vec::with_capacity(text.len());
    let (head, mut rest) = text.as_bytes().split_at(plain);
    decoded.extend_from_slice(head);
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        match byte {
            b'%' => {
                let (byte, behind) =
                    hex(rest).ok_or("a `%` stands before something other than two hexadecimal digits")?;
                match byte {
                    0 => return Err("it has a NUL character"),
                    b'/' if piece == Piece::Segments => decoded.extend_from_slice(&[b'%', rest[0], rest[1]]),
                    _ => decoded.push(byte),
                }
                rest = behind;
            }
            b'+' if piece == Piece::Parameter => decoded.push(b' '),
            _ => decoded.push(byte),
        }
    }
    String::from_utf8(decoded).map(Cow::Owned).map_err(|_| "it is not UTF-8")
}

/// The form of a segment in which equal ones are spelled alike: unreserved characters as they are, all escapes in
/// capitals (RFC 3986, 6.2.2).
pub(super) fn canonical(segment: &str) -> Cow<'_, str> {
    if position(segment.as_bytes(), b'%').is_none() {
        return Cow::Borrowed(segment);
    }
    let mut canonical = String::with_capacity(segment.len());
    let mut rest = segment;
    while let Some((plain, escaped)) = rest.split_once('%') {
        canonical.push_str(plain);
        rest = escaped;
        match hex(escaped.as_bytes()) {
            Some((byte, _)) if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => {
                canonical.push(char::from(byte));
                rest = &escaped[2..];
            }
            _ => {
                let digits = escaped.bytes().take(2).take_while(u8::is_ascii_hexdigit).count();
                canonical.push('%');
                canonical.push_str(&escaped[..digits].to_ascii_uppercase());
                rest = &rest[digits..];
            }
        }
    }
    canonical.push_str(rest);
    Cow::Owned(canonical)
}

/// Where a byte stands first. Segments are short: looking for it in the standard library's way takes longer to begin than
/// this does, by eight bytes at a time.
fn position(text: &[u8], byte: u8) -> Option<usize> {
    let (words, rest) = text.as_chunks();
    let found = words.iter().enumerate().find_map(|(index, word)| {
        let marks = marks(*word, byte);
        (marks != 0).then(|| index * 8 + marks.trailing_zeros() as usize / 8)
    });
    found.or_else(|| Some(words.len() * 8 + rest.iter().position(|other| *other == byte)?))
}

/// Where a byte stands among eight: the highest bit of each of these, the first of them lowest.
pub(super) fn marks(word: [u8; 8], byte: u8) -> u64 {
    const ONES: u64 = u64::MAX / 0xff;
    const LOW: u64 = ONES * 0x7f;
    // Zero where the byte stands; and only from there does nothing reach the highest bit.
    let zeros = u64::from_le_bytes(word) ^ (ONES * u64::from(byte));
    !(((zeros & LOW) + LOW) | zeros | LOW)
}

/// The byte that two hexadecimal digits say, and what follows them.
fn hex(text: &[u8]) -> Option<(u8, &[u8])> {
    let (&[high, low], rest) = text.split_first_chunk()?;
    let digit = |byte: u8| char::from(byte).to_digit(16);
    Some(((digit(high)? << 4 | digit(low)?) as u8, rest))
}

#[cfg(test)]
mod tests {
    use super::{Piece::*, *};

    #[test]
    fn a_single_segment_is_decoded_whole() {
        for (text, decoded) in [
            ("plain", "plain"),
            ("a%20b", "a b"),
            ("a%2Fb%2fc", "a/b/c"),
            ("%3a%3A", "::"),
            ("a+b", "a+b"),
            ("%2B", "+"),
            ("%C3%BC", "ü"),
            ("%25%32%35", "%25"),
            ("%2e%2E", ".."),
            ("", ""),
        ] {
            assert_eq!(decode(text, Segment).as_deref(), Ok(decoded), "{text}");
        }
    }

    #[test]
    fn in_several_segments_an_escaped_slash_stays_as_sent() {
        for (text, decoded) in [("a/b%2Fc", "a/b%2Fc"), ("a%2fb", "a%2fb"), ("a%20/b", "a /b"), ("%252F", "%2F")] {
            assert_eq!(decode(text, Segments).as_deref(), Ok(decoded), "{text}");
        }
    }

    #[test]
    fn a_byte_is_found_wherever_it_stands() {
        let text: Vec<u8> = (0..=255).rev().chain([b'%', 0, 0x80, 0xff, b'%']).collect();
        for (from, byte) in (0..text.len()).flat_map(|from| (0..=255).map(move |byte| (from, byte))) {
            let text = &text[from..];
            assert_eq!(position(text, byte), text.iter().position(|other| *other == byte), "{byte} from {from}");
        }
    }

    #[test]
    fn a_plus_is_a_space_in_a_query_only() {
        assert_eq!(decode("a+b%2B", Parameter).as_deref(), Ok("a b+"));
        assert_eq!(decode("a+b", Segments).as_deref(), Ok("a+b"));
    }

    #[test]
    fn what_is_malformed_is_refused() {
        for text in ["%", "a%", "%2", "%zz", "%-1", "%%20", "%00", "a%00b", "%ff", "%C3", "%C3%28", "%ED%A0%80"] {
            for piece in [Segment, Segments, Parameter] {
                assert!(decode(text, piece).is_err(), "{text}");
            }
        }
    }

    #[test]
    fn spellings_of_a_segment() {
        for (text, expected) in [
            ("shelves", "shelves"),
            ("%73helve%73", "shelves"),
            ("%7e%2D", "~-"),
            ("a%2fb", "a%2Fb"),
            ("a%c3%bc", "a%C3%BC"),
            ("%", "%"),
            ("%4", "%4"),
            ("%é", "%é"),
            ("%a\u{e9}", "%A\u{e9}"),
            ("%25", "%25"),
            ("%2525", "%2525"),
        ] {
            assert_eq!(canonical(text), expected, "{text}");
        }
    }
}
