//! What farm has put into the user's tree, and what of the user's own was found in its way.
//!
//! A declared output is farm's to replace; a file that farm never put there may be somebody's work, so it is moved
//! aside instead of being lost. Does not know what the outputs are.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::digest::Digest;
use crate::error::PathError;
use crate::fs::{self, Folder, Kind};
use crate::inputs::Files;
use crate::path::RelPath;

/// The files that farm put into the user's tree, from the workspace's root.
#[derive(Debug)]
pub struct Placed {
    /// Where files of the user's are moved to.
    aside: PathBuf,
    ours: Mutex<BTreeSet<RelPath>>,
    moved: Mutex<Vec<RelPath>>,
}

impl Placed {
    /// With what earlier builds put there; what is in the way goes below `aside`.
    pub const fn new(ours: BTreeSet<RelPath>, aside: PathBuf) -> Self {
        Self {
            aside,
            ours: Mutex::new(ours),
            moved: Mutex::new(Vec::new()),
        }
    }

    /// Remembers a file that farm put in place.
    pub fn add(&self, path: RelPath) {
        locked(&self.ours).insert(path);
    }

    /// Forgets a file that farm put in place: it is gone, or the user's now.
    pub fn forget(&self, path: &RelPath) {
        locked(&self.ours).remove(path);
    }

    /// Whether farm put something at a place or below it.
    pub fn has_below(&self, place: &RelPath) -> bool {
        let ours = locked(&self.ours);
        let mut from = ours.range(place.clone()..);
        from.next().is_some_and(|path| path.below(place).is_some())
    }

    /// All that farm put in place, for the next build.
    pub fn ours(&self) -> BTreeSet<RelPath> {
        locked(&self.ours).clone()
    }

    /// What was moved aside since the last call.
    pub fn take_moved(&self) -> Vec<RelPath> {
        std::mem::take(&mut *locked(&self.moved))
    }

    /// Moves aside what is at a place or below it, that farm did not put there, and that differs from what will be:
    /// `wanted` is the digest that a path below the place will have. Whether anything was.
    pub fn clear(
        &self,
        files: &Files,
        place: &RelPath,
        wanted: &dyn Fn(&RelPath) -> Option<Digest>,
    ) -> Result<bool, PathError> {
        let mut moved = self.clear_way(files, place)?;
        let Some(present) = present(files, place) else {
            // Something is there that cannot even be named: all of it goes aside at once.
            self.move_aside(files, place.clone())?;
            return Ok(true);
        };
        for below in present {
            let path = place.join(&below);
            if locked(&self.ours).contains(&path) {
                continue;
            }
            let is_right = wanted(&below).is_some_and(|digest| files.peek(&path) == Some(digest));
            if !is_right {
                self.move_aside(files, path)?;
                moved = true;
            }
        }
        Ok(moved)
    }

    /// Moves aside a file or a link where a folder above the place has to be, if farm did not put it there.
    fn clear_way(&self, files: &Files, place: &RelPath) -> Result<bool, PathError> {
        for folder in folders_above(place).into_iter().filter(|folder| !folder.is_root()) {
            match fs::stat(&folder.under(files.root()))? {
                Some(stat) if stat.is_folder() => {}
                Some(_) if !locked(&self.ours).contains(&folder) => {
                    self.move_aside(files, folder)?;
                    return Ok(true);
                }
                Some(_) | None => break,
            }
        }
        Ok(false)
    }

    /// What was moved aside earlier makes way where it is a file or a link, and a folder has to be.
    fn make_way(&self, path: &RelPath) -> Result<(), PathError> {
        for folder in folders_above(path) {
            let place = folder.under(&self.aside);
            if fs::stat(&place)?.is_some_and(|stat| !stat.is_folder()) {
                return fs::rename(&place, &free(&place)?);
            }
        }
        Ok(())
    }

    /// Nothing that was moved aside before is lost: what comes later gets a number.
    fn move_aside(&self, files: &Files, path: RelPath) -> Result<(), PathError> {
        let target = path.under(&self.aside);
        self.make_way(&path)?;
        if let Some(parent) = target.parent() {
            fs::create_dirs(parent)?;
        }
        fs::rename(&path.under(files.root()), &free(&target)?)?;
        locked(&self.moved).push(path);
        Ok(())
    }
}

/// A place at which nothing is: this one, or the same with a number.
fn free(place: &Path) -> Result<PathBuf, PathError> {
    let mut free = place.to_path_buf();
    let mut number = 0_u32;
    while fs::stat(&free)?.is_some() {
        number += 1;
        let mut name = place.as_os_str().to_owned();
        name.push(format!(".{number}"));
        free = PathBuf::from(name);
    }
    Ok(free)
}

/// The folders above a path, outermost first.
fn folders_above(path: &RelPath) -> Vec<RelPath> {
    let mut above: Vec<RelPath> = std::iter::successors(path.parent(), RelPath::parent).collect();
    above.reverse();
    above
}

/// Files and links at a place or below it, without following a link on the way; none where some of them cannot be named.
fn present(files: &Files, place: &RelPath) -> Option<Vec<RelPath>> {
    let parent = place.parent().unwrap_or_default();
    let above = Folder::open(files.root()).and_then(|root| root.descend(&parent));
    let (Ok(above), Some(name)) = (above, place.file_name()) else {
        return Some(Vec::new());
    };
    match above.stat(name).ok().flatten().map(|stat| stat.kind) {
        Some(Kind::File | Kind::Link) => Some(vec![RelPath::root()]),
        Some(Kind::Folder) => {
            let found = above
                .child(name)
                .ok()
                .and_then(|folder| fs::walk(&folder).ok())?
                .into_iter();
            let found = found.filter(|found| found.stat.kind != Kind::Folder);
            Some(found.map(|found| found.path).collect())
        }
        Some(Kind::Other) | None => Some(Vec::new()),
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
