//! The build manifest: `manifest.json` in the output folder, the list of everything that was built.
//!
//! No times of day, no paths of this machine; from one clean build to the next only durations differ. Targets that were
//! not part of this build keep what an earlier one wrote of them, as long as they are in `farm.toml`. Its schema is
//! `manifest.schema.json`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Places;
use super::made::{Made, MadeArtifact, MadeTarget};
use crate::config::Workspace;
use crate::error::PathError;
use crate::fs::{self, Sync};
use crate::path::RelPath;
use crate::sandbox::Tier;

/// Version of the file; raised when a field goes or means something else, not when one is added. History: 1, the first.
const VERSION: u32 = 1;
/// Its name in the output folder.
pub(in crate::run) const MANIFEST: &str = "manifest.json";
/// Largest manifest that is read, in bytes.
const MAX_BYTES: u64 = 256 << 20;

/// All that was built.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Manifest {
    version: u32,
    workspace: String,
    targets: BTreeMap<String, TargetEntry>,
}

/// What the manifest says of a target.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct TargetEntry {
    /// The builder's name.
    builder: String,
    builder_version: String,
    /// BLAKE3 of its component.
    builder_blake3: String,
    /// The weakest tier that one of its tools ran in; none where no tool ran.
    tier: Option<Tier>,
    /// How long the runs took that made its results, one after the other.
    duration_ms: u64,
    /// BLAKE3 over the files of the workspace that it was made from.
    sources_blake3: String,
    /// From the workspace's root; none where nothing of it lies in the output folder, or the user wants none.
    provenance: Option<String>,
    /// What it made.
    artifacts: Vec<ArtifactEntry>,
}

/// What the manifest says of an artifact.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct ArtifactEntry {
    name: String,
    kind: String,
    /// BLAKE3 of its content.
    blake3: String,
    /// SHA-256 of its content, as [`crate::artifact::sha256`] defines it.
    sha256: String,
    files: u64,
    bytes: u64,
    /// From the workspace's root; none when it is for other targets only.
    path: Option<String>,
    /// As `path`; none where there is no path, or the user wants none.
    sbom: Option<String>,
    /// The artifacts of other targets that it was made from.
    inputs: Vec<InputEntry>,
    metadata: Value,
}

/// An artifact that another one was made from.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct InputEntry {
    target: String,
    artifact: String,
    blake3: String,
    sha256: String,
}

/// The manifest in this folder; none where there is none with all of these fields.
pub(super) fn read(folder: &Path) -> Option<Manifest> {
    let bytes = fs::read_bounded(&folder.join(MANIFEST), MAX_BYTES).ok()?;
    let manifest: Manifest = serde_json::from_slice(&bytes).ok()?;
    (manifest.version == VERSION).then_some(manifest)
}

impl Manifest {
    /// What was made now, and what an earlier manifest says of the other targets.
    pub(super) fn new(workspace: &Workspace, made: &Made, before: Option<&Self>) -> Self {
        let known: BTreeSet<&str> = workspace.targets.iter().map(|target| target.name.as_str()).collect();
        let old = before.into_iter().flat_map(|before| &before.targets);
        let old = old.filter(|(name, _)| known.contains(name.as_str()));
        let mut targets: BTreeMap<String, TargetEntry> =
            old.map(|(name, entry)| (name.clone(), entry.clone())).collect();
        targets.extend(
            made.iter()
                .map(|(name, target)| (name.clone(), entry(workspace, made, name, target))),
        );
        Self {
            version: VERSION,
            workspace: workspace.name.clone(),
            targets,
        }
    }

    /// Writes it, if it differs from what is there.
    pub(super) fn write(&self, folder: &Path) -> Result<(), PathError> {
        let place = folder.join(MANIFEST);
        let bytes = self.encode();
        if fs::read_bounded(&place, MAX_BYTES).is_ok_and(|before| before == bytes) {
            return Ok(());
        }
        fs::create_dirs(folder)?;
        fs::write_atomic(&place, &bytes, Sync::Lazy)
    }

    /// Documents below the output folder that this manifest names and a later one does not.
    pub(super) fn stale(&self, later: &Self, output: &RelPath) -> Vec<RelPath> {
        let later: BTreeSet<&str> = later.documents().collect();
        let stale = self.documents().filter(|path| !later.contains(path));
        let ours = stale.filter_map(|path| RelPath::parse(path).ok());
        ours.filter(|path| path.below(output).is_some()).collect()
    }

    /// The part of it that is about some of the targets.
    pub(super) fn only(mut self, is_chosen: impl Fn(&str) -> bool) -> Self {
        self.targets.retain(|name, _| is_chosen(name));
        self
    }

    /// Where artifacts lie.
    pub(super) fn artifacts(&self) -> impl Iterator<Item = &str> {
        let artifacts = self.targets.values().flat_map(|target| &target.artifacts);
        artifacts.filter_map(|artifact| artifact.path.as_deref())
    }

    /// Its bytes.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("a manifest is plain data");
        bytes.push(b'\n');
        bytes
    }

    /// Where SBOMs and statements lie.
    pub(super) fn documents(&self) -> impl Iterator<Item = &str> {
        let provenance = self.targets.values().filter_map(|target| target.provenance.as_deref());
        let artifacts = self.targets.values().flat_map(|target| &target.artifacts);
        provenance.chain(artifacts.filter_map(|artifact| artifact.sbom.as_deref()))
    }
}

fn entry(workspace: &Workspace, made: &Made, name: &str, target: &MadeTarget) -> TargetEntry {
    let places = Places::new(workspace, name);
    let text = |place: Option<RelPath>| place.map(|place| place.to_string());
    let is_placed = target.artifacts.iter().any(|artifact| artifact.facts.path.is_some());
    TargetEntry {
        builder: target.builder.clone(),
        builder_version: target.builder_version.clone(),
        builder_blake3: target.component.to_string(),
        tier: target.tier,
        duration_ms: u64::try_from(target.duration.as_millis()).unwrap_or(u64::MAX),
        sources_blake3: target.sources.to_string(),
        provenance: is_placed.then(|| text(places.provenance())).flatten(),
        artifacts: target
            .artifacts
            .iter()
            .map(|artifact| {
                let is_placed = artifact.facts.path.is_some();
                let sbom = is_placed.then(|| text(places.sbom(&artifact.facts.name))).flatten();
                artifact_entry(made, artifact, sbom)
            })
            .collect(),
    }
}

fn artifact_entry(made: &Made, artifact: &MadeArtifact, sbom: Option<String>) -> ArtifactEntry {
    let facts = artifact.facts.clone();
    let inputs = artifact.made_from.iter().filter_map(|from| {
        let made = &made.get(&from.target)?.artifacts;
        let facts = &made.iter().find(|other| other.facts.name == from.name)?.facts;
        Some(InputEntry {
            target: from.target.clone(),
            artifact: from.name.clone(),
            blake3: facts.digest.clone(),
            sha256: facts.sha256.clone(),
        })
    });
    ArtifactEntry {
        name: facts.name,
        kind: facts.kind,
        blake3: facts.digest,
        sha256: facts.sha256,
        files: facts.files,
        bytes: facts.bytes,
        path: facts.path,
        sbom,
        inputs: inputs.collect(),
        metadata: facts.metadata,
    }
}
