//! Describes what was built to those outside: the manifest, the SBOM of each artifact and the provenance of each target,
//! in the output folder beside the targets' own folders.
//!
//! A target that was taken over keeps what was written when it was built; that this still lies there is one of the things
//! that it is taken over by. Does not know how anything was built.

mod made;
mod manifest;
mod provenance;
mod release;
mod sbom;

use serde_json::Value;

use crate::digest::Digest;
use crate::error::PathError;
use crate::fs::{self, Sync, parallel};
use crate::inputs::Aspect;
use crate::path::RelPath;
use crate::run::job::TargetRun;
use crate::run::shared::Opened;

pub use release::{Release, release};

pub(super) use made::{Made, MadeArtifact, MadeTarget, components, made};
pub(super) use manifest::MANIFEST;

/// A document about a target: where it goes, from the workspace's root, and its bytes.
type Document = (RelPath, Vec<u8>);

/// Writes all that differs from what is there, nothing where nothing lies in the output folder; and takes away what is
/// said of targets and artifacts that are no more.
pub(super) fn write(opened: &Opened, made: &Made, runs: &mut [TargetRun]) -> Result<(), PathError> {
    let workspace = &opened.workspace;
    let output = workspace.output.under(&workspace.root);
    let before = manifest::read(&output);
    let is_placed = made
        .values()
        .flat_map(|target| &target.artifacts)
        .any(|artifact| artifact.facts.path.is_some());
    if before.is_none() && !is_placed {
        return Ok(());
    }
    let new: Vec<&TargetRun> = runs.iter().filter(|run| !run.is_recalled).collect();
    let documents = parallel::map(&new, |run| documents(opened, made, run));
    for (run, documents) in runs.iter_mut().filter(|run| !run.is_recalled).zip(documents) {
        for (path, bytes) in documents {
            put(opened, &path, &bytes)?;
            run.inputs.add(path, Aspect::Content);
        }
    }
    let now = manifest::Manifest::new(workspace, made, before.as_ref());
    for path in before.iter().flat_map(|before| before.stale(&now, &workspace.output)) {
        fs::remove_file(&path.under(&workspace.root))?;
    }
    now.write(&output)
}

/// What is to be written about a target that was built.
fn documents(opened: &Opened, made: &Made, run: &TargetRun) -> Vec<Document> {
    let name = &opened.target(run.id).name;
    let Some(target) = made.get(name.as_str()) else {
        return Vec::new();
    };
    let places = Places::new(&opened.workspace, name.as_str());
    let placed = target.artifacts.iter().filter(|artifact| artifact.facts.path.is_some());
    let mut documents: Vec<Document> = placed
        .clone()
        .filter_map(|artifact| {
            let bytes = || sbom::document(made, &opened.executor.store, name.as_str(), artifact);
            Some((places.sbom(&artifact.facts.name)?, bytes()))
        })
        .collect();
    if placed.count() > 0
        && let Some(place) = places.provenance()
    {
        let bytes = provenance::document(opened, made, target, run);
        documents.extend(bytes.map(|bytes| (place, bytes)));
    }
    documents
}

/// Where the documents about a target go: beside its folder, under names that no target can have.
struct Places<'a> {
    workspace: &'a crate::config::Workspace,
    /// The target's folder, from the output folder.
    stem: String,
}

impl<'a> Places<'a> {
    fn new(workspace: &'a crate::config::Workspace, target: &str) -> Self {
        Self {
            workspace,
            stem: target.replace(':', "/"),
        }
    }

    /// Where the SBOM of an artifact goes; none where the user wants none.
    fn sbom(&self, artifact: &str) -> Option<RelPath> {
        let is_wanted = self.workspace.describe.sbom;
        is_wanted.then(|| self.at(&format!("{}.{artifact}.cdx.json", self.stem)))?
    }

    /// Where the provenance goes; none where the user wants none.
    fn provenance(&self) -> Option<RelPath> {
        let is_wanted = self.workspace.describe.provenance;
        is_wanted.then(|| self.at(&format!("{}.provenance.json", self.stem)))?
    }

    fn at(&self, path: &str) -> Option<RelPath> {
        Some(self.workspace.output.join(&RelPath::parse(path).ok()?))
    }
}

/// Puts a document in place, if other bytes are there, and notes it as farm's own.
fn put(opened: &Opened, path: &RelPath, bytes: &[u8]) -> Result<(), PathError> {
    let place = path.under(&opened.workspace.root);
    let before = fs::read_bounded(&place, bytes.len() as u64).ok();
    if before.as_deref() != Some(bytes) {
        let folder = path.parent().unwrap_or_default();
        fs::create_dirs(&folder.under(&opened.workspace.root))?;
        fs::write_atomic(&place, bytes, Sync::Lazy)?;
    }
    if let Some(stat) = fs::stat(&place)? {
        opened.executor.files.remember_written(path, &stat, Digest::of(bytes));
    }
    Ok(())
}

/// A document as it is written.
fn text(document: &Value) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(document).expect("a value is JSON");
    bytes.push(b'\n');
    bytes
}
