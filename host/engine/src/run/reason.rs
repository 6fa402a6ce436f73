//! Why an action was, or would be, anything but up to date: the parts in which its key differs from the one before, in
//! the words of those who write `farm.toml`.
//!
//! Pure: does not know where keys are kept, nor who wants to know.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::key::{self, Change, Differing};
use crate::path::RelPath;
use crate::plan::{CheckedAction, CheckedSource, CheckedWork, FileBase};

/// Most differences that are kept of one action.
const MAX_DIFFERENCES: usize = 20;

/// Why an action was not up to date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// It had never been built in this workspace.
    First,
    /// Something in its key was not what it had been.
    Changed(Differences),
    /// Its key was the same, and the cache did not have its result.
    NotInCache,
    /// Its key was the same, and the build was asked not to use the cache.
    CacheOff,
    /// Its key is the same, and its outputs do not lie where they were put.
    OutputsGone,
    /// What its key was made of is not recorded.
    NotRecorded,
}

/// In what a key differs from the one before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Differences {
    /// The first of them.
    pub first: Vec<Difference>,
    /// How many there are beside those.
    pub more: u64,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// What kind of thing differs.
    pub subject: Subject,
    /// Its name; for what another action or target made, the name of that. Empty where there is only one such thing.
    pub name: String,
    /// For what another action or target made, the name of the output or artifact.
    pub item: Option<String>,
    /// How it differs.
    pub change: Change,
}

/// What can differ between two keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// A file of the workspace, by its path.
    File,
    /// A file that is made for the action, by its path: by the builder, or by whom its plan no longer names.
    WrittenFile,
    /// An artifact of a dependency, by the target's name.
    Dependency,
    /// An output of another action of the same target, by the action's id.
    Action,
    /// An argument of the command, by its number, from 1.
    Argument,
    /// All of its arguments: there are more of them, or fewer.
    Arguments,
    /// What is run: the tool or step, its folder, a step's parameters.
    Command,
    /// A variable of its environment.
    Variable,
    /// A secret that is handed on.
    Secret,
    /// A tool, by its executable.
    Tool,
    /// What a tool says of its version.
    ToolVersion,
    /// A folder that a tool keeps from run to run.
    ToolCache,
    /// What it may fetch, and what pins that.
    Network,
    /// A declared output.
    Output,
    /// The builder's component.
    Builder,
    /// The target's folder.
    Folder,
    /// The tier of the sandbox.
    Sandbox,
    /// Operating system and processor.
    Platform,
    /// The base system that the action sees.
    BaseSystem,
    /// The form of farm's keys.
    KeyFormat,
}

/// The reason for which an action with the outline `now` is not what one with the outline `before` was. `root` is its
/// target's folder.
pub(super) fn changed(before: &[u8], now: &[u8], action: &CheckedAction, root: &RelPath) -> Reason {
    let Some(differing) = key::compare(before, now) else {
        return Reason::NotRecorded;
    };
    let naming = Naming { action, root };
    let mut all = named(&differing, &naming);
    for difference in &mut all {
        if naming.is_partly_there(difference, [before, now]) {
            difference.change = Change::Changed;
        }
    }
    fold_arguments(&mut all);
    fold_versions(&mut all);
    let more = all.len().saturating_sub(MAX_DIFFERENCES) as u64;
    all.truncate(MAX_DIFFERENCES);
    Reason::Changed(Differences { first: all, more })
}

/// The differences by their names; all that differs in one output or artifact is one.
fn named(differing: &[Differing<'_>], naming: &Naming<'_>) -> Vec<Difference> {
    let mut all: Vec<Difference> = Vec::new();
    let mut items: BTreeMap<(Subject, String, String), usize> = BTreeMap::new();
    for difference in differing.iter().map(|differing| naming.difference(differing)) {
        if let Some(item) = &difference.item {
            let id = (difference.subject, difference.name.clone(), item.clone());
            if let Some(known) = items.get(&id) {
                let known: &mut Difference = &mut all[*known];
                if known.change != difference.change {
                    known.change = Change::Changed;
                }
                continue;
            }
            items.insert(id, all.len());
        }
        all.push(difference);
    }
    all
}

/// Where there are more arguments or fewer, their places say nothing.
fn fold_arguments(all: &mut Vec<Difference>) {
    let is_argument = |difference: &Difference| difference.subject == Subject::Argument;
    let moved = |difference: &Difference| is_argument(difference) && difference.change != Change::Changed;
    if !all.iter().any(moved) {
        return;
    }
    let first = all.iter().position(is_argument).unwrap_or_default();
    all.retain(|difference| !is_argument(difference));
    all.insert(first, simple(Subject::Arguments, String::new(), Change::Changed));
}

/// Another executable mostly says another version.
fn fold_versions(all: &mut Vec<Difference>) {
    let tools: BTreeSet<String> = all
        .iter()
        .filter(|difference| difference.subject == Subject::Tool)
        .map(|difference| difference.name.clone())
        .collect();
    all.retain(|difference| difference.subject != Subject::ToolVersion || !tools.contains(&difference.name));
}

const fn simple(subject: Subject, name: String, change: Change) -> Difference {
    Difference {
        subject,
        name,
        item: None,
        change,
    }
}

/// What gives parts of a key their names.
struct Naming<'a> {
    action: &'a CheckedAction,
    /// The target's folder.
    root: &'a RelPath,
}

impl Naming<'_> {
    fn difference(&self, differing: &Differing<'_>) -> Difference {
        let subject = match (differing.section, differing.name) {
            ("file" | "program" | "link" | "folder" | "tree", path) => return self.in_tree(path, differing),
            ("run", "argument") => {
                let number = (differing.number + 1).to_string();
                return simple(Subject::Argument, number, differing.change);
            }
            ("environment" | "passed-environment", _) => Subject::Variable,
            ("secret", _) => Subject::Secret,
            ("tool", _) => Subject::Tool,
            ("tool-version", _) => Subject::ToolVersion,
            ("tool-cache", _) => Subject::ToolCache,
            ("network", _) => Subject::Network,
            ("output", _) => Subject::Output,
            ("run", _) => Subject::Command,
            ("builder", _) => Subject::Builder,
            ("root", _) => Subject::Folder,
            ("sandbox", _) => Subject::Sandbox,
            ("platform", "base") => Subject::BaseSystem,
            ("platform", _) => Subject::Platform,
            _ => Subject::KeyFormat,
        };
        let has_name = matches!(
            subject,
            Subject::Variable
                | Subject::Secret
                | Subject::Tool
                | Subject::ToolVersion
                | Subject::ToolCache
                | Subject::Output
        );
        let name = if has_name { differing.name } else { "" };
        simple(subject, name.to_owned(), differing.change)
    }

    /// Something in the action's tree: a file of the workspace, or who made it.
    fn in_tree(&self, path: &str, differing: &Differing<'_>) -> Difference {
        if !differing.is_made {
            return simple(Subject::File, self.in_workspace(path), differing.change);
        }
        let place = RelPath::parse(path).unwrap_or_default();
        let made = self.action.inputs.iter().filter_map(|input| {
            let at = self.tree_root().join(&input.at);
            let is_it = place.below(&at).is_some() && !matches!(input.source, CheckedSource::Files { .. });
            is_it.then_some((at.as_str().len(), &input.source))
        });
        let (subject, name, item) = match made.max_by_key(|(depth, _)| *depth) {
            Some((_, CheckedSource::Artifact(artifact))) => (Subject::Dependency, &artifact.target, &artifact.name),
            Some((_, CheckedSource::Output(output))) => (Subject::Action, &output.action, &output.output),
            _ => return simple(Subject::WrittenFile, path.to_owned(), differing.change),
        };
        Difference {
            subject,
            name: name.clone(),
            item: Some(item.clone()),
            change: differing.change,
        }
    }

    /// Whether files of what others made were added or are gone, where there were some before and are some now.
    fn is_partly_there(&self, difference: &Difference, outlines: [&[u8]; 2]) -> bool {
        let is_it = |source: &CheckedSource| match (source, &difference.item) {
            (CheckedSource::Artifact(artifact), Some(item)) => {
                difference.subject == Subject::Dependency
                    && (&artifact.target, &artifact.name) == (&difference.name, item)
            }
            (CheckedSource::Output(output), Some(item)) => {
                difference.subject == Subject::Action && (&output.action, &output.output) == (&difference.name, item)
            }
            _ => false,
        };
        let mut inputs = self.action.inputs.iter().filter(|input| is_it(&input.source));
        difference.change != Change::Changed
            && inputs.any(|input| {
                let at = self.tree_root().join(&input.at);
                outlines.iter().all(|outline| key::has_made(outline, &at))
            })
    }

    fn tree_root(&self) -> RelPath {
        match self.action.work {
            CheckedWork::Tool { .. } => self.root.clone(),
            CheckedWork::Step(_) => RelPath::root(),
        }
    }

    /// Where a file in the tree lies in the workspace: a step finds those of its target's folder without that folder.
    fn in_workspace(&self, path: &str) -> String {
        let is_step = matches!(self.action.work, CheckedWork::Step(_));
        let bases = self.action.inputs.iter().filter_map(|input| match &input.source {
            CheckedSource::Files { base, .. } => Some(*base),
            _ => None,
        });
        let is_below_root = is_step && bases.into_iter().all(|base| base == FileBase::Target);
        match RelPath::parse(path) {
            Ok(place) if is_below_root => self.root.join(&place).to_string(),
            _ => path.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(subject: Subject, name: &str, change: Change) -> Difference {
        simple(subject, name.to_owned(), change)
    }

    #[test]
    fn arguments_are_told_by_their_places_only_where_those_are_the_same() {
        let argument = |number, change| difference(Subject::Argument, number, change);
        let mut all = vec![argument("1", Change::Changed), argument("3", Change::Changed)];
        let same = all.clone();
        fold_arguments(&mut all);
        assert_eq!(all, same);
        let file = difference(Subject::File, "a", Change::Changed);
        let folder = difference(Subject::Folder, "", Change::Changed);
        let mut all = vec![
            folder.clone(),
            argument("2", Change::Changed),
            file.clone(),
            argument("3", Change::Removed),
        ];
        fold_arguments(&mut all);
        let arguments = difference(Subject::Arguments, "", Change::Changed);
        assert_eq!(all, [folder, arguments, file]);
    }

    #[test]
    fn a_version_is_told_where_the_executable_is_the_same() {
        let mut all = vec![
            difference(Subject::Tool, "node", Change::Changed),
            difference(Subject::ToolVersion, "node", Change::Changed),
            difference(Subject::ToolVersion, "npm", Change::Changed),
        ];
        fold_versions(&mut all);
        let told: Vec<_> = all
            .iter()
            .map(|difference| (difference.subject, difference.name.as_str()))
            .collect();
        assert_eq!(told, [(Subject::Tool, "node"), (Subject::ToolVersion, "npm")]);
    }
}
