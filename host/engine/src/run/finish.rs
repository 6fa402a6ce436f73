//! Finishes a target: its artifacts are composed into one folder, put in place, and described.
//!
//! What is already right is left alone. Does not know how the contents came about.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::artifact::{self, Collision, RestoreError, Restored};
use crate::cache::{Content, Entry, Node, Tree};
use crate::error::{Class, Problem};
use crate::event::ArtifactFacts;
use crate::execute::{ExecuteError, Executor};
use crate::fs;
use crate::path::RelPath;
use crate::plan::{CheckedArtifact, OutputRef};

/// Largest metadata file that is read, in bytes.
const MAX_METADATA: u64 = 4 << 20;

/// A target to finish.
#[derive(Debug)]
pub(super) struct Work {
    /// Its full name.
    pub(super) target: String,
    /// Where its artifacts go, from the workspace's root.
    pub(super) folder: RelPath,
    /// Its artifacts.
    pub(super) artifacts: Vec<CheckedArtifact>,
    /// Its actions' outputs.
    pub(super) contents: BTreeMap<OutputRef, Content>,
}

/// A finished target.
#[derive(Debug)]
pub(super) struct Finished {
    /// Whether anything had to be written.
    pub(super) written: bool,
    /// What it made.
    pub(super) artifacts: Vec<ArtifactFacts>,
}

/// Why a target's artifacts are not in place.
#[derive(Debug, thiserror::Error)]
pub(super) enum FinishError {
    /// The store lost some content.
    #[error("the store lost some content")]
    Lost,
    /// Two artifacts have one file.
    #[error(transparent)]
    Collision(#[from] Collision),
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
            FinishError::Collision(_) => "artifact::collision",
            FinishError::Restore(_) => "artifact::restore",
            FinishError::Stopped => "build::interrupted",
        };
        Self::new(code, Class::Build, "the artifacts could not be put in place").because(&error)
    }
}

/// Puts a target's artifacts in place.
pub(super) fn finish(executor: &Executor, work: &Work) -> Result<Finished, FinishError> {
    let mut parts: Vec<(RelPath, &Content)> = Vec::new();
    for artifact in &work.artifacts {
        if let (Some(place), Some(content)) = (&artifact.place, work.contents.get(&artifact.from)) {
            parts.push((place.clone(), content));
        }
    }
    let written = if parts.is_empty() {
        false
    } else {
        let tree = artifact::compose(&executor.store, &parts)?.ok_or(FinishError::Lost)?;
        put_tree(executor, &tree, &work.folder)?
    };
    let facts = work.artifacts.iter().filter_map(|artifact| facts(executor, work, artifact));
    Ok(Finished { written, artifacts: facts.collect() })
}

/// Puts an output back at its place in the user's tree; whether anything had to be written.
pub(super) fn put(executor: &Executor, content: &Content, path: &RelPath) -> Result<bool, ExecuteError> {
    let lost = || ExecuteError::Lost { path: path.clone() };
    let tree = match content {
        Content::File { digest, size, executable } => {
            return put_file(executor, (*digest, *size, *executable), path);
        }
        Content::Folder(tree) => tree.clone(),
        Content::Unpacked { tree, .. } => executor.store.unpacked_tree(tree).ok_or_else(lost)?,
    };
    put_tree(executor, &tree, path).map_err(|error| match error {
        FinishError::Restore(error) => ExecuteError::Restore(error),
        _ => lost(),
    })
}

fn put_tree(executor: &Executor, tree: &Tree, path: &RelPath) -> Result<bool, FinishError> {
    if is_in_place(executor, tree, path) {
        return Ok(false);
    }
    match artifact::restore_tree(&executor.store, tree, executor.files.root(), path)? {
        Restored::Done { written, removed, .. } => Ok(written > 0 || removed > 0),
        Restored::Miss => Err(FinishError::Lost),
    }
}

fn put_file(
    executor: &Executor,
    (digest, size, executable): (crate::digest::Digest, u64, bool),
    path: &RelPath,
) -> Result<bool, ExecuteError> {
    let right = |there: crate::inputs::FileInput| there.digest == digest && there.executable == executable;
    let is_plain = fs::stat(&path.under(executor.files.root()))?.is_some_and(|stat| stat.is_file());
    if is_plain && executor.files.input(path.clone()).is_ok_and(right) {
        return Ok(false);
    }
    let node = Node::File { digest, size, executable };
    match artifact::restore_file(&executor.store, &node, executor.files.root(), path)? {
        Restored::Done { .. } => Ok(true),
        Restored::Miss => Err(ExecuteError::Lost { path: path.clone() }),
    }
}

/// Whether exactly this tree is at its place, by what is known of the files there.
fn is_in_place(executor: &Executor, tree: &Tree, path: &RelPath) -> bool {
    let folder = path.under(executor.files.root());
    let Ok(found) = fs::walk_files(&folder) else { return false };
    let entries: BTreeMap<&RelPath, &Entry> = tree.entries.iter().map(|entry| (&entry.path, entry)).collect();
    if found.len() != entries.len() {
        return false;
    }
    found.iter().all(|below| match entries.get(below).map(|entry| &entry.node) {
        Some(Node::File { digest, executable, .. }) => {
            let place = below.under(&folder);
            let is_plain = fs::stat(&place).is_ok_and(|stat| stat.is_some_and(|stat| stat.is_file()));
            let there = executor.files.input(path.join(below));
            is_plain && there.is_ok_and(|there| there.digest == *digest && there.executable == *executable)
        }
        Some(Node::Link { target }) => fs::link_target(&below.under(&folder)).is_some_and(|there| there == *target),
        Some(Node::Folder) => fs::is_folder(&below.under(&folder)),
        None => false,
    })
}

fn facts(executor: &Executor, work: &Work, artifact: &CheckedArtifact) -> Option<ArtifactFacts> {
    let content = work.contents.get(&artifact.from)?;
    let (files, bytes) = match content {
        Content::File { size, .. } => (1, *size),
        Content::Folder(tree) => (tree.files(), tree.bytes()),
        Content::Unpacked { files, bytes, .. } => (*files, *bytes),
    };
    Some(ArtifactFacts {
        name: artifact.name.clone(),
        kind: artifact.kind.clone(),
        digest: content.digest().to_string(),
        files,
        bytes,
        path: artifact.place.as_ref().map(|place| work.folder.join(place).as_str().to_owned()),
        metadata: metadata(executor, work, artifact),
    })
}

/// What the builder says of an artifact; null where it says nothing, or nothing that is JSON.
fn metadata(executor: &Executor, work: &Work, artifact: &CheckedArtifact) -> Value {
    let content = artifact.metadata.as_ref().and_then(|output| work.contents.get(output));
    let Some(Content::File { digest, .. }) = content else { return Value::Null };
    let bytes = executor.store.read_blob(digest, MAX_METADATA);
    bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or(Value::Null)
}
