//! Eviction and clearing: the only places where the store loses something that is whole.
//!
//! Both need the store for themselves. Results go before what they name, so that a crash in between leaves blobs that
//! nothing names, and never a result without its blobs.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::inventory::{Cut, Inventory, Policy};
use super::results::nanoseconds;
use super::{PATIENCE, Store, StoreError, locked, temp};
use crate::error::PathError;
use crate::fs::{self, Folder};

/// Blobs that no result names stay for this long: somebody may be about to name them.
const LEASE: Duration = Duration::from_secs(60 * 60);
/// Without a reason, the store is looked through this often.
const PASS_EVERY: Duration = Duration::from_secs(24 * 60 * 60);
/// A longer file of usage notes is replaced by a look.
const MAX_NOTES: u64 = 1024 * 1024;

/// What an eviction or a clearing has freed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Freed {
    /// Results, documents and tool caches that went.
    pub entries: u64,
    /// Bytes of all that went.
    pub bytes: u64,
}

/// The store for oneself; when dropped, shared with others again.
struct Alone<'a>(&'a Store);

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        // Somebody may have been faster; without the lock there would be misses, but never wrong bytes.
        drop(self.0.lock.shared_within(PATIENCE));
    }
}

impl Store {
    /// Removes what was not used for too long, and the longest unused until the rest is small enough.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when another process uses the store; nothing has changed then.
    pub fn evict(&self) -> Result<Freed, StoreError> {
        let _alone = self.alone()?;
        drop(temp::remove_dead(&self.layout.temporary()));
        let inventory = Inventory::read(self)?;
        let now = SystemTime::now();
        let fresh: BTreeSet<_> = locked(&self.fresh).clone();
        let cut = inventory.cut(&Policy {
            oldest_ns: nanoseconds(before(now, self.limits.max_age)),
            lease_ns: nanoseconds(before(now, LEASE)),
            max_bytes: self.limits.max_bytes,
            target_bytes: self.limits.target_bytes(),
            fresh: &fresh,
        });
        self.apply(&inventory, &cut)?;
        self.drop_old_quarantine(now)?;
        self.write_usage(inventory.bytes().saturating_sub(cut.bytes), now)?;
        Ok(Freed {
            entries: cut.items.len() as u64,
            bytes: cut.bytes,
        })
    }

    /// Evicts if the notes on the store's growth say that it is too large, or once a day; none if there was no need, or
    /// if somebody else uses the store. Cheap, for the end of every build.
    pub fn evict_if_due(&self) -> Result<Option<Freed>, StoreError> {
        self.note_growth();
        if !self.is_due(SystemTime::now())? {
            return Ok(None);
        }
        match self.evict() {
            Err(StoreError::Busy(_)) => Ok(None),
            other => other.map(Some),
        }
    }

    /// Removes everything, quarantine and tool caches included.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when another process uses the store; nothing has changed then.
    pub fn clean(&self) -> Result<Freed, StoreError> {
        let _alone = self.alone()?;
        let status = self.status()?;
        for folder in [
            self.layout.results(),
            self.layout.documents(),
            self.layout.blobs(),
            self.layout.unpacked_root(),
            self.layout.tools(),
            self.layout.quarantine(),
        ] {
            let inside = Folder::open(&folder)?;
            inside
                .list()?
                .iter()
                .try_for_each(|listed| inside.remove(&listed.name))?;
        }
        drop(temp::remove_dead(&self.layout.temporary()));
        locked(&self.sound).clear();
        locked(&self.checked).clear();
        self.write_usage(0, SystemTime::now())?;
        Ok(Freed {
            entries: status.entries,
            bytes: status.total(),
        })
    }

    /// The lock for oneself, or the news that somebody else is there.
    fn alone(&self) -> Result<Alone<'_>, StoreError> {
        let alone = Alone(self);
        match self.lock.try_exclusive()? {
            true => Ok(alone),
            false => Err(StoreError::Busy(self.layout.folder.clone())),
        }
    }

    fn apply(&self, inventory: &Inventory, cut: &Cut) -> Result<(), PathError> {
        for index in &cut.items {
            fs::remove_all(&inventory.items[*index].path)?;
        }
        for path in cut.held.iter().flat_map(|named| &inventory.held[named].paths) {
            fs::remove_all(path)?;
        }
        inventory.strange.iter().try_for_each(|path| fs::remove_all(path))?;
        locked(&self.sound).clear();
        locked(&self.checked).clear();
        Ok(())
    }

    fn drop_old_quarantine(&self, now: SystemTime) -> Result<(), PathError> {
        let folder = self.layout.quarantine();
        let oldest = nanoseconds(before(now, self.limits.max_age));
        for listed in fs::read_dir(&folder)? {
            let path = folder.join(listed.name);
            if fs::stat(&path)?.is_some_and(|stat| stat.ctime_ns < oldest) {
                fs::remove_all(&path)?;
            }
        }
        Ok(())
    }

    /// Adds what this process has written to the notes. They are an estimate: each pass replaces them by the truth.
    pub(super) fn note_growth(&self) {
        let added = self.added.swap(0, Ordering::Relaxed);
        if added > 0 {
            drop(fs::append(&self.layout.usage(), format!("+{added}\n").as_bytes()));
        }
    }

    fn is_due(&self, now: SystemTime) -> Result<bool, StoreError> {
        let path = self.layout.usage();
        let Some(stat) = fs::stat(&path)? else {
            return Ok(false);
        };
        if !stat.is_file() || stat.size > MAX_NOTES {
            return Ok(true);
        }
        let text = String::from_utf8_lossy(&fs::read_bounded(&path, MAX_NOTES)?).into_owned();
        let Some((bytes, looked)) = estimate(&text) else {
            return Ok(true);
        };
        let is_old = now.duration_since(looked).map_or(true, |age| age >= PASS_EVERY);
        Ok(bytes > self.limits.max_bytes || is_old)
    }

    fn write_usage(&self, bytes: u64, now: SystemTime) -> Result<(), StoreError> {
        let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let temp = self.temporary()?;
        fs::write_atomic(&temp, format!("={bytes} {seconds}\n").as_bytes(), fs::Sync::Lazy)?;
        fs::remove_all(&self.layout.usage())?;
        Ok(fs::rename(&temp, &self.layout.usage())?)
    }
}

/// Bytes and time of the last pass in the notes: a line `=bytes seconds`, then lines `+bytes`. None if they cannot be
/// read, or if there was no pass yet.
fn estimate(text: &str) -> Option<(u64, SystemTime)> {
    let mut bytes: u64 = 0;
    let mut looked = None;
    for line in text.lines() {
        if let Some(added) = line.strip_prefix('+') {
            bytes = bytes.saturating_add(added.parse().ok()?);
        } else {
            let (total, seconds) = line.strip_prefix('=')?.split_once(' ')?;
            bytes = total.parse().ok()?;
            looked = UNIX_EPOCH.checked_add(Duration::from_secs(seconds.parse().ok()?));
        }
    }
    Some((bytes, looked?))
}

/// A time before another one; 1970 where there is none.
fn before(now: SystemTime, age: Duration) -> SystemTime {
    now.checked_sub(age).unwrap_or(UNIX_EPOCH)
}
