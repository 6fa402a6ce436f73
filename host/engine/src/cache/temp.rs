//! Temporary files of one process, and what dead processes left of theirs.
//!
//! Each process that writes has a folder `tmp/<random>` and holds a lock on `tmp/<random>.lock`. A lock that can be had
//! is a dead process's, so its folder goes: nothing piles up, and no age has to be guessed.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::PathError;
use crate::fs::{self, Folder, Kind, LockFile};

/// The temporary folder of this process. Dropping it removes it.
#[derive(Debug)]
pub(super) struct RunFolder {
    path: PathBuf,
    handle: Folder,
    lock: PathBuf,
    _held: LockFile,
    next: AtomicU64,
}

impl RunFolder {
    /// Creates the folder, after the dead ones are gone.
    pub(super) fn create(temporary: &Path) -> Result<Self, PathError> {
        // What cannot be removed now can be by the next process.
        drop(remove_dead(temporary));
        loop {
            let name = fs::random_name();
            let lock = temporary.join(format!("{name}.lock"));
            let held = LockFile::open(&lock)?;
            // Another process may have taken the file for a dead one's before it was locked.
            if held.try_exclusive()? && held.is_in_place()? {
                let path = temporary.join(name);
                fs::create_dirs(&path)?;
                return Ok(Self {
                    handle: Folder::open(&path)?,
                    path,
                    lock,
                    _held: held,
                    next: AtomicU64::new(0),
                });
            }
        }
    }

    /// A path in the folder that was never given before.
    pub(super) fn next(&self) -> PathBuf {
        self.path.join(self.numbers(1).start.to_string())
    }

    /// As many names in the folder, which are numbers.
    pub(super) fn numbers(&self, count: usize) -> Range<u64> {
        let first = self.next.fetch_add(count as u64, Ordering::Relaxed);
        first..first + count as u64
    }

    /// Another handle on the folder.
    pub(super) fn handle(&self) -> Result<Folder, PathError> {
        self.handle.again()
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        drop(fs::remove_all(&self.path));
        drop(fs::remove_file(&self.lock));
    }
}

/// Removes the folders whose processes are dead.
pub(super) fn remove_dead(temporary: &Path) -> Result<(), PathError> {
    for listed in fs::read_dir(temporary)? {
        let path = temporary.join(&listed.name);
        match path.extension() {
            Some(extension) if extension == "lock" && listed.kind == Kind::File => remove_if_dead(&path)?,
            // Whatever has no lock beside it was never a living process's.
            _ if fs::stat(&path.with_extension("lock"))?.is_none() => fs::remove_all(&path)?,
            _ => {}
        }
    }
    Ok(())
}

fn remove_if_dead(lock: &Path) -> Result<(), PathError> {
    let held = LockFile::open(lock)?;
    if held.try_exclusive()? && held.is_in_place()? {
        fs::remove_all(&lock.with_extension(""))?;
        fs::remove_file(lock)?;
    }
    Ok(())
}
