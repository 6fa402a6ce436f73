//! What is about to be put into the user's tree, written down before it is: after a build that was killed, the next one
//! knows farm's own files from the user's.
//!
//! A log of JSON lines in `.farm/placing`, which goes when the state names what lies where. A line that was cut off says
//! nothing. Does not know what is done with it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::cache::{Content, Node};
use crate::digest::Digest;
use crate::error::{PathContext as _, PathError};
use crate::fs::{self, File, Sync};
use crate::path::RelPath;

/// Largest log that is read, in bytes.
const MAX_BYTES: u64 = 1 << 30;

/// Files that a target was about to put into the user's tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placing {
    /// Full name of the target.
    pub target: String,
    /// Where, from the workspace's root, and the digest of the bytes.
    pub files: Vec<(RelPath, Digest)>,
}

impl Placing {
    /// The files of some content at a place. Links are left out, and folders too big to be looked through.
    pub fn of(target: &str, contents: &[(RelPath, Content)]) -> Self {
        let files = contents.iter().flat_map(|(place, content)| match content {
            Content::File { digest, .. } => vec![(place.clone(), *digest)],
            Content::Folder(tree) => {
                let files = tree.entries.iter().filter_map(|entry| match &entry.node {
                    Node::File { digest, .. } => Some((place.join(&entry.path), *digest)),
                    Node::Link { .. } | Node::Folder => None,
                });
                files.collect()
            }
            Content::Unpacked { .. } => Vec::new(),
        });
        Self {
            target: target.to_owned(),
            files: files.collect(),
        }
    }
}

/// The log, written while a build runs.
#[derive(Debug)]
pub struct PlacingLog {
    path: PathBuf,
    file: Mutex<Option<File>>,
}

impl PlacingLog {
    /// The log at this path, which is opened when something is first written.
    pub const fn new(path: PathBuf) -> Self {
        Self {
            path,
            file: Mutex::new(None),
        }
    }

    /// Writes down what is about to be put in place.
    pub fn add(&self, placing: &Placing) -> Result<(), PathError> {
        let mut line = serde_json::to_vec(placing).expect("plain data");
        line.push(b'\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let file = match &mut *file {
            Some(file) => file,
            none => none.insert(fs::open_append(&self.path)?),
        };
        file.write_all(&line).context("write", &self.path)
    }

    /// What a log holds; nothing where there is none.
    pub fn read(path: &Path) -> Vec<Placing> {
        let bytes = fs::read_bounded(path, MAX_BYTES).unwrap_or_default();
        let lines = bytes.split(|byte| *byte == b'\n');
        lines.filter_map(|line| serde_json::from_slice(line).ok()).collect()
    }

    /// Leaves only this of a log; no file where that is nothing.
    pub fn keep(path: &Path, kept: &[&Placing]) -> Result<(), PathError> {
        if kept.is_empty() {
            return if fs::exists(path) {
                fs::remove_file(path)
            } else {
                Ok(())
            };
        }
        let lines = kept.iter().flat_map(|placing| {
            let mut line = serde_json::to_vec(placing).expect("plain data");
            line.push(b'\n');
            line
        });
        fs::write_atomic(path, &lines.collect::<Vec<u8>>(), Sync::Lazy)
    }
}
