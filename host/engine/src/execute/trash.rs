//! Private folders of actions that have ended, until they are used again or removed.
//!
//! Nothing waits for a removal, and there are file systems on which files are slow to make right after others were
//! removed; so small folders are left until the build ends, as long as there are not too many of them. One whose tree
//! has nothing but a target's own folder, and the folders above it, gives that away and is as good as new for a target
//! beside it; and files that were copied into it are emptied and serve as other ones. Does not know what was in them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::execute::run::{TEMP, TREE};
use crate::fs::{self, parallel};
use crate::path::RelPath;

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
    /// Folders that can be used again, by the path in their trees that is there already.
    spare: BTreeMap<RelPath, Vec<PathBuf>>,
    /// Files in the folders above that can be used again.
    files: Vec<PathBuf>,
}

/// About how much is in a folder.
#[derive(Debug, Default)]
pub(super) struct Left {
    files: u64,
    bytes: u64,
    /// Whether its tree holds more than the target's own folder.
    beside: bool,
    /// The files in its tree that farm copied there.
    inputs: Vec<RelPath>,
}

impl Left {
    /// Nobody has looked.
    pub(super) const fn unknown() -> Self {
        Self {
            files: u64::MAX,
            bytes: u64::MAX,
            beside: true,
            inputs: Vec::new(),
        }
    }

    /// A file of the tree that farm copied there.
    pub(super) fn add_input(&mut self, path: RelPath) {
        self.inputs.push(path);
    }

    /// Something that does not lie in the target's own folder.
    pub(super) const fn add_beside(&mut self) {
        self.beside = true;
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

    /// Takes the private folder of an action of the target at `root`, to be used again if it can be. What the action has
    /// left is moved to `gone` then, where nothing is yet.
    pub(super) fn take_apart(&self, folder: PathBuf, root: &RelPath, gone: PathBuf, mut left: Left) {
        let above = root.parent().filter(|above| !left.beside && is_plain(&folder, above));
        let Some(above) = above.filter(|_| fs::rename(&root.under(&folder.join(TREE)), &gone).is_ok()) else {
            return self.take(folder, left);
        };
        let (temp, gone_temp) = (folder.join(TEMP), gone.with_extension(TEMP));
        let inputs = std::mem::take(&mut left.inputs).into_iter();
        let inputs = inputs.filter_map(|path| Some(path.below(root)?.under(&gone)));
        // Only Linux tells for sure that nobody who could write to them is alive.
        let files: Vec<PathBuf> = inputs.filter(|_| cfg!(target_os = "linux")).collect();
        self.take(gone, left);
        self.waiting().files.extend(files);
        let is_whole = match fs::exists(&temp) {
            true => fs::rename(&temp, &gone_temp).map(|()| self.take(gone_temp, Left::default())),
            false => Ok(()),
        };
        match is_whole {
            Ok(()) => self.waiting().spare.entry(above).or_default().push(folder),
            Err(_) => self.take(folder, Left::default()),
        }
    }

    /// A private folder for an action of the target that is at `root`, in whose tree there is nothing but folders above
    /// that. None if there is none.
    pub(super) fn spare(&self, root: &RelPath) -> Option<PathBuf> {
        self.waiting().spare.get_mut(&root.parent()?)?.pop()
    }

    /// Moves an input of an action that has ended to this place, and empties it: quicker than to make a file and to remove
    /// another. None if there is none that is as farm made it.
    pub(super) fn spare_file(&self, place: &Path) -> Option<fs::File> {
        let spare = {
            let mut waiting = self.waiting();
            waiting.left.files = waiting.left.files.saturating_sub(1);
            waiting.files.pop()?
        };
        fs::rename(&spare, place).ok()?;
        let file = fs::open_emptied(place);
        if file.is_none() {
            drop(fs::remove_file(place));
        }
        file
    }

    /// Removes all that was left so far.
    pub(crate) fn empty(&self) {
        let mut waiting = std::mem::take(&mut *self.waiting());
        waiting.folders.extend(waiting.spare.into_values().flatten());
        parallel::map(&waiting.folders, |folder| remove(folder));
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a folder of a tree, and those above it, are as they were made. A tool owns them too.
fn is_plain(folder: &Path, above: &RelPath) -> bool {
    let tree = folder.join(TREE);
    let mut paths = std::iter::successors(Some(above.clone()), RelPath::parent);
    paths.all(|path| {
        let stat = fs::stat(&path.under(&tree)).ok().flatten();
        stat.is_some_and(|stat| stat.is_folder() && stat.mode == 0o755)
    })
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

    /// A private folder in which a target at `pkg/a` has left what `fill` makes of its folder.
    fn private(base: &Path, fill: impl Fn(&Path)) -> PathBuf {
        let folder = base.join("1");
        let own = folder.join(TREE).join("pkg/a");
        fs::create_dirs(&own.join("src")).expect("made");
        fill(&own);
        folder
    }

    fn path(text: &str) -> RelPath {
        RelPath::parse(text).expect("a path of the test")
    }

    fn written(path: &Path) {
        fs::write_new(path, b"text", fs::Sync::Lazy).expect("written");
    }

    #[test]
    fn a_folder_serves_a_target_beside_and_its_files_are_emptied() {
        let base = tempfile::tempdir().expect("a temporary folder");
        let folder = private(base.path(), |own| written(&own.join("src/file")));
        let trash = Trash::default();
        let mut left = Left::default();
        left.add_input(path("pkg/a/src/file"));
        trash.take_apart(folder.clone(), &path("pkg/a"), base.path().join("2"), left);
        assert_eq!(trash.spare(&path("lib/b")), None, "not for another folder");
        assert_eq!(trash.spare(&path("pkg/b")), Some(folder.clone()));
        assert_eq!(trash.spare(&path("pkg/b")), None, "and once");
        let names = fs::names(&fs::Folder::open(&folder).expect("opened")).expect("listed");
        let names: Vec<_> = names.into_iter().map(|(path, _)| path.to_string()).collect();
        assert_eq!(names, ["tree", "tree/pkg"]);
        let place = folder.join("again");
        let file = trash.spare_file(&place).expect("a file");
        assert_eq!(fs::stat_open(&file).expect("its stat").size, 0);
        assert!(trash.spare_file(&folder.join("more")).is_none());
        trash.empty();
        assert!(!base.path().join("2").exists());
    }

    #[test]
    fn what_is_not_as_farm_made_it_goes() {
        let base = tempfile::tempdir().expect("a temporary folder");
        let trash = Trash::default();
        let folder = private(base.path(), |own| {
            written(&own.join("src/file"));
            rustix::fs::link(own.join("src/file"), own.join("twin")).expect("linked");
        });
        let mut left = Left::default();
        left.add_input(path("pkg/a/src/file"));
        trash.take_apart(folder, &path("pkg/a"), base.path().join("2"), left);
        let place = base.path().join("again");
        assert!(trash.spare_file(&place).is_none(), "it has two names");
        assert!(!place.exists());
        for beside in [true, false] {
            let base = tempfile::tempdir().expect("a temporary folder");
            let folder = private(base.path(), |_| ());
            let mut left = Left::default();
            if beside {
                left.add_beside();
            } else {
                fs::set_mode(&folder.join(TREE).join("pkg"), 0o700).expect("set");
            }
            trash.take_apart(folder.clone(), &path("pkg/a"), base.path().join("2"), left);
            assert_eq!(trash.spare(&path("pkg/b")).filter(|spare| *spare == folder), None);
        }
    }
}
