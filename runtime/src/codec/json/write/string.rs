use super::Writer;

impl Writer<'_> {
    /// Writes a string, in quotes.
    pub(crate) fn string(&mut self, text: &str) {
        let mut rest = text.as_bytes();
        self.out.reserve(rest.len() + 3);
        self.out.push(b'"');
        loop {
            let (plain, special) = rest.split_at(plain_len(rest));
            self.out.extend_from_slice(plain);
            let Some((&byte, after)) = special.split_first() else { break };
            self.escape(byte);
            rest = after;
        }
        self.out.push(b'"');
    }

    fn escape(&mut self, byte: u8) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let short = match byte {
            b'"' | b'\\' => byte,
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0x08 => b'b',
            0x0c => b'f',
            _ => {
                let digit = |nibble: u8| HEX[usize::from(nibble & 15)];
                return self.out.extend_from_slice(&[b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte)]);
            }
        };
        self.out.extend_from_slice(&[b'\\', short]);
    }
}

/// How many bytes at the beginning may stand in a JSON string as they are: the index of the first quote, backslash or
/// control character. Looks at eight bytes at a time.
#[inline]
pub(crate) fn plain_len(bytes: &[u8]) -> usize {
    let (chunks, rest) = bytes.as_chunks::<8>();
    for (index, chunk) in chunks.iter().enumerate() {
        let special = special(u64::from_le_bytes(*chunk));
        if special != 0 {
            return index * 8 + special.trailing_zeros() as usize / 8;
        }
    }
    let tail = rest.iter().take_while(|&&byte| byte >= 0x20 && byte != b'"' && byte != b'\\').count();
    bytes.len() - rest.len() + tail
}

/// The highest bit of each byte that a JSON string must escape. A carry can set it wrongly in a byte above one that is
/// rightly set, never below, so the lowest one set is right.
#[inline]
fn special(chunk: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGH: u64 = u64::from_le_bytes([0x80; 8]);
    let quote = chunk ^ u64::from_le_bytes([b'"'; 8]);
    let backslash = chunk ^ u64::from_le_bytes([b'\\'; 8]);
    let control = chunk.wrapping_sub(u64::from_le_bytes([0x20; 8])) & !chunk;
    (control | quote.wrapping_sub(ONES) & !quote | backslash.wrapping_sub(ONES) & !backslash) & HIGH
}

#[cfg(test)]
mod tests {
    use super::plain_len;

    /// Every byte at every place of every length, against the definition.
    #[test]
    fn finds_the_first_special_byte() {
        for len in 0..20 {
            for place in 0..len {
                for byte in 0..=255u8 {
                    for other in [b'a', 0xc3, 0x21, 0x7f, byte] {
                        let mut text = vec![other; len];
                        text[place] = byte;
                        let special = |byte: &u8| *byte < 0x20 || *byte == b'"' || *byte == b'\\';
                        let expected = text.iter().position(special).unwrap_or(len);
                        assert_eq!(plain_len(&text), expected, "{text:?}");
                    }
                }
            }
        }
    }
}
