//! The only place that calls `std::fs`: file operations that know their path.
//!
//! Does not know what the files mean.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::error::{PathContext, PathError};

/// What lies at a path, links not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link, wherever it leads.
    Link,
    /// A pipe, a socket or a device.
    Other,
}

impl From<fs::FileType> for Kind {
    fn from(kind: fs::FileType) -> Self {
        if kind.is_file() {
            Self::File
        } else if kind.is_dir() {
            Self::Folder
        } else if kind.is_symlink() {
            Self::Link
        } else {
            Self::Other
        }
    }
}

/// Reads a whole regular file of at most `limit` bytes; none when it is larger. Anything but a regular file (behind a
/// link, too) is an error, so that a pipe cannot make the reader wait.
pub fn read_bounded(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, PathError> {
    let metadata = fs::metadata(path).context("read", path)?;
    if !metadata.is_file() {
        let error = io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file");
        return Err(error).context("read", path);
    }
    if metadata.len() > limit {
        return Ok(None);
    }
    let capacity = usize::try_from(metadata.len()).unwrap_or(0);
    let mut bytes = Vec::with_capacity(capacity);
    let file = File::open(path).context("read", path)?;
    file.take(limit + 1).read_to_end(&mut bytes).context("read", path)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}

/// What lies at the path; none when nothing does.
pub fn kind_of(path: &Path) -> Result<Option<Kind>, PathError> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Some(metadata.file_type().into())),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(error).context("look at", path),
    }
}

/// The entries of a folder by name, in the order of their names. Names that are no UTF-8 are left out: no path of a
/// build can name them.
pub fn list_folder(folder: &Path) -> Result<Vec<(String, Kind)>, PathError> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).context("list", folder)? {
        let entry = entry.context("list", folder)?;
        let kind = entry.file_type().context("look at", entry.path())?.into();
        if let Ok(name) = entry.file_name().into_string() {
            entries.push((name, kind));
        }
    }
    entries.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    Ok(entries)
}

/// The path with all links resolved.
pub fn real_path(path: &Path) -> Result<PathBuf, PathError> {
    fs::canonicalize(path).context("resolve", path)
}

/// Whether the error says that nothing is there.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
