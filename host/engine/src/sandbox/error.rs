//! What can go wrong before, beside and instead of a tool's own failure. Does not know how it is shown.

use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Tier, Unavailable};
use crate::error::{Class, Problem};

/// Why a tool was not run, or why it is not known how it ended. A tool that fails is not an error here.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The wanted tier cannot be had on this system.
    #[error("the sandbox tier {tier} is not available")]
    Unavailable {
        /// The tier that was asked for.
        tier: Tier,
        /// Why not, and what to do.
        why: Unavailable,
    },
    /// A step of setting the sandbox up failed.
    #[error("cannot set up the {tier} sandbox: {step} failed")]
    Setup {
        /// The tier that was being set up.
        tier: Tier,
        /// The step, as `mount proc` or `landlock`.
        step: String,
        /// What the system said.
        source: io::Error,
    },
    /// The tool could not be started.
    #[error("cannot start `{}`", .program.display())]
    Program {
        /// The tool.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The spec asks for something that has no safe meaning.
    #[error("the run cannot be carried out: {reason}")]
    Spec {
        /// What is wrong.
        reason: String,
    },
    /// The helper could not be started or talked to.
    #[error("cannot {doing} the sandbox helper")]
    Helper {
        /// What was tried, as a verb.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The helper went away without an answer: somebody killed it.
    #[error("the sandbox helper was killed while the tool ran")]
    Lost,
}

impl SandboxError {
    /// Stable name of the situation.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unavailable { .. } => "sandbox::unavailable",
            Self::Setup { .. } => "sandbox::setup",
            Self::Program { .. } => "sandbox::program",
            Self::Spec { .. } => "sandbox::spec",
            Self::Helper { .. } => "sandbox::helper",
            Self::Lost => "sandbox::lost",
        }
    }

    const fn class(&self) -> Class {
        match self {
            Self::Unavailable { .. } | Self::Setup { .. } => Class::Policy,
            Self::Spec { .. } => Class::Request,
            Self::Program { .. } | Self::Helper { .. } | Self::Lost => Class::Build,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Unavailable { why, .. } => why.remedy.clone().into_iter().collect(),
            Self::Program { source, .. } => vec![program_hint(source).to_owned()],
            Self::Lost => vec!["look for the out-of-memory killer in the kernel's log".to_owned()],
            Self::Setup { .. } => vec!["build again: farm then tries anew what this system allows".to_owned()],
            Self::Spec { .. } | Self::Helper { .. } => Vec::new(),
        }
    }
}

fn program_hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => "the file, or the interpreter in its first line, is not visible inside the sandbox",
        io::ErrorKind::PermissionDenied => "the file is not executable, or lies outside what the sandbox shows",
        _ => "the file is not a program for this system",
    }
}

impl From<SandboxError> for Problem {
    fn from(error: SandboxError) -> Self {
        let mut problem = Self::new(error.code(), error.class(), error.to_string());
        problem.hints = error.hints();
        match &error {
            SandboxError::Unavailable { why, .. } => problem.causes.push(why.reason.clone()),
            SandboxError::Setup { source, .. }
            | SandboxError::Program { source, .. }
            | SandboxError::Helper { source, .. } => problem.causes.push(source.to_string()),
            SandboxError::Spec { .. } | SandboxError::Lost => {}
        }
        problem
    }
}

/// What the helper says about a tool that it could not start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Whose fault it is.
    pub kind: FaultKind,
    /// The step that failed.
    pub step: String,
    /// The system's error number.
    pub errno: i32,
}

/// Whose fault a [`Fault`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FaultKind {
    /// The sandbox could not be set up.
    Setup,
    /// The program could not be executed.
    Program,
}

impl Fault {
    /// The error for the run that it belongs to.
    pub(super) fn into_error(self, tier: Tier, program: PathBuf) -> SandboxError {
        let source = io::Error::from_raw_os_error(self.errno);
        match self.kind {
            FaultKind::Setup => SandboxError::Setup {
                tier,
                step: self.step,
                source,
            },
            FaultKind::Program => SandboxError::Program { program, source },
        }
    }
}
