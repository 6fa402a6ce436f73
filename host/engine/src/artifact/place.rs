//! Puts prepared files where they belong, one rename each.

use std::collections::{BTreeMap, BTreeSet};

use crate::cache::Node;
use crate::error::PathError;
use crate::fs::{Folder, Stat};
use crate::path::RelPath;

use super::survey::Survey;

/// The handles of the folders on the way to the path that was asked for last, so that neighbours share them.
pub(super) struct Handles {
    /// The folder itself, then each folder on the way.
    open: Vec<(String, Folder)>,
}

impl Handles {
    pub(super) fn new(folder: &Folder) -> Result<Self, PathError> {
        Ok(Self {
            open: vec![(String::new(), folder.again()?)],
        })
    }

    /// The folder at this path, created if need be; a file or a link in its place goes.
    pub(super) fn make(&mut self, path: &RelPath) -> Result<&Folder, PathError> {
        let shared = path
            .parts()
            .zip(self.open.iter().skip(1))
            .take_while(|(part, (name, _))| part == name)
            .count();
        self.open.truncate(shared + 1);
        for part in path.parts().skip(shared) {
            let child = self.last().make_child(part)?;
            // A folder that its owner may not write would keep its files from being replaced.
            child.open_up()?;
            self.open.push((part.to_owned(), child));
        }
        Ok(self.last())
    }

    fn last(&self) -> &Folder {
        &self.open.last().expect("the folder itself is never dropped").1
    }
}

/// What is to be in the folder in the end.
pub(super) struct Wanted<'a> {
    /// Files, links and empty folders.
    pub(super) nodes: BTreeMap<&'a RelPath, &'a Node>,
    /// All folders, the empty ones among them.
    pub(super) folders: BTreeSet<RelPath>,
}

impl<'a> Wanted<'a> {
    pub(super) fn new(nodes: BTreeMap<&'a RelPath, &'a Node>) -> Self {
        let mut folders = BTreeSet::new();
        for (path, node) in &nodes {
            if **node == Node::Folder {
                folders.insert((*path).clone());
            }
            let mut above = path.parent();
            while let Some(folder) = above.filter(|folder| !folder.is_root() && !folders.contains(folder)) {
                above = folder.parent();
                folders.insert(folder);
            }
        }
        Self { nodes, folders }
    }

    /// Whether what is there now can stay until it is replaced in one step.
    fn may_stay(&self, path: &RelPath, stat: &Stat) -> bool {
        match self.folders.contains(path) {
            true => stat.is_folder(),
            false => self.nodes.contains_key(path) && !stat.is_folder(),
        }
    }
}

/// Removes what the tree does not have, and folders where it has files and the other way round. Returns how many files
/// and links went.
pub(super) fn remove_stale(folder: &Folder, survey: &Survey, wanted: &Wanted<'_>) -> Result<u64, PathError> {
    let mut handles = Handles::new(folder)?;
    let mut removed = survey.strange.len() as u64;
    for (at, name) in &survey.strange {
        if at.is_root() || wanted.folders.contains(at) {
            handles.make(at)?.remove(name)?;
        }
    }
    for (path, stat) in &survey.found {
        if wanted.may_stay(path, stat) {
            continue;
        }
        removed += u64::from(!stat.is_folder());
        if !is_gone(path, survey, wanted) {
            let parent = path.parent().unwrap_or_default();
            handles.make(&parent)?.remove(path.file_name().unwrap_or_default())?;
        }
    }
    Ok(removed)
}

/// Whether a folder above this path went already. Sorted by text, a folder and what is below it need not be neighbours.
fn is_gone(path: &RelPath, survey: &Survey, wanted: &Wanted<'_>) -> bool {
    let mut above = path.parent();
    while let Some(folder) = above.filter(|folder| !folder.is_root()) {
        if survey
            .found
            .get(&folder)
            .is_some_and(|stat| !wanted.may_stay(&folder, stat))
        {
            return true;
        }
        above = folder.parent();
    }
    false
}
