//! The cache: a store on the local disk for the content of files, results of actions, unpacked folders, documents and
//! the caches of tools.
//!
//! Shared by all threads, all processes and all workspaces of a user. A fault in it is a miss, never an error and never
//! wrong bytes; the promises are in `host/docs/cache.md`. Does not know what an action is, nor what a key is made of.

mod blobs;
mod content;
mod entry;
mod error;
mod evict;
mod fault;
mod gather;
mod inventory;
mod layout;
mod links;
mod results;
mod status;
mod temp;
mod tree;
mod unpacked;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::digest::Digest;
use crate::error::PathError;
use crate::fs::{self, Folder, LockFile, Stat};
use layout::Layout;
use temp::RunFolder;

pub use content::{ActionResult, Content};
pub use error::StoreError;
pub use evict::Freed;
pub use fault::{Fault, FaultKind, FaultOf};
pub use gather::gather;
pub use status::{Status, Usage};
pub(crate) use unpacked::Inside;

pub use tree::{Entry, MAX_ENTRIES, Node, Tree, TreeError};

/// How long to wait for somebody who clears or evicts.
const PATIENCE: Duration = Duration::from_secs(30);

/// How much the store may hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StoreLimits {
    /// Eviction starts above this many bytes.
    pub max_bytes: u64,
    /// What was not used for longer than this goes.
    pub max_age: Duration,
    /// The part of `max_bytes` that is left after an eviction by size, from 0 to 1.
    pub target: f64,
}

impl Default for StoreLimits {
    fn default() -> Self {
        Self {
            max_bytes: 5_000_000_000,
            max_age: Duration::from_secs(7 * 24 * 60 * 60),
            target: 0.8,
        }
    }
}

impl StoreLimits {
    /// The bytes that are left after an eviction by size.
    fn target_bytes(&self) -> u64 {
        (self.max_bytes as f64 * self.target.clamp(0.0, 1.0)) as u64
    }
}

/// What a loss of power may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Time: everything is on the disk before a result names it.
    Full,
    /// Nothing but hits: results carry the number of the system's start, and what was recorded before the present one
    /// is read and hashed in full before its first use.
    Fast,
}

/// The store. Holds a shared lock on its folder for as long as it lives.
#[derive(Debug)]
pub struct Store {
    layout: Layout,
    /// The file system that it is on.
    device: u64,
    limits: StoreLimits,
    /// The number of the system's start; none when writes are made durable at once.
    boot: Option<String>,
    lock: LockFile,
    run: Mutex<Option<RunFolder>>,
    /// Whether files cannot be renamed to where they are restored.
    apart: AtomicBool,
    faults: Mutex<fault::Faults>,
    /// Blobs that this process has hashed, with what the system said of them then.
    sound: Mutex<BTreeMap<Digest, Stat>>,
    /// Blobs of this process that no result names yet.
    fresh: Mutex<BTreeSet<Digest>>,
    /// Unpacked folders that this process has checked.
    checked: Mutex<BTreeSet<PathBuf>>,
    /// Bytes written since the last note in the usage file.
    added: AtomicU64,
}

impl Store {
    /// Opens the store in a folder, which is created if need be, with [`Durability::Fast`].
    ///
    /// # Errors
    /// When the folder cannot be used, belongs to somebody else or can be written by others, or when somebody has been
    /// clearing it for half a minute.
    pub fn open(folder: &Path, limits: StoreLimits) -> Result<Self, StoreError> {
        Self::open_with(folder, limits, Durability::Fast)
    }

    /// As [`Self::open`], with a durability of one's choice. Where the system does not number its starts, it is
    /// [`Durability::Full`].
    pub fn open_with(folder: &Path, limits: StoreLimits, durability: Durability) -> Result<Self, StoreError> {
        let boot = match durability {
            Durability::Full => None,
            Durability::Fast => fs::boot_id(),
        };
        let layout = Layout::open(folder)?;
        let lock = LockFile::open(&layout.lock())?;
        if !lock.shared_within(PATIENCE)? {
            return Err(StoreError::Busy(folder.to_path_buf()));
        }
        Ok(Self {
            device: fs::stat(&layout.root)?.map_or(0, |stat| stat.device),
            layout,
            limits,
            boot,
            lock,
            run: Mutex::default(),
            apart: AtomicBool::new(false),
            faults: Mutex::default(),
            sound: Mutex::default(),
            fresh: Mutex::default(),
            checked: Mutex::default(),
            added: AtomicU64::new(0),
        })
    }

    /// The folder it was opened with.
    pub fn location(&self) -> &Path {
        &self.layout.folder
    }

    /// A new private folder on the store's own file system, for staging: what is built there can be taken over by
    /// [`Self::keep_unpacked`] without a copy. It goes with this store, also if the process is killed (then with the
    /// next one that writes).
    pub fn scratch(&self) -> Result<PathBuf, StoreError> {
        let path = self.temporary()?;
        fs::create_private_dirs(&path)?;
        Ok(path)
    }

    /// The writable folder of a tool cache, the same for the same builder and name; created if need be.
    pub fn tool_cache(&self, builder: &str, name: &str) -> Result<PathBuf, StoreError> {
        layout::check_name(builder)?;
        layout::check_name(name)?;
        let path = self.layout.tools().join(builder).join(name);
        fs::create_dirs(&path)?;
        // The folder's own time is its last use.
        fs::set_modified(&path, std::time::SystemTime::now())?;
        Ok(path)
    }

    /// The faults since the last call; each is told once in the life of this store.
    pub fn take_faults(&self) -> Vec<Fault> {
        locked(&self.faults).take()
    }

    /// How often something in the store was at fault since it was opened.
    pub fn fault_count(&self) -> u64 {
        locked(&self.faults).count()
    }

    /// Counts a fault and moves what is at fault out of the way.
    fn fault(&self, kind: FaultKind, what: FaultOf, path: &Path) {
        locked(&self.faults).add(Fault {
            kind,
            what,
            path: path.to_path_buf(),
        });
        if kind != FaultKind::Missing {
            fault::set_aside(path, &self.layout.quarantine());
        }
    }

    /// A path in this process's temporary folder that nobody else has.
    fn temporary(&self) -> Result<PathBuf, StoreError> {
        Ok(self.with_run_folder(|run| Ok(run.next()))?)
    }

    /// A folder from which files can be renamed into this one, and as many names in it that nobody else has. What is
    /// left there goes with this store. None if there is no such folder.
    pub(crate) fn staging(
        &self,
        destination: &Folder,
        names: usize,
    ) -> Result<Option<(Folder, Range<u64>)>, PathError> {
        if self.apart.load(Ordering::Relaxed) || destination.own_stat()?.device != self.device {
            return Ok(None);
        }
        self.with_run_folder(|run| Ok(Some((run.handle()?, run.numbers(names)))))
    }

    /// It has turned out that no rename leads from here to where files are restored, though the device is the same: a
    /// container's mounts, say.
    pub(crate) fn set_apart(&self) {
        self.apart.store(true, Ordering::Relaxed);
    }

    fn with_run_folder<T>(&self, work: impl FnOnce(&RunFolder) -> Result<T, PathError>) -> Result<T, PathError> {
        let mut run = locked(&self.run);
        if run.is_none() {
            *run = Some(RunFolder::create(&self.layout.temporary())?);
        }
        work(run.as_ref().expect("the folder was made just now"))
    }

    /// Notes bytes that the store has grown by.
    fn grew(&self, bytes: u64) {
        self.added.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.note_growth();
    }
}

/// The lock, also after a panic elsewhere: every value behind these locks is whole between two statements.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
