//! What the store holds, for people. Looks at every file: not for every build.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{Store, StoreError, StoreLimits};
use crate::fs;

/// What the store holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// The store's folder.
    pub location: PathBuf,
    /// How many results of actions.
    pub entries: u64,
    /// How many bytes, by class.
    pub usage: Usage,
    /// What it may hold.
    pub limits: StoreLimits,
    /// The longest unused result's last use.
    pub oldest: Option<SystemTime>,
    /// How many bad files and folders were put aside and are still there.
    pub quarantined: u64,
}

/// Bytes by class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Content of files.
    pub blobs: u64,
    /// Results of actions.
    pub results: u64,
    /// Unpacked folders.
    pub unpacked: u64,
    /// Plans, tool versions and the like.
    pub documents: u64,
    /// Caches of tools.
    pub tools: u64,
    /// Bad files that were put aside.
    pub quarantine: u64,
    /// Files of running and dead processes.
    pub temporary: u64,
}

impl Status {
    /// The sum over all classes, in bytes.
    pub fn total(&self) -> u64 {
        let usage = &self.usage;
        let kept = usage.blobs + usage.results + usage.unpacked + usage.documents + usage.tools;
        kept + usage.quarantine + usage.temporary
    }
}

impl Store {
    /// What the store holds.
    pub fn status(&self) -> Result<Status, StoreError> {
        let layout = &self.layout;
        let results = fs::measure(&layout.results());
        Ok(Status {
            location: layout.folder.clone(),
            entries: results.files,
            usage: Usage {
                blobs: fs::measure(&layout.blobs()).bytes,
                results: results.bytes,
                unpacked: fs::measure(&layout.unpacked_root()).bytes,
                documents: fs::measure(&layout.documents()).bytes,
                tools: fs::measure(&layout.tools()).bytes,
                quarantine: fs::measure(&layout.quarantine()).bytes,
                temporary: fs::measure(&layout.temporary()).bytes,
            },
            limits: self.limits,
            oldest: results.oldest_ns.map(time),
            quarantined: fs::read_dir(&layout.quarantine())?.len() as u64,
        })
    }
}

fn time(nanoseconds: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(0))
}
