//! The host functions for a step's files.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::bindings::farm::builder::host;

/// The executable files below `/in`.
pub(crate) fn executables() -> Result<BTreeSet<PathBuf>, String> {
    let paths = host::executables().map_err(|error| error.message)?;
    Ok(paths.into_iter().map(PathBuf::from).collect())
}

/// Makes a file below `/out` executable.
pub(crate) fn make_executable(path: &str) -> Result<(), String> {
    host::make_executable(path).map_err(|error| error.message)
}
