//! Locks that the kernel frees when their holder dies, so that a lock file left behind locks nobody out.

use std::fs::TryLockError;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::FlockOperation;
use rustix::io::Errno;

use super::{File, Stat};
use crate::error::{PathContext as _, PathError};

/// How long to wait between two attempts at a lock.
const PAUSE: Duration = Duration::from_millis(10);

/// A file that is there to be locked. Dropping it frees the lock.
#[derive(Debug)]
pub struct LockFile {
    file: File,
    path: PathBuf,
}

impl LockFile {
    /// Opens the file, which is created if need be; takes no lock yet.
    pub fn open(path: &Path) -> Result<Self, PathError> {
        use std::os::unix::fs::OpenOptionsExt as _;
        let flags = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        let file = options
            .mode(0o600)
            .custom_flags(flags)
            .open(path)
            .context("open", path)?;
        Ok(Self {
            file,
            path: path.to_path_buf(),
        })
    }

    /// The open file.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Takes the lock for oneself; false if somebody else holds it in any way. A shared lock of one's own is lost
    /// then.
    pub fn try_exclusive(&self) -> Result<bool, PathError> {
        self.answer(self.file.try_lock())
    }

    /// Takes the lock beside other sharers; false if somebody holds it for himself.
    pub fn try_shared(&self) -> Result<bool, PathError> {
        self.answer(self.file.try_lock_shared())
    }

    /// Takes the lock for oneself, waiting for as long as it takes.
    pub fn exclusive(&self) -> Result<(), PathError> {
        self.file.lock().context("lock", &self.path)
    }

    /// As [`Self::try_shared`], but tries for this long.
    pub fn shared_within(&self, patience: Duration) -> Result<bool, PathError> {
        let start = Instant::now();
        loop {
            if self.try_shared()? {
                return Ok(true);
            }
            if start.elapsed() >= patience {
                return Ok(false);
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Whether the path still names this very file.
    pub fn is_in_place(&self) -> Result<bool, PathError> {
        let mine = Stat::from_system(&rustix::fs::fstat(&self.file).context("look at", &self.path)?);
        let there = super::stat(&self.path)?;
        Ok(there.is_some_and(|there| (there.device, there.inode) == (mine.device, mine.inode)))
    }

    fn answer(&self, result: Result<(), TryLockError>) -> Result<bool, PathError> {
        match result {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error).context("lock", &self.path),
        }
    }
}

/// Locks an open file or folder itself for oneself, for as long as the handle lives; false if somebody else has.
pub(super) fn try_lock(handle: &impl AsFd, path: &Path) -> Result<bool, PathError> {
    match rustix::fs::flock(handle, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        Err(error) => Err(error).context("lock", path),
    }
}
