//! Faults: what the store held and could not be used. Each is a miss, is counted and is told once; none fails a build.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::fs;

/// How many bad files are kept for a look at them; older ones go.
const MAX_QUARANTINED: usize = 32;

/// What is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultKind {
    /// It is named by a result and is not there.
    Missing,
    /// It is shorter or longer than it has to be.
    WrongSize,
    /// Its bytes are not those that its digest stands for.
    Corrupt,
    /// It is no regular file, or belongs to somebody else.
    Foreign,
    /// The system would not let it be read.
    Unreadable,
    /// Its bytes are whole, but mean nothing to this version.
    Malformed,
}

/// What kind of thing it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultOf {
    /// The content of a file.
    Blob,
    /// The result of an action.
    Result,
    /// A folder that is kept unpacked.
    Unpacked,
    /// A document.
    Document,
}

/// One thing in the store that could not be used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// What is wrong.
    pub kind: FaultKind,
    /// With what kind of thing.
    pub what: FaultOf,
    /// Where it was.
    pub path: PathBuf,
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "missing",
            Self::WrongSize => "of the wrong size",
            Self::Corrupt => "corrupt",
            Self::Foreign => "foreign",
            Self::Unreadable => "unreadable",
            Self::Malformed => "malformed",
        })
    }
}

impl fmt::Display for FaultOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Blob => "file content",
            Self::Result => "result",
            Self::Unpacked => "unpacked folder",
            Self::Document => "document",
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cached {} is {}: `{}`", self.what, self.kind, self.path.display())
    }
}

/// The faults of one process: counted, each told once.
#[derive(Debug, Default)]
pub(super) struct Faults {
    count: u64,
    known: BTreeSet<Fault>,
    untold: Vec<Fault>,
}

impl Faults {
    /// Counts a fault and remembers to tell it.
    pub(super) fn add(&mut self, fault: Fault) {
        self.count += 1;
        if self.known.insert(fault.clone()) {
            self.untold.push(fault);
        }
    }

    /// Those that were not told yet.
    pub(super) fn take(&mut self) -> Vec<Fault> {
        std::mem::take(&mut self.untold)
    }

    /// How often something was at fault.
    pub(super) fn count(&self) -> u64 {
        self.count
    }
}

/// Moves a bad file or folder out of the way, to `quarantine`. Where it cannot be moved it is removed, and where that
/// fails it stays and goes on being a miss.
pub(super) fn set_aside(path: &Path, quarantine: &Path) {
    let Some(name) = path.file_name().map(|name| name.to_string_lossy()) else {
        return;
    };
    let short: String = name.chars().take(80).collect();
    let place = quarantine.join(format!("{short}.{}", fs::random_name()));
    // A folder that cannot be written cannot be moved either: its `..` changes.
    if fs::stat(path).is_ok_and(|stat| stat.is_some_and(|stat| stat.is_folder())) {
        drop(fs::set_mode(path, 0o755));
    }
    if fs::rename(path, &place).is_err() {
        drop(fs::remove_all(path));
    }
    drop(trim(quarantine));
}

/// Removes the oldest until no more than [`MAX_QUARANTINED`] are left.
fn trim(quarantine: &Path) -> Result<(), crate::error::PathError> {
    let listed = fs::read_dir(quarantine)?;
    if listed.len() <= MAX_QUARANTINED {
        return Ok(());
    }
    let mut by_age: Vec<(i64, PathBuf)> = Vec::new();
    for entry in listed {
        let path = quarantine.join(entry.name);
        by_age.push((fs::stat(&path)?.map_or(0, |stat| stat.ctime_ns), path));
    }
    by_age.sort();
    let surplus = by_age.len() - MAX_QUARANTINED;
    by_age
        .iter()
        .take(surplus)
        .try_for_each(|(_, path)| fs::remove_all(path))
}
