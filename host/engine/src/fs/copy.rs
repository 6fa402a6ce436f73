//! Copies and hashes in one pass; shares the disk's blocks where it can.

use std::cell::RefCell;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};

use super::File;
use crate::digest::{Digest, Hasher};

/// How much is read at once.
const BUFFER_SIZE: usize = 64 * 1024;
/// Smaller files are copied faster than the disk is asked to share their blocks.
const REFLINK_FROM: u64 = 64 * 1024;

thread_local! {
    /// Most files are much smaller than the buffer: making one for each would cost more than reading it.
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A copy failed; on which side decides who is told.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The source could not be read.
    #[error("cannot read the source")]
    Read(#[source] io::Error),
    /// The target could not be written.
    #[error("cannot write the copy")]
    Write(#[source] io::Error),
}

/// Copies all of `source` into `target`, which is empty or no longer, and returns the digest and the size of what the
/// target holds. Both stand at their beginning.
///
/// Where the file system can, the target shares the source's blocks until one of the two is written to.
pub fn copy_hashed(source: &File, mut target: &File) -> Result<(Digest, u64), CopyError> {
    if share_blocks(source, target).map_err(CopyError::Read)? {
        return hash_file(target).map_err(CopyError::Read);
    }
    pieces(source, CopyError::Read, |piece| {
        target.write_all(piece).map_err(CopyError::Write)
    })
}

/// The digest and the size of all that a file holds.
pub fn hash_file(file: &File) -> io::Result<(Digest, u64)> {
    hash_file_and(file, |_| {})
}

/// As [`hash_file`], with another use of each piece.
pub fn hash_file_and(mut file: &File, mut also: impl FnMut(&[u8])) -> io::Result<(Digest, u64)> {
    file.seek(SeekFrom::Start(0))?;
    pieces(
        file,
        |error| error,
        |piece| {
            also(piece);
            Ok(())
        },
    )
}

/// Reads a file to its end, piece by piece; its digest and its size.
fn pieces<E>(
    source: &File,
    fault: impl Fn(io::Error) -> E,
    mut take: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(Digest, u64), E> {
    BUFFER.with_borrow_mut(|buffer| {
        buffer.resize(BUFFER_SIZE, 0);
        let mut hasher = Hasher::new();
        let mut size = 0;
        loop {
            let length = read_some(source, buffer).map_err(&fault)?;
            if length == 0 {
                return Ok((hasher.finish(), size));
            }
            hasher.update(&buffer[..length]);
            take(&buffer[..length])?;
            size += length as u64;
        }
    })
}

/// Reads once, again where a signal came between.
fn read_some(mut file: &File, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// Whether the target now holds the source's blocks (Btrfs, XFS, bcachefs and the like).
#[cfg(any(target_os = "linux", target_os = "android"))]
fn share_blocks(source: &File, target: &File) -> io::Result<bool> {
    let size = rustix::fs::fstat(source)?.st_size;
    let large = u64::try_from(size).is_ok_and(|size| size >= REFLINK_FROM);
    Ok(large && rustix::fs::ioctl_ficlone(target, source).is_ok())
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn share_blocks(_source: &File, _target: &File) -> io::Result<bool> {
    Ok(false)
}
