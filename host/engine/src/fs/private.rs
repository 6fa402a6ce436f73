//! A folder that belongs to this user alone, and the files in it.
//!
//! Every access goes through one open handle that was checked, so that nobody can put another folder in its place. Does
//! not know what is kept in it.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use crate::error::{PathContext, PathError};

/// Rights of group and others to write.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// An open folder of this user's, which nobody else can write to.
#[derive(Debug)]
pub struct PrivateFolder {
    handle: OwnedFd,
    path: PathBuf,
}

impl PrivateFolder {
    /// Opens it, and makes it where it is missing. One that is a link, that another user owns, or that group or others
    /// may write to is refused.
    pub fn open(path: &Path) -> Result<Self, PathError> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).context("create", parent)?;
        }
        match rustix::fs::mkdir(path, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(error).context("create", path),
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let handle = rustix::fs::openat(CWD, path, flags, Mode::empty()).context("open", path)?;
        let stat = rustix::fs::fstat(&handle).context("open", path)?;
        check(&stat, FileType::Directory).context("trust", path)?;
        Ok(Self {
            handle,
            path: path.to_path_buf(),
        })
    }

    /// The content of a file in it; none when there is no such file. A link, another user's file and a file that
    /// others may write to are refused, and so is one of more than `limit` bytes.
    pub fn read(&self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, PathError> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match rustix::fs::openat(&self.handle, name, flags, Mode::empty()) {
            Ok(file) => file,
            Err(Errno::NOENT) => return Ok(None),
            Err(error) => return Err(error).context("read", self.path.join(name)),
        };
        let stat = rustix::fs::fstat(&file).context("read", self.path.join(name))?;
        check(&stat, FileType::RegularFile).context("trust", self.path.join(name))?;
        read_all(File::from(file), limit)
            .map(Some)
            .context("read", self.path.join(name))
    }

    /// Puts a file in the place of whatever has this name; a reader sees the whole of it or nothing.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), PathError> {
        let temporary = self.write_temporary(name, bytes)?;
        let moved = rustix::fs::renameat(&self.handle, &temporary, &self.handle, name);
        if moved.is_err() {
            self.remove(&temporary);
        }
        moved.context("write", self.path.join(name))
    }

    /// Puts a file there unless there is one; says whether it did.
    pub fn create(&self, name: &str, bytes: &[u8]) -> Result<bool, PathError> {
        let temporary = self.write_temporary(name, bytes)?;
        let linked = rustix::fs::linkat(&self.handle, &temporary, &self.handle, name, AtFlags::empty());
        self.remove(&temporary);
        match linked {
            Ok(()) => Ok(true),
            Err(Errno::EXIST) => Ok(false),
            Err(error) => Err(error).context("write", self.path.join(name)),
        }
    }

    /// Removes a file, if it can be removed.
    pub fn remove(&self, name: &str) {
        // What stays is refused or replaced by the next reader or writer.
        let _removed = rustix::fs::unlinkat(&self.handle, name, AtFlags::empty());
    }

    /// Removes the files that were written longest ago, until `keep` are left. The one named `spared` stays.
    pub fn prune(&self, keep: usize, spared: &str) -> Result<(), PathError> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.path).context("read", &self.path)?.flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            if let Ok(name) = entry.file_name().into_string()
                && name != spared
            {
                files.push((metadata.modified().ok(), name));
            }
        }
        files.sort();
        let excess = files.len().saturating_sub(keep);
        files[..excess].iter().for_each(|(_, name)| self.remove(name));
        Ok(())
    }

    fn write_temporary(&self, name: &str, bytes: &[u8]) -> Result<String, PathError> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let (process, next) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let temporary = format!("{name}.{process}.{next}.tmp");
        self.remove(&temporary);
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let written = rustix::fs::openat(&self.handle, &temporary, flags, Mode::RUSR | Mode::WUSR)
            .map_err(io::Error::from)
            .and_then(|file| File::from(file).write_all(bytes));
        if written.is_err() {
            self.remove(&temporary);
        }
        written.context("write", self.path.join(name))?;
        Ok(temporary)
    }
}

/// Refuses what is of another kind, belongs to somebody else, or can be changed by somebody else.
fn check(stat: &Stat, kind: FileType) -> io::Result<()> {
    let refuse = |why| Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
    if FileType::from_raw_mode(stat.st_mode) != kind {
        return refuse("it is not what it should be");
    }
    if stat.st_uid != rustix::process::geteuid().as_raw() {
        return refuse("it belongs to another user");
    }
    if stat.st_mode & WRITABLE_BY_OTHERS != 0 {
        return refuse("others may write to it");
    }
    Ok(())
}

fn read_all(file: File, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let length = file.metadata()?.len();
    if length <= limit {
        bytes.reserve_exact(usize::try_from(length).unwrap_or_default() + 1);
    }
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        let why = format!("it is bigger than {limit} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn folder() -> (tempfile::TempDir, PrivateFolder) {
        let outer = tempfile::tempdir().expect("temporary folder");
        let folder = PrivateFolder::open(&outer.path().join("a/private")).expect("folder");
        (outer, folder)
    }

    #[test]
    fn files_come_back_whole_and_are_bounded() {
        let (_outer, folder) = folder();
        assert!(folder.read("x", 10).expect("read").is_none());
        folder.write("x", b"first").expect("write");
        assert!(!folder.create("x", b"second").expect("create"));
        assert_eq!(folder.read("x", 5).expect("read").as_deref(), Some(&b"first"[..]));
        assert!(folder.read("x", 4).is_err());
        assert_eq!(
            fs::read_dir(&folder.path).expect("list").count(),
            1,
            "no temporary file is left"
        );
    }

    #[test]
    fn what_others_can_change_is_refused() {
        let (outer, folder) = folder();
        let open_to_all = |path: &Path| fs::set_permissions(path, fs::Permissions::from_mode(0o777));
        folder.write("x", b"x").expect("write");
        open_to_all(&folder.path.join("x")).expect("mode");
        assert!(folder.read("x", 10).is_err());
        symlink("/etc/passwd", folder.path.join("link")).expect("link");
        assert!(folder.read("link", 1 << 20).is_err());
        open_to_all(&folder.path).expect("mode");
        assert!(PrivateFolder::open(&folder.path).is_err());
        symlink(&folder.path, outer.path().join("other")).expect("link");
        assert!(PrivateFolder::open(&outer.path().join("other")).is_err());
    }

    #[test]
    fn pruning_keeps_the_newest_and_the_spared() {
        let (_outer, folder) = folder();
        for name in ["key", "a", "b", "c"] {
            folder.write(name, b"x").expect("write");
        }
        folder.prune(1, "key").expect("prune");
        let names = fs::read_dir(&folder.path)
            .expect("list")
            .flatten()
            .map(|entry| entry.file_name());
        assert_eq!(names.count(), 2);
        assert!(folder.read("key", 10).expect("read").is_some());
    }
}
