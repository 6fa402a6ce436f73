//! Copies and hashes in one pass; shares the disk's blocks where it can.

use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};

use super::File;
use crate::digest::{Digest, Hasher};

/// How much is read at once.
const BUFFER: usize = 64 * 1024;
/// Smaller files are copied faster than the disk is asked to share their blocks.
const REFLINK_FROM: u64 = 64 * 1024;

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

/// Copies all of `source` into the empty `target` and returns the digest and the size of what the target holds.
///
/// Where the file system can, the target shares the source's blocks until one of the two is written to.
pub fn copy_hashed(mut source: &File, mut target: &File) -> Result<(Digest, u64), CopyError> {
    source.seek(SeekFrom::Start(0)).map_err(CopyError::Read)?;
    if share_blocks(source, target) {
        return hash_file(target).map_err(CopyError::Read);
    }
    let mut hasher = Hasher::new();
    let mut size = 0;
    let mut buffer = vec![0; BUFFER];
    loop {
        let length = read_some(source, &mut buffer).map_err(CopyError::Read)?;
        if length == 0 {
            return Ok((hasher.finish(), size));
        }
        hasher.update(&buffer[..length]);
        target.write_all(&buffer[..length]).map_err(CopyError::Write)?;
        size += length as u64;
    }
}

/// The digest and the size of all that a file holds.
pub fn hash_file(mut file: &File) -> io::Result<(Digest, u64)> {
    file.seek(SeekFrom::Start(0))?;
    let mut hasher = Hasher::new();
    let mut size = 0;
    let mut buffer = vec![0; BUFFER];
    loop {
        let length = read_some(file, &mut buffer)?;
        if length == 0 {
            return Ok((hasher.finish(), size));
        }
        hasher.update(&buffer[..length]);
        size += length as u64;
    }
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
fn share_blocks(source: &File, target: &File) -> bool {
    let large = source.metadata().is_ok_and(|metadata| metadata.len() >= REFLINK_FROM);
    large && rustix::fs::ioctl_ficlone(target, source).is_ok()
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn share_blocks(_source: &File, _target: &File) -> bool {
    false
}
