//! What can be wrong with dependencies and with a selection, as data, and how it is told.

use std::fmt;

use crate::config::shown;
use crate::error::{Class, Location, Problem};

/// Most names that a message about a cycle repeats.
const MAX_NAMED: usize = 200;

/// One step of a cycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CycleEdge {
    /// Full name of the target, or name of the member, that depends.
    pub from: String,
    /// On which it depends.
    pub to: String,
    /// Where that is written.
    pub location: Location,
}

/// What is wrong.
#[derive(Debug, thiserror::Error)]
pub enum GraphError {
    /// A dependency that no target has as its name.
    #[error("`{target}` depends on `{}`, which is no target", shown(.text))]
    UnknownTarget {
        /// The target that depends.
        target: String,
        /// The dependency as written.
        text: String,
        /// Where.
        location: Location,
        /// What to do.
        hints: Vec<String>,
    },
    /// `:name` or `^name` in the root file, where there is no member.
    #[error("`{target}` depends on `{}`, but is no member's target", shown(.text))]
    NoMember {
        /// The target that depends.
        target: String,
        /// The dependency as written.
        text: String,
        /// Where.
        location: Location,
    },
    /// A target that depends on itself.
    #[error("`{target}` depends on itself")]
    SelfDependency {
        /// The target.
        target: String,
        /// Where.
        location: Location,
    },
    /// Targets that depend on each other.
    #[error("targets depend on each other in a cycle: {}", Names(.edges))]
    Cycle {
        /// All steps, the first target's first; the last one leads back to it.
        edges: Vec<CycleEdge>,
    },
    /// A member depends on one that is not there.
    #[error("the member `{member}` depends on `{}`, which is no member", shown(.text))]
    UnknownMember {
        /// The member that depends.
        member: String,
        /// The name as written.
        text: String,
        /// Where.
        location: Location,
        /// What to do.
        hints: Vec<String>,
    },
    /// A member that depends on itself.
    #[error("the member `{member}` depends on itself")]
    SelfMember {
        /// The member.
        member: String,
        /// Where.
        location: Location,
    },
    /// Members that depend on each other.
    #[error("members depend on each other in a cycle: {}", Names(.edges))]
    MemberCycle {
        /// All steps, the first member's first; the last one leads back to it.
        edges: Vec<CycleEdge>,
    },
    /// A name that was asked for and that no target has.
    #[error("there is no target `{}`", shown(.text))]
    UnknownSelection {
        /// The name as typed.
        text: String,
        /// What to do.
        hints: Vec<String>,
    },
    /// A glob that was asked for and that matches no target.
    #[error("no target matches `{}`", shown(.text))]
    NothingMatches {
        /// The glob as typed.
        text: String,
        /// What to do.
        hints: Vec<String>,
    },
    /// A glob that is none.
    #[error("`{}` is no glob: {reason}", shown(.text))]
    BadGlob {
        /// The glob as typed.
        text: String,
        /// What is wrong.
        reason: String,
    },
}

impl GraphError {
    /// Stable name of the situation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownTarget { .. } => "graph::unknown-target",
            Self::NoMember { .. } => "graph::no-member",
            Self::SelfDependency { .. } => "graph::self-dependency",
            Self::Cycle { .. } => "graph::cycle",
            Self::UnknownMember { .. } => "graph::unknown-member",
            Self::SelfMember { .. } => "graph::self-member",
            Self::MemberCycle { .. } => "graph::member-cycle",
            Self::UnknownSelection { .. } => "graph::unknown-selection",
            Self::NothingMatches { .. } => "graph::nothing-matches",
            Self::BadGlob { .. } => "graph::bad-glob",
        }
    }

    /// Where it is written; none for what was typed.
    pub fn location(&self) -> Option<&Location> {
        match self {
            Self::UnknownTarget { location, .. }
            | Self::NoMember { location, .. }
            | Self::SelfDependency { location, .. }
            | Self::UnknownMember { location, .. }
            | Self::SelfMember { location, .. } => Some(location),
            Self::Cycle { edges } | Self::MemberCycle { edges } => edges.first().map(|edge| &edge.location),
            Self::UnknownSelection { .. } | Self::NothingMatches { .. } | Self::BadGlob { .. } => None,
        }
    }

    /// What to do, most likely first.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::UnknownTarget { hints, .. }
            | Self::UnknownMember { hints, .. }
            | Self::UnknownSelection { hints, .. }
            | Self::NothingMatches { hints, .. } => hints.clone(),
            Self::NoMember { .. } => vec!["write `name` for a root target, or `member:name`".to_owned()],
            Self::SelfDependency { .. } | Self::SelfMember { .. } => vec!["take the name out of the list".to_owned()],
            Self::Cycle { .. } | Self::MemberCycle { .. } => vec!["remove one of these dependencies".to_owned()],
            Self::BadGlob { .. } => vec!["globs have `*`, `?`, `[…]` and `{…,…}`".to_owned()],
        }
    }

    /// The steps of a cycle, each with its place.
    fn causes(&self) -> Vec<String> {
        let (Self::Cycle { edges } | Self::MemberCycle { edges }) = self else {
            return Vec::new();
        };
        let step = |edge: &CycleEdge| format!("`{}` depends on `{}` at {}", edge.from, edge.to, edge.location);
        edges.iter().take(MAX_NAMED).map(step).collect()
    }
}

impl From<GraphError> for Problem {
    fn from(error: GraphError) -> Self {
        let mut problem = Self::new(error.code(), Class::Request, error.to_string()).at(error.location().cloned());
        problem.causes = error.causes();
        problem.hints = error.hints();
        problem
    }
}

/// The names of a cycle with arrows between, back to the first.
struct Names<'e>(&'e [CycleEdge]);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (head, tail) = self.0.split_at(self.0.len().min(MAX_NAMED));
        for edge in head {
            write!(f, "{} → ", edge.from)?;
        }
        if !tail.is_empty() {
            write!(f, "… ({} more) → ", tail.len())?;
        }
        f.write_str(self.0.first().map_or("", |edge| edge.from.as_str()))
    }
}
