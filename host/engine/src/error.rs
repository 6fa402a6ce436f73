//! Errors as data: what happened, where, why and what to do, each in a field of its own.
//!
//! Every module has its own error enum and turns it into a [`Problem`] at its edge. Does not know how a problem is
//! shown, nor in which words a terminal frames it.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// What kind of end a problem brings about; the command line turns it into the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// A tool or a step failed: exit code 1.
    Build,
    /// The request or the configuration is wrong: exit code 2.
    Request,
    /// A limit or a policy was broken: exit code 3.
    Policy,
    /// The user stopped the build: exit code 130.
    Interrupted,
}

/// A place in a file that the user wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// The file, as the user would name it: from the workspace's root where it lies below it.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1; 0 where only the line is known.
    pub column: u32,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.column {
            0 => write!(f, "{}:{}", self.file, self.line),
            column => write!(f, "{}:{}:{column}", self.file, self.line),
        }
    }
}

/// One thing that went wrong, complete enough to be acted on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Stable name, `area::situation`; listed in `host/docs/errors.md`.
    pub code: &'static str,
    /// How the build ends.
    pub class: Class,
    /// What happened: a sentence without a full stop.
    pub message: String,
    /// Where, in a file of the user's.
    pub location: Option<Location>,
    /// The target it concerns.
    pub target: Option<String>,
    /// The action it concerns.
    pub action: Option<String>,
    /// Why, outermost first.
    pub causes: Vec<String>,
    /// What to do, most likely first.
    pub hints: Vec<String>,
}

impl Problem {
    /// A problem with nothing but its message.
    pub fn new(code: &'static str, class: Class, message: impl Into<String>) -> Self {
        Self {
            code,
            class,
            message: message.into(),
            location: None,
            target: None,
            action: None,
            causes: Vec::new(),
            hints: Vec::new(),
        }
    }

    /// With the place.
    #[must_use]
    pub fn at(mut self, location: Option<Location>) -> Self {
        self.location = location;
        self
    }

    /// With the target it concerns.
    #[must_use]
    pub fn target(mut self, target: impl Into<String>) -> Self {
        self.target = Some(target.into());
        self
    }

    /// With the action it concerns.
    #[must_use]
    pub fn action(mut self, action: impl Into<String>) -> Self {
        self.action = Some(action.into());
        self
    }

    /// With one more thing to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// With the error and its sources as causes.
    #[must_use]
    pub fn because(mut self, error: &dyn std::error::Error) -> Self {
        let mut cause = Some(error);
        while let Some(error) = cause {
            self.causes.push(error.to_string());
            cause = error.source();
        }
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

/// An I/O error that knows its path.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing} `{}`", .path.display())]
pub struct PathError {
    /// What was tried, as a verb: `read`, `create`.
    pub doing: &'static str,
    /// On which path.
    pub path: PathBuf,
    /// What the system said.
    pub source: std::io::Error,
}

/// Adds the path to an I/O result.
pub trait PathContext<T> {
    /// With what was tried and where.
    fn context(self, doing: &'static str, path: impl AsRef<Path>) -> Result<T, PathError>;
}

impl<T, E: Into<std::io::Error>> PathContext<T> for Result<T, E> {
    fn context(self, doing: &'static str, path: impl AsRef<Path>) -> Result<T, PathError> {
        self.map_err(|source| PathError {
            doing,
            path: path.as_ref().to_path_buf(),
            source: source.into(),
        })
    }
}

/// The candidate that was most likely meant, for «did you mean».
pub fn closest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (edit_distance(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().max(name.len()).div_ceil(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance in characters.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let substitute = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substitute.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closest_offers_near_names_only() {
        assert_eq!(closest("biulder", ["builder", "root", "deps"]), Some("builder"));
        assert_eq!(closest("xyz", ["builder", "root"]), None);
    }
}
