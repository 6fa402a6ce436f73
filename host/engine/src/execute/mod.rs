//! Execution: from a checked action to its result, without the cache of results.
//!
//! Gathers what the action may read, stages it in a private tree, runs the tool in the sandbox or the step in its
//! component, and takes the declared outputs into the store. Does not know the graph, the schedule, or whether a result
//! was there before.

mod collect;
mod environment;
mod failure;
mod gather;
mod identity;
mod limit;
mod log;
mod on_demand;
mod placed;
mod placing;
mod refit;
mod run;
mod show;
mod sockets;
mod stage;
mod trash;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use crate::cache::{Content, Store};
use crate::digest::Digest;
use crate::event::Stopwatch;
use crate::inputs::{FileInput, Files, Footprint, FoundTool, Tools};
use crate::key::InputContent;
use crate::path::RelPath;
use crate::plan::{ArtifactRef, CheckedAction, OutputRef};
use crate::plugin::Builder;
use crate::sandbox::{Helper, Jobserver, Limits, Tier};

pub use failure::ExecuteError;
pub use identity::{Identities, base_system};
pub use placed::Placed;
pub use placing::{Placing, PlacingLog};
pub use run::Execution;
pub use show::Showing;
pub use trash::Trash;

/// How actions are executed in this build.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The tier of tool actions.
    pub tier: Tier,
    /// Whether the sandbox can show folders of the workspace as they are, instead of copies.
    pub shows: bool,
    /// The sandbox's helper.
    pub helper: Helper,
    /// `linux-x86_64`, …
    pub platform: String,
    /// The user's environment, from which granted variables and the network's settings are handed on.
    pub environment: BTreeMap<String, String>,
    /// Private trees are staged below this folder.
    pub scratch: PathBuf,
    /// The tree of an action that failed is kept below this folder.
    pub failed: PathBuf,
    /// Bounds of a tool's process.
    pub limits: Limits,
    /// Whether tool caches are mounted.
    pub tool_caches: bool,
}

/// Executes actions; shared by all that run at once.
#[derive(Debug)]
pub struct Executor {
    /// How.
    pub settings: Settings,
    /// The workspace's files.
    pub files: Arc<Files>,
    /// The tools on PATH.
    pub tools: Tools,
    /// Where bytes are kept.
    pub store: Arc<Store>,
    /// What farm put into the user's tree.
    pub placed: Placed,
    /// What is about to be put there.
    pub placing: PlacingLog,
    /// What was found out about tools.
    pub identities: Identities,
    /// Private folders of actions that have ended.
    pub trash: Trash,
}

/// One action, with what it needs of the others.
#[derive(Debug, Clone)]
pub struct Job {
    /// Full name of the target.
    pub target: String,
    /// The target's folder, from the workspace's root.
    pub folder: RelPath,
    /// Where the action's paths start: the target's folder, or the workspace's root.
    pub base: RelPath,
    /// The builder.
    pub builder: Arc<dyn Builder>,
    /// The builder's name in the workspace; tool caches are kept by it.
    pub builder_name: String,
    /// Digest of the builder's component.
    pub component: Digest,
    /// What to do.
    pub action: CheckedAction,
    /// Outputs of other actions of this target that it reads.
    pub outputs: BTreeMap<OutputRef, Content>,
    /// What those were in the target's last good build, for a step that checks a limit.
    pub earlier: BTreeMap<OutputRef, Content>,
    /// Artifacts of dependencies that it reads.
    pub artifacts: BTreeMap<ArtifactRef, Content>,
    /// Paths from the workspace's root that the target itself puts there: neither they nor what is below are its inputs.
    pub without: BTreeSet<RelPath>,
    /// The build's jobserver, for a tool that shares it.
    pub jobserver: Option<Arc<Jobserver>>,
    /// Takes the times of what is done for it.
    pub watch: Stopwatch,
}

/// An action whose inputs are known.
#[derive(Debug)]
pub struct Prepared {
    /// The action's key.
    pub key: Digest,
    /// The key's parts without their values, as [`crate::key::compare`] takes them.
    pub outline: Vec<u8>,
    /// The tools, found.
    pub tools: Vec<FoundTool>,
    /// Values of the variables that are handed on.
    pub passed: BTreeMap<String, String>,
    /// The action's tree: by path, what is there and where its bytes are.
    pub tree: BTreeMap<RelPath, (InputContent, Material)>,
    /// What the key depends on beside the plan and the contents of other actions.
    pub seen: Footprint,
}

/// Where the bytes of something in the tree are.
#[derive(Debug, Clone)]
pub enum Material {
    /// In the workspace.
    Workspace(FileInput),
    /// Here.
    Inline(Vec<u8>),
    /// In the store.
    Blob {
        /// Their digest.
        digest: Digest,
        /// How many there are.
        size: u64,
    },
    /// In a folder that the store keeps unpacked.
    Unpacked(Content),
    /// There are none: a link or an empty folder.
    None,
}
