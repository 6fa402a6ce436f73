//! What can go wrong with the store itself. A fault in what it holds is no error: see [`super::Fault`].

use std::path::PathBuf;

use super::TreeError;
use crate::error::{Class, PathError, Problem};
use crate::fs::WalkError;

/// The store cannot be used, or cannot take something in.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The system said no.
    #[error(transparent)]
    Io(#[from] PathError),
    /// What should be the store's folder is something else.
    #[error("the cache's place `{}` is not a folder", .0.display())]
    NotAFolder(PathBuf),
    /// The store's folder belongs to another user.
    #[error("the cache folder `{}` belongs to another user (number {owner})", .path.display())]
    ForeignOwner {
        /// The folder.
        path: PathBuf,
        /// The user it belongs to.
        owner: u32,
    },
    /// Others could put files into the store's folder.
    #[error("the cache folder `{}` can be written by others (mode {mode:04o})", .path.display())]
    WritableByOthers {
        /// The folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Another process has the store in a way that does not go together with what was asked.
    #[error("the cache in `{}` is in use by another process", .0.display())]
    Busy(PathBuf),
    /// A name that cannot be a file's.
    #[error("`{name}` cannot be used as a name in the cache: it {reason}")]
    Name {
        /// The name.
        name: String,
        /// The end of the sentence.
        reason: &'static str,
    },
    /// A folder holds something that cannot be kept.
    #[error(transparent)]
    Walk(#[from] WalkError),
    /// A folder holds something that may not be kept.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

impl StoreError {
    /// The stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io(_) => "cache::io",
            Self::NotAFolder(_) => "cache::not-a-folder",
            Self::ForeignOwner { .. } => "cache::foreign-owner",
            Self::WritableByOthers { .. } => "cache::writable-by-others",
            Self::Busy(_) => "cache::busy",
            Self::Name { .. } => "cache::name",
            Self::Walk(_) | Self::Tree(_) => "cache::refused-content",
        }
    }

    /// What to do.
    fn hint(&self) -> &'static str {
        match self {
            Self::Io(_) => {
                "see that the disk has room and the cache folder can be written, or choose another one with FARM_CACHE_DIR"
            }
            Self::NotAFolder(_) | Self::ForeignOwner { .. } => "choose another folder with FARM_CACHE_DIR",
            Self::WritableByOthers { .. } => "see what is in it, then run `chmod go-w` on it, or remove it",
            Self::Busy(_) => "try again when the other build is done",
            Self::Name { .. } => "use a plain name without `/`",
            Self::Walk(_) | Self::Tree(_) => "let the tool leave only plain files, folders and links within the output",
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let class = match error {
            StoreError::Walk(_) | StoreError::Tree(_) => Class::Build,
            _ => Class::Request,
        };
        let problem = Self::new(error.code(), class, error.to_string()).hint(error.hint());
        match std::error::Error::source(&error) {
            Some(source) => problem.because(source),
            None => problem,
        }
    }
}
