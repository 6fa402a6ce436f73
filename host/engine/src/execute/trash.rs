//! Private folders of actions that have ended, until they are used again or removed.
//!
//! Nothing waits for a removal, and there are file systems on which files are slow to make right after others were
//! removed; so small folders are left until the build ends, as long as there are not too many of them, and a folder of
//! which all is known serves the next action. Does not know what was in them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::execute::refit::Shape;
use crate::execute::run::{TEMP, TREE};
use crate::fs::{self, parallel};
use crate::sandbox::SCRATCH_FOLDERS;

/// Most files that are left for later.
const MAX_FILES: u64 = 100_000;
/// Most bytes that are left for later.
const MAX_BYTES: u64 = 1 << 30;
/// A folder with more than this is removed at once.
const MAX_FOLDER_BYTES: u64 = 16 << 20;

/// Folders that go when their owner says so, and at the latest when this is dropped.
#[derive(Debug, Default)]
pub struct Trash {
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    folders: Vec<PathBuf>,
    left: Left,
    /// Folders that can be used again.
    spare: Vec<Remains>,
}

/// A private folder whose action has ended, and of which all is known.
#[derive(Debug)]
struct Remains {
    /// Where it is.
    folder: PathBuf,
    /// What is in it.
    entries: Entries,
    /// How much that is.
    left: Left,
}

/// All that is in a private folder.
#[derive(Debug, Default)]
pub(super) struct Entries {
    /// In the tree.
    pub(super) tree: Shape,
    /// In the tool's temporary folders.
    pub(super) temporary: Shape,
}

impl Remains {
    /// Lets the folder hold nothing but the wanted tree and empty temporary folders, and as much of the tree as it can.
    /// Returns the files that are there, whose contents are those of others. `away` names new places for the rest. None
    /// if the folder is not as farm made it, or something cannot be moved: it is of no use then.
    fn fit(&mut self, wanted: &Shape, away: &mut impl FnMut() -> PathBuf) -> Option<BTreeSet<String>> {
        let (tree, temporary) = (self.folder.join(TREE), self.folder.join(TEMP));
        let places = [&self.folder, &tree, &temporary];
        let is_plain = |place: &&PathBuf| fs::is_plain_folder(place) || (*place == &temporary && !fs::exists(place));
        if !places.iter().all(is_plain) {
            return None;
        }
        let entries = std::mem::take(&mut self.entries);
        let empty = entries.temporary.empty_folders(&SCRATCH_FOLDERS);
        entries.temporary.fit(&temporary, &empty, away).ok()?;
        entries.tree.fit(&tree, wanted, away).ok()
    }
}

/// About how much is in a folder.
#[derive(Debug, Default)]
pub(super) struct Left {
    files: u64,
    bytes: u64,
    /// All of it, where that is known.
    entries: Option<Entries>,
}

impl Left {
    /// Nobody has looked.
    pub(super) const fn unknown() -> Self {
        Self {
            files: u64::MAX,
            bytes: u64::MAX,
            entries: None,
        }
    }

    /// Nothing else than this is in it.
    pub(super) fn is_all(&mut self, entries: Entries) {
        self.entries = Some(entries);
    }

    /// One more file of this size.
    pub(super) const fn add(&mut self, bytes: u64) {
        self.files += 1;
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

impl Trash {
    /// Takes a folder for which the caller has no use any more, and in which about this much is left.
    pub(super) fn take(&self, folder: PathBuf, left: Left) {
        let mut waiting = self.waiting();
        let total = Left {
            files: waiting.left.files.saturating_add(left.files),
            bytes: waiting.left.bytes.saturating_add(left.bytes),
            ..Left::default()
        };
        if left.bytes <= MAX_FOLDER_BYTES && total.files <= MAX_FILES && total.bytes <= MAX_BYTES {
            waiting.folders.push(folder);
            waiting.left = total;
        } else {
            drop(waiting);
            remove(&folder);
        }
    }

    /// Takes the private folder of an action that has ended, for another one if all that is in it is known.
    pub(super) fn keep(&self, folder: PathBuf, mut left: Left) {
        // Only Linux tells for sure that nobody who could write to it is alive.
        match left.entries.take() {
            Some(entries) if cfg!(target_os = "linux") && left.bytes <= MAX_FOLDER_BYTES => {
                self.waiting().spare.push(Remains { folder, entries, left });
            }
            _ => self.take(folder, left),
        }
    }

    /// Puts the folder of an action that has ended to this place, if there is one, with nothing in it that is not wanted.
    /// Returns the files in its tree, whose contents are those of others; none where there was no such folder. `name` names
    /// new places.
    pub(super) fn reuse(
        &self,
        folder: &Path,
        wanted: &Shape,
        mut name: impl FnMut() -> PathBuf,
    ) -> Option<BTreeSet<String>> {
        let mut remains = self.waiting().spare.pop()?;
        let mut moved = Vec::new();
        let there = remains.fit(wanted, &mut || {
            moved.push(name());
            moved.last().cloned().unwrap_or_default()
        });
        let there = there.filter(|_| fs::rename(&remains.folder, folder).is_ok());
        if there.is_none() {
            self.take(remains.folder, Left::unknown());
        }
        // How much of it was moved away is not known: all of it counts.
        let mut left = remains.left;
        for place in moved {
            self.take(place, std::mem::take(&mut left));
        }
        there
    }

    /// Removes all that was left so far.
    pub(crate) fn empty(&self) {
        let mut waiting = std::mem::take(&mut *self.waiting());
        let spare = waiting.spare.into_iter().map(|remains| remains.folder);
        waiting.folders.extend(spare);
        parallel::map(&waiting.folders, |folder| remove(folder));
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Trash {
    fn drop(&mut self) {
        self.empty();
    }
}

/// Removes a private folder; what cannot be removed is swept when the next build starts.
pub(super) fn remove(folder: &Path) {
    if let Err(error) = fs::remove_all(folder) {
        tracing::debug!(%error, "a private folder stays until the next build");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::Kind;
    use crate::path::RelPath;

    /// A private folder with a file in its tree, and one in a temporary folder.
    fn private(base: &Path) -> (PathBuf, Left) {
        let folder = base.join("1");
        let mut entries = Entries::default();
        for (shape, within, path) in [
            (&mut entries.tree, TREE, "a.txt"),
            (&mut entries.temporary, TEMP, "tmp/left"),
        ] {
            shape.add(&RelPath::parse(path).expect("a path of the test"), Kind::File);
            let place = folder.join(within).join(path);
            fs::create_dirs(place.parent().expect("a folder")).expect("made");
            fs::write_new(&place, b"text", fs::Sync::Lazy).expect("written");
        }
        let mut left = Left::default();
        left.is_all(entries);
        (folder, left)
    }

    fn wanted(name: &str) -> Shape {
        let mut shape = Shape::default();
        shape.add(&RelPath::parse(name).expect("a path of the test"), Kind::File);
        shape
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_folder_serves_once_and_without_what_a_tool_left_beside() {
        let base = tempfile::tempdir().expect("a temporary folder");
        let (folder, left) = private(base.path());
        let trash = Trash::default();
        trash.keep(folder.clone(), left);
        let (next, gone) = (base.path().join("next"), base.path().join("gone"));
        let there = trash.reuse(&next, &wanted("b.txt"), || gone.clone());
        assert_eq!(there, Some(["b.txt".to_owned()].into()));
        assert!(fs::exists(&next.join("tree/b.txt")) && fs::exists(&gone.join("left")));
        assert!(!fs::exists(&next.join("tree/a.txt")) && !fs::exists(&next.join("temp/tmp")) && !fs::exists(&folder));
        assert!(
            trash
                .reuse(&base.path().join("another"), &wanted("b.txt"), || gone.clone())
                .is_none()
        );
        assert!(!fs::exists(&base.path().join("another")));
        trash.empty();
        assert!(
            !fs::exists(&gone) && fs::exists(&next),
            "what was moved away goes, what is used stays"
        );
    }

    #[test]
    fn a_folder_that_is_not_as_farm_made_it_is_removed_in_the_end() {
        let base = tempfile::tempdir().expect("a temporary folder");
        let (folder, left) = private(base.path());
        let trash = Trash::default();
        fs::set_mode(&folder.join(TREE), 0o777).expect("set");
        trash.keep(folder.clone(), left);
        let next = base.path().join("next");
        assert!(
            trash
                .reuse(&next, &wanted("a.txt"), || base.path().join("gone"))
                .is_none()
        );
        assert!(!fs::exists(&next));
        trash.empty();
        assert!(!fs::exists(&folder));
    }
}
