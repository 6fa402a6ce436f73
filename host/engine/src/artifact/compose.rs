//! Several contents, each at its place, as one tree.

use std::collections::BTreeMap;

use crate::cache::{Content, Entry, Inside, Node, Store, Tree, TreeError};
use crate::digest::Digest;
use crate::error::{Class, Problem};
use crate::path::RelPath;

/// A tree, and which parts of it lie in unpacked folders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Composed {
    /// All files, links and empty folders.
    pub tree: Tree,
    /// The places whose files are not blobs.
    pub unpacked: Vec<Mount>,
}

/// A place whose files lie in an unpacked folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// The place in the tree.
    pub place: RelPath,
    /// Digest of the unpacked folder's tree.
    pub tree: Digest,
    /// The name under which the folder is kept.
    pub name: String,
}

/// Contents that do not go together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    /// Two parts want the same path, or one wants a file where the other has a folder.
    #[error("`{path}` is wanted by the content at `{first}` and by the content at `{second}`")]
    Collision {
        /// The path that both want.
        path: RelPath,
        /// Place of the first one.
        first: RelPath,
        /// Place of the second one.
        second: RelPath,
        /// Indexes of the two in what was given.
        parts: (usize, usize),
    },
    /// The store has lost an unpacked folder's tree: a miss.
    #[error("the cache no longer has the content at `{0}`")]
    Miss(RelPath),
    /// The whole breaks a rule.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

impl From<ComposeError> for Problem {
    fn from(error: ComposeError) -> Self {
        let code = match error {
            ComposeError::Collision { .. } => "artifact::collision",
            ComposeError::Miss(_) => "artifact::miss",
            ComposeError::Tree(_) => "artifact::refused-content",
        };
        let problem = Self::new(code, Class::Build, error.to_string());
        match error {
            ComposeError::Collision { .. } => problem.hint("give the two artifacts different places"),
            _ => problem,
        }
    }
}

/// Merges contents into one tree: a folder's files below its place, a file at its place.
///
/// # Errors
/// When two of them collide, or the tree of an unpacked folder is not to be had (a miss).
pub fn compose(store: &Store, parts: &[(RelPath, &Content)]) -> Result<Composed, ComposeError> {
    let mut merged = Merged::default();
    let mut unpacked = Vec::new();
    for (index, (place, content)) in parts.iter().enumerate() {
        match content {
            Content::File {
                digest,
                size,
                executable,
            } => merged.add(parts, index, place.clone(), file(*digest, *size, *executable))?,
            Content::Folder(tree) => merged.add_tree(parts, index, tree)?,
            Content::Unpacked { tree: digest, name, .. } => {
                let tree = store.tree(digest).ok_or_else(|| ComposeError::Miss(place.clone()))?;
                merged.add_tree(parts, index, &tree)?;
                unpacked.push(Mount {
                    place: place.clone(),
                    tree: *digest,
                    name: name.clone(),
                });
            }
        }
    }
    Ok(Composed {
        tree: merged.into_tree(parts)?,
        unpacked,
    })
}

impl Composed {
    /// A tree whose files are all blobs.
    pub fn of_tree(tree: &Tree) -> Self {
        Self {
            tree: tree.clone(),
            unpacked: Vec::new(),
        }
    }

    /// Where in an unpacked folder a file is; none if it is a blob.
    pub(super) fn inside(&self, path: &RelPath, digest: Digest, size: u64) -> Option<Inside<'_>> {
        self.unpacked.iter().find_map(|mount| {
            Some(Inside {
                path: path.below(&mount.place)?,
                tree: &mount.tree,
                name: &mount.name,
                digest,
                size,
            })
        })
    }
}

/// What was merged so far: each path with its node and the part that it is from.
#[derive(Default)]
struct Merged(BTreeMap<RelPath, (Node, usize)>);

type Parts<'a> = [(RelPath, &'a Content)];

impl Merged {
    fn add_tree(&mut self, parts: &Parts<'_>, index: usize, tree: &Tree) -> Result<(), ComposeError> {
        let place = &parts[index].0;
        if tree.entries.is_empty() && !place.is_root() {
            return self.add(parts, index, place.clone(), Node::Folder);
        }
        tree.entries
            .iter()
            .try_for_each(|entry| self.add(parts, index, place.join(&entry.path), entry.node.clone()))
    }

    fn add(&mut self, parts: &Parts<'_>, index: usize, path: RelPath, node: Node) -> Result<(), ComposeError> {
        match self.0.get(&path) {
            Some((Node::Folder, _)) if node == Node::Folder => Ok(()),
            Some((_, other)) => Err(collision(parts, path, *other, index)),
            None => {
                self.0.insert(path, (node, index));
                Ok(())
            }
        }
    }

    /// Empty folders that others have filled are dropped; a file with something below it is a collision.
    fn into_tree(mut self, parts: &Parts<'_>) -> Result<Tree, ComposeError> {
        let mut filled = Vec::new();
        for (path, (_, index)) in &self.0 {
            let mut above = path.parent();
            while let Some(folder) = above {
                match self.0.get(&folder) {
                    Some((Node::Folder, _)) => filled.push(folder.clone()),
                    Some((_, other)) => return Err(collision(parts, folder, *other, *index)),
                    None => {}
                }
                above = folder.parent();
            }
        }
        for folder in filled {
            self.0.remove(&folder);
        }
        let entries = self.0.into_iter().map(|(path, (node, _))| Entry { path, node });
        Ok(Tree::new(entries.collect())?)
    }
}

fn collision(parts: &Parts<'_>, path: RelPath, first: usize, second: usize) -> ComposeError {
    ComposeError::Collision {
        path,
        first: parts[first].0.clone(),
        second: parts[second].0.clone(),
        parts: (first.min(second), first.max(second)),
    }
}

fn file(digest: Digest, size: u64, executable: bool) -> Node {
    Node::File {
        digest,
        size,
        executable,
    }
}
