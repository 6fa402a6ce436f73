//! Hashes as lock files write them, in base 64. Does not know of what.

/// The same bytes in hexadecimal digits; nothing, where it is no base 64.
pub(super) fn to_hex(digits: &str) -> Option<String> {
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0_u32);
    for digit in digits.trim_end_matches('=').bytes() {
        bits = (bits << 6 | value(digit)?) & 0xffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(bits >> held & 0xff);
        }
    }
    Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// What a digit stands for.
fn value(digit: u8) -> Option<u32> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let at = DIGITS.iter().position(|known| *known == digit)?;
    u32::try_from(at).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_any_length() {
        assert_eq!(to_hex("").as_deref(), Some(""));
        assert_eq!(to_hex("+w==").as_deref(), Some("fb"));
        assert_eq!(to_hex("AP8/").as_deref(), Some("00ff3f"));
        assert_eq!(to_hex("A_8/"), None);
    }
}
