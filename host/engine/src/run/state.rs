//! What a workspace remembers from one build to the next, in `.farm/`.
//!
//! All of it can be lost: then files are read again and hits are called `cached` instead of `up to date`. Does not know
//! what the keys mean.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::PathError;
use crate::fs::{self, Sync};
use crate::inputs::Known;
use crate::path::RelPath;
use crate::run::costs::Costs;

/// Version of the file; another one is ignored. History: 1, the first.
pub(super) const VERSION: u32 = 1;
/// Largest state file that is read, in bytes.
const MAX_BYTES: u64 = 1 << 30;

/// A workspace's memory.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct State {
    /// [`VERSION`].
    pub(super) version: u32,
    /// Files, as they were last read.
    pub(super) files: BTreeMap<RelPath, Known>,
    /// The key of each action in the last build of its target, by target and action.
    pub(super) keys: BTreeMap<String, BTreeMap<String, String>>,
    /// Files that farm put into the user's tree.
    #[serde(default)]
    pub(super) placed: BTreeSet<RelPath>,
    /// What actions took when they last ran.
    #[serde(default)]
    pub(super) costs: Costs,
}

/// The places in `.farm/`.
#[derive(Debug, Clone)]
pub(super) struct Places {
    folder: PathBuf,
}

impl Places {
    /// The places of this workspace.
    pub(super) fn of(workspace: &Path) -> Self {
        Self {
            folder: workspace.join(".farm"),
        }
    }

    /// Private trees of running actions.
    pub(super) fn scratch(&self) -> PathBuf {
        self.folder.join("tmp")
    }

    /// Trees of failed actions.
    pub(super) fn failed(&self) -> PathBuf {
        self.folder.join("failed")
    }

    /// Files of the user's that were in the way of outputs.
    pub(super) fn aside(&self) -> PathBuf {
        self.folder.join("aside")
    }

    /// Taken by the one build that runs in this workspace.
    pub(super) fn lock(&self) -> PathBuf {
        self.folder.join("lock")
    }

    fn state(&self) -> PathBuf {
        self.folder.join("state.json")
    }

    /// Makes the folder, which keeps itself out of git.
    pub(super) fn create(&self) -> Result<(), PathError> {
        fs::create_dirs(&self.folder)?;
        let ignore = self.folder.join(".gitignore");
        if fs::exists(&ignore) {
            Ok(())
        } else {
            fs::write_atomic(&ignore, b"*\n", Sync::Lazy)
        }
    }

    /// Removes what killed builds left. Only for the one that holds the lock.
    pub(super) fn sweep(&self) -> Result<(), PathError> {
        let scratch = self.scratch();
        if fs::exists(&scratch) {
            fs::remove_all(&scratch)
        } else {
            Ok(())
        }
    }

    /// What the last build left; nothing where it cannot be read.
    pub(super) fn load(&self) -> State {
        let bytes = fs::read_bounded(&self.state(), MAX_BYTES).ok();
        let state: Option<State> = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        state.filter(|state| state.version == VERSION).unwrap_or_default()
    }

    /// Leaves the state for the next build.
    pub(super) fn save(&self, state: &State) -> Result<(), PathError> {
        let bytes = serde_json::to_vec(state).expect("a map with text keys can be written as JSON");
        fs::write_atomic(&self.state(), &bytes, Sync::Lazy)
    }
}
