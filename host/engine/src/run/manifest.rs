//! The build manifest: `manifest.json` in the output folder, the list of everything that was built.
//!
//! The same artifacts give the same bytes: no times, no paths of this machine. Targets that were not part of this build
//! keep what an earlier one wrote of them, as long as they are in `farm.toml`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::PathError;
use crate::event::ArtifactFacts;
use crate::fs::{self, Sync};

/// Version of the file. History: 1, the first.
const VERSION: u32 = 1;
/// Largest manifest that is read, in bytes.
const MAX_BYTES: u64 = 256 << 20;

#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    version: u32,
    workspace: String,
    targets: BTreeMap<String, TargetEntry>,
}

/// What the manifest says of a target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct TargetEntry {
    /// The builder's name.
    pub(super) builder: String,
    /// What it made.
    pub(super) artifacts: Vec<ArtifactEntry>,
}

/// What the manifest says of an artifact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct ArtifactEntry {
    name: String,
    kind: String,
    /// BLAKE3 of its content.
    blake3: String,
    files: u64,
    bytes: u64,
    /// From the workspace's root; none when it is for other targets only.
    path: Option<String>,
    metadata: Value,
}

impl From<&ArtifactFacts> for ArtifactEntry {
    fn from(facts: &ArtifactFacts) -> Self {
        Self {
            name: facts.name.clone(),
            kind: facts.kind.clone(),
            blake3: facts.digest.clone(),
            files: facts.files,
            bytes: facts.bytes,
            path: facts.path.clone(),
            metadata: facts.metadata.clone(),
        }
    }
}

/// Writes the manifest, if it differs from what is there; none where nothing lies in the output folder. `all` are the workspace's targets.
pub(super) fn write(
    folder: &Path,
    workspace: &str,
    built: BTreeMap<String, TargetEntry>,
    all: &[String],
) -> Result<(), PathError> {
    let place = folder.join("manifest.json");
    if !fs::exists(&place)
        && !built
            .values()
            .flat_map(|entry| &entry.artifacts)
            .any(|artifact| artifact.path.is_some())
    {
        return Ok(());
    }
    let before = fs::read_bounded(&place, MAX_BYTES).ok();
    let old: Option<Manifest> = before.as_ref().and_then(|bytes| serde_json::from_slice(bytes).ok());
    let mut targets = old
        .filter(|old| old.version == VERSION)
        .map(|old| old.targets)
        .unwrap_or_default();
    targets.retain(|name, _| all.contains(name));
    targets.extend(built);
    let manifest = Manifest {
        version: VERSION,
        workspace: workspace.to_owned(),
        targets,
    };
    let mut bytes = serde_json::to_vec_pretty(&manifest).expect("a manifest is plain data");
    bytes.push(b'\n');
    if before.as_deref() == Some(bytes.as_slice()) {
        return Ok(());
    }
    fs::create_dirs(folder)?;
    fs::write_atomic(&place, &bytes, Sync::Lazy)
}
