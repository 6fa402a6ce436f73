//! A plan that has been checked: the same words as in [`super::types`], with paths and names that can be trusted.
//!
//! Only [`super::check`] makes these.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::path::RelPath;
use crate::plan::purpose::Purpose;
use crate::plan::types::{ArtifactRef, CacheMount, FileBase, OutputRef, OutputShape, StepRun};

/// An action that may be run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckedAction {
    /// Unique in the target.
    pub id: String,
    /// A few words for people.
    pub label: String,
    /// What runs.
    pub work: CheckedWork,
    /// All that it may read, in the builder's order.
    pub inputs: Vec<CheckedInput>,
    /// All that it may leave behind.
    pub outputs: Vec<CheckedOutput>,
    /// Every tool that must be there, the one that runs among them, sorted.
    pub tools: BTreeSet<String>,
    /// Fixed variables, sorted by name.
    pub environment: Vec<(String, String)>,
    /// Variables that get the absolute path of something in the tree, sorted by name; paths from the target's folder.
    pub path_variables: Vec<(String, RelPath)>,
    /// The output that gets the tool's standard output, from the target's folder; the log without one.
    pub stdout: Option<RelPath>,
    /// Variables handed on from the user.
    pub pass_environment: Vec<String>,
    /// Secrets handed on.
    pub secrets: Vec<String>,
    /// Set for an action that reaches the network or a socket.
    pub fetch: Option<CheckedFetch>,
    /// Folders that outlive the action.
    pub caches: Vec<CacheMount>,
    /// Time limit in seconds.
    pub timeout_seconds: Option<u32>,
    /// How many processor cores it keeps busy, from 1 on.
    pub weight: u32,
    /// Whether its tool shares cores with the rest of the build through a jobserver.
    pub jobserver: bool,
    /// Whether its tool runs what nobody here wrote, such as a model's checkpoint.
    pub untrusted: bool,
    /// Those of its caches that are for this action of this target alone.
    pub private_caches: Vec<String>,
    /// Whether it is a step that checks a limit of the user's.
    pub checks_limit: bool,
    /// Whether files of the workspace that git ignores are none of its inputs, those that are named aside.
    pub without_ignored: bool,
    /// How it is run outside of builds; none for an action that is part of them.
    pub on_demand: Option<OnDemand>,
}

/// How an action is run that is no part of a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnDemand {
    /// Whether its tool makes namespaces and mounts of its own, which no sandbox lets it.
    pub without_sandbox: bool,
}

/// What an action runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum CheckedWork {
    /// A native tool.
    Tool {
        /// Its name, a granted one.
        tool: String,
        /// Its arguments.
        arguments: Vec<String>,
        /// The folder it starts in, from the target's.
        directory: RelPath,
    },
    /// A step of the component.
    Step(StepRun),
}

/// Something an action may read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckedInput {
    /// Where it appears, from the target's folder or a step's `/in`.
    pub at: RelPath,
    /// What it is.
    pub source: CheckedSource,
}

/// Where an input comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum CheckedSource {
    /// Files of the workspace.
    Files {
        /// Where the patterns start.
        base: FileBase,
        /// Patterns to take.
        include: Vec<String>,
        /// Patterns to leave out.
        exclude: Vec<String>,
    },
    /// The output of another action of this target.
    Output(OutputRef),
    /// An artifact of a dependency.
    Artifact(ArtifactRef),
    /// A file with this content.
    Content(Vec<u8>),
}

/// A declared output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckedOutput {
    /// Unique in the action.
    pub name: String,
    /// Where the action leaves it, from the target's folder or a step's `/out`.
    pub path: RelPath,
    /// What it is, and how it is kept.
    pub shape: OutputShape,
    /// Whether a success without it is a failure.
    pub required: bool,
    /// Whether it is put back into the user's tree.
    pub in_place: bool,
}

/// Leave to use the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckedFetch {
    /// Granted purposes.
    pub from: Vec<String>,
    /// Where the lock files appear, from the target's folder; an action on demand may have none.
    pub pinned_by: Vec<RelPath>,
}

impl CheckedFetch {
    /// Whether it is for the network, and not for sockets of this machine alone.
    pub fn has_network(&self) -> bool {
        self.from.iter().any(|purpose| !Purpose::of(purpose).is_socket())
    }

    /// Whether lock files fix what comes back.
    pub fn is_pinned(&self) -> bool {
        !self.pinned_by.is_empty()
    }
}

/// A typed output of the target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckedArtifact {
    /// Unique in the target.
    pub name: String,
    /// What it is.
    pub kind: String,
    /// The output that it is.
    pub from: OutputRef,
    /// Where it lands below the target's output folder.
    pub place: Option<RelPath>,
    /// A JSON file that says more about it.
    pub metadata: Option<OutputRef>,
    /// A JSON file with the packages that it consists of.
    pub components: Option<OutputRef>,
}

/// All rounds of a target's plan so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckedPlan {
    /// What to run, in the builder's order.
    pub actions: Vec<CheckedAction>,
    /// What comes out.
    pub artifacts: Vec<CheckedArtifact>,
}

impl CheckedPlan {
    /// The action of this id.
    pub fn action(&self, id: &str) -> Option<&CheckedAction> {
        self.actions.iter().find(|action| action.id == id)
    }

    /// The actions that are part of a build.
    pub fn in_builds(&self) -> impl Iterator<Item = &CheckedAction> {
        self.actions.iter().filter(|action| action.on_demand.is_none())
    }

    /// The actions that are not, and are run by name.
    pub fn on_demand(&self) -> impl Iterator<Item = &CheckedAction> {
        self.actions.iter().filter(|action| action.on_demand.is_some())
    }

    /// Whether this output is declared.
    pub fn has_output(&self, output: &OutputRef) -> bool {
        self.action(&output.action)
            .is_some_and(|action| action.outputs.iter().any(|declared| declared.name == output.output))
    }

    /// Paths from the target's folder that its actions put back into the user's tree.
    pub fn in_place(&self) -> impl Iterator<Item = &RelPath> {
        let outputs = self.actions.iter().flat_map(|action| &action.outputs);
        outputs.filter(|output| output.in_place).map(|output| &output.path)
    }
}
