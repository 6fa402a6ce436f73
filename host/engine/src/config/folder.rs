//! Folders of the workspace: whether they are there, and stay inside, links included.
//!
//! Each folder is looked at once, however many targets lie below it. Does not know what the folders are for.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::types::Looked;
use crate::fs::{self, Kind};
use crate::path::RelPath;

/// What was found out about folders so far.
pub(super) struct Folders {
    /// The workspace's root, links resolved.
    pub root: PathBuf,
    good: BTreeSet<String>,
    /// All that was looked at.
    pub looked: Looked,
}

/// Why a path is no folder of the workspace, as the end of a sentence, and what to do.
#[derive(Debug)]
pub(super) enum BadFolder {
    /// This part of it is not there.
    Missing(String),
    /// This part of it is something else.
    NotAFolder(String),
    /// This part of it is a link that leads out.
    Outside(String),
    /// This part of it could not be looked at.
    Unreadable(String, String),
}

impl BadFolder {
    /// The end of the sentence.
    pub(super) fn reason(&self) -> String {
        match self {
            Self::Missing(path) => format!("there is no folder `{path}`"),
            Self::NotAFolder(path) => format!("`{path}` is not a folder"),
            Self::Outside(path) => format!("`{path}` is a link that leads out of the workspace"),
            Self::Unreadable(path, error) => format!("cannot look at `{path}`: {error}"),
        }
    }

    /// What to do.
    pub(super) fn hint(&self) -> &'static str {
        match self {
            Self::Missing(_) => "create the folder or correct the path; it counts from the folder of its farm.toml",
            Self::NotAFolder(_) => "name the folder that holds it",
            Self::Outside(_) => "move the folder into the workspace: what lies outside cannot be tracked",
            Self::Unreadable(..) => "check the permissions",
        }
    }
}

impl Folders {
    /// Knows only the root.
    pub(super) fn new(root: PathBuf) -> Self {
        Self {
            root,
            good: BTreeSet::new(),
            looked: Looked::default(),
        }
    }

    /// Checks that the path is a folder inside the workspace.
    pub(super) fn check(&mut self, path: &RelPath) -> Result<(), BadFolder> {
        if path.is_root() || self.good.contains(path.as_str()) {
            return Ok(());
        }
        let ends = path.as_str().match_indices('/').map(|(at, _)| at);
        for end in ends.chain([path.as_str().len()]) {
            let part = &path.as_str()[..end];
            if !self.good.contains(part) {
                self.look(part)?;
                self.good.insert(part.to_owned());
            }
        }
        Ok(())
    }

    /// Checks one folder whose parent is good.
    fn look(&mut self, part: &str) -> Result<(), BadFolder> {
        let path = self.root.join(part);
        let unreadable =
            |error: crate::error::PathError| BadFolder::Unreadable(part.to_owned(), error.source.to_string());
        let kind = fs::stat_followed(&path).map_err(unreadable)?.map(|stat| stat.kind);
        self.looked.kinds.push((part.to_owned(), kind));
        match fs::kind_of(&path).map_err(unreadable)? {
            Some(Kind::Folder) => Ok(()),
            None => Err(BadFolder::Missing(part.to_owned())),
            Some(Kind::Link) => {
                let real = fs::canonicalize(&path).map_err(unreadable)?;
                match fs::kind_of(&real).map_err(unreadable)? {
                    _ if !real.starts_with(&self.root) => Err(BadFolder::Outside(part.to_owned())),
                    Some(Kind::Folder) => Ok(()),
                    _ => Err(BadFolder::NotAFolder(part.to_owned())),
                }
            }
            Some(Kind::File | Kind::Other) => Err(BadFolder::NotAFolder(part.to_owned())),
        }
    }
}
