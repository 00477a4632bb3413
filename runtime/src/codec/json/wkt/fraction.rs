//! The fraction of a second, as Timestamp and Duration write it.

/// Writes `.` and three, six or nine digits of nanoseconds into `buffer` at `at`, nothing for 0; returns where it ended.
pub(super) fn write(nanos: u32, buffer: &mut [u8], at: usize) -> usize {
    if nanos == 0 {
        return at;
    }
    let (digits, value) = if nanos.is_multiple_of(1_000_000) {
        (3, nanos / 1_000_000)
    } else if nanos.is_multiple_of(1_000) {
        (6, nanos / 1_000)
    } else {
        (9, nanos)
    };
    let end = at + 1 + digits;
    if let Some([point, digits @ ..]) = buffer.get_mut(at..end) {
        *point = b'.';
        let mut value = value;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (value % 10) as u8;
            value /= 10;
        }
    }
    end
}

/// Reads the one to nine digits that `text` begins with, as nanoseconds, and what follows them.
pub(super) fn read(text: &[u8]) -> Option<(u32, &[u8])> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 || digits > 9 {
        return None;
    }
    let (fraction, rest) = text.split_at(digits);
    let value = fraction.iter().fold(0, |value, digit| value * 10 + u32::from(digit - b'0'));
    Some((value * 10u32.pow(9 - digits as u32), rest))
}
