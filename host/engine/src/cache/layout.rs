//! Where things are in the store's folder, and who may have it.

use std::path::{Path, PathBuf};

use super::StoreError;
use super::blobs::make_parent;
use crate::digest::Digest;
use crate::fs::{self, Stat};
use crate::path::RelPath;

/// The version of the layout is the name of a folder: another version has another folder beside it, and none of them
/// is ever migrated.
const VERSION: &str = "v1";
/// Longest name of a tool cache, a document's kind or an unpacked folder.
const MAX_NAME: usize = 120;

/// The places in a store.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    /// The folder that the user named.
    pub(super) folder: PathBuf,
    /// The folder of this version.
    pub(super) root: PathBuf,
}

impl Layout {
    /// Creates what is missing; refuses a folder that somebody else has a hand on.
    pub(super) fn open(folder: &Path) -> Result<Self, StoreError> {
        let layout = Self {
            folder: folder.to_path_buf(),
            root: folder.join(VERSION),
        };
        create(folder)?;
        // The user may have linked the cache's folder to another disk: what counts is where it leads.
        let real = fs::canonicalize(folder)?;
        refuse_foreign(&real, 0o002)?;
        create(&layout.root)?;
        refuse_foreign(&layout.root, 0o022)?;
        fs::set_mode(&layout.root, 0o700)?;
        for name in [
            "blobs",
            "results",
            "unpacked",
            "documents",
            "tools",
            "tmp",
            "quarantine",
        ] {
            make_parent(&layout.root.join(name).join("any"))?;
        }
        Ok(layout)
    }

    pub(super) fn blob(&self, digest: &Digest) -> PathBuf {
        sharded(self.blobs(), digest)
    }

    pub(super) fn blobs(&self) -> PathBuf {
        self.root.join("blobs")
    }

    pub(super) fn result(&self, key: &Digest) -> PathBuf {
        sharded(self.results(), key)
    }

    pub(super) fn results(&self) -> PathBuf {
        self.root.join("results")
    }

    /// `kind` is a checked name.
    pub(super) fn document(&self, kind: &str, key: &Digest) -> PathBuf {
        sharded(self.documents().join(kind), key)
    }

    pub(super) fn documents(&self) -> PathBuf {
        self.root.join("documents")
    }

    /// `name` is a checked name.
    pub(super) fn unpacked(&self, tree: &Digest, name: &str) -> PathBuf {
        self.unpacked_root().join(tree.to_string()).join(name)
    }

    /// Where the facts of an unpacked folder are recorded; `name` is a checked name.
    pub(super) fn record(&self, tree: &Digest, name: &str) -> PathBuf {
        self.unpacked_root().join(format!("{tree}.{name}.json"))
    }

    pub(super) fn unpacked_root(&self) -> PathBuf {
        self.root.join("unpacked")
    }

    pub(super) fn tools(&self) -> PathBuf {
        self.root.join("tools")
    }

    pub(super) fn temporary(&self) -> PathBuf {
        self.root.join("tmp")
    }

    pub(super) fn quarantine(&self) -> PathBuf {
        self.root.join("quarantine")
    }

    pub(super) fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    pub(super) fn usage(&self) -> PathBuf {
        self.root.join("usage")
    }
}

/// `folder/ab/abcdef…`: no folder gets too many names.
fn sharded(folder: PathBuf, digest: &Digest) -> PathBuf {
    let name = digest.to_string();
    let mut path = folder;
    path.push(&name[..2]);
    path.push(name);
    path
}

/// Creates a private folder; something else in its place is told as such.
fn create(path: &Path) -> Result<(), StoreError> {
    match fs::create_private_dirs(path) {
        Ok(()) => Ok(()),
        Err(error) => match fs::stat(path)? {
            Some(stat) if !stat.is_folder() => Err(StoreError::NotAFolder(path.to_path_buf())),
            _ => Err(error.into()),
        },
    }
}

/// Refuses a folder of another user, one that the given permission bits open to others, and a link.
fn refuse_foreign(path: &Path, forbidden: u32) -> Result<(), StoreError> {
    let stat: Option<Stat> = fs::stat(path)?;
    let Some(stat) = stat.filter(Stat::is_folder) else {
        return Err(StoreError::NotAFolder(path.to_path_buf()));
    };
    if stat.owner != fs::current_user() {
        return Err(StoreError::ForeignOwner {
            path: path.to_path_buf(),
            owner: stat.owner,
        });
    }
    if stat.mode & forbidden != 0 {
        return Err(StoreError::WritableByOthers {
            path: path.to_path_buf(),
            mode: stat.mode,
        });
    }
    Ok(())
}

/// Refuses what is not one plain file name.
pub(super) fn check_name(name: &str) -> Result<(), StoreError> {
    let refuse = |reason| {
        Err(StoreError::Name {
            name: name.chars().take(MAX_NAME).collect(),
            reason,
        })
    };
    match RelPath::parse(name) {
        Err(error) => refuse(error.reason),
        Ok(path) if path.parts().count() != 1 => refuse("is not a single name"),
        Ok(_) if name.len() > MAX_NAME => refuse("is too long"),
        Ok(_) => Ok(()),
    }
}
