//! Everything below a folder, without following a link.

use std::path::Path;

use super::{Folder, Kind, Stat};
use crate::error::PathError;
use crate::path::RelPath;

/// Folders nested deeper than this are an error: one handle is open for each.
pub const MAX_DEPTH: usize = 200;
/// More entries than this are an error.
pub const MAX_WALKED: usize = 2_000_000;

/// One thing below the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its path from the folder.
    pub path: RelPath,
    /// What the system says of it.
    pub stat: Stat,
    /// Where it leads, for a link.
    pub target: Option<String>,
}

/// Why a folder could not be walked.
#[derive(Debug, thiserror::Error)]
pub enum WalkError {
    /// The system said no.
    #[error(transparent)]
    Io(#[from] PathError),
    /// A name that farm cannot keep.
    #[error("`{path}` {reason}")]
    Name {
        /// The path, made readable.
        path: String,
        /// The end of the sentence.
        reason: &'static str,
    },
}

/// All that lies below `folder`, folders included, sorted by path.
pub fn walk(folder: &Folder) -> Result<Vec<Found>, WalkError> {
    let mut found = Vec::new();
    enter(folder, &RelPath::root(), 0, &mut found)?;
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// The names of all that lies below `folder`, folders included, with their kinds. Asks for less than [`walk`].
pub fn names(folder: &Folder) -> Result<Vec<(RelPath, Kind)>, WalkError> {
    let mut found = Vec::new();
    list_below(folder, &RelPath::root(), 0, &mut found)?;
    Ok(found)
}

fn list_below(folder: &Folder, at: &RelPath, depth: usize, found: &mut Vec<(RelPath, Kind)>) -> Result<(), WalkError> {
    if depth > MAX_DEPTH || found.len() > MAX_WALKED {
        return Err(WalkError::Name {
            path: at.to_string(),
            reason: "is nested too deeply, or holds too many files",
        });
    }
    for listed in folder.list()? {
        let path = name_of(at, &listed.name.to_string_lossy(), listed.name.to_str())?;
        found.push((path.clone(), listed.kind));
        if listed.kind == Kind::Folder {
            list_below(&folder.child(&listed.name)?, &path, depth + 1, found)?;
        }
    }
    Ok(())
}

fn enter(folder: &Folder, at: &RelPath, depth: usize, found: &mut Vec<Found>) -> Result<(), WalkError> {
    let refuse = |reason| WalkError::Name {
        path: at.to_string(),
        reason,
    };
    if depth > MAX_DEPTH {
        return Err(refuse("is nested too deeply"));
    }
    for listed in folder.list()? {
        let path = name_of(at, &listed.name.to_string_lossy(), listed.name.to_str())?;
        let Some(stat) = folder.stat(&listed.name)? else {
            continue;
        };
        if found.len() >= MAX_WALKED {
            return Err(refuse("holds too many files"));
        }
        let target = match stat.kind {
            Kind::Link => Some(target_of(folder, &path)?),
            _ => None,
        };
        found.push(Found {
            path: path.clone(),
            stat,
            target,
        });
        if stat.kind == Kind::Folder {
            enter(&folder.child(&listed.name)?, &path, depth + 1, found)?;
        }
    }
    Ok(())
}

/// The path of a name in the folder `at`.
fn name_of(at: &RelPath, readable: &str, name: Option<&str>) -> Result<RelPath, WalkError> {
    let refuse = |reason| WalkError::Name {
        path: format!("{at}/{readable}"),
        reason,
    };
    let name = name.ok_or_else(|| refuse("is not UTF-8"))?;
    let part = RelPath::parse(name).map_err(|error| refuse(error.reason))?;
    RelPath::parse(at.join(&part).as_str()).map_err(|error| refuse(error.reason))
}

fn target_of(folder: &Folder, path: &RelPath) -> Result<String, WalkError> {
    let target = folder.link_target(path.file_name().unwrap_or_default())?;
    target.into_string().map_err(|_| WalkError::Name {
        path: path.to_string(),
        reason: "leads to a path that is not UTF-8",
    })
}

/// How much lies below a folder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Measure {
    /// How many files and links.
    pub files: u64,
    /// The sum of their lengths.
    pub bytes: u64,
    /// The oldest time of change among them, in nanoseconds since 1970.
    pub oldest_ns: Option<i64>,
}

/// How much lies below a folder, as far as it can be read; names may be any.
pub fn measure(path: &Path) -> Measure {
    let mut measure = Measure::default();
    if let Ok(folder) = Folder::open(path) {
        add(&folder, 0, &mut measure);
    }
    measure
}

fn add(folder: &Folder, depth: usize, measure: &mut Measure) {
    for listed in folder.list().unwrap_or_default() {
        let Ok(Some(stat)) = folder.stat(&listed.name) else {
            continue;
        };
        if stat.is_folder() {
            match folder.child(&listed.name) {
                Ok(child) if depth < MAX_DEPTH => add(&child, depth + 1, measure),
                _ => {}
            }
            continue;
        }
        measure.files += 1;
        measure.bytes = measure.bytes.saturating_add(stat.size);
        measure.oldest_ns = Some(
            measure
                .oldest_ns
                .map_or(stat.mtime_ns, |oldest| oldest.min(stat.mtime_ns)),
        );
    }
}
