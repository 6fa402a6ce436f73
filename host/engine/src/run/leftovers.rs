//! What earlier builds put into the user's tree, and which of it no target makes any more.
//!
//! A file there that is as farm left it is none of the user's own: a plan never sees what its target itself has made, and
//! what is no output of any target any more is removed, as `ninja -t cleandead` does. What somebody has changed since is the user's from then on. Does not know when a plan is complete.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::config::Workspace;
use crate::error::PathError;
use crate::execute::Placing;
use crate::fs::{self, Folder, Stat};
use crate::path::{self, RelPath};
use crate::run::check;
use crate::run::describe::MANIFEST;
use crate::run::recall::{Last, Recalls};
use crate::run::shared::Opened;
use crate::run::state::{Seen, TargetRecord, View};

/// A path that farm once put into the user's tree.
#[derive(Debug, Clone)]
pub(super) struct Leftover {
    /// Where, from the workspace's root.
    pub(super) path: RelPath,
    /// What the system says of it; none where it is not as farm left it.
    stat: Option<Stat>,
}

/// What earlier builds of the targets that are planned now, and of those that are no more, have left.
#[derive(Debug, Default)]
pub(super) struct Leftovers {
    /// By the full name of the target. Of targets that still are, nothing in the output folder: that is put right when
    /// they are finished.
    of: BTreeMap<String, Vec<Leftover>>,
    /// The targets that are no more.
    gone: Vec<String>,
    /// The folder for artifacts of the last build and the manifest in it, where it is another one now.
    folder: Vec<Leftover>,
}

/// What is asked of a target of the last build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It is planned anew.
    Planned,
    /// Nothing is done with it, or it is taken over.
    Kept,
    /// The configuration does not have it any more.
    Gone,
}

/// What earlier builds have left of the chosen targets that are not taken over, and of those that are no more.
pub(super) fn of_build(opened: &Opened, last: Option<&Last<'_>>, recalls: &Recalls) -> Leftovers {
    let targets = opened.workspace.targets.iter();
    let mut fates: BTreeMap<&str, Fate> = targets.map(|target| (target.name.as_str(), Fate::Kept)).collect();
    let planned = (opened.selected.iter().zip(0..)).filter(|(_, at)| !recalls.contains_key(at));
    fates.extend(planned.map(|(id, _)| (opened.target(*id).name.as_str(), Fate::Planned)));
    let fate = |name: &str| fates.get(name).copied().unwrap_or(Fate::Gone);
    let left = last.map(|last| Leftovers::look(last, &opened.workspace, fate));
    let mut left = left.unwrap_or_default();
    for placing in &opened.placing {
        left.add_interrupted(placing, fate(&placing.target), &opened.workspace.root);
    }
    left
}

/// A target of the last build, and what is asked of what it left, by place in the table.
struct Left<'r, 'v> {
    record: &'r TargetRecord<'v>,
    fate: Fate,
    paths: Vec<u32>,
}

impl Leftovers {
    /// Looks at what the last builds of these targets left in the workspace.
    fn look(last: &Last<'_>, workspace: &Workspace, fate: impl Fn(&str) -> Fate) -> Self {
        let Some(output) = last.output() else {
            return Self::default();
        };
        let is_output_moved = output != workspace.output;
        let left = |record| Left {
            record,
            fate: fate(record.name),
            paths: match is_output_moved {
                true => [last.documents(record), record.outputs.clone()].concat(),
                false => record.outputs.clone(),
            },
        };
        let records = last.records.targets.iter().filter(|record| !record.outputs.is_empty());
        let left: Vec<Left<'_, '_>> = records.map(left).filter(|left| left.fate != Fate::Kept).collect();
        let manifest = last.view.find(&format!("{output}/{MANIFEST}"));
        let manifest = manifest
            .filter(|_| is_output_moved)
            .and_then(|number| u32::try_from(number).ok());
        let mut wanted = wanted(last, &left, (!is_output_moved).then_some(&output));
        check::mark(&mut wanted, manifest.as_slice());
        let found = check::look_again(last.view, &output, &workspace.root, &wanted);
        let fresh = found.fresh.iter().map(|(number, stat, _)| (*number, *stat)).collect();
        let seeing = Seeing {
            view: last.view,
            root: &workspace.root,
            wanted,
            changed: found.changed,
            fresh,
        };
        let mut folder: Vec<Leftover> = manifest.iter().filter_map(|number| seeing.leftover(*number)).collect();
        if is_output_moved && let Ok(stat @ Some(_)) = fs::stat(&output.under(&workspace.root)) {
            folder.push(Leftover { path: output, stat });
        }
        let name = |left: &Left<'_, '_>| left.record.name.to_owned();
        let of = |left: &Left<'_, '_>| {
            left.paths
                .iter()
                .filter_map(|number| seeing.leftover(*number))
                .collect()
        };
        Self {
            folder,
            gone: left.iter().filter(|left| left.fate == Fate::Gone).map(name).collect(),
            of: left.iter().map(|left| (name(left), of(left))).collect(),
        }
    }

    /// Adds what a build that was killed has put in place.
    fn add_interrupted(&mut self, placing: &Placing, fate: Fate, root: &Path) {
        if fate == Fate::Kept {
            return;
        }
        if fate == Fate::Gone && !self.gone.contains(&placing.target) {
            self.gone.push(placing.target.clone());
        }
        let places: BTreeSet<&RelPath> = placing.files.iter().map(|(path, _)| path).collect();
        let known = self.of.entry(placing.target.clone()).or_default();
        known.retain(|left| !places.contains(&left.path));
        for (path, digest) in &placing.files {
            let place = path.under(root);
            let stat = fs::stat(&place).ok().flatten().filter(Stat::is_file);
            let is_there = stat.is_some() && fs::digest(&place).is_ok_and(|found| found == *digest);
            known.push(Leftover {
                path: path.clone(),
                stat: stat.filter(|_| is_there),
            });
        }
    }

    /// The files of a target that are as farm left them.
    pub(super) fn own(&self, target: &str) -> BTreeSet<RelPath> {
        let left = self.of.get(target).into_iter().flatten();
        let files = left.filter(|left| left.stat.is_some_and(|stat| !stat.is_folder()));
        files.map(|left| left.path.clone()).collect()
    }

    /// What a target has left, to be removed if nobody makes it any more.
    pub(super) fn take(&mut self, target: &str) -> Vec<Leftover> {
        self.of.remove(target).unwrap_or_default()
    }

    /// What the targets have left that are no more, and what was in the folder for artifacts where that is another one now.
    pub(super) fn take_gone(&mut self) -> Vec<Leftover> {
        let gone = std::mem::take(&mut self.gone);
        let mut left: Vec<Leftover> = gone.iter().flat_map(|target| self.take(target)).collect();
        left.append(&mut self.folder);
        left
    }
}

/// What there is to look at: all of what they left, but of targets that still are nothing below `output`.
fn wanted(last: &Last<'_>, left: &[Left<'_, '_>], output: Option<&RelPath>) -> Vec<bool> {
    let view = last.view;
    let mut wanted = vec![false; view.entry_count()];
    let mark = |wanted: &mut Vec<bool>, fate: Fate| {
        let left = left.iter().filter(|left| left.fate == fate);
        left.for_each(|left| check::mark(wanted, &left.paths));
    };
    mark(&mut wanted, Fate::Planned);
    let folders = (0..view.folder_count()).map(|number| view.folder(number));
    for folder in folders.filter(|folder| output.is_some_and(|output| path::is_below(folder.path, output.as_str()))) {
        wanted[folder.first..folder.first + folder.count].fill(false);
    }
    mark(&mut wanted, Fate::Gone);
    wanted
}

/// What was looked at, and what was found there.
struct Seeing<'a> {
    view: &'a View,
    root: &'a Path,
    wanted: Vec<bool>,
    changed: Vec<bool>,
    fresh: BTreeMap<usize, Stat>,
}

impl Seeing<'_> {
    /// What is left at the path of this number; none where it was not looked at.
    fn leftover(&self, number: u32) -> Option<Leftover> {
        let number = number as usize;
        let is_wanted = self.wanted.get(number) == Some(&true);
        let path = is_wanted.then(|| RelPath::parse(&self.view.path(number)).ok())??;
        let stat = match self.view.entry(number).seen {
            // Where it leads matters to those who read it; a link that is changed is another one.
            Seen::Link { stat, .. } => {
                let now = fs::stat(&path.under(self.root)).ok().flatten();
                now.filter(|now| now.is_unchanged_since(&stat))
            }
            // The same bytes in another file are somebody else's: of a commit that was checked out, for one.
            Seen::Content { stat, .. } if !self.changed[number] => {
                let now = *self.fresh.get(&number).unwrap_or(&stat);
                Some(now).filter(|now| (now.inode, now.device) == (stat.inode, stat.device))
            }
            Seen::Content { .. } | Seen::Kind(_) | Seen::Unknown => None,
        };
        Some(Leftover { path, stat })
    }
}

impl Leftover {
    /// Whether it is a file or a link that is as farm left it.
    pub(super) fn is_untouched_file(&self) -> bool {
        self.stat.is_some_and(|stat| !stat.is_folder())
    }

    /// Whether it is a folder.
    pub(super) fn is_folder(&self) -> bool {
        self.stat.is_some_and(|stat| stat.is_folder())
    }

    /// Removes the file if nobody has changed it, and the folder if nothing is in it. No link is followed. Whether it was.
    pub(super) fn remove(&self, root: &Folder) -> Result<bool, PathError> {
        let (Some(before), Some(name)) = (self.stat, self.path.file_name()) else {
            return Ok(false);
        };
        let Ok(above) = root.descend(&self.path.parent().unwrap_or_default()) else {
            return Ok(false);
        };
        let Some(now) = above.stat(name)? else {
            return Ok(false);
        };
        match before.is_folder() {
            true => Ok(now.is_folder() && above.remove_if_empty(name)?),
            false if now.is_unchanged_since(&before) => above.remove(name).map(|()| true),
            false => Ok(false),
        }
    }
}
