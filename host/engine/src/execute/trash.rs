//! Private folders of actions that have ended, until they are removed.
//!
//! Nothing waits for a removal, and there are file systems on which files are slow to make right after others were
//! removed; so small folders are left until the build ends, as long as there are not too many of them. Does not know
//! what was in them.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::fs::{self, parallel};

/// Most files that are left for later.
const MAX_FILES: u64 = 100_000;
/// Most bytes that are left for later.
const MAX_BYTES: u64 = 1 << 30;
/// A folder with more than this is removed at once.
const MAX_FOLDER_BYTES: u64 = 16 << 20;

/// Folders that go when their owner says so, and at the latest when this is dropped.
#[derive(Debug, Default)]
pub struct Trash {
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    folders: Vec<PathBuf>,
    left: Left,
}

/// About how much is in a folder.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Left {
    files: u64,
    bytes: u64,
}

impl Left {
    /// Nobody has looked.
    pub(super) const fn unknown() -> Self {
        Self {
            files: u64::MAX,
            bytes: u64::MAX,
        }
    }

    /// One more file of this size.
    pub(super) const fn add(&mut self, bytes: u64) {
        self.files += 1;
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

impl Trash {
    /// Takes a folder for which the caller has no use any more, and in which about this much is left.
    pub(super) fn take(&self, folder: PathBuf, left: Left) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let total = Left {
            files: waiting.left.files.saturating_add(left.files),
            bytes: waiting.left.bytes.saturating_add(left.bytes),
        };
        if left.bytes <= MAX_FOLDER_BYTES && total.files <= MAX_FILES && total.bytes <= MAX_BYTES {
            waiting.folders.push(folder);
            waiting.left = total;
        } else {
            drop(waiting);
            remove(&folder);
        }
    }
}

impl Trash {
    /// Removes all that was left so far.
    pub(crate) fn empty(&self) {
        let waiting = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        parallel::map(&waiting.folders, |folder| remove(folder));
    }
}

impl Drop for Trash {
    fn drop(&mut self) {
        self.empty();
    }
}

/// Removes a private folder; what cannot be removed is swept when the next build starts.
pub(super) fn remove(folder: &Path) {
    if let Err(error) = fs::remove_all(folder) {
        tracing::debug!(%error, "a private folder stays until the next build");
    }
}
