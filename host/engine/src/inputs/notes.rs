//! What this build saw at the paths that it looked at, and what the last one knew of them.
//!
//! A file whose size, times and inode are those of the last build is not read again, unless it was so young when it
//! was read that a later change could have left no trace (the racy-clean rule, as in git's index format). Does not know
//! why a path was looked at.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt::Debug;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::digest::{Digest, Hasher};
use crate::fs::{Kind, Listed, Stat};
use crate::path::RelPath;

/// What is younger than this when it is read is read again next time: more than the tick of any kernel's file clock.
const RACY: Duration = Duration::from_millis(20);
/// The same for times without a fraction, as file systems have them that count in seconds (ext4 with small inodes, HFS+), or
/// in two (FAT).
const RACY_SECONDS: Duration = Duration::from_secs(2);

/// What was seen at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Noted {
    /// No more than its kind, links followed; none where nothing was there.
    Kind(Option<Kind>),
    /// A file whose bytes were read.
    File {
        /// What the system said of it before.
        stat: Stat,
        /// Digest of its bytes.
        digest: Digest,
        /// Whether a change after that shows in the stat.
        settled: bool,
    },
    /// A folder whose names were read.
    Folder {
        /// What the system said of it before.
        stat: Stat,
        /// Its names.
        names: Vec<Listed>,
        /// Whether a change after that shows in the stat.
        settled: bool,
    },
    /// A link, and what it leads to.
    Link {
        /// What the system said of the link.
        stat: Stat,
        /// What the system said of the thing it leads to; none where that is nothing.
        real: Option<Stat>,
        /// Digest of the bytes that it leads to, where they were read.
        digest: Option<Digest>,
        /// Whether a change after that shows in the stats.
        settled: bool,
    },
    /// Different things at different times of this build: what was made of them cannot be relied on next time.
    Changed,
}

impl Noted {
    /// What stands for both: the later one, if it is the same thing as the earlier one.
    fn after(self, earlier: &Self) -> Self {
        let is_same = match (earlier, &self) {
            (Self::Kind(before), now) => *before == now.kind(),
            (before, Self::Kind(now)) => {
                // The kind alone says less than what is known already.
                return if before.kind() == *now {
                    before.clone()
                } else {
                    Self::Changed
                };
            }
            (Self::File { digest: before, .. }, Self::File { digest: now, .. }) => before == now,
            (Self::Folder { names: before, .. }, Self::Folder { names: now, .. }) => before == now,
            (
                Self::Link {
                    stat: before,
                    real: Some(real_before),
                    digest: digest_before,
                    ..
                },
                Self::Link {
                    stat: now,
                    real: Some(real_now),
                    digest: digest_now,
                    ..
                },
            ) => {
                let no_conflict = digest_before.is_none() || digest_now.is_none() || digest_before == digest_now;
                if digest_now.is_none() && digest_before.is_some() {
                    return earlier.clone();
                }
                before == now && real_before.kind == real_now.kind && no_conflict
            }
            (before, now) => before == now,
        };
        if is_same { self } else { Self::Changed }
    }

    /// The kind, links followed.
    fn kind(&self) -> Option<Kind> {
        match self {
            Self::Changed => None,
            Self::Kind(kind) => *kind,
            Self::File { .. } => Some(Kind::File),
            Self::Folder { .. } => Some(Kind::Folder),
            Self::Link { real, .. } => real.map(|real| real.kind),
        }
    }
}

/// What an earlier build knew of the workspace's files. What it says of a file that was not [settled](is_settled) is
/// worth nothing, so it says nothing then.
pub trait Earlier: Debug + Send + Sync {
    /// The stat of the file at a path, or that it leads to, and the digest that its bytes had then.
    fn file(&self, path: &RelPath) -> Option<(Stat, Digest)>;
}

/// Knows nothing.
#[derive(Debug)]
pub struct Nothing;

impl Earlier for Nothing {
    fn file(&self, _path: &RelPath) -> Option<(Stat, Digest)> {
        None
    }
}

/// The notes of one build.
#[derive(Debug)]
pub(super) struct Notes {
    earlier: Box<dyn Earlier>,
    noted: Mutex<BTreeMap<RelPath, Noted>>,
}

impl Notes {
    /// No notes yet, beside what an earlier build knew.
    pub(super) fn new(earlier: Box<dyn Earlier>) -> Self {
        Self {
            earlier,
            noted: Mutex::default(),
        }
    }

    /// The digest of a file that looks as it did when its bytes were last read; none where it has to be read.
    pub(super) fn digest_of(&self, path: &RelPath, stat: &Stat) -> Option<Digest> {
        let known = match self.noted().get(path) {
            Some(Noted::File {
                stat,
                digest,
                settled: true,
            }) => Some((*stat, *digest)),
            Some(Noted::Link {
                real: Some(stat),
                digest: Some(digest),
                settled: true,
                ..
            }) => Some((*stat, *digest)),
            Some(_) => return None,
            None => None,
        };
        let (earlier, digest) = known.or_else(|| self.earlier.file(path))?;
        (earlier.is_unchanged_since(stat) && earlier.mode == stat.mode).then_some(digest)
    }

    /// Notes what was seen at a path. Where it is not what was seen there before, that is noted instead.
    pub(super) fn add(&self, path: RelPath, noted: Noted) {
        match self.noted().entry(path) {
            Entry::Vacant(entry) => drop(entry.insert(noted)),
            Entry::Occupied(mut entry) => {
                let both = noted.after(entry.get());
                entry.insert(both);
            }
        }
    }

    /// What was seen at a path in this build.
    pub(super) fn get(&self, path: &RelPath) -> Option<Noted> {
        self.noted().get(path).cloned()
    }

    fn noted(&self) -> MutexGuard<'_, BTreeMap<RelPath, Noted>> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether something was old enough when it was read: a change after that leaves a trace in its times.
pub fn is_settled(stat: &Stat, read_at: SystemTime) -> bool {
    let now = read_at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let is_old = |time: i64| {
        let racy = if time % 1_000_000_000 == 0 { RACY_SECONDS } else { RACY };
        let limit = i128::try_from(now.saturating_sub(racy).as_nanos()).unwrap_or(i128::MAX);
        i128::from(time) < limit
    };
    is_old(stat.ctime_ns) && is_old(stat.mtime_ns)
}

/// Digest of a folder's names and their kinds, which must be sorted by name.
pub fn digest_of_names(names: &[Listed]) -> Digest {
    let mut hasher = Hasher::new();
    for Listed { name, kind } in names {
        hasher.field(name.as_encoded_bytes());
        hasher.update(&[*kind as u8]);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stat(nanoseconds: i64) -> Stat {
        Stat {
            kind: Kind::File,
            size: 1,
            mtime_ns: nanoseconds,
            ctime_ns: nanoseconds,
            inode: 1,
            device: 1,
            mode: 0o644,
            links: 1,
            owner: 0,
        }
    }

    #[test]
    fn a_time_without_a_fraction_may_be_that_of_a_change_seconds_later() {
        let read_at = |milliseconds| UNIX_EPOCH + Duration::from_millis(milliseconds);
        let fine = stat(10_000_000_001);
        assert!(!is_settled(&fine, read_at(10_019)) && is_settled(&fine, read_at(10_021)));
        let coarse = stat(10_000_000_000);
        assert!(!is_settled(&coarse, read_at(11_999)) && is_settled(&coarse, read_at(12_001)));
    }

    #[test]
    fn what_comes_from_the_future_is_never_settled() {
        let read_at = UNIX_EPOCH + Duration::from_secs(15);
        assert!(!is_settled(&stat(20_000_000_001), read_at) && is_settled(&stat(-1), read_at));
    }
}
