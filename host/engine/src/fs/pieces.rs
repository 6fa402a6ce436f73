//! Big files that are read whole, in pieces, on all cores: what is done with a piece is done while others are read.
//!
//! Does not know what the pieces are.

use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::{open_followed, parallel, too_large};
use crate::error::{PathContext as _, PathError};

/// The bytes of a regular file of at most `limit` bytes, and what `work` makes of each piece of so many bytes, in their
/// order, numbered from 0. A file that becomes shorter meanwhile is an error.
pub fn read_pieces<R: Send>(
    path: &Path,
    limit: u64,
    piece: usize,
    work: impl Fn(usize, &[u8]) -> R + Sync,
) -> Result<(Vec<u8>, Vec<R>), PathError> {
    let file = open_followed(path).context("read", path)?;
    let size = file.metadata().context("read", path)?.len();
    if size > limit {
        return Err(too_large(limit)).context("read", path);
    }
    let mut bytes = vec![0; usize::try_from(size).unwrap_or(0)];
    let pieces: Vec<_> = bytes.chunks_mut(piece).map(Mutex::new).enumerate().collect();
    let made = parallel::map_big(&pieces, |(number, place)| {
        let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
        file.read_exact_at(&mut place, (number * piece) as u64)?;
        Ok(work(*number, &place))
    });
    let made = made.into_iter().collect::<io::Result<_>>().context("read", path)?;
    drop(pieces);
    Ok((bytes, made))
}
