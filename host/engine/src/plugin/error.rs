//! What can go wrong with a component, as data: which builder, in which phase, which limit, where in its code.
//!
//! Knows nothing of wasmtime's errors: [`super::call`] turns them into these.

use std::fmt;
use std::time::Duration;

use crate::error::{Class, Problem};

use super::interface::{EXPORT, Refused};

/// A component did not answer as it must.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("builder `{builder}` failed in {phase}: {fault}")]
pub struct PluginError {
    /// The builder's name.
    pub builder: String,
    /// What it was doing.
    pub phase: Phase,
    /// What happened.
    pub fault: Fault,
    /// Functions of the component that were running, innermost first; only the first few.
    pub frames: Vec<String>,
    /// The end of what it wrote to its standard error: a panic's message, say.
    pub said: String,
}

/// What a component was doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Being read, checked, compiled or linked.
    Load,
    /// `describe`.
    Describe,
    /// `plan`.
    Plan,
    /// `continue-plan`.
    ContinuePlan,
    /// `run-step`.
    RunStep,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Load => "load",
            Self::Describe => "describe",
            Self::Plan => "plan",
            Self::ContinuePlan => "continue-plan",
            Self::RunStep => "run-step",
        })
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Fault {
    /// The component's file cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// The component is over a limit for components.
    #[error("its component has {size} {what}, over the limit of {limit}")]
    TooBig {
        /// What there is too much of, in the plural.
        what: &'static str,
        /// How much there is.
        size: u64,
        /// How much there may be.
        limit: u64,
    },
    /// The file is no component, or is none that this host compiles.
    #[error("its file is not a valid component: {0}")]
    Invalid(String),
    /// It imports what builders are not given.
    #[error("it imports what builders are not given: {}", names(.0))]
    Imports(Vec<Refused>),
    /// It does not export the interface of a builder.
    #[error("it does not export `{EXPORT}`")]
    Exports {
        /// What it exports.
        found: Vec<String>,
    },
    /// A function's type is not the one of the interface.
    #[error("its interface does not fit: {0}")]
    Mismatch(String),
    /// It was stopped at a limit.
    #[error("{0}")]
    Limit(LimitHit),
    /// It trapped.
    #[error("it trapped: {0}")]
    Trap(String),
    /// The host's own code panicked while the component waited for an answer.
    #[error("the host panicked while it answered: {0}")]
    HostPanic(String),
    /// The host could not do its part.
    #[error("{0}")]
    Host(String),
}

/// A limit, and what ran into it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LimitHit {
    /// Wall time.
    #[error("it ran longer than its limit of {}", seconds(.limit))]
    Time {
        /// How long it may run.
        limit: Duration,
    },
    /// Linear memory.
    #[error("it asked for {} of memory with {} in use, over its limit of {}", bytes(.wanted), bytes(.used), bytes(.limit))]
    Memory {
        /// How much all its memories may have together.
        limit: u64,
        /// How much they had.
        used: u64,
        /// How much it asked for on top.
        wanted: u64,
    },
    /// Elements of tables.
    #[error("it asked for {wanted} table elements with {used} in use, over its limit of {limit}")]
    Table {
        /// How many all its tables may have together.
        limit: u64,
        /// How many they had.
        used: u64,
        /// How many it asked for on top.
        wanted: u64,
    },
    /// Instances, memories or tables.
    #[error("it has too many parts: {0}")]
    Parts(String),
    /// Stack.
    #[error("it used more than its {} of stack, by a recursion that does not end, say", bytes(.limit))]
    Stack {
        /// How much it may use.
        limit: u64,
    },
    /// Bytes of an answer or a question.
    #[error("it handed over more than its limit of {} at once", bytes(.limit))]
    Answer {
        /// How much it may hand over.
        limit: u64,
    },
    /// Bytes below `/out`.
    #[error("it wrote {} below `/out`, over its limit of {}", bytes(.used), bytes(.limit))]
    Output {
        /// How much it may write.
        limit: u64,
        /// How much there was.
        used: u64,
    },
}

impl Fault {
    /// The problem's code and class.
    fn kind(&self) -> (&'static str, Class) {
        match self {
            Self::Unreadable(_) => ("plugin::unreadable", Class::Request),
            Self::TooBig { .. } => ("plugin::too-big", Class::Policy),
            Self::Invalid(_) => ("plugin::invalid", Class::Request),
            Self::Imports(_) => ("plugin::imports", Class::Policy),
            Self::Exports { .. } => ("plugin::exports", Class::Request),
            Self::Mismatch(_) => ("plugin::mismatch", Class::Request),
            Self::Limit(_) => ("plugin::limit", Class::Build),
            Self::Trap(_) => ("plugin::trap", Class::Build),
            Self::HostPanic(_) => ("plugin::host-panic", Class::Build),
            Self::Host(_) => ("plugin::host", Class::Build),
        }
    }

    /// Why, in lines.
    fn causes(&self) -> Vec<String> {
        match self {
            Self::Imports(refused) => table(refused),
            Self::Exports { found } if found.is_empty() => vec!["it exports nothing".to_owned()],
            Self::Exports { found } => found.iter().map(|name| format!("it exports `{name}`")).collect(),
            _ => Vec::new(),
        }
    }

    /// What to do.
    fn hint(&self, builder: &str) -> String {
        match self {
            Self::Unreadable(_) => format!("check `component` under [builders.{builder}] in farm.toml"),
            Self::TooBig { .. } => "build the component with optimisation and strip it".to_owned(),
            Self::Invalid(_) => {
                "build it as a component: `cargo build --release --target wasm32-wasip2`, or `wasm-tools component new`"
                    .to_owned()
            }
            Self::Imports(_) => "ask the builder's author for a build that needs none of these; \
                 a builder plans, and farm runs the tools"
                .to_owned(),
            Self::Exports { .. } | Self::Mismatch(_) => {
                format!("build the component against wit/builder.wit of this farm, which has `{EXPORT}`")
            }
            Self::Limit(_) | Self::Trap(_) => format!("this is a mistake in builder `{builder}`: tell its author"),
            Self::HostPanic(_) => "this is a mistake in farm: please report it".to_owned(),
            Self::Host(_) => "check that farm's folders can be read and written".to_owned(),
        }
    }
}

impl From<PluginError> for Problem {
    fn from(error: PluginError) -> Self {
        let (code, class) = error.fault.kind();
        let mut problem = Self::new(code, class, error.to_string()).hint(error.fault.hint(&error.builder));
        problem.causes = error.fault.causes();
        let said = error.said.lines().map(|line| format!("it said: {line}"));
        problem.causes.extend(said);
        problem
            .causes
            .extend(error.frames.iter().map(|frame| format!("in {frame}")));
        problem
    }
}

/// The refused imports and the reasons, in two columns.
fn table(refused: &[Refused]) -> Vec<String> {
    let width = refused.iter().map(|row| row.import.len()).max().unwrap_or_default();
    refused
        .iter()
        .map(|row| format!("{:width$}  {}", row.import, row.reason))
        .collect()
}

fn names(refused: &[Refused]) -> String {
    let names: Vec<_> = refused.iter().map(|row| format!("`{}`", row.import)).collect();
    names.join(", ")
}

/// A number of bytes for people.
fn bytes(count: &u64) -> String {
    match count {
        0..1024 => format!("{count} bytes"),
        1024..0x10_0000 => format!("{} KiB", count >> 10),
        _ => format!("{} MiB", count >> 20),
    }
}

/// A duration for people.
fn seconds(time: &Duration) -> String {
    format!("{} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(fault: Fault) -> Problem {
        PluginError {
            builder: "go".to_owned(),
            phase: Phase::Plan,
            fault,
            frames: vec!["plan".to_owned()],
            said: String::new(),
        }
        .into()
    }

    #[test]
    fn a_limit_names_builder_phase_limit_and_use() {
        let problem = error(Fault::Limit(LimitHit::Memory {
            limit: 256 << 20,
            used: 16 << 20,
            wanted: 4080 << 20,
        }));
        assert_eq!(
            problem.message,
            "builder `go` failed in plan: it asked for 4080 MiB of memory with 16 MiB in use, \
             over its limit of 256 MiB"
        );
        assert_eq!((problem.code, problem.class), ("plugin::limit", Class::Build));
        assert_eq!(problem.causes, ["in plan"]);
    }

    #[test]
    fn refused_imports_are_a_table() {
        let row = |import: &str, reason: &str| Refused {
            import: import.to_owned(),
            reason: reason.to_owned(),
        };
        let problem = error(Fault::Imports(vec![row("a", "first"), row("long", "second")]));
        assert_eq!(problem.causes[..2], ["a     first", "long  second"]);
    }
}
