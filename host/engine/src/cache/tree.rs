//! Trees: the files, links and empty folders of a folder, by path and digest.
//!
//! A tree may come from a cache that cannot be trusted: whatever decodes has passed [`Tree::check`]. Does not know
//! where the bytes of its files are.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::links;
use crate::digest::Digest;
use crate::fs::{Kind, Listed};
use crate::path::RelPath;

/// More entries than this are refused.
pub const MAX_ENTRIES: usize = 2_000_000;
/// Version of the written form.
const VERSION: u32 = 1;

/// What lies below a folder, sorted by path.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Entry>", into = "Vec<Entry>")]
pub struct Tree {
    /// Files, links and empty folders. No path occurs twice, and none lies below a file or a link.
    pub entries: Vec<Entry>,
}

/// One thing in a tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Where it is, from the tree's folder.
    pub path: RelPath,
    /// What it is.
    pub node: Node,
}

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Node {
    /// A regular file.
    File {
        /// Digest of its bytes.
        digest: Digest,
        /// How many bytes.
        size: u64,
        /// Whether it may be run.
        executable: bool,
    },
    /// A symbolic link within the tree.
    Link {
        /// Where it leads, from its own folder.
        target: String,
    },
    /// An empty folder.
    Folder,
}

/// A tree breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` {rule}")]
pub struct TreeError {
    /// The path at which it does.
    pub path: String,
    /// The rule, as the end of a sentence.
    pub rule: String,
}

impl TreeError {
    fn new(path: &RelPath, rule: impl Into<String>) -> Self {
        Self {
            path: path.to_string(),
            rule: rule.into(),
        }
    }
}

/// The written form of a tree, for a blob of its own.
#[derive(Serialize, Deserialize)]
struct Manifest {
    version: u32,
    entries: Tree,
}

impl Tree {
    /// A tree of these entries, sorted and checked.
    pub fn new(mut entries: Vec<Entry>) -> Result<Self, TreeError> {
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        let tree = Self { entries };
        tree.check()?;
        Ok(tree)
    }

    /// Whether the tree keeps the rules: sorted, nothing twice, nothing below a file or a link, and every link
    /// relative and, through all further links, inside.
    pub fn check(&self) -> Result<(), TreeError> {
        if let Some(surplus) = self.entries.get(MAX_ENTRIES) {
            return Err(TreeError::new(&surplus.path, "is one entry too many"));
        }
        self.check_paths()?;
        self.check_links()
    }

    fn check_paths(&self) -> Result<(), TreeError> {
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let mut last: Option<&RelPath> = None;
        for entry in &self.entries {
            let path = &entry.path;
            let refuse = |rule: &str| Err(TreeError::new(path, rule));
            if path.is_root() {
                return refuse("is the folder itself");
            }
            match last {
                Some(last) if last == path => return refuse("occurs twice"),
                Some(last) if last > path => return refuse("is out of order"),
                _ => {}
            }
            if parents(path.as_str()).any(|parent| seen.contains(parent)) {
                return refuse("lies below a file, a link or an empty folder");
            }
            if let Some(reason) = reserved(path) {
                return refuse(reason);
            }
            seen.insert(path.as_str());
            last = Some(path);
        }
        Ok(())
    }

    fn check_links(&self) -> Result<(), TreeError> {
        let targets: BTreeMap<&str, &str> = self.links().map(|(path, target)| (path.as_str(), target)).collect();
        self.links().try_for_each(|(path, target)| {
            links::check(&targets, path, target)
                .map_err(|reason| TreeError::new(path, format!("is a link to `{}`, which {reason}", shown(target))))
        })
    }

    /// The links and where they lead.
    pub fn links(&self) -> impl Iterator<Item = (&RelPath, &str)> {
        self.entries.iter().filter_map(|entry| match &entry.node {
            Node::Link { target } => Some((&entry.path, target.as_str())),
            _ => None,
        })
    }

    /// What is at this path.
    pub fn get(&self, path: &RelPath) -> Option<&Node> {
        let index = self.entries.binary_search_by(|entry| entry.path.cmp(path)).ok()?;
        Some(&self.entries[index].node)
    }

    /// Every folder of the tree, the tree's own among them, with the names in it, sorted.
    pub fn folders(&self) -> BTreeMap<RelPath, Vec<Listed>> {
        let mut folders = BTreeMap::from([(RelPath::root(), Vec::new())]);
        let listed = |name: &str, kind| Listed {
            name: name.into(),
            kind,
        };
        for entry in &self.entries {
            let kind = match entry.node {
                Node::File { .. } => Kind::File,
                Node::Link { .. } => Kind::Link,
                Node::Folder => Kind::Folder,
            };
            if kind == Kind::Folder {
                folders.entry(entry.path.clone()).or_default();
            }
            let (mut path, mut kind) = (entry.path.clone(), kind);
            while let (Some(above), Some(name)) = (path.parent(), path.file_name()) {
                let is_new = !folders.contains_key(&above);
                folders.entry(above.clone()).or_default().push(listed(name, kind));
                if !is_new {
                    break;
                }
                (path, kind) = (above, Kind::Folder);
            }
        }
        folders.values_mut().for_each(|names| names.sort());
        folders
    }

    /// The written form: equal trees have equal bytes.
    pub fn encode(&self) -> Vec<u8> {
        let manifest = Manifest {
            version: VERSION,
            entries: self.clone(),
        };
        serde_json::to_vec(&manifest).expect("a tree of texts and numbers always has a JSON form")
    }

    /// The tree of a written form; none if it is malformed, of another version, or breaks a rule.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let manifest: Manifest = serde_json::from_slice(bytes).ok()?;
        (manifest.version == VERSION).then_some(manifest.entries)
    }

    /// Digest of the written form: equal exactly for equal trees.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.encode())
    }

    /// How many files and links it has.
    pub fn files(&self) -> u64 {
        self.entries.iter().filter(|entry| entry.node != Node::Folder).count() as u64
    }

    /// The sum of its files, in bytes.
    pub fn bytes(&self) -> u64 {
        self.entries
            .iter()
            .map(|entry| match &entry.node {
                Node::File { size, .. } => *size,
                _ => 0,
            })
            .fold(0, u64::saturating_add)
    }
}

impl TryFrom<Vec<Entry>> for Tree {
    type Error = TreeError;

    fn try_from(entries: Vec<Entry>) -> Result<Self, TreeError> {
        let tree = Self { entries };
        tree.check()?;
        Ok(tree)
    }
}

impl From<Tree> for Vec<Entry> {
    fn from(tree: Tree) -> Self {
        tree.entries
    }
}

/// The paths of the folders that hold this path.
fn parents(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(index, _)| &path[..index])
}

/// Names that are devices on Windows. Elsewhere they are names like any other.
fn reserved(path: &RelPath) -> Option<&'static str> {
    const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];
    let is_device = |part: &str| {
        let stem = part.split('.').next().unwrap_or_default().to_ascii_lowercase();
        let stem = stem.trim_end_matches(|c: char| c.is_ascii_digit());
        DEVICES.contains(&stem)
    };
    (cfg!(windows) && path.parts().any(is_device)).then_some("has a name that Windows reserves")
}

/// A link's target, cut to a length that can be shown.
fn shown(target: &str) -> String {
    target.chars().take(120).collect::<String>().escape_debug().to_string()
}
