//! The only place that calls `std::fs`: file operations that know their path.
//!
//! The functions of this file take paths that farm or its user chose, and follow links as the system does. Below a
//! folder that a tool, a guest or a cache wrote into, use [`Folder`]: it never follows a link. Does not know what the
//! files mean.

mod copy;
mod folder;
mod lock;
pub mod measure;
pub mod parallel;
mod pieces;
pub mod private;
mod stat;
mod walk;

use std::ffi::OsString;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::{OFlags, RenameFlags};
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::error::{PathContext as _, PathError};

pub use copy::{CopyError, copy_hashed, hash_file, hash_file_and};
pub use folder::{Folder, TEMP_SUFFIX, is_temp_name};
pub use lock::LockFile;
pub use pieces::read_pieces;
pub use stat::{Kind, Stat};
pub use std::fs::File;
pub use walk::{Found, MAX_DEPTH, MAX_WALKED, Measure, WalkError, measure, names, walk};

/// Whether a write has to survive a loss of power.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sync {
    /// The system writes it out when it likes.
    Lazy,
    /// It is on the disk before the function returns.
    Now,
}

/// One name in a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Listed {
    /// The name, which need not be UTF-8.
    pub name: OsString,
    /// What it is; a link is a link.
    pub kind: Kind,
}

/// The bytes of a regular file; links are followed, and a pipe does not block. More than `limit` of them are an error
/// of the kind `FileTooLarge`.
pub fn read_bounded(path: &Path, limit: u64) -> Result<Vec<u8>, PathError> {
    read_open(&open_followed(path).context("read", path)?, limit).context("read", path)
}

/// Opens a regular file; links are followed, and a pipe does not block.
fn open_followed(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options
        .read(true)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
        .open(path)
        .and_then(regular)
}

/// The bytes of an open file from where it stands, at most `limit`.
pub fn read_open(file: &File, limit: u64) -> io::Result<Vec<u8>> {
    let size = file.metadata()?.len().min(limit);
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(too_large(limit));
    }
    Ok(bytes)
}

fn too_large(limit: u64) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {limit} bytes"))
}

/// Opens a regular file for reading. A link in its place is an error, and so is anything that is no file; a pipe does
/// not block.
pub fn open_regular(path: &Path) -> Result<File, PathError> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = File::options()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
        .context("open", path)?;
    regular(file).context("open", path)
}

/// The file, if it is a regular one.
fn regular(file: File) -> io::Result<File> {
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"))
}

/// Creates a file that must not exist yet, with this mode.
pub fn create_new(path: &Path, mode: u32) -> Result<File, PathError> {
    let mut options = File::options();
    options.read(true).write(true).create_new(true).mode(mode);
    options.open(path).context("create", path)
}

/// Adds bytes behind the end of a file, which is created if need be; writers do not run into each other.
pub fn append(path: &Path, bytes: &[u8]) -> Result<(), PathError> {
    open_append(path)?.write_all(bytes).context("write", path)
}

/// Opens a file to add to, as [`append`] does.
pub fn open_append(path: &Path) -> Result<File, PathError> {
    let mut options = File::options();
    let options = options.append(true).create(true).mode(0o600);
    options.open(path).context("write", path)
}

/// Puts these bytes at `path`, which holds the old file or the new one at any moment, never a part. The folder has to
/// exist.
pub fn write_atomic(path: &Path, bytes: &[u8], sync: Sync) -> Result<(), PathError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let temp = folder.join(folder::temp_name());
    let written = write_new(&temp, bytes, sync).and_then(|()| rename(&temp, path));
    if written.is_err() {
        drop(std::fs::remove_file(&temp));
    }
    written?;
    match sync {
        Sync::Lazy => Ok(()),
        Sync::Now => sync_folder(folder),
    }
}

/// Writes a file that must not exist yet. One that could not be written to its end stays.
pub fn write_new(path: &Path, bytes: &[u8], sync: Sync) -> Result<(), PathError> {
    let mut file = File::options()
        .write(true)
        .create_new(true)
        .open(path)
        .context("create", path)?;
    file.write_all(bytes).context("write", path)?;
    match sync {
        Sync::Lazy => Ok(()),
        Sync::Now => file.sync_all().context("write", path),
    }
}

/// Makes a folder's entries survive a loss of power.
pub fn sync_folder(path: &Path) -> Result<(), PathError> {
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .context("write", path)
}

/// Makes everything that was written to the file system of this file survive a loss of power.
pub fn sync_file_system(file: &File) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    rustix::fs::syncfs(file)?;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = file;
        rustix::fs::sync();
    }
    Ok(())
}

/// Creates a folder and those above it; fine if it is there.
pub fn create_dirs(path: &Path) -> Result<(), PathError> {
    std::fs::create_dir_all(path).context("create", path)
}

/// Creates a folder, and those above it, that nobody but its owner may enter; fine if it is there.
pub fn create_private_dirs(path: &Path) -> Result<(), PathError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder.create(path).context("create", path)
}

/// Removes a file or a link; fine if it is not there.
pub fn remove_file(path: &Path) -> Result<(), PathError> {
    absent_is_fine(std::fs::remove_file(path)).context("remove", path)
}

/// Removes whatever is at `path`, with all below it and without following links; fine if it is not there. Folders
/// without write permission are made writable first.
pub fn remove_all(path: &Path) -> Result<(), PathError> {
    let Some(name) = path.file_name() else {
        return Err(io::Error::from(io::ErrorKind::InvalidInput)).context("remove", path);
    };
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    match Folder::open(parent.unwrap_or(Path::new("."))) {
        Ok(folder) => folder.remove(name),
        Err(error) if error.source.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Turns «not there» into success.
fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Copies a file's bytes and permissions; returns how many bytes. The target is replaced.
pub fn copy(from: &Path, to: &Path) -> Result<u64, PathError> {
    std::fs::copy(from, to).context("copy", from)
}

/// Moves within a file system; a file at `to` is replaced.
pub fn rename(from: &Path, to: &Path) -> Result<(), PathError> {
    std::fs::rename(from, to).context("move something to", to)
}

/// Moves within a file system, unless something is at `to` already: then false, and nothing has changed.
pub fn rename_new(from: &Path, to: &Path) -> Result<bool, PathError> {
    match rustix::fs::renameat_with(rustix::fs::CWD, from, rustix::fs::CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::EXIST) => Ok(false),
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => link_new(from, to),
        Err(error) => Err(error).context("move something to", to),
    }
}

/// What [`rename_new`] is on a file system that cannot do it in one step: a second name, then the first one goes.
fn link_new(from: &Path, to: &Path) -> Result<bool, PathError> {
    match std::fs::hard_link(from, to) {
        Ok(()) => remove_file(from).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error).context("move something to", to),
    }
}

/// Whether anything is at `path`; a link counts as itself.
pub fn exists(path: &Path) -> bool {
    stat(path).is_ok_and(|stat| stat.is_some())
}

/// Whether a folder is at `path`, or a link that leads to one.
pub fn is_folder(path: &Path) -> bool {
    path.is_dir()
}

/// Digest of a file's content; links are followed.
pub fn digest(path: &Path) -> Result<Digest, PathError> {
    let file = File::open(path).context("read", path)?;
    let (digest, _) = hash_file(&file).context("read", path)?;
    Ok(digest)
}

/// A file that is there, for reading and writing, no longer than `size` bytes: one of this user's with no other name and
/// no attributes. None if it is anything else. It is not emptied: where a disk is told of every block that is free, that
/// takes longer than to write over it. Its times are those of now.
pub fn open_shortened(path: &Path, size: u64) -> Option<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let mut options = File::options();
    options.read(true).write(true).custom_flags(flags.bits().cast_signed());
    let file = options.open(path).ok()?;
    let stat = stat_open(&file).ok()?;
    let is_plain = stat.is_file() && stat.links == 1 && is_as_made(&file);
    (is_plain && (stat.size <= size || file.set_len(size).is_ok()) && touch(&file)).then_some(file)
}

/// Largest folder that is taken for a new one, in bytes: on some file systems a folder that held much stays slow.
const MAX_PLAIN_FOLDER: u64 = 64 << 10;

/// Whether a folder is there that could just have been made by [`create_dirs`]: of this user's, with the usual mode and
/// no attributes. Its times are those of now then. What is in it is not looked at.
pub fn is_plain_folder(path: &Path) -> bool {
    let flags = OFlags::NOFOLLOW | OFlags::DIRECTORY;
    let mut options = File::options();
    options.read(true).custom_flags(flags.bits().cast_signed());
    let Ok(folder) = options.open(path) else {
        return false;
    };
    let is_plain =
        stat_open(&folder).is_ok_and(|stat| stat.is_folder() && stat.mode == 0o755 && stat.size <= MAX_PLAIN_FOLDER);
    is_plain && is_as_made(&folder) && touch(&folder)
}

/// Whether something belongs to this user and group, and has no attributes.
fn is_as_made(file: &File) -> bool {
    let own = (current_user(), rustix::process::getegid().as_raw());
    rustix::fs::fstat(file).is_ok_and(|stat| (stat.st_uid, stat.st_gid) == own)
        && !has_attributes(file)
        && !has_flags(file)
}

/// Lets a file's times be those of now.
fn touch(file: &File) -> bool {
    let now = rustix::fs::Timespec {
        tv_sec: 0,
        tv_nsec: rustix::fs::UTIME_NOW,
    };
    let times = rustix::fs::Timestamps {
        last_access: now,
        last_modification: now,
    };
    rustix::fs::futimens(file, &times).is_ok()
}

/// What `lsattr` shows of a file that nobody has set anything of: that it is kept by extents, in its inode, or indexed.
#[cfg(target_os = "linux")]
const USUAL_FLAGS: u32 = 0x0008_0000 | 0x1000_0000 | 0x1000;

/// Whether a file has flags of its own (`chattr`).
#[cfg(target_os = "linux")]
fn has_flags(file: &File) -> bool {
    match rustix::fs::ioctl_getflags(file) {
        Ok(flags) => flags.bits() & !USUAL_FLAGS != 0,
        Err(error) => !matches!(error, rustix::io::Errno::NOTTY | rustix::io::Errno::OPNOTSUPP),
    }
}

#[cfg(not(target_os = "linux"))]
fn has_flags(_file: &File) -> bool {
    true
}

/// Whether a file has extended attributes, access lists among them.
#[cfg(target_os = "linux")]
fn has_attributes(file: &File) -> bool {
    let size = rustix::fs::flistxattr_query(file);
    !matches!(size, Ok(0) | Err(rustix::io::Errno::NOTSUP))
}

#[cfg(not(target_os = "linux"))]
fn has_attributes(_file: &File) -> bool {
    true
}

/// Copies a file into one that is empty or no longer, which `to` names, and returns the digest and the size of what was
/// copied. What the target held beyond that is still there: compare the sizes.
pub fn copy_into(from: &Path, (target, to): (&File, &Path)) -> Result<(Digest, u64), PathError> {
    let source = File::open(from).context("read", from)?;
    match copy_hashed(&source, target) {
        Ok(copied) => Ok(copied),
        Err(CopyError::Read(error)) => Err(error).context("read", from),
        Err(CopyError::Write(error)) => Err(error).context("write", to),
    }
}

/// Copies a file to a place where nothing is yet, with this mode, and returns the digest of what was copied.
pub fn copy_with_mode(from: &Path, to: &Path, mode: u32) -> Result<Digest, PathError> {
    let target = create_new(to, 0o600)?;
    let (digest, _) = copy_into(from, (&target, to))?;
    set_open_mode(&target, mode).context("write", to)?;
    Ok(digest)
}

/// The folder's names, sorted.
pub fn read_dir(path: &Path) -> Result<Vec<Listed>, PathError> {
    Folder::open(path)?.list()
}

/// What is at `path` itself, not where a link there leads; none if nothing is.
pub fn stat(path: &Path) -> Result<Option<Stat>, PathError> {
    match rustix::fs::lstat(path) {
        Ok(found) => Ok(Some(Stat::from_system(&found))),
        Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => Ok(None),
        Err(error) => Err(error).context("look at", path),
    }
}

/// What is at `path`, or where a link there leads; none if that is nothing.
pub fn stat_followed(path: &Path) -> Result<Option<Stat>, PathError> {
    match rustix::fs::stat(path) {
        Ok(found) => Ok(Some(Stat::from_system(&found))),
        Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR | rustix::io::Errno::LOOP) => Ok(None),
        Err(error) => Err(error).context("look at", path),
    }
}

/// Goes back to the beginning of a file.
pub fn rewind(mut file: &File) -> io::Result<()> {
    io::Seek::rewind(&mut file)
}

/// What kind of thing is at `path` itself; none if nothing is.
pub fn kind_of(path: &Path) -> Result<Option<Kind>, PathError> {
    Ok(stat(path)?.map(|stat| stat.kind))
}

/// What the system says of an open file.
pub fn stat_open(file: &File) -> io::Result<Stat> {
    Ok(Stat::from_system(&rustix::fs::fstat(file)?))
}

/// Whether an attempt to open a folder has failed because a link or a file is in its place.
pub fn is_no_folder(error: &io::Error) -> bool {
    // For a link, systems say the one or the other.
    let is_loop = error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error());
    is_loop || error.kind() == io::ErrorKind::NotADirectory
}

/// Sets the permission bits. Follows links.
pub fn set_mode(path: &Path, mode: u32) -> Result<(), PathError> {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).context("change the mode of", path)
}

/// The permission bits of files outside the store: nobody is to tell users' settings from a result.
pub const fn plain_mode(executable: bool) -> u32 {
    if executable { 0o755 } else { 0o644 }
}

/// Sets the permission bits of an open file.
pub fn set_open_mode(file: &File, mode: u32) -> io::Result<()> {
    file.set_permissions(std::fs::Permissions::from_mode(mode))
}

/// Sets the time of the last change, of a file or a folder.
pub fn set_modified(path: &Path, time: SystemTime) -> Result<(), PathError> {
    let times = std::fs::FileTimes::new().set_modified(time);
    File::open(path)
        .and_then(|file| file.set_times(times))
        .context("change the time of", path)
}

/// The path with all links resolved.
pub fn canonicalize(path: &Path) -> Result<PathBuf, PathError> {
    std::fs::canonicalize(path).context("find", path)
}

/// Makes a symbolic link.
pub fn symlink(target: &Path, path: &Path) -> Result<(), PathError> {
    std::os::unix::fs::symlink(target, path).context("create", path)
}

/// Where a link leads, as it is written.
pub fn read_link(path: &Path) -> Result<PathBuf, PathError> {
    std::fs::read_link(path).context("read", path)
}

/// A text of 16 hexadecimal digits that nobody can guess, for temporary names.
pub fn random_name() -> String {
    let mut bytes = [0_u8; 8];
    let _ = rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty());
    format!("{:016x}", u64::from_le_bytes(bytes))
}

/// The user in whose name this process touches files.
pub fn current_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// A text that changes with every start of the system; none where the system has no such thing.
pub fn boot_id() -> Option<String> {
    let bytes = read_bounded(Path::new("/proc/sys/kernel/random/boot_id"), 128).ok()?;
    let text = String::from_utf8(bytes).ok()?.trim().to_owned();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn atomic_writes_replace_whole_files_and_leave_nothing_else() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("file");
        write_atomic(&path, b"one", Sync::Lazy).expect("written");
        write_atomic(&path, b"two", Sync::Now).expect("written");
        assert_eq!(read_bounded(&path, 3).expect("read"), b"two");
        assert_eq!(read_dir(folder.path()).expect("listed").len(), 1);
        assert!(write_atomic(&folder.path().join("absent/file"), b"x", Sync::Lazy).is_err());
    }

    #[test]
    fn reading_is_bounded() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("file");
        write_atomic(&path, b"four", Sync::Lazy).expect("written");
        let error = read_bounded(&path, 3).expect_err("too large");
        assert_eq!(error.source.kind(), io::ErrorKind::FileTooLarge);
        assert!(
            error.to_string().contains("file"),
            "the message names the path: {error}"
        );
    }

    #[test]
    fn only_one_of_two_moves_to_a_new_name_wins() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| folder.path().join(name);
        write_atomic(&at("a"), b"a", Sync::Lazy).expect("written");
        write_atomic(&at("b"), b"b", Sync::Lazy).expect("written");
        assert!(rename_new(&at("a"), &at("c")).expect("moved"));
        assert!(!rename_new(&at("b"), &at("c")).expect("refused"));
        assert!(!link_new(&at("b"), &at("c")).expect("refused"));
        assert_eq!(read_bounded(&at("c"), 9).expect("read"), b"a");
    }

    #[test]
    fn a_link_is_not_opened_as_a_file() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| folder.path().join(name);
        write_atomic(&at("file"), b"x", Sync::Lazy).expect("written");
        symlink(Path::new("file"), &at("link")).expect("linked");
        assert!(open_regular(&at("file")).is_ok());
        assert!(open_regular(&at("link")).is_err());
        assert!(open_regular(folder.path()).is_err());
    }
}
