//! Results of actions by key, and documents by kind and key.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::blobs::make_parent;
use super::entry::{self, MAX_ENTRY_BYTES};
use super::{ActionResult, FaultKind, FaultOf, Store, StoreError, layout, locked};
use crate::digest::Digest;
use crate::error::PathError;
use crate::fs::{self, Sync, parallel};

/// Version of the written form of a result.
const VERSION: u32 = 1;
/// A last use is noted no more often than this.
const TOUCH_AFTER: Duration = Duration::from_secs(60 * 60);

/// The written form of a result.
#[derive(Serialize, Deserialize)]
struct Stored {
    version: u32,
    /// The start of the system before whose end nothing may have reached the disk; none when all has.
    boot: Option<String>,
    result: ActionResult,
}

impl Store {
    /// The result of this key, if it is whole: every blob and every folder that it names is there with the right size,
    /// and all that was recorded before the system's present start has been hashed.
    pub fn lookup(&self, key: &Digest) -> Option<ActionResult> {
        let path = self.layout.result(key);
        let body = self.read_entry(FaultOf::Result, &path, &key.to_string())?;
        let Some(stored) = parse(&body) else {
            return self.miss(FaultKind::Malformed, FaultOf::Result, &path);
        };
        let from_before = self.is_from_before(stored.boot.as_deref());
        if !self.is_whole(&stored.result, from_before) {
            // It can never be used again, and its outputs will be built anew.
            drop(fs::remove_file(&path));
            return None;
        }
        if from_before {
            drop(self.write_result(key, &stored.result, None));
        } else {
            touch(&path);
        }
        Some(stored.result)
    }

    /// Records a result under its key, in the place of an earlier one. All that it names has to be in the store.
    pub fn record(&self, key: &Digest, result: &ActionResult) -> Result<(), StoreError> {
        let blobs = result.blobs();
        if self.boot.is_none() && !locked(&self.fresh).is_empty() {
            self.sync()?;
        }
        self.write_result(key, result, self.boot.clone())?;
        let mut fresh = locked(&self.fresh);
        for (digest, _) in blobs {
            fresh.remove(&digest);
        }
        Ok(())
    }

    /// A document, if its bytes are those that were put there.
    pub fn document(&self, kind: &str, key: &Digest) -> Option<Vec<u8>> {
        layout::check_name(kind).ok()?;
        let path = self.layout.document(kind, key);
        let bytes = self.read_entry(FaultOf::Document, &path, &format!("{kind}/{key}"))?;
        touch(&path);
        Some(bytes)
    }

    /// Keeps a document, in the place of an earlier one. Blobs that it may name are not kept alive by it.
    pub fn put_document(&self, kind: &str, key: &Digest, bytes: &[u8]) -> Result<(), StoreError> {
        layout::check_name(kind)?;
        self.write_entry(
            FaultOf::Document,
            &self.layout.document(kind, key),
            &format!("{kind}/{key}"),
            bytes,
        )
    }

    fn write_result(&self, key: &Digest, result: &ActionResult, boot: Option<String>) -> Result<(), StoreError> {
        let stored = Stored {
            version: VERSION,
            boot,
            result: result.clone(),
        };
        let body = serde_json::to_vec(&stored).expect("a result of texts and numbers always has a JSON form");
        self.write_entry(FaultOf::Result, &self.layout.result(key), &key.to_string(), &body)
    }

    /// Whether what carries this stamp may have been lost with the power.
    pub(super) fn is_from_before(&self, stamp: Option<&str>) -> bool {
        match (stamp, &self.boot) {
            (None, _) => false,
            (Some(stamp), Some(boot)) => stamp != boot,
            (Some(stamp), None) => Some(stamp) != fs::boot_id().as_deref(),
        }
    }

    fn is_whole(&self, result: &ActionResult, hash: bool) -> bool {
        let sound = AtomicBool::new(true);
        parallel::map(&result.blobs(), |(digest, size)| {
            let fine = match hash {
                true => self.verify_blob(digest, *size),
                false => self.has_blob(digest, *size),
            };
            if !fine {
                sound.store(false, Ordering::Relaxed);
            }
        });
        sound.into_inner()
            && result
                .unpacked()
                .all(|(tree, name)| self.verify_blob(tree, None) && self.unpacked(tree, name).is_some())
    }

    /// Makes all that was written so far durable.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        fs::sync_file_system(self.lock.file()).map_err(|source| {
            StoreError::from(PathError {
                doing: "write",
                path: self.layout.folder.clone(),
                source,
            })
        })
    }

    /// The body of an entry. Not being there is no fault; all else that keeps it from being read is.
    pub(super) fn read_entry(&self, what: FaultOf, path: &Path, name: &str) -> Option<Vec<u8>> {
        if fs::stat(path).is_ok_and(|stat| stat.is_none()) {
            return None;
        }
        let file = self.open_stored(what, path, None)?;
        let Ok(bytes) = fs::read_open(&file, MAX_ENTRY_BYTES) else {
            return self.miss(FaultKind::Unreadable, what, path);
        };
        match entry::unseal(&what.to_string(), name, &bytes) {
            Some(body) => Some(body.to_vec()),
            None => self.miss(FaultKind::Corrupt, what, path),
        }
    }

    /// Writes an entry whole or not at all. Whatever is in its place goes.
    pub(super) fn write_entry(&self, what: FaultOf, path: &Path, name: &str, body: &[u8]) -> Result<(), StoreError> {
        let bytes = entry::seal(&what.to_string(), name, body);
        let temp = self.temporary()?;
        let sync = if self.boot.is_none() { Sync::Now } else { Sync::Lazy };
        let written = fs::write_new(&temp, &bytes, sync).and_then(|()| move_entry(&temp, path));
        if written.is_err() {
            drop(fs::remove_file(&temp));
        }
        written?;
        self.grew(bytes.len() as u64);
        match sync {
            Sync::Lazy => Ok(()),
            Sync::Now => Ok(fs::sync_folder(path.parent().unwrap_or(path))?),
        }
    }
}

fn move_entry(temp: &Path, path: &Path) -> Result<(), PathError> {
    match fs::rename(temp, path) {
        Err(error) if error.source.kind() == io::ErrorKind::NotFound => make_parent(path)?,
        Err(error) if error.source.kind() == io::ErrorKind::NotADirectory => make_parent(path)?,
        Err(_) if fs::stat(path)?.is_some_and(|stat| stat.is_folder()) => fs::remove_all(path)?,
        other => return other,
    }
    fs::rename(temp, path)
}

fn parse(body: &[u8]) -> Option<Stored> {
    let stored: Stored = serde_json::from_slice(body).ok()?;
    (stored.version == VERSION).then_some(stored)
}

/// The result in an entry's bytes, for who only wants to know what it names.
pub(super) fn parse_result(key: &Digest, bytes: &[u8]) -> Option<ActionResult> {
    let body = entry::unseal(&FaultOf::Result.to_string(), &key.to_string(), bytes)?;
    parse(body).map(|stored| stored.result)
}

/// Notes that an entry was used: its time of change is its last use.
fn touch(path: &Path) {
    let now = SystemTime::now();
    let is_recent = fs::stat(path).is_ok_and(|stat| {
        stat.is_some_and(|stat| nanoseconds(now).saturating_sub(stat.mtime_ns) < TOUCH_AFTER.as_nanos() as i64)
    });
    if !is_recent {
        drop(fs::set_modified(path, now));
    }
}

/// Nanoseconds since 1970.
pub(super) fn nanoseconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}
