//! Base64 (RFC 4648): written in the standard alphabet with padding, read in both alphabets with or without it.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What each byte says as a digit; `BAD` for none.
const DIGITS: [u8; 256] = digits();
const BAD: u8 = 0xff;

const fn digits() -> [u8; 256] {
    let mut digits = [BAD; 256];
    let mut value = 0;
    while value < 64 {
        digits[ALPHABET[value] as usize] = value as u8;
        value += 1;
    }
    digits[b'-' as usize] = 62;
    digits[b'_' as usize] = 63;
    digits
}

pub(super) fn encode(bytes: &[u8], out: &mut Vec<u8>) {
    let digit = |bits: u32| ALPHABET[(bits & 63) as usize];
    out.reserve(bytes.len().div_ceil(3) * 4);
    let (threes, rest) = bytes.as_chunks::<3>();
    for &[a, b, c] in threes {
        let bits = u32::from_be_bytes([0, a, b, c]);
        out.extend_from_slice(&[digit(bits >> 18), digit(bits >> 12), digit(bits >> 6), digit(bits)]);
    }
    match *rest {
        [a] => {
            let bits = u32::from_be_bytes([0, a, 0, 0]);
            out.extend_from_slice(&[digit(bits >> 18), digit(bits >> 12), b'=', b'=']);
        }
        [a, b] => {
            let bits = u32::from_be_bytes([0, a, b, 0]);
            out.extend_from_slice(&[digit(bits >> 18), digit(bits >> 12), digit(bits >> 6), b'=']);
        }
        _ => {}
    }
}

/// None for what is not base64. Bits that the last digit has too many are ignored, as the other implementations do.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let text = unpadded(text.as_bytes())?;
    let digit = |byte: u8| u32::from(DIGITS[usize::from(byte)]);
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 2);
    let (fours, rest) = text.as_chunks::<4>();
    // A bad digit has its upper bits set: one look at all of them is enough.
    let mut all = 0;
    for &[a, b, c, d] in fours {
        let (a, b, c, d) = (digit(a), digit(b), digit(c), digit(d));
        all |= a | b | c | d;
        let [_, x, y, z] = (a << 18 | b << 12 | c << 6 | d).to_be_bytes();
        out.extend_from_slice(&[x, y, z]);
    }
    match *rest {
        [] => {}
        [a, b] => {
            let (a, b) = (digit(a), digit(b));
            all |= a | b;
            out.push((a << 2 | b >> 4) as u8);
        }
        [a, b, c] => {
            let (a, b, c) = (digit(a), digit(b), digit(c));
            all |= a | b | c;
            out.extend_from_slice(&[(a << 2 | b >> 4) as u8, (b << 4 | c >> 2) as u8]);
        }
        _ => return None,
    }
    (all < 64).then_some(out)
}

/// Without the padding, which must be complete if there is any.
fn unpadded(text: &[u8]) -> Option<&[u8]> {
    match text {
        [rest @ .., b'=', b'='] if rest.len() % 4 == 2 => Some(rest),
        [rest @ .., b'='] if rest.len() % 4 == 3 => Some(rest),
        [.., b'='] => None,
        _ => Some(text),
    }
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn reads_what_it_writes() {
        for len in 0..70u8 {
            let bytes: Vec<u8> = (0..len).map(|byte| byte.wrapping_mul(37).wrapping_add(len)).collect();
            let mut text = Vec::new();
            encode(&bytes, &mut text);
            let text = String::from_utf8(text).unwrap_or_default();
            assert_eq!(text.len() % 4, 0);
            assert_eq!(decode(&text).as_ref(), Some(&bytes), "{text}");
            assert_eq!(decode(text.trim_end_matches('=')).as_ref(), Some(&bytes), "{text}");
            assert_eq!(decode(&text.replace('+', "-").replace('/', "_")).as_ref(), Some(&bytes), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_not_base64() {
        for text in ["A", "AAAAA", "A=", "AA=", "AAA==", "AA==A", "A A=", "AA\u{e9}", "====", "AA=A"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
