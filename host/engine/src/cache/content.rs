//! What an action leaves behind, in words that can be stored.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Node, Tree};
use crate::digest::{Digest, Hasher};
use crate::sandbox::{Tier, Usage};

/// The content of an output or an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    /// One file.
    File {
        /// Digest of its bytes.
        digest: Digest,
        /// How many bytes.
        size: u64,
        /// Whether it may be run.
        executable: bool,
    },
    /// A folder whose files are blobs.
    Folder(Tree),
    /// A big folder that is kept unpacked; its tree is a blob, its files are not.
    Unpacked {
        /// Digest of its tree.
        tree: Digest,
        /// The name under which the folder is kept.
        name: String,
        /// How many files and links.
        files: u64,
        /// The sum of the files, in bytes.
        bytes: u64,
    },
}

impl Content {
    /// A digest that is equal exactly for equal content; a folder's does not depend on how it is kept.
    pub fn digest(&self) -> Digest {
        match self {
            Self::File { digest, executable, .. } => {
                let mut hasher = Hasher::new();
                hasher.field(b"farm file 1");
                hasher.field(digest.as_bytes());
                hasher.field(&[u8::from(*executable)]);
                hasher.finish()
            }
            Self::Folder(tree) => tree.digest(),
            Self::Unpacked { tree, .. } => *tree,
        }
    }

    /// How many files and links it has.
    pub fn files(&self) -> u64 {
        match self {
            Self::File { .. } => 1,
            Self::Folder(tree) => tree.files(),
            Self::Unpacked { files, .. } => *files,
        }
    }

    /// The sum of its files, in bytes.
    pub fn bytes(&self) -> u64 {
        match self {
            Self::File { size, .. } => *size,
            Self::Folder(tree) => tree.bytes(),
            Self::Unpacked { bytes, .. } => *bytes,
        }
    }
}

/// What a successful action left behind; failures are never stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionResult {
    /// Its outputs by name.
    pub outputs: BTreeMap<String, Content>,
    /// Blob of what it wrote to standard output.
    pub stdout: Digest,
    /// Blob of what it wrote to standard error.
    pub stderr: Digest,
    /// The sandbox tier that it ran in; none for a step of a component.
    pub tier: Option<Tier>,
    /// How long it took.
    pub duration: Duration,
    /// What it used; none where that was not measured (a step, a system without the means, a result of an older farm).
    #[serde(default)]
    pub usage: Option<Usage>,
    /// Whether it had the network.
    pub fetched: bool,
}

impl ActionResult {
    /// The blobs that it names, with their sizes where the result knows them.
    pub(super) fn blobs(&self) -> Vec<(Digest, Option<u64>)> {
        let mut blobs = vec![(self.stdout, None), (self.stderr, None)];
        for content in self.outputs.values() {
            match content {
                Content::File { digest, size, .. } => blobs.push((*digest, Some(*size))),
                Content::Folder(tree) => blobs.extend(files_of(tree)),
                Content::Unpacked { tree, .. } => blobs.push((*tree, None)),
            }
        }
        blobs
    }

    /// The unpacked folders that it names.
    pub(super) fn unpacked(&self) -> impl Iterator<Item = (&Digest, &str)> {
        self.outputs.values().filter_map(|content| match content {
            Content::Unpacked { tree, name, .. } => Some((tree, name.as_str())),
            _ => None,
        })
    }
}

fn files_of(tree: &Tree) -> impl Iterator<Item = (Digest, Option<u64>)> {
    tree.entries.iter().filter_map(|entry| match &entry.node {
        Node::File { digest, size, .. } => Some((*digest, Some(*size))),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_of_a_farm_that_did_not_measure_can_be_read() {
        let measured = ActionResult {
            outputs: BTreeMap::new(),
            stdout: Digest::of(b""),
            stderr: Digest::of(b""),
            tier: Some(Tier::L2),
            duration: Duration::from_millis(5),
            usage: Some(Usage {
                user: Duration::from_millis(3),
                system: Duration::from_millis(1),
                peak_memory: 4096,
            }),
            fetched: false,
        };
        let mut stored = serde_json::to_value(&measured).expect("JSON");
        let read = |value: &serde_json::Value| serde_json::from_value::<ActionResult>(value.clone()).expect("a result");
        assert_eq!(read(&stored), measured);
        stored.as_object_mut().expect("an object").remove("usage");
        assert_eq!(
            read(&stored),
            ActionResult {
                usage: None,
                ..measured
            }
        );
    }
}
