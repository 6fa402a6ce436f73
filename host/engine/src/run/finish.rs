//! Finishes a target: its artifacts are composed into one folder, put in place, and described.
//!
//! What is already right is left alone. Does not know how the contents came about.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::artifact::{self, ComposeError, Composed, RestoreError, Restored};
use crate::cache::{Content, Node};
use crate::digest::Digest;
use crate::error::{Class, PathError, Problem};
use crate::event::ArtifactFacts;
use crate::execute::{ExecuteError, Executor};
use crate::fs::{Folder, Kind, Stat};
use crate::inputs::{Aspect, Footprint};
use crate::path::RelPath;
use crate::plan::{CheckedArtifact, OutputRef};

/// Largest metadata file that is read, in bytes.
const MAX_METADATA: u64 = 4 << 20;

/// A target to finish.
#[derive(Debug)]
pub(super) struct Work {
    /// Where its artifacts go, from the workspace's root.
    pub(super) folder: RelPath,
    /// Its artifacts.
    pub(super) artifacts: Vec<CheckedArtifact>,
    /// Its actions' outputs.
    pub(super) contents: BTreeMap<OutputRef, Content>,
    /// SHA-256 of the artifacts that the last build made, by their BLAKE3 digests.
    pub(super) known: BTreeMap<String, String>,
}

/// A finished target.
#[derive(Debug)]
pub(super) struct Finished {
    /// Whether anything had to be written.
    pub(super) written: bool,
    /// What it made.
    pub(super) artifacts: Vec<ArtifactFacts>,
    /// Where that was put into the user's tree.
    pub(super) outputs: Footprint,
}

/// What came of putting content into the user's tree.
#[derive(Debug, Default)]
pub(super) struct Put {
    /// Whether anything had to be written.
    pub(super) written: bool,
    /// Where it lies.
    pub(super) outputs: Footprint,
}

/// Why a target's artifacts are not in place.
#[derive(Debug, thiserror::Error)]
pub(super) enum FinishError {
    /// The store lost some content.
    #[error("the store lost some content")]
    Lost,
    /// Two artifacts have one file.
    #[error(transparent)]
    Compose(ComposeError),
    /// A file could not be written.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// The build was stopped.
    #[error("stopped")]
    Stopped,
}

impl From<FinishError> for Problem {
    fn from(error: FinishError) -> Self {
        let code = match error {
            FinishError::Lost => "execute::content-lost",
            FinishError::Compose(_) => "artifact::collision",
            FinishError::Restore(_) => "artifact::restore",
            FinishError::Stopped => "build::interrupted",
        };
        Self::new(code, Class::Build, "the artifacts could not be put in place").because(&error)
    }
}

/// Puts a target's artifacts in place, and describes them.
pub(super) fn finish(executor: &Executor, work: &Work) -> Result<Finished, FinishError> {
    let put = put_artifacts(executor, work)?;
    let facts = work
        .artifacts
        .iter()
        .filter_map(|artifact| facts(executor, work, artifact).transpose());
    Ok(Finished {
        written: put.written,
        artifacts: facts.collect::<Result<_, _>>()?,
        outputs: put.outputs,
    })
}

/// Puts a target's artifacts in place.
pub(super) fn put_artifacts(executor: &Executor, work: &Work) -> Result<Put, FinishError> {
    let mut parts: Vec<(RelPath, &Content)> = Vec::new();
    for artifact in &work.artifacts {
        if let (Some(place), Some(content)) = (&artifact.place, work.contents.get(&artifact.from)) {
            parts.push((place.clone(), content));
        }
    }
    if parts.is_empty() && !executor.placed.has_below(&work.folder) {
        return Ok(Put::default());
    }
    let composed = artifact::compose(&executor.store, &parts).map_err(|error| match error {
        ComposeError::Miss(_) => FinishError::Lost,
        error => FinishError::Compose(error),
    })?;
    put_composed(executor, &composed, &work.folder)
}

/// Puts outputs back at their places in the user's tree.
pub(super) fn put_all(executor: &Executor, contents: &[(RelPath, Content)]) -> Result<Put, ExecuteError> {
    let mut all = Put::default();
    for (path, content) in contents {
        let put = put(executor, content, path)?;
        all.written |= put.written;
        all.outputs.extend(put.outputs);
    }
    Ok(all)
}

fn put(executor: &Executor, content: &Content, path: &RelPath) -> Result<Put, ExecuteError> {
    let moved = clear(executor, content, path)?;
    let root = Folder::open(executor.files.root())?;
    let restored = artifact::restore(&executor.store, content, &root, path, &known(executor));
    let restored = restored.map_err(|error| match error {
        RestoreError::Miss(path) => ExecuteError::Lost { path },
        error => ExecuteError::Restore(error),
    })?;
    Ok(remember(executor, content, path, &restored).or_written(moved))
}

/// Leaves exactly what was composed in a folder of the workspace.
fn put_composed(executor: &Executor, composed: &Composed, folder: &RelPath) -> Result<Put, FinishError> {
    let content = Content::Folder(composed.tree.clone());
    let moved = clear(executor, &content, folder).map_err(RestoreError::from)?;
    let root = Folder::open(executor.files.root()).map_err(RestoreError::from)?;
    let known = known(executor);
    let restored = artifact::restore_composed(&executor.store, composed, &root, folder, &known);
    let restored = restored.map_err(|error| match error {
        RestoreError::Miss(_) => FinishError::Lost,
        error => FinishError::Restore(error),
    })?;
    Ok(remember(executor, &content, folder, &restored).or_written(moved))
}

/// What is known of the workspace's files, so that those which are right are not read.
fn known(executor: &Executor) -> impl Fn(&RelPath, &Stat) -> Option<Digest> + Sync {
    move |path, stat| executor.files.digest_of(path, stat)
}

/// Makes way for content: what is there and is not farm's is moved aside. Whether anything was.
fn clear(executor: &Executor, content: &Content, place: &RelPath) -> Result<bool, PathError> {
    let wanted = |below: &RelPath| digest_at(content, below);
    executor.placed.clear(&executor.files, place, &wanted)
}

/// Digest of the file at a path of some content.
fn digest_at(content: &Content, below: &RelPath) -> Option<Digest> {
    match content {
        Content::File { digest, .. } => Some(*digest),
        Content::Folder(tree) => match tree.get(below)? {
            Node::File { digest, .. } => Some(*digest),
            Node::Link { .. } | Node::Folder => None,
        },
        Content::Unpacked { .. } => None,
    }
}

impl Put {
    fn or_written(self, written: bool) -> Self {
        Self {
            written: self.written || written,
            ..self
        }
    }
}

/// Remembers what was put in place for the next build.
fn remember(executor: &Executor, content: &Content, place: &RelPath, restored: &Restored) -> Put {
    let mut outputs = Footprint::default();
    let files = &executor.files;
    for (path, stat) in &restored.stats {
        files.show(path);
        executor.placed.add(path.clone());
        outputs.add(path.clone(), Aspect::Content);
        let digest = path.below(place).and_then(|below| digest_at(content, &below));
        match (digest, stat.kind) {
            (Some(digest), _) => files.remember_written(path, stat, digest),
            (None, Kind::Link) => outputs.is_incomplete |= files.look(path, &mut Footprint::default()).is_err(),
            // A folder too big to be looked through is too big to be remembered file by file.
            (None, _) => outputs.is_incomplete = true,
        }
    }
    if let Content::Folder(tree) = content {
        for (folder, names) in tree.folders() {
            let folder = place.join(&folder);
            outputs.is_incomplete |= files.note_folder(&folder, names).is_err();
            outputs.add(folder, Aspect::Content);
        }
    }
    Put {
        written: restored.written > 0 || restored.removed > 0,
        outputs,
    }
}

/// What is said of an artifact; nothing where there is none.
fn facts(executor: &Executor, work: &Work, artifact: &CheckedArtifact) -> Result<Option<ArtifactFacts>, FinishError> {
    let Some(content) = work.contents.get(&artifact.from) else {
        return Ok(None);
    };
    let digest = content.digest().to_string();
    let sha256 = match work.known.get(&digest) {
        Some(known) => known.clone(),
        None => artifact::sha256(&executor.store, content).ok_or(FinishError::Lost)?,
    };
    Ok(Some(ArtifactFacts {
        name: artifact.name.clone(),
        kind: artifact.kind.clone(),
        digest,
        sha256,
        files: content.files(),
        bytes: content.bytes(),
        path: artifact
            .place
            .as_ref()
            .map(|place| work.folder.join(place).as_str().to_owned()),
        metadata: metadata(executor, work, artifact),
    }))
}

/// What the builder says of an artifact; null where it says nothing, or nothing that is JSON.
fn metadata(executor: &Executor, work: &Work, artifact: &CheckedArtifact) -> Value {
    let content = artifact.metadata.as_ref().and_then(|output| work.contents.get(output));
    let Some(Content::File { digest, .. }) = content else {
        return Value::Null;
    };
    let bytes = executor.store.read_blob(digest, MAX_METADATA);
    bytes
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or(Value::Null)
}
