//! Takes what an action has left into the store, and finds what it wrote beside its outputs. Does not know how it ran.

use std::collections::BTreeMap;
use std::path::Path;

use crate::artifact::{self, CollectError, Taking};
use crate::cache::Content;
use crate::execute::failure::ExecuteError;
use crate::execute::gather::tree_root;
use crate::execute::refit::Shape;
use crate::execute::run::{TEMP, TREE, command_text};
use crate::execute::trash::{Entries, Left};
use crate::execute::{Executor, Job, Material, Prepared};
use crate::fs::{self, Folder, Kind};
use crate::path::RelPath;
use crate::plan::CheckedWork;

/// What an action has left.
pub(super) struct Collected {
    /// Its outputs, by name.
    pub(super) outputs: BTreeMap<String, Content>,
    /// What it wrote without having declared it, as far as it lies in its private tree.
    pub(super) undeclared: Vec<RelPath>,
    /// What is still in its private tree.
    pub(super) left: Left,
}

impl Executor {
    /// Takes the declared outputs into the store, and lists what else was written.
    pub(super) fn collect(&self, job: &Job, prepared: &Prepared, folder: &Path) -> Result<Collected, ExecuteError> {
        let tree = Folder::open(&folder.join(TREE))?;
        let root = tree_root(job);
        let declared: Vec<RelPath> = job
            .action
            .outputs
            .iter()
            .map(|output| root.join(&output.path))
            .collect();
        check_outputs(job, &tree, &declared)?;
        let mut outputs = BTreeMap::new();
        for (output, path) in job.action.outputs.iter().zip(&declared) {
            // A file that is part of two outputs has to stay for the other one.
            let is_shared = declared.iter().filter(|other| other.overlaps(path)).count() > 1;
            let taking = if is_shared { Taking::Copy } else { Taking::Move };
            match artifact::collect(&tree, path, output.shape, (&self.store, taking)) {
                Ok(content) => drop(outputs.insert(output.name.clone(), content)),
                Err(CollectError::Missing(_)) if output.required => return Err(missing(job, &output.path)),
                Err(CollectError::Missing(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let mut left = staged(prepared);
        let undeclared = look_around(job, (prepared, &declared), folder, &mut left)?;
        Ok(Collected {
            outputs,
            undeclared,
            left,
        })
    }
}

/// What an action wrote beside its outputs, and all that is still in its private folder.
fn look_around(
    job: &Job,
    (prepared, declared): (&Prepared, &[RelPath]),
    folder: &Path,
    left: &mut Left,
) -> Result<Vec<RelPath>, ExecuteError> {
    let is_step = matches!(job.action.work, CheckedWork::Step(_));
    let tree = Folder::open(&folder.join(TREE))?;
    let mut undeclared = Vec::new();
    // Only for a notice, and for the use of it again: a tree that cannot be walked is not worth a failure.
    let Ok(names) = fs::names(&tree) else {
        return Ok(undeclared);
    };
    let mut there = Shape::default();
    for (path, kind) in names {
        there.add(&path, kind);
        let is_input = !is_step && prepared.tree.contains_key(&path);
        if kind == Kind::Folder || is_input {
            continue;
        }
        left.add(size_of(&path.under(tree.path())));
        if !declared.iter().any(|output| path.below(output).is_some()) {
            undeclared.push(path);
        }
    }
    if let Some(temporary) = temporary(folder, left).filter(|_| !is_step && has_nothing_beside(folder)) {
        left.is_all(Entries { tree: there, temporary });
    }
    Ok(undeclared)
}

/// How much this takes; more than can be left for later where that cannot be told.
fn size_of(path: &Path) -> u64 {
    fs::stat(path).map_or(u64::MAX, |stat| stat.map_or(0, |stat| stat.size))
}

/// Whether a private folder holds the tree and temporary folders alone: at L0 a tool may write anywhere.
fn has_nothing_beside(folder: &Path) -> bool {
    let listed = Folder::open(folder).and_then(|folder| folder.list());
    listed.is_ok_and(|listed| listed.iter().all(|entry| entry.name == TREE || entry.name == TEMP))
}

/// What a tool left in its own temporary folders, if it had any. None if that cannot be told.
fn temporary(folder: &Path, left: &mut Left) -> Option<Shape> {
    let mut shape = Shape::default();
    let temporary = folder.join(TEMP);
    if fs::exists(&temporary) {
        let names = fs::names(&Folder::open(&temporary).ok()?).ok()?;
        for (path, kind) in names {
            shape.add(&path, kind);
            if kind == Kind::File {
                left.add(size_of(&path.under(&temporary)));
            }
        }
    }
    Some(shape)
}

/// Fails if an output is missing, before any other has left the tree, which may be kept then.
fn check_outputs(job: &Job, tree: &Folder, declared: &[RelPath]) -> Result<(), ExecuteError> {
    if declared.len() < 2 {
        return Ok(());
    }
    for (output, path) in job.action.outputs.iter().zip(declared) {
        if output.required && is_missing(tree, path) {
            return Err(missing(job, &output.path));
        }
    }
    Ok(())
}

/// Whether nothing is there. What cannot be looked at is refused when it is taken.
fn is_missing(tree: &Folder, path: &RelPath) -> bool {
    let parent = tree.descend(&path.parent().unwrap_or_default());
    match parent.map(|parent| parent.stat(path.file_name().unwrap_or("."))) {
        Ok(stat) => matches!(stat, Ok(None)),
        Err(error) => error.source.kind() == std::io::ErrorKind::NotFound,
    }
}

fn missing(job: &Job, path: &RelPath) -> ExecuteError {
    ExecuteError::MissingOutput {
        command: command_text(job),
        path: path.clone(),
        kept: None,
    }
}

/// How much was staged at most.
fn staged(prepared: &Prepared) -> Left {
    let mut left = Left::default();
    for (_, material) in prepared.tree.values() {
        match material {
            Material::Workspace(file) => left.add(file.size),
            Material::Inline(bytes) => left.add(bytes.len() as u64),
            Material::Blob { size, .. } => left.add(*size),
            Material::Unpacked(_) | Material::None => {}
        }
    }
    left
}
