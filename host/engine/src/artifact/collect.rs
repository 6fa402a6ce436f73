//! Takes the outputs of a finished action into the store.
//!
//! Runs after every process of the action is dead. What a tool left is not to be trusted: it is read through handles,
//! links are kept as links and have to stay inside the output, and everything that is no plain file or folder is
//! refused by name. A file with several names is always copied, so that nobody who holds another name can change what is
//! kept.

use std::io;

use crate::cache::{Content, Node, Store, StoreError, TreeError, gather};
use crate::digest::Digest;
use crate::error::{Class, PathError, Problem};
use crate::fs::{self, Folder, Kind, Stat, WalkError};
use crate::path::RelPath;
use crate::plan::OutputShape;

/// An output cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// Nothing is there.
    #[error("the output `{0}` is missing")]
    Missing(RelPath),
    /// Something else is there than was declared.
    #[error("the output `{path}` is {found}, but {wanted} was declared")]
    WrongShape {
        /// The output's path.
        path: RelPath,
        /// What was declared, with its article.
        wanted: &'static str,
        /// What is there, with its article.
        found: &'static str,
    },
    /// A folder above the output is a link or a file.
    #[error("the output `{0}` does not lie in a folder of its own: a part of its path is a link or a file")]
    NotBelow(RelPath),
    /// Something in the output may not be kept.
    #[error("the output `{output}` cannot be kept: {error}")]
    Refused {
        /// The output's path.
        output: RelPath,
        /// Which path in it breaks which rule.
        error: TreeError,
    },
    /// The output cannot be read.
    #[error("the output `{output}` cannot be read")]
    Walk {
        /// The output's path.
        output: RelPath,
        /// Why.
        #[source]
        error: WalkError,
    },
    /// The store cannot take it.
    #[error(transparent)]
    Store(StoreError),
}

impl From<CollectError> for Problem {
    fn from(error: CollectError) -> Self {
        let (code, hint) = match error {
            CollectError::Store(error) => return error.into(),
            CollectError::Missing(_) => (
                "artifact::missing-output",
                "see where the tool writes, and declare that",
            ),
            CollectError::WrongShape { .. } => ("artifact::wrong-shape", "declare what the tool really writes"),
            CollectError::NotBelow(_) => ("artifact::not-below", "let the tool write into a real folder"),
            CollectError::Refused { .. } | CollectError::Walk { .. } => (
                "artifact::refused-output",
                "let the tool leave only plain files, folders, and relative links within the output",
            ),
        };
        let problem = Self::new(code, Class::Build, error.to_string()).hint(hint);
        match std::error::Error::source(&error) {
            Some(source) => problem.because(source),
            None => problem,
        }
    }
}

/// What becomes of the files of an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taking {
    /// They stay; the store gets copies.
    Copy,
    /// They may be moved into the store, if it can take them so. No process that could write to them may be alive.
    Move,
}

/// Takes the output at `path` below `folder` into the store. A folder of the shape [`OutputShape::Unpacked`] is gone
/// from its place afterwards.
pub fn collect(
    folder: &Folder,
    path: &RelPath,
    shape: OutputShape,
    (store, taking): (&Store, Taking),
) -> Result<Content, CollectError> {
    let (Some(above), Some(name)) = (path.parent(), path.file_name()) else {
        return collect_folder(&folder.again().map_err(io_error)?, path, (store, taking));
    };
    let parent = match folder.descend(&above) {
        Ok(parent) => parent,
        Err(error) if error.source.kind() == io::ErrorKind::NotFound => {
            return Err(CollectError::Missing(path.clone()));
        }
        Err(error) => return Err(not_below(error, path)),
    };
    let Some(stat) = parent.stat(name).map_err(io_error)? else {
        return Err(CollectError::Missing(path.clone()));
    };
    match (shape, stat.kind) {
        (OutputShape::File | OutputShape::Any, Kind::File) => collect_file(&parent, path, &stat, (store, taking)),
        (OutputShape::Folder | OutputShape::Any, Kind::Folder) => {
            collect_folder(&parent.child(name).map_err(io_error)?, path, (store, taking))
        }
        (OutputShape::Unpacked, Kind::Folder) => store
            .keep_unpacked_in(&parent, name, name)
            .map_err(|error| refused(error, path)),
        (shape, kind) => Err(CollectError::WrongShape {
            path: path.clone(),
            wanted: wanted(shape),
            found: found(kind),
        }),
    }
}

fn collect_file(
    parent: &Folder,
    path: &RelPath,
    stat: &Stat,
    (store, taking): (&Store, Taking),
) -> Result<Content, CollectError> {
    if stat.mode & 0o6000 != 0 {
        return Err(CollectError::Refused {
            output: path.clone(),
            error: TreeError {
                path: path.to_string(),
                rule: "has the setuid or the setgid bit".to_owned(),
            },
        });
    }
    let taken = take(parent, path.file_name().unwrap_or_default(), (store, taking));
    let (digest, size) = taken.map_err(CollectError::Store)?;
    Ok(Content::File {
        digest,
        size,
        executable: is_executable(stat),
    })
}

/// Takes one file; its digest and its size.
fn take(parent: &Folder, name: &str, (store, taking): (&Store, Taking)) -> Result<(Digest, u64), StoreError> {
    match taking {
        Taking::Copy => store.insert_file(parent.open_file(name)?),
        Taking::Move => store.adopt_file(parent, name),
    }
}

fn collect_folder(folder: &Folder, path: &RelPath, (store, taking): (&Store, Taking)) -> Result<Content, CollectError> {
    let found = fs::walk(folder).map_err(|error| refused(error.into(), path))?;
    let tree = gather(&found, |found| {
        let above = folder.descend(&found.path.parent().unwrap_or_default())?;
        let (digest, size) = take(&above, found.path.file_name().unwrap_or_default(), (store, taking))?;
        Ok::<_, StoreError>(Node::File {
            digest,
            size,
            executable: is_executable(&found.stat),
        })
    });
    tree.map(Content::Folder).map_err(|error| refused(error, path))
}

fn is_executable(stat: &Stat) -> bool {
    stat.mode & 0o100 != 0
}

/// Tells what is wrong with the output from what is wrong with the store.
fn refused(error: StoreError, output: &RelPath) -> CollectError {
    let output = output.clone();
    match error {
        StoreError::Tree(error) => CollectError::Refused { output, error },
        StoreError::Walk(error) => CollectError::Walk { output, error },
        other => CollectError::Store(other),
    }
}

fn not_below(error: PathError, path: &RelPath) -> CollectError {
    match fs::is_no_folder(&error.source) {
        true => CollectError::NotBelow(path.clone()),
        false => io_error(error),
    }
}

fn io_error(error: PathError) -> CollectError {
    CollectError::Store(StoreError::Io(error))
}

fn wanted(shape: OutputShape) -> &'static str {
    match shape {
        OutputShape::File => "a file",
        OutputShape::Folder | OutputShape::Unpacked => "a folder",
        OutputShape::Any => "a file or a folder",
    }
}

fn found(kind: Kind) -> &'static str {
    match kind {
        Kind::File => "a file",
        Kind::Folder => "a folder",
        Kind::Link => "a link",
        Kind::Other => "a pipe, a socket or a device",
    }
}
