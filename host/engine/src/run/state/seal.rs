//! Files of farm's own that guard themselves: a magic with the version of the format, and a digest over all that follows.
//!
//! The digest is one of digests of pieces, so that all cores compute it, and compute it while the file is read. It guards
//! against everything but malice, which could do worse with the rest of `.farm/`. Does not know what the files hold.

use std::path::Path;

use crate::digest::{Digest, Hasher};
use crate::fs::{self, parallel};

/// What a file starts with.
pub(super) type Magic = [u8; 16];

/// Bytes of the magic and of the digest behind it.
pub(super) const HEAD: usize = 16 + 32;
/// Bytes of each piece, counted from the start of the file.
const PIECE: usize = 128 << 10;

/// The start of a file, to which its content is added.
pub(super) fn start(magic: &Magic) -> Vec<u8> {
    let mut bytes = magic.to_vec();
    bytes.extend([0; 32]);
    bytes
}

/// Writes the digest of the content into its place.
pub(super) fn seal(mut bytes: Vec<u8>) -> Vec<u8> {
    let pieces: Vec<(usize, &[u8])> = bytes.chunks(PIECE).enumerate().collect();
    let pieces = parallel::map_big(&pieces, |(number, piece)| digest_of(*number, piece));
    bytes[16..HEAD].copy_from_slice(joined(&pieces).as_bytes());
    bytes
}

/// The whole file, as [`seal`] gave it; none where it is anything else.
pub(super) fn read(path: &Path, magic: &Magic, limit: u64) -> Option<Vec<u8>> {
    let (bytes, pieces) = fs::read_pieces(path, limit, PIECE, digest_of).ok()?;
    let is_whole = bytes.get(..16)? == magic && bytes.get(16..HEAD)? == joined(&pieces).as_bytes();
    is_whole.then_some(bytes)
}

/// Digest of a piece, without what stands before the content.
fn digest_of(number: usize, piece: &[u8]) -> Digest {
    let from = if number == 0 { HEAD.min(piece.len()) } else { 0 };
    Digest::of(&piece[from..])
}

fn joined(pieces: &[Digest]) -> Digest {
    let mut hasher = Hasher::new();
    pieces.iter().for_each(|piece| hasher.update(piece.as_bytes()));
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_comes_back_and_damage_is_seen() {
        let magic = b"farm test  0001\n";
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        let read = |bytes: &[u8]| {
            fs::write_atomic(&path, bytes, fs::Sync::Lazy).expect("it can be written");
            read(&path, magic, 1 << 30)
        };
        for size in [0, 1, PIECE - HEAD, PIECE - HEAD + 1, 3 * PIECE] {
            let mut bytes = start(magic);
            bytes.resize(HEAD + size, 7);
            let sealed = seal(bytes);
            assert_eq!(read(&sealed).as_ref(), Some(&sealed), "{size}");
            for at in [0, 20, HEAD, size / 2, HEAD + size - 1] {
                let mut damaged = sealed.clone();
                let Some(byte) = damaged.get_mut(at) else { continue };
                *byte ^= 1;
                assert_eq!(read(&damaged), None, "{size}: {at}");
            }
            assert_eq!(read(&sealed[..sealed.len() - 1]), None, "{size}: cut");
        }
    }
}
