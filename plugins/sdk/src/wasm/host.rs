//! The host functions of farm behind the [`Host`] trait.

use super::bindings::farm::builder::host;
use crate::{AccessError, AccessErrorKind, EntryKind, Host, Level};

/// farm itself.
pub(super) struct Farm;

impl Host for Farm {
    fn read(&self, path: &str) -> Result<Vec<u8>, AccessError> {
        host::read(path).map_err(access_error)
    }

    fn look(&self, path: &str) -> Result<Option<EntryKind>, AccessError> {
        let kind = host::look(path).map_err(access_error)?;
        Ok(kind.map(|kind| match kind {
            host::EntryKind::File => EntryKind::File,
            host::EntryKind::Folder => EntryKind::Folder,
            host::EntryKind::Other => EntryKind::Other,
        }))
    }

    fn glob(&self, include: &[&str], exclude: &[&str]) -> Result<Vec<String>, AccessError> {
        let owned = |patterns: &[&str]| patterns.iter().map(|&pattern| pattern.to_owned()).collect::<Vec<_>>();
        host::glob(&owned(include), &owned(exclude)).map_err(access_error)
    }

    fn has_tool(&self, name: &str) -> Result<bool, AccessError> {
        host::has_tool(name).map_err(access_error)
    }

    fn log(&self, level: Level, message: &str) {
        let level = match level {
            Level::Debug => host::Level::Debug,
            Level::Info => host::Level::Info,
            Level::Warn => host::Level::Warn,
        };
        host::log(level, message);
    }
}

fn access_error(error: host::AccessError) -> AccessError {
    let kind = match error.kind {
        host::AccessErrorKind::NotFound => AccessErrorKind::NotFound,
        host::AccessErrorKind::NotAFile => AccessErrorKind::NotAFile,
        host::AccessErrorKind::InvalidPath => AccessErrorKind::InvalidPath,
        host::AccessErrorKind::Denied => AccessErrorKind::Denied,
        host::AccessErrorKind::TooLarge => AccessErrorKind::TooLarge,
        host::AccessErrorKind::Failed => AccessErrorKind::Failed,
    };
    AccessError {
        kind,
        message: error.message,
    }
}
