//! The records of the state file: what each target was made of, in numbers of the table of paths, and what came of it.
//!
//! Borrowed from the file's bytes where they can be. Does not know how any of it is checked.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::sandbox::{Tier, Usage};

/// What a workspace remembers beside its paths.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::run) struct Records<'a> {
    /// The workspace's name.
    pub(in crate::run) workspace: &'a str,
    /// Its folder for artifacts.
    pub(in crate::run) output: &'a str,
    /// The tier of the last build.
    pub(in crate::run) tier: Tier,
    /// Digest of the system on which every tier of the sandbox was last tried and found to work.
    pub(in crate::run) tried: Option<[u8; 32]>,
    /// Paths that the configuration was read from.
    pub(in crate::run) config: Vec<u32>,
    /// Digest of the configuration as it is kept beside the state; none where it is not.
    pub(in crate::run) kept_config: Option<[u8; 32]>,
    /// All targets of the configuration, dependencies first.
    #[serde(borrow)]
    pub(in crate::run) targets: Vec<TargetRecord<'a>>,
    /// What was typed to choose targets in recent builds, and which ones it chose.
    pub(in crate::run) selections: Vec<(Vec<&'a str>, Vec<u32>)>,
    /// Tools that targets use, by the name and the folder that they were looked for by.
    pub(in crate::run) tools: Vec<ToolRecord<'a>>,
    /// Files that farm put into the user's tree.
    pub(in crate::run) placed: Vec<&'a str>,
}

/// What is remembered of a target.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::run) struct TargetRecord<'a> {
    /// Full name.
    pub(in crate::run) name: &'a str,
    /// Its builder's name.
    pub(in crate::run) builder: &'a str,
    /// The version that its builder had.
    pub(in crate::run) builder_version: &'a str,
    /// Digest of the component that its builder was.
    pub(in crate::run) component: [u8; 32],
    /// Digest of the files of the workspace that it was made from.
    pub(in crate::run) sources: [u8; 32],
    /// Its direct dependencies.
    pub(in crate::run) deps: Vec<Dep>,
    /// Digest of what it offers to those that depend on it.
    pub(in crate::run) offers: [u8; 32],
    /// Whether its last build succeeded and all that it depended on is noted.
    pub(in crate::run) is_whole: bool,
    /// Digest of what is the same for all targets of a build: the machine, farm itself, the mode.
    pub(in crate::run) surroundings: [u8; 32],
    /// Digest of what the configuration says of it.
    pub(in crate::run) definition: [u8; 32],
    /// Paths that it was made from.
    pub(in crate::run) inputs: Vec<u32>,
    /// Paths that it put into the user's tree.
    pub(in crate::run) outputs: Vec<u32>,
    /// Tools, by place in [`Records::tools`].
    pub(in crate::run) tools: Vec<u32>,
    /// Variables of the user's environment, with the digests of their values; none where they were not set.
    pub(in crate::run) variables: Vec<(&'a str, Option<[u8; 32]>)>,
    /// Its actions, in the order of its plan.
    #[serde(borrow)]
    pub(in crate::run) actions: Vec<ActionRecord<'a>>,
    /// Where this is no record of a good build: its actions with their keys in the last that was.
    pub(in crate::run) good: Vec<(&'a str, [u8; 32])>,
    /// What it made.
    pub(in crate::run) artifacts: Vec<ArtifactRecord<'a>>,
}

impl<'a> TargetRecord<'a> {
    /// Its actions with their keys in its last good build.
    pub(in crate::run) fn last_good(&self) -> Vec<(&'a str, [u8; 32])> {
        if self.is_whole {
            self.actions.iter().map(|action| (action.id, action.key)).collect()
        } else {
            self.good.clone()
        }
    }
}

/// A dependency of a target.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(in crate::run) struct Dep {
    /// Which, by place in [`Records::targets`].
    pub(in crate::run) target: u32,
    /// What it offered when the target was built with it: it may have been built again since, without the target.
    pub(in crate::run) offered: [u8; 32],
}

/// What is remembered of an action.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::run) struct ActionRecord<'a> {
    /// Its id.
    pub(in crate::run) id: &'a str,
    /// A few words for people.
    pub(in crate::run) label: &'a str,
    /// Its key.
    pub(in crate::run) key: [u8; 32],
    /// The tier that its result was made in; none for a step.
    pub(in crate::run) tier: Option<Tier>,
    /// How long the run that made its result took, in nanoseconds.
    pub(in crate::run) nanoseconds: u64,
    /// What that run took of the machine; none when it was not measured.
    pub(in crate::run) usage: Option<Usage>,
    /// Whether it reached the network.
    pub(in crate::run) fetched: bool,
    /// Outputs that are put into the user's tree: name, and path from the workspace's root.
    #[serde(borrow)]
    pub(in crate::run) in_place: Vec<(&'a str, Cow<'a, str>)>,
}

/// What is remembered of an artifact.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::run) struct ArtifactRecord<'a> {
    /// Its name.
    pub(in crate::run) name: &'a str,
    /// Its kind.
    pub(in crate::run) kind: &'a str,
    /// The action and the output that it is.
    pub(in crate::run) from: (&'a str, &'a str),
    /// The action and the output that say more about it.
    pub(in crate::run) metadata_from: Option<(&'a str, &'a str)>,
    /// The action and the output with its packages.
    pub(in crate::run) components_from: Option<(&'a str, &'a str)>,
    /// Where it lands below the target's folder.
    pub(in crate::run) place: Option<&'a str>,
    /// Digest of its content.
    #[serde(borrow)]
    pub(in crate::run) digest: Cow<'a, str>,
    /// SHA-256 of its content.
    #[serde(borrow)]
    pub(in crate::run) sha256: Cow<'a, str>,
    /// Digest of the list of its packages.
    pub(in crate::run) components: Option<[u8; 32]>,
    /// The artifacts of other targets that it was made from: full name of the target, and name.
    pub(in crate::run) made_from: Vec<(&'a str, &'a str)>,
    /// Number of its files.
    pub(in crate::run) files: u64,
    /// Sum of its files, in bytes.
    pub(in crate::run) bytes: u64,
    /// Where it lies, from the workspace's root.
    pub(in crate::run) path: Option<&'a str>,
    /// What its builder says of it, as JSON.
    #[serde(borrow)]
    pub(in crate::run) metadata: Cow<'a, str>,
}

/// What was looked at to find a tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::run) struct ToolRecord<'a> {
    /// The tool's name.
    pub(in crate::run) name: &'a str,
    /// The folder that it was looked for from.
    pub(in crate::run) root: &'a str,
    /// Everything outside the workspace that was looked at.
    #[serde(borrow)]
    pub(in crate::run) seen: Vec<OutsideRecord<'a>>,
}

/// Something outside the workspace, as [`crate::inputs::Outside`] has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::run) struct OutsideRecord<'a> {
    /// Where, absolute.
    #[serde(borrow)]
    pub(in crate::run) path: Cow<'a, str>,
    /// What the system said of it.
    pub(in crate::run) stat: Option<crate::fs::Stat>,
    /// Where all links on the way lead to, if that was asked.
    #[serde(borrow)]
    pub(in crate::run) real: Option<Cow<'a, str>>,
    /// Whether it is a folder whose names were looked through.
    pub(in crate::run) listed: bool,
    /// Whether every later change shows in the stat.
    pub(in crate::run) settled: bool,
}

impl<'a> Records<'a> {
    /// Takes the records of a state file; none where they are not of this version of farm.
    pub(in crate::run) fn decode(bytes: &'a [u8]) -> Option<Self> {
        postcard::from_bytes(bytes).ok()
    }

    /// The bytes of records.
    pub(in crate::run) fn encode(&self) -> Vec<u8> {
        postcard::to_stdvec(self).expect("records are plain data")
    }
}
