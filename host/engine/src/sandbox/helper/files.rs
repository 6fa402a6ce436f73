//! The helper's own few file operations: bounded, relative to open folders, never through a link that the tree could
//! have brought along. Does not use the engine's [`crate::fs`], which works on paths of one mount namespace.

use std::io;
use std::path::{Component, Path};

use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{CWD, FileType, Mode, OFlags};
use rustix::io::Errno;

/// Reads a text file, up to a limit in bytes; a longer one is an error.
pub(super) fn read(path: impl AsRef<Path>, limit: usize) -> io::Result<String> {
    String::from_utf8(read_bytes(path, limit)?).map_err(|_| io::ErrorKind::InvalidData.into())
}

/// Reads a file, up to a limit in bytes; a longer one is an error.
pub(super) fn read_bytes(path: impl AsRef<Path>, limit: usize) -> io::Result<Vec<u8>> {
    let file = rustix::fs::open(
        path.as_ref(),
        OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK,
        Mode::empty(),
    )?;
    read_all(&file, limit)
}

/// Reads an open file to its end.
pub(super) fn read_all(file: impl AsFd, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 16 << 10];
    loop {
        match rustix::io::read(&file, &mut chunk) {
            Ok(0) => return Ok(bytes),
            Ok(size) if bytes.len() + size > limit => return Err(io::ErrorKind::FileTooLarge.into()),
            Ok(size) => bytes.extend_from_slice(&chunk[..size]),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Writes to an existing file, in one call as the files below `/proc` want it.
pub(super) fn write(path: &str, text: &str) -> io::Result<()> {
    let file = rustix::fs::open(path, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
    rustix::io::write(file, text.as_bytes())?;
    Ok(())
}

/// Writes all bytes to an open file.
pub(super) fn write_all(file: impl AsFd, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(&file, bytes) {
            Ok(size) => bytes = &bytes[size..],
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Makes a file with this content in an open folder.
pub(super) fn create(folder: impl AsFd, name: &str, bytes: &[u8]) -> io::Result<()> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::openat(folder, name, flags, Mode::from_raw_mode(0o644))?;
    write_all(file, bytes)
}

/// Opens a folder.
pub(super) fn open_folder(path: impl AsRef<Path>) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(CWD, path.as_ref(), flags, Mode::empty())?)
}

/// Opens the folder at this path below an open one, and makes it and its parents where they are missing. A link on the
/// way is an error.
pub(super) fn make_folders(base: impl AsFd, path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut folder = rustix::fs::openat(base, ".", flags, Mode::empty())?;
    for part in path.components().filter(|part| matches!(part, Component::Normal(_))) {
        match rustix::fs::mkdirat(&folder, part.as_os_str(), Mode::from_raw_mode(0o755)) {
            // A read-only folder says EROFS even for what is there already.
            Ok(()) | Err(Errno::EXIST | Errno::ROFS) => {}
            Err(error) => return Err(error.into()),
        }
        folder = rustix::fs::openat(&folder, part.as_os_str(), flags, Mode::empty())?;
    }
    Ok(folder)
}

/// Makes an empty place of the given kind, on which something can be mounted, and opens it.
pub(super) fn make_place(base: impl AsFd, path: &Path, kind: FileType) -> io::Result<OwnedFd> {
    if kind.is_dir() {
        return make_folders(base, path);
    }
    let name = path.file_name().ok_or(Errno::INVAL)?;
    let folder = make_folders(base, path.parent().unwrap_or(Path::new("")))?;
    let flags = OFlags::RDONLY | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(&folder, name, flags, Mode::from_raw_mode(0o644))?)
}

/// Lets this process' standard output go to the file at this path below a folder. A link on the way is an error.
pub(super) fn write_stdout_to(base: &Path, path: &Path) -> io::Result<()> {
    let name = path.file_name().ok_or(Errno::INVAL)?;
    let folder = make_folders(open_folder(base)?, path.parent().unwrap_or(Path::new("")))?;
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::openat(&folder, name, flags, Mode::from_raw_mode(0o644))?;
    Ok(rustix::stdio::dup2_stdout(file)?)
}
