//! What a workspace remembers from one build to the next, in `.farm/`.
//!
//! All of it can be lost: then files are read again and hits are called `cached` instead of `up to date`. Does not know
//! how what is remembered is used.

mod decisions;
mod layout;
mod record;
mod seal;

use std::path::{Path, PathBuf};

use crate::config::{self, Workspace};
use crate::digest::{Digest, Hasher};
use crate::error::PathError;
use crate::fs::{self, Stat, Sync};
use crate::inputs::Earlier;
use crate::path::RelPath;

pub(super) use decisions::{Change, Decision, Decisions};
pub(super) use layout::{Entry, Row, Seen, View, encode, split};
pub(super) use record::{ActionRecord, ArtifactRecord, Dep, OutsideRecord, Records, TargetRecord, ToolRecord};

/// Largest state file that is read, in bytes.
const MAX_BYTES: u64 = 4 << 30;

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

    /// What a build is about to put into the user's tree.
    pub(super) fn placing(&self) -> PathBuf {
        self.folder.join("placing")
    }

    /// Taken by the one build that runs in this workspace.
    pub(super) fn lock(&self) -> PathBuf {
        self.folder.join("lock")
    }

    fn state(&self) -> PathBuf {
        self.folder.join("state")
    }

    fn config(&self) -> PathBuf {
        self.folder.join("config")
    }

    fn decisions(&self) -> PathBuf {
        self.folder.join("why")
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

    /// Removes what killed builds left. What a tool that is still dying holds or writes to stays for the next time: no
    /// two builds use the same names. Only for the one that holds the lock.
    pub(super) fn sweep(&self) {
        if let Err(error) = fs::remove_all(&self.scratch()) {
            tracing::debug!("{error}");
        }
    }

    /// What the last build left; nothing where it cannot be read.
    pub(super) fn load(&self) -> Option<View> {
        View::new(seal::read(&self.state(), layout::MAGIC, MAX_BYTES)?)
    }

    /// The configuration that the last build left, if it is the one with this digest, for the same surroundings.
    pub(super) fn load_config(&self, digest: &Digest, surroundings: &Digest) -> Option<Workspace> {
        let bytes = fs::read_bounded(&self.config(), MAX_BYTES).ok()?;
        (digest_of_config(&bytes, surroundings) == *digest).then(|| config::kept::decode(&bytes))?
    }

    /// Leaves the configuration for the next build, and returns the digest by which the state names it; none where it
    /// could not be written, since it can be read again.
    pub(super) fn save_config(&self, workspace: &Workspace, surroundings: &Digest) -> Option<Digest> {
        let bytes = config::kept::encode(workspace)?;
        fs::write_atomic(&self.config(), &bytes, Sync::Lazy).ok()?;
        Some(digest_of_config(&bytes, surroundings))
    }

    /// What tells one build's state from another's: every build that writes leaves a new file.
    pub(super) fn stamp(&self) -> Option<(u64, i64)> {
        let stat = fs::stat(&self.state()).ok()??;
        Some((stat.inode, stat.ctime_ns))
    }

    /// What is remembered of why actions were not up to date, for [`Decisions::read`].
    pub(super) fn load_decisions(&self) -> Option<Vec<u8>> {
        fs::read_bounded(&self.decisions(), MAX_BYTES).ok()
    }

    /// Leaves why actions were not up to date.
    pub(super) fn save_decisions(&self, change: &Change) -> Result<(), PathError> {
        match change {
            Change::Added(bytes) => fs::append(&self.decisions(), bytes),
            Change::Anew(bytes) => fs::write_atomic(&self.decisions(), bytes, Sync::Lazy),
        }
    }

    /// Leaves the state for the next build.
    pub(super) fn save(&self, bytes: &[u8]) -> Result<(), PathError> {
        fs::write_atomic(&self.state(), bytes, Sync::Lazy)
    }
}

/// Digest of a kept configuration, and of the farm that it is for.
fn digest_of_config(bytes: &[u8], surroundings: &Digest) -> Digest {
    let mut hasher = Hasher::new();
    hasher.field(surroundings.as_bytes());
    hasher.field(bytes);
    hasher.finish()
}

impl Earlier for View {
    fn file(&self, path: &RelPath) -> Option<(Stat, Digest)> {
        let entry = self.entry(self.find(path.as_str())?);
        match entry.seen {
            Seen::Content { stat, digest } if entry.settled && stat.is_file() => Some((stat, digest)),
            Seen::Link {
                real: Some(stat),
                digest: Some(digest),
                ..
            } if entry.settled => Some((stat, digest)),
            _ => None,
        }
    }
}
