//! What a plan may ask of the host, as a trait. Does not know who asks, nor who answers.

use serde::{Deserialize, Serialize};

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
    /// The file, the list or the sum of all answers is over the limit.
    TooLarge,
    /// The host could not read it.
    Failed,
}

/// Why a question was not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct AccessError {
    /// The kind of refusal.
    pub kind: AccessErrorKind,
    /// A sentence that names the path or tool.
    pub message: String,
}

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// An ordinary file.
    File,
    /// A folder.
    Folder,
    /// Anything else.
    Other,
}

/// How loud a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Level {
    /// Shown with `--verbose`.
    Debug,
    /// Shown with `--verbose`.
    Info,
    /// Always shown.
    Warn,
}

/// Answers what a plan asks. Paths come as the builder gave them.
pub trait Source {
    /// The content of a file of the target's folder.
    fn read(&mut self, path: &str) -> Result<Vec<u8>, AccessError>;
    /// What is at a path of the target's folder; none when there is nothing.
    fn look(&mut self, path: &str) -> Result<Option<EntryKind>, AccessError>;
    /// The files of the target's folder that match, sorted by bytes.
    fn glob(&mut self, include: &[String], exclude: &[String]) -> Result<Vec<String>, AccessError>;
    /// Whether a tool is on the user's PATH.
    fn has_tool(&mut self, name: &str) -> Result<bool, AccessError>;
    /// A line for the user.
    fn log(&mut self, level: Level, message: &str);
}
