//! What earlier builds put into the user's tree, and which of it no target makes any more.
//!
//! A file there that is as farm left it is none of the user's own: a plan never sees what its target itself has made, and
//! what is no output of any target any more is removed, as Ninja does with what its manifest no longer names. What
//! somebody has changed since is the user's from then on. Does not know when a plan is complete.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::error::PathError;
use crate::fs::{Folder, Stat};
use crate::path::RelPath;
use crate::run::check;
use crate::run::recall::{Last, Recalls};
use crate::run::shared::Opened;
use crate::run::state::Seen;

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
    /// Whether it may be removed.
    are_current: bool,
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
    let Some(last) = last else {
        return Leftovers::default();
    };
    let targets = opened.workspace.targets.iter();
    let mut fates: BTreeMap<&str, Fate> = targets.map(|target| (target.name.as_str(), Fate::Kept)).collect();
    let planned = (opened.selected.iter().zip(0..)).filter(|(_, at)| !recalls.contains_key(at));
    fates.extend(planned.map(|(id, _)| (opened.target(*id).name.as_str(), Fate::Planned)));
    let fate = |name: &str| fates.get(name).copied().unwrap_or(Fate::Gone);
    Leftovers::look(last, &opened.workspace.root, fate)
}

impl Leftovers {
    /// Looks at what the last builds of these targets left in the workspace at `root`.
    fn look(last: &Last<'_>, root: &Path, fate: impl Fn(&str) -> Fate) -> Self {
        let Some(output) = last.output() else {
            return Self::default();
        };
        let view = last.view;
        let records = last.records.targets.iter().filter(|record| !record.outputs.is_empty());
        let records: Vec<_> = records.map(|record| (record, fate(record.name))).collect();
        let of = |wanted: Fate| records.iter().filter(move |(_, fate)| *fate == wanted);
        let mut wanted = vec![false; view.entry_count()];
        of(Fate::Planned).for_each(|(record, _)| check::mark(&mut wanted, &record.outputs));
        for folder in (0..view.folder_count()).map(|number| view.folder(number)) {
            if is_below(folder.path, output.as_str()) {
                wanted[folder.first..folder.first + folder.count].fill(false);
            }
        }
        of(Fate::Gone).for_each(|(record, _)| check::mark(&mut wanted, &record.outputs));
        let found = check::look_again(view, &output, root, &wanted);
        let fresh: BTreeMap<usize, Stat> = found.fresh.iter().map(|(number, stat, _)| (*number, *stat)).collect();
        let leftover = |number: &u32| {
            let number = *number as usize;
            let is_wanted = wanted.get(number) == Some(&true);
            let path = is_wanted.then(|| RelPath::parse(&view.path(number)).ok())??;
            let stat = match view.entry(number).seen {
                _ if found.changed[number] => None,
                Seen::Content { stat, .. } => Some(*fresh.get(&number).unwrap_or(&stat)),
                Seen::Link { stat, .. } => Some(stat),
                Seen::Kind(_) | Seen::Unknown => None,
            };
            Some(Leftover { path, stat })
        };
        let gone = of(Fate::Gone).map(|(record, _)| record.name.to_owned());
        let left = records.iter().filter(|(_, fate)| *fate != Fate::Kept);
        Self {
            gone: gone.collect(),
            of: left
                .map(|(record, _)| {
                    let leftovers = record.outputs.iter().filter_map(leftover);
                    (record.name.to_owned(), leftovers.collect())
                })
                .collect(),
            are_current: true,
        }
    }

    /// The same, none of which may be removed.
    pub(super) fn kept(self) -> Self {
        Self {
            are_current: false,
            ..self
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
        let left = self.of.remove(target).unwrap_or_default();
        if self.are_current { left } else { Vec::new() }
    }

    /// What the targets have left that are no more.
    pub(super) fn take_gone(&mut self) -> Vec<Leftover> {
        let gone = std::mem::take(&mut self.gone);
        gone.iter().flat_map(|target| self.take(target)).collect()
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

fn is_below(path: &str, folder: &str) -> bool {
    let rest = path.strip_prefix(folder);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
