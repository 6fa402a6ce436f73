//! A handle on a folder. What is done through it cannot leave it, whatever is planted below it meanwhile.
//!
//! Every function takes one name, never a path, and never follows a link: a link in the place of a folder or a file
//! is an error or is replaced, as the function says.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::{File, Kind, Listed, Stat, lock, random_name, regular};
use crate::error::{PathContext as _, PathError};
use crate::path::RelPath;

/// How the names of temporary files and folders end that a killed process may leave in a user's tree.
pub const TEMP_SUFFIX: &str = ".farm-tmp";
/// Below this many nested folders, [`Folder::remove`] moves a folder up before it goes on.
const REMOVE_DEPTH: usize = 100;

/// A name for a temporary file: hidden, not to be guessed, and known for what it is.
pub(super) fn temp_name() -> String {
    format!(".{}{TEMP_SUFFIX}", random_name())
}

/// Whether a name is that of a temporary file or folder of farm's.
pub fn is_temp_name(name: &OsStr) -> bool {
    let bytes = name.as_bytes();
    bytes.starts_with(b".") && bytes.ends_with(TEMP_SUFFIX.as_bytes())
}

/// An open folder.
#[derive(Debug)]
pub struct Folder {
    handle: OwnedFd,
    path: PathBuf,
}

impl AsFd for Folder {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.handle.as_fd()
    }
}

impl Folder {
    /// Opens a folder by a path that farm or its user chose; links in it are followed.
    pub fn open(path: &Path) -> Result<Self, PathError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let handle = rustix::fs::open(path, flags, Mode::empty()).context("open", path)?;
        Ok(Self {
            handle,
            path: path.to_path_buf(),
        })
    }

    /// The same folder as a handle of `cap-std`.
    pub fn to_dir(&self) -> Result<cap_std::fs::Dir, PathError> {
        let handle = self.handle.try_clone().context("open", &self.path)?;
        Ok(cap_std::fs::Dir::from_std_file(File::from(handle)))
    }

    /// Another handle on the same folder.
    pub fn again(&self) -> Result<Self, PathError> {
        Ok(Self {
            handle: self.handle.try_clone().context("open", &self.path)?,
            path: self.path.clone(),
        })
    }

    /// How it was opened; for messages, since it may have been moved.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder at a path below this one; links in it are followed, wherever they lead.
    pub fn open_below(&self, path: &str) -> Result<Self, PathError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let handle =
            rustix::fs::openat(&self.handle, path, flags, Mode::empty()).context("open", self.path.join(path))?;
        Ok(Self {
            handle,
            path: self.path.join(path),
        })
    }

    /// What is at a path below this folder, or where a link there leads; none if that is nothing.
    pub fn stat_followed(&self, path: &str) -> Result<Option<Stat>, PathError> {
        use rustix::io::Errno;
        let path = if path.is_empty() { "." } else { path };
        match rustix::fs::statat(&self.handle, path, AtFlags::empty()) {
            Ok(stat) => Ok(Some(Stat::from_system(&stat))),
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(None),
            Err(error) => Err(error).context("look at", self.path.join(path)),
        }
    }

    /// What the system says of the folder itself.
    pub fn own_stat(&self) -> Result<Stat, PathError> {
        let stat = rustix::fs::fstat(&self.handle).context("look at", &self.path)?;
        Ok(Stat::from_system(&stat))
    }

    /// Lets the folder's owner read, write and enter it, if that is not so.
    pub fn open_up(&self) -> Result<(), PathError> {
        if self.own_stat()?.mode & 0o700 == 0o700 {
            return Ok(());
        }
        rustix::fs::fchmod(self, Mode::from_raw_mode(0o755)).context("change the mode of", &self.path)
    }

    /// The folder of this name.
    pub fn child(&self, name: impl AsRef<OsStr>) -> Result<Self, PathError> {
        let name = name.as_ref();
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let handle = single(name).and_then(|()| Ok(rustix::fs::openat(self, name, flags, Mode::empty())?));
        let path = self.path.join(name);
        Ok(Self {
            handle: handle.context("open", &path)?,
            path,
        })
    }

    /// The folder at this path, one part after the other.
    pub fn descend(&self, path: &RelPath) -> Result<Self, PathError> {
        path.parts().try_fold(self.again()?, |folder, part| folder.child(part))
    }

    /// The folder of this name, created if nothing is there. A file or a link in its place is removed.
    pub fn make_child(&self, name: impl AsRef<OsStr>) -> Result<Self, PathError> {
        let name = name.as_ref();
        // Somebody may put a link back as fast as it is removed: a few attempts, then the system's error is told.
        for _ in 0..4 {
            match self.child(name) {
                Ok(child) => return Ok(child),
                Err(error) if error.source.kind() == io::ErrorKind::NotFound => self.create_folder(name)?,
                Err(_) => self.remove_unless_folder(name)?,
            }
        }
        self.child(name)
    }

    /// The folder at this path, each part as [`Self::make_child`] has it.
    pub fn make_path(&self, path: &RelPath) -> Result<Self, PathError> {
        path.parts()
            .try_fold(self.again()?, |folder, part| folder.make_child(part))
    }

    fn create_folder(&self, name: &OsStr) -> Result<(), PathError> {
        let made = single(name).and_then(|()| match rustix::fs::mkdirat(self, name, Mode::from_raw_mode(0o755)) {
            Ok(()) | Err(Errno::EXIST) => Ok(()),
            Err(error) => Err(error.into()),
        });
        made.context("create", self.path.join(name))
    }

    fn remove_unless_folder(&self, name: &OsStr) -> Result<(), PathError> {
        match self.stat(name)? {
            Some(stat) if !stat.is_folder() => self.remove(name),
            _ => Ok(()),
        }
    }

    /// A new private folder with a temporary name, locked by this handle, and that name.
    pub fn create_temp_folder(&self) -> Result<(Self, String), PathError> {
        loop {
            let name = temp_name();
            let made = rustix::fs::mkdirat(self, &name, Mode::from_raw_mode(0o700));
            made.context("create", self.path.join(&name))?;
            // Until it is locked, somebody may take it for a dead process's and remove it.
            match self.child(&name) {
                Ok(folder) if self.is_locked_here(&folder, &name)? => return Ok((folder, name)),
                Err(error) if error.source.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }

    /// A new private file with a temporary name, locked by this handle, and that name.
    pub fn create_temp_file(&self) -> Result<(File, String), PathError> {
        loop {
            let name = temp_name();
            let file = self.create_file(&name)?;
            if self.is_locked_here(&file, &name)? {
                return Ok((file, name));
            }
        }
    }

    /// Takes the lock on something new; false if it is gone or somebody else was faster.
    fn is_locked_here(&self, handle: &impl AsFd, name: &str) -> Result<bool, PathError> {
        if !lock::try_lock(handle, &self.path.join(name))? {
            return Ok(false);
        }
        let mine = rustix::fs::fstat(handle).context("look at", self.path.join(name))?;
        let there = self.stat(name)?;
        Ok(there.is_some_and(|there| there.inode == Stat::from_system(&mine).inode))
    }

    /// Removes a temporary file or folder if the process that made it is dead; true if so.
    pub fn remove_dead_temp(&self, listed: &Listed) -> Result<bool, PathError> {
        let handle = match listed.kind {
            Kind::Folder => self.child(&listed.name).map(|folder| Some(folder.handle)),
            Kind::File => self.open_file(&listed.name).map(|file| Some(OwnedFd::from(file))),
            Kind::Link | Kind::Other => Ok(None),
        };
        let handle = match handle {
            Ok(handle) => handle,
            // Its owner was done with it just now.
            Err(error) if error.source.kind() == io::ErrorKind::NotFound => return Ok(true),
            Err(error) => return Err(error),
        };
        // The lock is held until all is gone: somebody who has just made this must not get it in between.
        if let Some(handle) = &handle
            && !lock::try_lock(handle, &self.path.join(&listed.name))?
        {
            return Ok(false);
        }
        self.remove(&listed.name).map(|()| true)
    }

    /// A new file of this name that only its owner may read; something there is an error.
    pub fn create_file(&self, name: impl AsRef<OsStr>) -> Result<File, PathError> {
        let name = name.as_ref();
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = single(name).and_then(|()| Ok(rustix::fs::openat(self, name, flags, Mode::from_raw_mode(0o600))?));
        file.map(File::from).context("create", self.path.join(name))
    }

    /// The regular file of this name, for reading.
    pub fn open_file(&self, name: impl AsRef<OsStr>) -> Result<File, PathError> {
        let name = name.as_ref();
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = single(name).and_then(|()| Ok(rustix::fs::openat(self, name, flags, Mode::empty())?));
        file.and_then(|file| regular(File::from(file)))
            .context("open", self.path.join(name))
    }

    /// What is under this name; none if nothing is.
    pub fn stat(&self, name: impl AsRef<OsStr>) -> Result<Option<Stat>, PathError> {
        let name = name.as_ref();
        match rustix::fs::statat(self, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(Stat::from_system(&stat))),
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
            Err(error) => Err(error).context("look at", self.path.join(name)),
        }
    }

    /// Where the link of this name leads, as it is written.
    pub fn link_target(&self, name: impl AsRef<OsStr>) -> Result<OsString, PathError> {
        let name = name.as_ref();
        let target = rustix::fs::readlinkat(self, name, Vec::new()).context("read", self.path.join(name))?;
        Ok(OsString::from_vec(target.into_bytes()))
    }

    /// Makes a link; something there is an error.
    pub fn create_link(&self, name: impl AsRef<OsStr>, target: &str) -> Result<(), PathError> {
        let name = name.as_ref();
        let made = single(name).and_then(|()| Ok(rustix::fs::symlinkat(target, self, name)?));
        made.context("create", self.path.join(name))
    }

    /// Moves `name` to another folder of the same file system, in the place of a file or a link there.
    pub fn rename(&self, name: impl AsRef<OsStr>, to: &Self, new: impl AsRef<OsStr>) -> Result<(), PathError> {
        let (name, new) = (name.as_ref(), new.as_ref());
        let moved = single(name).and_then(|()| single(new));
        moved
            .and_then(|()| Ok(rustix::fs::renameat(self, name, to, new)?))
            .context("move something to", to.path.join(new))
    }

    /// Moves `name` to a path that farm chose, on the same file system, unless something is there already: then false.
    /// An error also where the file system cannot tell in one step.
    pub fn move_out(&self, name: impl AsRef<OsStr>, to: &Path) -> Result<bool, PathError> {
        let name = name.as_ref();
        single(name).context("move something to", to)?;
        match rustix::fs::renameat_with(self, name, rustix::fs::CWD, to, rustix::fs::RenameFlags::NOREPLACE) {
            Ok(()) => Ok(true),
            Err(Errno::EXIST) => Ok(false),
            Err(error) => Err(error).context("move something to", to),
        }
    }

    /// The names in it, sorted.
    pub fn list(&self) -> Result<Vec<Listed>, PathError> {
        let mut listed = self.list_unsorted().context("read", &self.path)?;
        listed.sort();
        Ok(listed)
    }

    fn list_unsorted(&self) -> io::Result<Vec<Listed>> {
        let mut listed = Vec::new();
        for entry in rustix::fs::Dir::read_from(self)? {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name == "." || name == ".." {
                continue;
            }
            listed.push(Listed {
                kind: self.kind_of(name, entry.file_type())?,
                name: name.to_owned(),
            });
        }
        Ok(listed)
    }

    /// The kind that the folder's list gave, or the file itself where that list does not know.
    fn kind_of(&self, name: &OsStr, listed: rustix::fs::FileType) -> io::Result<Kind> {
        if listed != rustix::fs::FileType::Unknown {
            return Ok(Kind::from_system(listed));
        }
        let stat = rustix::fs::statat(self, name, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(Stat::from_system(&stat).kind)
    }

    /// Removes what has this name, with all below it; fine if nothing is there.
    pub fn remove(&self, name: impl AsRef<OsStr>) -> Result<(), PathError> {
        let name = name.as_ref();
        let removed = single(name).and_then(|()| self.remove_file_or_folder(name));
        removed.context("remove", self.path.join(name))
    }

    /// Removes the folder of this name if nothing is in it. Whether it was.
    pub fn remove_if_empty(&self, name: impl AsRef<OsStr>) -> Result<bool, PathError> {
        let name = name.as_ref();
        match single(name).and_then(|()| Ok(rustix::fs::unlinkat(self, name, AtFlags::REMOVEDIR)?)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(false),
            Err(error) => Err(error).context("remove", self.path.join(name)),
        }
    }

    fn remove_file_or_folder(&self, name: &OsStr) -> io::Result<()> {
        match rustix::fs::unlinkat(self, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => return Ok(()),
            // Linux says the first of a folder, POSIX the second.
            Err(Errno::ISDIR | Errno::PERM) => {}
            Err(error) => return Err(error.into()),
        }
        let Some(child) = self.open_for_removal(name)? else {
            return Ok(());
        };
        while !child.empty(&child, 0)? {}
        Ok(absent_is_fine(rustix::fs::unlinkat(self, name, AtFlags::REMOVEDIR))?)
    }

    /// Opens a folder that is about to go; its own mode must not be in the way. None if it is gone.
    fn open_for_removal(&self, name: &OsStr) -> io::Result<Option<Self>> {
        let denied = |error: &PathError| error.source.kind() == io::ErrorKind::PermissionDenied;
        let child = match self.child(name) {
            Err(error) if denied(&error) => {
                rustix::fs::chmodat(self, name, Mode::from_raw_mode(0o700), AtFlags::empty())?;
                self.child(name)
            }
            other => other,
        };
        let child = match child.map_err(|error| error.source) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        if rustix::fs::fstat(&child)?.st_mode & 0o700 != 0o700 {
            rustix::fs::fchmod(&child, Mode::from_raw_mode(0o700))?;
        }
        Ok(Some(child))
    }

    /// Removes all in this folder; false if something was moved up to `top` because it lies too deep, so that it has
    /// to be emptied once more.
    fn empty(&self, top: &Self, depth: usize) -> io::Result<bool> {
        let mut emptied = true;
        for listed in self.list_unsorted()? {
            if listed.kind != Kind::Folder {
                absent_is_fine(rustix::fs::unlinkat(self, &listed.name, AtFlags::empty()))?;
            } else if depth >= REMOVE_DEPTH {
                rustix::fs::renameat(self, &listed.name, top, temp_name())?;
                emptied = false;
            } else {
                let Some(child) = self.open_for_removal(&listed.name)? else {
                    continue;
                };
                emptied &= child.empty(top, depth + 1)?;
                absent_is_fine(rustix::fs::unlinkat(self, &listed.name, AtFlags::REMOVEDIR))?;
            }
        }
        Ok(emptied)
    }
}

/// Somebody else may remove the same.
fn absent_is_fine(removed: rustix::io::Result<()>) -> rustix::io::Result<()> {
    match removed {
        Err(Errno::NOENT) => Ok(()),
        other => other,
    }
}

/// Refuses what is not one name.
fn single(name: &OsStr) -> io::Result<()> {
    let bytes = name.as_bytes();
    if bytes.is_empty() || bytes == b"." || bytes == b".." || bytes.contains(&b'/') {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a single name"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs;

    #[test]
    fn links_are_never_followed() {
        let base = tempfile::tempdir().expect("a temporary folder");
        let (inside, outside) = (base.path().join("in"), base.path().join("out"));
        fs::create_dirs(&inside).expect("created");
        fs::create_dirs(&outside).expect("created");
        fs::write_atomic(&outside.join("file"), b"keep", fs::Sync::Lazy).expect("written");
        fs::symlink(&outside, &inside.join("link")).expect("linked");
        let folder = Folder::open(&inside).expect("opened");
        assert!(folder.child("link").is_err());
        assert!(folder.child("..").is_err());
        assert!(folder.open_file("link/file").is_err());
        folder.remove("link").expect("removed");
        assert!(outside.join("file").exists(), "only the link goes");
    }

    #[test]
    fn deep_and_read_only_folders_can_be_removed() {
        let base = tempfile::tempdir().expect("a temporary folder");
        let folder = Folder::open(base.path()).expect("opened");
        let mut deep = folder.make_child("deep").expect("created");
        for _ in 0..3 * REMOVE_DEPTH {
            deep = deep.make_child("d").expect("created");
        }
        deep.create_file("file").expect("created");
        fs::set_mode(&base.path().join("deep"), 0o500).expect("set");
        folder.remove("deep").expect("removed");
        assert!(folder.list().expect("listed").is_empty());
    }
}
