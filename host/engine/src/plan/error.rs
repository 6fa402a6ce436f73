//! What a builder may not answer, as data. Does not know the rules themselves.

use crate::path::InvalidPath;

pub(super) type Result<T> = std::result::Result<T, PlanError>;

/// What a builder may not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A list or name is over its bound.
    #[error("{what} has {count}, the limit is {limit}")]
    TooMany {
        /// What is counted.
        what: String,
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A name has a form that names must not have.
    #[error("{what} `{}` is not a name of at most 64 lower-case letters, digits, `-`, `_` and `.`", .name.escape_debug())]
    Name {
        /// What is named.
        what: &'static str,
        /// The name, cut to a length that can be shown.
        name: String,
    },
    /// A name is used twice.
    #[error("{what} `{name}` is there twice")]
    Duplicate {
        /// What is named.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A path that is none.
    #[error("{what} of action `{action}`: {error}")]
    Path {
        /// What the path is for.
        what: &'static str,
        /// The action.
        action: String,
        /// What is wrong.
        error: InvalidPath,
    },
    /// An output where no action may write.
    #[error("action `{action}` declares the output `{path}`, which {reason}")]
    Output {
        /// The action.
        action: String,
        /// The output's path.
        path: String,
        /// Why not, as the end of a sentence.
        reason: String,
    },
    /// A permission that was not granted.
    #[error("action `{action}` uses {what}, which the builder may not use")]
    NotGranted {
        /// The action.
        action: String,
        /// `the tool `sh``.
        what: String,
    },
    /// A reference to something that is not there.
    #[error("{from} refers to {what}, which does not exist")]
    Dangling {
        /// Who refers.
        from: String,
        /// To what.
        what: String,
    },
    /// Actions that wait for each other.
    #[error("actions wait for each other: {}", cycle_text(.0))]
    Cycle(Vec<String>),
    /// A fetch action that names no lock file.
    #[error("action `{0}` asks for the network without a lock file that pins what it fetches")]
    Unpinned(String),
    /// A property or variable that has no meaning.
    #[error("{from} sets `{}`, which {reason}", .name.escape_debug())]
    Unknown {
        /// Who sets it.
        from: String,
        /// The name.
        name: String,
        /// Why not, as the end of a sentence.
        reason: &'static str,
    },
}

/// Most actions of a cycle that a message names.
const MAX_CYCLE_SHOWN: usize = 12;

/// The cycle in full; the middle of a very long one is left out.
fn cycle_text(ids: &[String]) -> String {
    if ids.len() <= MAX_CYCLE_SHOWN {
        return ids.join(" -> ");
    }
    let (first, last) = (&ids[..MAX_CYCLE_SHOWN - 1], &ids[ids.len() - 1]);
    format!(
        "{} -> … ({} more) -> {last}",
        first.join(" -> "),
        ids.len() - MAX_CYCLE_SHOWN
    )
}
