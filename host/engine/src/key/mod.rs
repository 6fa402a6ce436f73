//! The action key: one walk over all that can change an action's result, for the hash and for people alike.
//!
//! Pure: does not know the disk, the cache, or how an action runs. What is in the key and why stands in
//! `host/docs/action-key.md`.

mod outline;

use std::collections::BTreeMap;

use crate::digest::{Digest, Hasher};
use crate::path::RelPath;
use crate::plan::{CheckedAction, CheckedWork};
use crate::sandbox::Tier;

pub use outline::{Change, Differing, compare, has_made, outline};

/// Version of the key's form; a change here makes every key another one. History: 1, the first.
const FORMAT: u32 = 1;

/// Something in the action's tree, by content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum InputContent {
    /// A file.
    File {
        /// Digest of its bytes.
        digest: Digest,
        /// Whether it may be executed.
        executable: bool,
    },
    /// A link, with what it names.
    Link(String),
    /// An empty folder.
    Folder,
    /// A whole folder kept unpacked in the store, by the digest of its tree.
    Unpacked(Digest),
}

/// A tool as the key knows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ToolIdentity {
    /// Its name.
    pub name: String,
    /// What it says to `--version`, on one line; empty where it says nothing.
    pub version: String,
    /// Digest of the executable file.
    pub digest: Digest,
}

/// All that can change an action's result.
#[derive(Debug)]
pub struct KeyParts<'a> {
    /// The action as it was planned and checked.
    pub action: &'a CheckedAction,
    /// The target's folder: the action's tree holds the inputs below it.
    pub root: &'a RelPath,
    /// Digest of the builder's component.
    pub builder: Digest,
    /// `linux-x86_64`, …
    pub platform: &'a str,
    /// What the base system is, where the action can see it; none for a step.
    pub base_system: Option<&'a str>,
    /// The tier, since it decides what a tool can see; none for a step.
    pub tier: Option<Tier>,
    /// The tools, sorted by name.
    pub tools: &'a [ToolIdentity],
    /// Values of the variables that are handed on.
    pub passed: &'a BTreeMap<String, String>,
    /// The action's tree, by path.
    pub tree: &'a BTreeMap<RelPath, InputContent>,
}

/// Takes the parts of a key, in order.
pub trait KeySink {
    /// A part: the section it belongs to, its name there, and its value.
    fn part(&mut self, section: &'static str, name: &str, value: &[u8]);
}

/// The key of an action.
pub fn key(parts: &KeyParts<'_>) -> Digest {
    let mut hasher = HashSink(Hasher::new());
    walk(parts, &mut hasher);
    hasher.0.finish()
}

/// What is in the key, for people: section, name and value, the way the hash sees them.
pub fn explain(parts: &KeyParts<'_>) -> Vec<(&'static str, String, String)> {
    let mut lines = TextSink(Vec::new());
    walk(parts, &mut lines);
    lines.0
}

/// The one walk. Each part is framed by lengths, so that no two different lists of parts give the same bytes.
fn walk(parts: &KeyParts<'_>, sink: &mut dyn KeySink) {
    let action = parts.action;
    sink.part("format", "key", &FORMAT.to_le_bytes());
    sink.part("platform", "system", parts.platform.as_bytes());
    sink.part("platform", "base", parts.base_system.unwrap_or("").as_bytes());
    sink.part(
        "sandbox",
        "tier",
        parts.tier.map(|tier| tier.to_string()).unwrap_or_default().as_bytes(),
    );
    sink.part("builder", "component", parts.builder.as_bytes());
    sink.part("root", "folder", parts.root.as_str().as_bytes());
    walk_work(action, sink);
    if let Some(path) = &action.stdout {
        sink.part("run", "stdout", path.as_str().as_bytes());
    }
    for (name, value) in &action.environment {
        sink.part("environment", name, value.as_bytes());
    }
    for (name, path) in &action.path_variables {
        // No value of another variable starts with this byte.
        sink.part("environment", name, &[b"\0", path.as_str().as_bytes()].concat());
    }
    for name in &action.pass_environment {
        // A variable that is not set differs from an empty one.
        let value = parts
            .passed
            .get(name)
            .map_or_else(|| vec![0], |value| [&[1], value.as_bytes()].concat());
        sink.part("passed-environment", name, &value);
    }
    for name in &action.secrets {
        sink.part("secret", name, b"");
    }
    for cache in &action.caches {
        sink.part("tool-cache", &cache.name, cache.variable.as_bytes());
    }
    if let Some(fetch) = &action.fetch {
        fetch
            .from
            .iter()
            .for_each(|purpose| sink.part("network", "from", purpose.as_bytes()));
        fetch
            .pinned_by
            .iter()
            .for_each(|path| sink.part("network", "pinned-by", path.as_str().as_bytes()));
    }
    for tool in parts.tools {
        sink.part("tool", &tool.name, tool.digest.as_bytes());
        sink.part("tool-version", &tool.name, tool.version.as_bytes());
    }
    walk_tree(parts.tree, sink);
    for output in &action.outputs {
        let form = format!("{}\0{:?}\0{}", output.path.as_str(), output.shape, output.required);
        sink.part("output", &output.name, form.as_bytes());
    }
}

fn walk_work(action: &CheckedAction, sink: &mut dyn KeySink) {
    match &action.work {
        CheckedWork::Tool {
            tool,
            arguments,
            directory,
        } => {
            sink.part("run", "tool", tool.as_bytes());
            arguments
                .iter()
                .for_each(|argument| sink.part("run", "argument", argument.as_bytes()));
            sink.part("run", "directory", directory.as_str().as_bytes());
        }
        CheckedWork::Step(step) => {
            sink.part("run", "step", step.name.as_bytes());
            sink.part("run", "parameters", step.parameters.as_bytes());
        }
    }
}

fn walk_tree(tree: &BTreeMap<RelPath, InputContent>, sink: &mut dyn KeySink) {
    for (path, content) in tree {
        match content {
            InputContent::File {
                digest,
                executable: false,
            } => sink.part("file", path.as_str(), digest.as_bytes()),
            InputContent::File {
                digest,
                executable: true,
            } => sink.part("program", path.as_str(), digest.as_bytes()),
            InputContent::Link(target) => sink.part("link", path.as_str(), target.as_bytes()),
            InputContent::Folder => sink.part("folder", path.as_str(), b""),
            InputContent::Unpacked(tree) => sink.part("tree", path.as_str(), tree.as_bytes()),
        }
    }
}

struct HashSink(Hasher);

impl KeySink for HashSink {
    fn part(&mut self, section: &'static str, name: &str, value: &[u8]) {
        self.0.field(section.as_bytes());
        self.0.field(name.as_bytes());
        self.0.field(value);
    }
}

struct TextSink(Vec<(&'static str, String, String)>);

impl KeySink for TextSink {
    fn part(&mut self, section: &'static str, name: &str, value: &[u8]) {
        let value = match (section, <[u8; 32]>::try_from(value)) {
            ("file" | "program" | "tree" | "tool" | "builder", Ok(digest)) => Digest::from_bytes(digest).to_string(),
            ("format", _) => FORMAT.to_string(),
            ("passed-environment", _) => passed_text(value),
            _ => String::from_utf8_lossy(value).replace('\0', " "),
        };
        self.0.push((section, name.to_owned(), value));
    }
}

fn passed_text(value: &[u8]) -> String {
    match value.split_first() {
        Some((1, text)) => String::from_utf8_lossy(text).into_owned(),
        _ => "(not set)".to_owned(),
    }
}
