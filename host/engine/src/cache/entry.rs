//! The envelope of results, documents and records: a line with the format's version and a checksum, then the body.
//!
//! The checksum covers what the entry is and the name it is filed under, so that a truncated, changed or swapped file
//! is seen for what it is without knowing the body.

use crate::digest::{Digest, Hasher};

/// First word of every entry; the number is the version of the envelope.
const MAGIC: &str = "farm-entry-1";
/// Longer entries are neither written nor read.
pub(super) const MAX_ENTRY_BYTES: u64 = 256 * 1024 * 1024;

/// The bytes of the file for this body.
pub(super) fn seal(what: &str, name: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{MAGIC} {}\n", checksum(what, name, body)).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// The body, if these are the bytes of just this entry.
pub(super) fn unseal<'a>(what: &str, name: &str, bytes: &'a [u8]) -> Option<&'a [u8]> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (line, body) = (&bytes[..end], &bytes[end + 1..]);
    let sum = std::str::from_utf8(line).ok()?.strip_prefix(MAGIC)?.strip_prefix(' ')?;
    (sum.parse() == Ok(checksum(what, name, body))).then_some(body)
}

fn checksum(what: &str, name: &str, body: &[u8]) -> Digest {
    let mut hasher = Hasher::new();
    hasher.field(what.as_bytes());
    hasher.field(name.as_bytes());
    hasher.field(body);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_opens_only_as_what_it_is() {
        let bytes = seal("result", "key", b"body");
        assert_eq!(unseal("result", "key", &bytes), Some(&b"body"[..]));
        assert_eq!(unseal("result", "other", &bytes), None);
        assert_eq!(unseal("document", "key", &bytes), None);
        for length in 0..bytes.len() {
            assert_eq!(unseal("result", "key", &bytes[..length]), None);
        }
    }
}
