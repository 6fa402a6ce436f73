//! What the commands say of the cache, in words for people.
//!
//! Knows no option of the command line and prints nothing.

use std::path::Path;
use std::time::Duration;

use farm_engine::cache::{Freed, Status, Store, StoreLimits};
use farm_engine::error::Problem;

/// What lies in the cache.
#[derive(Debug, Clone)]
pub(crate) struct CacheStatus {
    /// How many results of actions.
    pub(crate) results: u64,
    /// Its parts in words (`blobs`, `unpacked trees`, …), each with its bytes.
    pub(crate) parts: Vec<(&'static str, u64)>,
    /// What it may hold before the least used is dropped.
    pub(crate) max_bytes: u64,
    /// How long an unused entry stays.
    pub(crate) max_age: Duration,
}

impl From<Status> for CacheStatus {
    fn from(status: Status) -> Self {
        let usage = status.usage;
        Self {
            results: status.entries,
            parts: vec![
                ("blobs", usage.blobs),
                ("results", usage.results),
                ("unpacked trees", usage.unpacked),
                ("plans and facts", usage.documents),
                ("tool caches", usage.tools),
                ("quarantine", usage.quarantine),
                ("temporary", usage.temporary),
            ],
            max_bytes: status.limits.max_bytes,
            max_age: status.limits.max_age,
        }
    }
}

/// What lies in the cache.
pub(crate) fn cache_status(folder: &Path) -> Result<CacheStatus, Problem> {
    Ok(Store::open(folder, StoreLimits::default())?.status()?.into())
}

/// Deletes everything in the cache.
pub(crate) fn cache_clean(folder: &Path) -> Result<Freed, Problem> {
    Ok(Store::open(folder, StoreLimits::default())?.clean()?)
}
