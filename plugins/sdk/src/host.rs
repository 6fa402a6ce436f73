//! What a plan may ask farm for. Does not know who answers: farm itself in a component, a folder in memory in a test.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Problem;

/// The questions of a plan. Every answer is recorded, absences and lists included: farm plans again only when one of
/// them would be another. Paths are taken from the target's folder.
pub trait Host {
    /// The content of a file.
    ///
    /// # Errors
    /// There is no such file, it is too large, or the path leaves the target's folder.
    fn read(&self, path: &str) -> Result<Vec<u8>, AccessError>;

    /// What is at a path; none when there is nothing.
    ///
    /// # Errors
    /// The path leaves the target's folder.
    fn look(&self, path: &str) -> Result<Option<EntryKind>, AccessError>;

    /// The files that match, sorted. `.git`, `.farm`, `node_modules` and the output folder are never entered.
    ///
    /// # Errors
    /// A pattern is wrong, or the list is too large.
    fn glob(&self, include: &[&str], exclude: &[&str]) -> Result<Vec<String>, AccessError>;

    /// Whether a tool is on the user's PATH.
    ///
    /// # Errors
    /// The builder does not want this tool.
    fn has_tool(&self, name: &str) -> Result<bool, AccessError>;

    /// A line for the user.
    fn log(&self, level: Level, message: &str);
}

impl dyn Host + '_ {
    /// Whether an ordinary file is there.
    ///
    /// # Errors
    /// As [`Host::look`].
    pub fn is_file(&self, path: &str) -> Result<bool, AccessError> {
        Ok(self.look(path)? == Some(EntryKind::File))
    }

    /// A file's text; none when there is no such file.
    ///
    /// # Errors
    /// A problem that names the file: it is not UTF-8, or could not be read.
    pub fn read_text(&self, path: &str) -> Result<Option<String>, Problem> {
        let bytes = match self.read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind == AccessErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Problem::from(error).in_file(path)),
        };
        let text =
            String::from_utf8(bytes).map_err(|_| Problem::new(format!("`{path}` is not UTF-8")).in_file(path))?;
        Ok(Some(text))
    }

    /// A warning for the user.
    pub fn warn(&self, message: &str) {
        self.log(Level::Warn, message);
    }
}

/// Why a question was not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessError {
    /// The kind of refusal.
    pub kind: AccessErrorKind,
    /// A sentence that names the path or tool.
    pub message: String,
}

/// Kinds of refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessErrorKind {
    /// There is no such file.
    NotFound,
    /// It is a folder, or not an ordinary file.
    NotAFile,
    /// The path leaves the target's folder, is absolute, or is not a path.
    InvalidPath,
    /// The builder did not ask for this, or the user did not grant it.
    Denied,
    /// Over the limit.
    TooLarge,
    /// The host could not read it.
    Failed,
}

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for AccessError {}

impl From<AccessError> for Problem {
    fn from(error: AccessError) -> Self {
        Self::new(error.message)
    }
}

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EntryKind {
    /// An ordinary file.
    File,
    /// A folder.
    Folder,
    /// Anything else.
    Other,
}

/// How loud a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Shown with `--verbose`.
    Debug,
    /// Shown with `--verbose`.
    Info,
    /// Always shown.
    Warn,
}
