//! Folders of the workspace that an action sees as they are, by a mount, instead of copies of their files.
//!
//! A folder is shown if the action's inputs below it are exactly what is on disk below it: not one file more, no link,
//! no empty folder, nothing that changed since it was read, and the modes that copies have too. What the tool sees could
//! change while it runs, so what the system says of every file and folder is noted before and compared afterwards. Does
//! not know how a folder is mounted.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use crate::execute::{Executor, Job, Material, Prepared};
use crate::fs::{self, Folder, Kind, Stat};
use crate::inputs::is_settled;
use crate::key::InputContent;
use crate::path::RelPath;
use crate::plan::CheckedWork;
use crate::sandbox::Bind;

/// For fewer files, copying them is quicker than a mount.
const LEAST_FILES: usize = 8;
/// More mounts than this are no gain any more.
const MOST_FOLDERS: usize = 32;

/// How files of the workspace get into an action's tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Showing {
    /// Whole folders are shown as they are, where that can be had; other files are copied.
    Folders,
    /// Every file is copied.
    Nothing,
}

/// The folders that one action sees as they are.
#[derive(Debug, Default)]
pub(super) struct Shown {
    folders: Vec<RelPath>,
    /// What the system said of all files and folders in them before the action, from the workspace's root.
    stats: Vec<(RelPath, Stat)>,
}

impl Shown {
    /// Whether this path lies in one of them.
    pub(super) fn covers(&self, path: &RelPath) -> bool {
        self.folders
            .iter()
            .any(|folder| is_below(path.as_str(), folder.as_str()))
    }

    /// Where they are.
    pub(super) fn folders(&self) -> &[RelPath] {
        &self.folders
    }

    /// What the sandbox has to mount.
    pub(super) fn binds(&self, executor: &Executor) -> Vec<Bind> {
        let bind = |folder: &RelPath| Bind {
            source: folder.under(executor.files.root()),
            at: folder.clone(),
        };
        self.folders.iter().map(bind).collect()
    }

    /// The first path that is not as it was before the action. A file that was written and put back counts.
    pub(super) fn first_change(&self, executor: &Executor) -> Option<&RelPath> {
        let mut looked_at: Option<(&str, Folder)> = None;
        for (path, before) in &self.stats {
            let (above, name) = path.as_str().rsplit_once('/').unwrap_or(("", path.as_str()));
            if looked_at.as_ref().is_none_or(|(folder, _)| *folder != above) {
                let Ok(folder) = Folder::open(&executor.files.root().join(above)) else {
                    return Some(path);
                };
                looked_at = Some((above, folder));
            }
            let now = looked_at
                .as_ref()
                .and_then(|(_, folder)| folder.stat(name).ok().flatten());
            if !now.is_some_and(|now| now.is_unchanged_since(before)) {
                return Some(path);
            }
        }
        None
    }
}

impl Executor {
    /// The folders that this action can see as they are. Anything that speaks against one leaves it to be copied.
    pub(super) fn choose_shown(&self, job: &Job, prepared: &Prepared) -> Shown {
        let mut shown = Shown::default();
        let Ok(Some(root)) = fs::stat(self.files.root()) else {
            return shown;
        };
        let survey = Survey {
            executor: self,
            prepared,
            counts: counts(prepared),
            device: root.device,
            start: SystemTime::now(),
        };
        for folder in survey.candidates(job) {
            if shown.folders.len() == MOST_FOLDERS {
                break;
            }
            if shown.covers(&folder) {
                continue;
            }
            let mut stats = Vec::new();
            if survey.holds_just_inputs(&folder, &mut stats).is_some() {
                shown.stats.append(&mut stats);
                shown.folders.push(folder);
            }
        }
        shown
    }
}

/// How many of the workspace's files each folder holds at their own places in the action's tree, at any depth; zero
/// where something else is in the tree as well.
fn counts(prepared: &Prepared) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    let mut mixed = BTreeSet::new();
    for (path, (_, material)) in &prepared.tree {
        let is_own = matches!(material, Material::Workspace(file) if file.path == *path);
        if is_own {
            folders_above(path.as_str()).for_each(|folder| *counts.entry(folder).or_default() += 1);
        } else {
            mixed.insert(path.as_str());
            mixed.extend(folders_above(path.as_str()));
        }
    }
    counts.extend(mixed.into_iter().map(|folder| (folder, 0)));
    counts
}

/// A look at the disk for one action.
struct Survey<'a> {
    executor: &'a Executor,
    prepared: &'a Prepared,
    counts: BTreeMap<&'a str, usize>,
    device: u64,
    start: SystemTime,
}

impl Survey<'_> {
    /// Folders that hold inputs enough and nothing else of the tree, outer ones first.
    fn candidates(&self, job: &Job) -> Vec<RelPath> {
        let outputs: Vec<RelPath> = job
            .action
            .outputs
            .iter()
            .map(|output| job.base.join(&output.path))
            .collect();
        let directory = match &job.action.work {
            CheckedWork::Tool { directory, .. } => job.base.join(directory),
            CheckedWork::Step(_) => return Vec::new(),
        };
        // A folder without inputs need not be on disk, and then could not be entered.
        let is_there = self.counts.contains_key(directory.as_str());
        let many = self.counts.iter().filter(|(_, count)| **count >= LEAST_FILES);
        let folders = many.filter_map(|(folder, _)| RelPath::parse(folder).ok());
        let mut folders: Vec<RelPath> = folders
            .filter(|folder| is_there || !is_below(directory.as_str(), folder.as_str()))
            .filter(|folder| !outputs.iter().any(|output| output.overlaps(folder)))
            .collect();
        folders.sort_by_key(|folder| folder.parts().count());
        folders
    }

    /// Whether the folder holds its inputs and nothing else; notes what the system says of all that is in it.
    fn holds_just_inputs(&self, folder: &RelPath, stats: &mut Vec<(RelPath, Stat)>) -> Option<()> {
        let handle = Folder::open(&folder.under(self.executor.files.root())).ok()?;
        let found = self.enter(&handle, folder, stats)?;
        (found == self.counts[folder.as_str()]).then_some(())
    }

    /// How many files are below the folder; none if something else is there.
    fn enter(&self, handle: &Folder, folder: &RelPath, stats: &mut Vec<(RelPath, Stat)>) -> Option<usize> {
        // Before it is listed: a name that is added afterwards changes it.
        let own = handle.own_stat().ok()?;
        let fits = own.mode == 0o755 && self.is_ordinary(&own) && is_settled(&own, self.start);
        fits.then(|| stats.push((folder.clone(), own)))?;
        let mut found = 0;
        for listed in handle.list().ok()? {
            let path = folder.join(&RelPath::parse(listed.name.to_str()?).ok()?);
            match listed.kind {
                Kind::File => {
                    let stat = handle.stat(&listed.name).ok()??;
                    self.is_input(&path, &stat).then(|| stats.push((path, stat)))?;
                    found += 1;
                }
                Kind::Folder => {
                    self.counts.get(path.as_str())?;
                    found += self.enter(&handle.child(&listed.name).ok()?, &path, stats)?;
                }
                Kind::Link | Kind::Other => return None,
            }
        }
        Some(found)
    }

    /// Whether this file is the one in the action's key.
    fn is_input(&self, path: &RelPath, stat: &Stat) -> bool {
        let Some((InputContent::File { digest, executable }, Material::Workspace(_))) = self.prepared.tree.get(path)
        else {
            return false;
        };
        stat.is_file()
            && stat.mode == fs::plain_mode(*executable)
            && self.is_ordinary(stat)
            && self.executor.files.digest_of(path, stat) == Some(*digest)
    }

    /// Whether a mount shows this as it is: it is the user's own, and no other file system is mounted there.
    fn is_ordinary(&self, stat: &Stat) -> bool {
        stat.owner == fs::current_user() && stat.device == self.device
    }
}

/// Copies shown folders into a tree, which then can be looked into without them.
pub(super) fn copy_shown(shown: &[Bind], tree: &std::path::Path) -> Result<(), fs::WalkError> {
    for bind in shown {
        let place = bind.at.under(tree);
        fs::create_dirs(&place)?;
        for found in fs::walk(&Folder::open(&bind.source)?)? {
            let (from, to) = (found.path.under(&bind.source), found.path.under(&place));
            match found.stat.kind {
                Kind::Folder => fs::create_dirs(&to)?,
                Kind::File => drop(fs::copy(&from, &to)?),
                Kind::Link | Kind::Other => {}
            }
        }
    }
    Ok(())
}

/// Every folder above a path but the workspace itself.
fn folders_above(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(end, _)| &path[..end])
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}
