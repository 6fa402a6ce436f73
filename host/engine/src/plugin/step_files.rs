//! What a step may know and say of its files that WASI has no words for: which of them are executable.
//!
//! Does not know the files' contents, which are WASI's.

use std::path::PathBuf;

use crate::fs::{self, Folder, walk};
use crate::path::RelPath;
use crate::plan::{AccessError, AccessErrorKind};

use super::host_calls::refuse;

/// The folders of a step, on this system.
#[derive(Debug)]
pub(super) struct StepFiles {
    /// `/in`.
    pub input: PathBuf,
    /// `/out`.
    pub output: PathBuf,
}

impl StepFiles {
    /// The executable files below `/in`, sorted by bytes.
    pub(super) fn executables(&self) -> Result<Vec<String>, AccessError> {
        let found = Folder::open(&self.input).map_err(|error| error.to_string());
        let found = found.and_then(|folder| walk(&folder).map_err(|error| error.to_string()));
        let found = found.or_else(|error| refuse(AccessErrorKind::Failed, error))?;
        let executable = found
            .iter()
            .filter(|found| found.stat.is_file() && found.stat.mode & 0o100 != 0);
        let mut paths: Vec<String> = executable.map(|found| found.path.to_string()).collect();
        paths.sort_unstable();
        Ok(paths)
    }

    /// Makes a file below `/out` executable. No link is followed: a step may have made one that leads anywhere.
    pub(super) fn make_executable(&self, path: &RelPath) -> Result<(), AccessError> {
        let refused = || AccessError {
            kind: AccessErrorKind::NotAFile,
            message: format!("`{path}` is no file below /out"),
        };
        let (Some(name), Ok(output)) = (path.file_name(), Folder::open(&self.output)) else {
            return Err(refused());
        };
        let folder = path
            .parent()
            .map_or_else(|| output.again(), |parent| output.descend(&parent));
        let file = folder
            .and_then(|folder| folder.open_file(name))
            .map_err(|_| refused())?;
        if !fs::stat_open(&file).is_ok_and(|stat| stat.is_file()) {
            return Err(refused());
        }
        let made = fs::set_open_mode(&file, fs::plain_mode(true));
        made.or_else(|error| refuse(AccessErrorKind::Failed, error.to_string()))
    }
}
