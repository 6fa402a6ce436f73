//! Restores content into folders: exactly its files, nothing beside, and nothing outside.
//!
//! First everything that is missing is prepared and verified in a temporary folder; a miss ends here, and the destination
//! has lost nothing. Then stale files go, each prepared file is renamed into its place, and links come last.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::compose::{ComposeError, Composed, compose};
use super::place::{Handles, Wanted, remove_stale};
use super::staging::Staging;
use super::survey::{Survey, survey};
use crate::cache::{Content, Node, Store, Tree, TreeError};
use crate::digest::Digest;
use crate::error::{Class, PathContext as _, PathError, Problem};
use crate::fs::{self, Folder, Kind, Stat, is_temp_name, parallel};
use crate::path::RelPath;

/// What somebody remembers of the file at a path from the base folder: its digest, if the file still looks as it did
/// then. A wrong answer leaves a wrong file in place.
pub type Known<'a> = dyn Fn(&RelPath, &Stat) -> Option<Digest> + Sync + 'a;

/// Remembers nothing: every file that is there is read.
pub fn nothing_known(_path: &RelPath, _stat: &Stat) -> Option<Digest> {
    None
}

/// What a restoration did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restored {
    /// Files and links that were written.
    pub written: u64,
    /// Files and links that were right already.
    pub kept: u64,
    /// Files and links that were there and are not the content's.
    pub removed: u64,
    /// What the system says of each file and link afterwards, by its path from the base folder.
    pub stats: BTreeMap<RelPath, Stat>,
}

/// The content is not in place.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The store does not have this path's bytes: a miss. The fault is with the store's.
    #[error("the cache no longer has `{0}`")]
    Miss(RelPath),
    /// The content breaks a rule.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The destination cannot be written.
    #[error(transparent)]
    Io(#[from] PathError),
}

impl From<ComposeError> for RestoreError {
    fn from(error: ComposeError) -> Self {
        match error {
            ComposeError::Miss(path) | ComposeError::Collision { path, .. } => Self::Miss(path),
            ComposeError::Tree(error) => Self::Tree(error),
        }
    }
}

impl From<RestoreError> for Problem {
    fn from(error: RestoreError) -> Self {
        let problem = |code| Self::new(code, Class::Build, error.to_string());
        match &error {
            RestoreError::Miss(_) => problem("artifact::miss").hint("build again: the missing part is built anew"),
            RestoreError::Tree(_) => problem("artifact::refused-content"),
            RestoreError::Io(cause) => problem("artifact::io")
                .because(&cause.source)
                .hint("see that the output folder can be written and the disk has room"),
        }
    }
}

/// Leaves exactly the tree's files in `folder`, which is created if need be; a link or a file in its place goes.
pub fn restore_tree(store: &Store, tree: &Tree, folder: &Path) -> Result<Restored, RestoreError> {
    let parent = folder.parent().unwrap_or(Path::new("/"));
    fs::create_dirs(parent)?;
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let inside = Folder::open(parent)?.make_child(name)?;
    restore_composed(
        store,
        &Composed::of_tree(tree),
        &inside,
        &RelPath::root(),
        &nothing_known,
    )
}

/// Puts content at `place` below `base`: a file there, or a folder with exactly the content's files. No part of `place`
/// is followed if it is a link.
pub fn restore(
    store: &Store,
    content: &Content,
    base: &Folder,
    place: &RelPath,
    known: &Known<'_>,
) -> Result<Restored, RestoreError> {
    match content {
        Content::File { .. } => restore_file(store, content, base, place, known),
        Content::Folder(tree) => restore_composed(store, &Composed::of_tree(tree), base, place, known),
        Content::Unpacked { .. } => {
            let composed = compose(store, &[(RelPath::root(), content)])?;
            restore_composed(store, &composed, base, place, known)
        }
    }
}

/// Leaves exactly the files of what was composed in the folder `place` below `base`.
pub fn restore_composed(
    store: &Store,
    composed: &Composed,
    base: &Folder,
    place: &RelPath,
    known: &Known<'_>,
) -> Result<Restored, RestoreError> {
    composed.tree.check()?;
    let folder = base.make_path(place)?;
    let survey = survey(&folder)?;
    let destination = Destination {
        folder,
        place: place.clone(),
        survey,
    };
    destination.restore(store, composed, known)
}

/// Puts one file in its place. Its neighbours stay, except for what killed processes left of their temporary files.
fn restore_file(
    store: &Store,
    content: &Content,
    base: &Folder,
    place: &RelPath,
    known: &Known<'_>,
) -> Result<Restored, RestoreError> {
    let above = place.parent().unwrap_or_default();
    let name = place.below(&above).unwrap_or_default();
    let composed = compose(store, &[(name.clone(), content)])?;
    let folder = base.make_path(&above)?;
    for listed in folder.list()?.iter().filter(|listed| is_temp_name(&listed.name)) {
        folder.remove_dead_temp(listed)?;
    }
    let mut survey = Survey::default();
    survey
        .found
        .extend(folder.stat(name.as_str())?.map(|stat| (name, stat)));
    let destination = Destination {
        folder,
        place: above,
        survey,
    };
    destination.restore(store, &composed, known)
}

/// A folder in which something is to be restored.
struct Destination {
    folder: Folder,
    /// Its path from the folder that the caller knows.
    place: RelPath,
    /// What is there and is to be replaced; the rest is not touched.
    survey: Survey,
}

impl Destination {
    fn restore(&self, store: &Store, composed: &Composed, known: &Known<'_>) -> Result<Restored, RestoreError> {
        let entries = &composed.tree.entries;
        let nodes: Vec<(&RelPath, &Node)> = entries.iter().map(|entry| (&entry.path, &entry.node)).collect();
        let right = parallel::map(&nodes, |(path, node)| self.is_right(path, node, known));
        let missing = nodes
            .iter()
            .zip(&right)
            .filter(|(_, right)| !**right)
            .map(|(node, _)| *node);
        let missing: Vec<(&RelPath, &Node)> = missing.collect();
        let prepare = |staging| Prepared::new(store, composed, staging, &missing);
        let staging = match missing.len() {
            0 => None,
            files => Some(Staging::new(store, &self.folder, files)?),
        };
        let prepared = prepare(staging)?;
        let wanted = Wanted::new(nodes.iter().copied().collect());
        let removed = remove_stale(&self.folder, &self.survey, &wanted)?;
        match prepared.place(&self.folder, &wanted) {
            Err(error) if error.source.kind() == io::ErrorKind::CrossesDevices => {
                store.set_apart();
                let prepared = prepare(Some(Staging::inside(&self.folder, missing.len())?))?;
                prepared.place(&self.folder, &wanted)?;
            }
            placed => placed?,
        }
        let count =
            |nodes: &[(&RelPath, &Node)]| nodes.iter().filter(|(_, node)| **node != Node::Folder).count() as u64;
        Ok(Restored {
            written: count(&missing),
            kept: count(&nodes) - count(&missing),
            removed,
            stats: self.final_stats(&wanted)?,
        })
    }

    /// Whether this is in place already. A file with a second name is not: somebody could change it there.
    fn is_right(&self, path: &RelPath, node: &Node, known: &Known<'_>) -> bool {
        let Some(stat) = self.survey.found.get(path) else {
            return false;
        };
        let parent = || self.folder.descend(&path.parent().unwrap_or_default());
        let name = path.file_name().unwrap_or_default();
        match node {
            Node::File {
                digest,
                size,
                executable,
            } => {
                let looks_right =
                    stat.is_file() && stat.size == *size && stat.links == 1 && stat.mode == fs::plain_mode(*executable);
                looks_right
                    && (known(&self.place.join(path), stat) == Some(*digest) || has_digest(parent(), name, digest))
            }
            Node::Link { target } => {
                stat.kind == Kind::Link
                    && parent().is_ok_and(|parent| parent.link_target(name).is_ok_and(|found| found == **target))
            }
            Node::Folder => stat.is_folder(),
        }
    }

    fn final_stats(&self, wanted: &Wanted<'_>) -> Result<BTreeMap<RelPath, Stat>, PathError> {
        let mut handles = Handles::new(&self.folder)?;
        let mut stats = BTreeMap::new();
        for path in wanted
            .nodes
            .iter()
            .filter(|(_, node)| ***node != Node::Folder)
            .map(|(path, _)| *path)
        {
            let parent = handles.make(&path.parent().unwrap_or_default())?;
            if let Some(stat) = parent.stat(path.file_name().unwrap_or_default())? {
                stats.insert(self.place.join(path), stat);
            }
        }
        Ok(stats)
    }
}

/// Files and links that are verified and only have to be renamed. Dropping it removes those that were not.
struct Prepared<'a> {
    nodes: &'a [(&'a RelPath, &'a Node)],
    /// None if there is nothing to move.
    staging: Option<Staging<'a>>,
}

impl<'a> Prepared<'a> {
    fn new(
        store: &Store,
        composed: &Composed,
        staging: Option<Staging<'a>>,
        nodes: &'a [(&'a RelPath, &'a Node)],
    ) -> Result<Self, RestoreError> {
        let Some(into) = &staging else {
            return Ok(Self { nodes, staging });
        };
        let numbered: Vec<(usize, &(&RelPath, &Node))> = nodes.iter().enumerate().collect();
        parallel::try_map(&numbered, |(number, (path, node))| match node {
            Node::File {
                digest,
                size,
                executable,
            } => {
                let (file, shown) = (into.folder().create_file(into.name(*number))?, into.shown(path));
                let filled = match composed.inside(path, *digest, *size) {
                    Some(inside) => store.fill_from_unpacked(&inside, &file, &shown)?,
                    None => store.fill(digest, *size, &file, &shown)?,
                };
                if !filled {
                    return Err(RestoreError::Miss((*path).clone()));
                }
                Ok(fs::set_open_mode(&file, fs::plain_mode(*executable)).context("write", shown)?)
            }
            Node::Link { target } => Ok(into.folder().create_link(into.name(*number), target)?),
            Node::Folder => Ok(()),
        })?;
        Ok(Self { nodes, staging })
    }

    /// Folders, then files, then links.
    fn place(mut self, folder: &Folder, wanted: &Wanted<'_>) -> Result<(), PathError> {
        let mut handles = Handles::new(folder)?;
        for path in &wanted.folders {
            handles.make(path)?;
        }
        let Some(staging) = &mut self.staging else {
            return Ok(());
        };
        let is_link = |node: &Node| matches!(node, Node::Link { .. });
        let numbered = || {
            self.nodes
                .iter()
                .enumerate()
                .filter(|(_, (_, node))| **node != Node::Folder)
        };
        let files = numbered().filter(|(_, (_, node))| !is_link(node));
        let links = numbered().filter(|(_, (_, node))| is_link(node));
        for (number, (path, _)) in files.chain(links) {
            let parent = handles.make(&path.parent().unwrap_or_default())?;
            let name = path.file_name().unwrap_or_default();
            staging.folder().rename(staging.name(number), parent, name)?;
        }
        staging.emptied();
        Ok(())
    }
}

fn has_digest(parent: Result<Folder, PathError>, name: &str, digest: &Digest) -> bool {
    let file = parent.and_then(|parent| parent.open_file(name));
    file.is_ok_and(|file| fs::hash_file(&file).is_ok_and(|(found, _)| found == *digest))
}
