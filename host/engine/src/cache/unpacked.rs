//! Big folders that are kept as folders: taken over whole, read-only, and checked by what the system says of each file.
//!
//! A record beside the folder holds those facts. Without a record the folder is a leftover of a killed process.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::blobs::make_parent;
use super::entry::MAX_ENTRY_BYTES;
use super::{Content, FaultKind, FaultOf, Node, Store, StoreError, Tree, gather, layout, locked};
use crate::digest::Digest;
use crate::error::{PathContext as _, PathError};
use crate::fs::{self, CopyError, Folder, Found, Kind, LockFile, Stat, parallel};
use crate::path::RelPath;

/// Version of the written form of a record.
const VERSION: u32 = 1;

/// What the system said of each file, link and folder when the folder was known to be right.
#[derive(Serialize, Deserialize)]
struct Record {
    version: u32,
    /// As in a result.
    boot: Option<String>,
    bytes: u64,
    facts: Vec<Fact>,
}

/// Path, size, time of change, time of change of the inode, inode.
type Fact = (RelPath, u64, i64, i64, u64);

/// A file in an unpacked folder.
#[derive(Debug)]
pub(crate) struct Inside<'a> {
    /// Digest of the folder's tree.
    pub(crate) tree: &'a Digest,
    /// The name under which the folder is kept.
    pub(crate) name: &'a str,
    /// The file's path in the folder.
    pub(crate) path: RelPath,
    /// The file's digest.
    pub(crate) digest: Digest,
    /// The file's size, in bytes.
    pub(crate) size: u64,
}

impl Store {
    /// Takes over a finished folder, which is gone from its place afterwards, and keeps it under `name`: it is moved
    /// where it is on the store's file system, copied elsewhere.
    ///
    /// # Errors
    /// When it holds anything but plain files, folders, and links that stay inside.
    pub fn keep_unpacked(&self, folder: &Path, name: &str) -> Result<Content, StoreError> {
        let parent = Folder::open(folder.parent().unwrap_or(Path::new("/")))?;
        let source = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        self.keep_unpacked_in(&parent, source, name)
    }

    /// As [`Self::keep_unpacked`], for the folder `source` in a folder that others may have written to: a link in its
    /// place is not followed.
    pub fn keep_unpacked_in(&self, parent: &Folder, source: &str, name: &str) -> Result<Content, StoreError> {
        layout::check_name(name)?;
        let temp = self.temporary()?;
        let kept = take(parent, source, &temp).and_then(|()| self.keep_taken(&temp, name));
        drop(fs::remove_all(&temp));
        kept
    }

    /// Where an unpacked folder is, if nothing in it has changed. It is checked once in the life of this store.
    pub fn unpacked(&self, tree: &Digest, name: &str) -> Option<PathBuf> {
        layout::check_name(name).ok()?;
        let path = self.layout.unpacked(tree, name);
        if locked(&self.checked).contains(&path) {
            return Some(path);
        }
        self.check_unpacked(tree, name).then(|| {
            locked(&self.checked).insert(path.clone());
            path
        })
    }

    /// The tree of an unpacked folder.
    pub fn tree(&self, digest: &Digest) -> Option<Tree> {
        let bytes = self.read_blob(digest, MAX_ENTRY_BYTES)?;
        match Tree::decode(&bytes) {
            Some(tree) => Some(tree),
            None => self.miss(FaultKind::Malformed, FaultOf::Blob, &self.layout.blob(digest)),
        }
    }

    /// Copies a file of an unpacked folder into an empty file. `Ok(false)` is a miss: the target may hold anything
    /// then. An error is one of the target's, which `shown` names.
    pub(crate) fn fill_from_unpacked(
        &self,
        from: &Inside<'_>,
        target: &fs::File,
        shown: &Path,
    ) -> Result<bool, PathError> {
        let Some(folder) = self.unpacked(from.tree, from.name) else {
            return Ok(false);
        };
        let source = fs::open_regular(&from.path.under(&folder));
        match source.map(|source| fs::copy_hashed(&source, target)) {
            Ok(Ok(copied)) if copied == (from.digest, from.size) => return Ok(true),
            Ok(Err(CopyError::Write(error))) => return Err(error).context("write", shown),
            _ => {}
        }
        locked(&self.checked).remove(&folder);
        self.drop_unpacked(FaultKind::Corrupt, from.tree, from.name);
        Ok(false)
    }

    /// As [`Self::pass_blob`], for a file of an unpacked folder.
    pub(crate) fn pass_unpacked(&self, from: &Inside<'_>, take: impl FnMut(&[u8])) -> bool {
        let Some(folder) = self.unpacked(from.tree, from.name) else {
            return false;
        };
        let passed = fs::open_regular(&from.path.under(&folder)).map(|file| fs::hash_file_and(&file, take));
        if matches!(passed, Ok(Ok(passed)) if passed == (from.digest, from.size)) {
            return true;
        }
        locked(&self.checked).remove(&folder);
        self.drop_unpacked(FaultKind::Corrupt, from.tree, from.name);
        false
    }

    fn keep_taken(&self, temp: &Path, name: &str) -> Result<Content, StoreError> {
        let found = fs::walk(&Folder::open(temp)?)?;
        let tree = gather(&found, |found| seal_file(temp, found))?;
        let digest = self.insert_bytes(&tree.encode())?;
        for folder in found.iter().filter(|found| found.stat.kind == Kind::Folder) {
            fs::set_mode(&folder.path.under(temp), 0o555)?;
        }
        let lock = LockFile::open(&self.layout.root.join("unpacked.lock"))?;
        lock.exclusive()?;
        if self.unpacked(&digest, name).is_none() {
            self.publish_unpacked(temp, &digest, name, &tree)?;
        }
        Ok(Content::Unpacked {
            tree: digest,
            name: name.to_owned(),
            files: tree.files(),
            bytes: tree.bytes(),
        })
    }

    /// Gives the folder its place. Nobody else does so at the same time.
    fn publish_unpacked(&self, temp: &Path, digest: &Digest, name: &str, tree: &Tree) -> Result<(), StoreError> {
        let path = self.layout.unpacked(digest, name);
        make_parent(&path)?;
        fs::remove_all(&path)?;
        // A folder that cannot be written cannot be moved: its `..` changes. So it is closed only in its place.
        fs::set_mode(temp, 0o755)?;
        fs::rename(temp, &path)?;
        fs::set_mode(&path, 0o555)?;
        if self.boot.is_none() {
            self.sync()?;
        }
        self.grew(tree.bytes());
        self.write_record(digest, name, tree.bytes(), self.boot.clone())?;
        locked(&self.checked).insert(path);
        Ok(())
    }

    fn write_record(&self, tree: &Digest, name: &str, bytes: u64, boot: Option<String>) -> Result<(), StoreError> {
        let folder = Folder::open(&self.layout.unpacked(tree, name))?;
        let mut facts = vec![fact(RelPath::root(), &folder.own_stat()?)];
        facts.extend(
            fs::walk(&folder)?
                .into_iter()
                .map(|found| fact(found.path, &found.stat)),
        );
        let record = Record {
            version: VERSION,
            boot,
            bytes,
            facts,
        };
        let body = serde_json::to_vec(&record).expect("a record of texts and numbers always has a JSON form");
        self.write_entry(
            FaultOf::Unpacked,
            &self.layout.record(tree, name),
            &entry_name(tree, name),
            &body,
        )
    }

    fn read_record(&self, tree: &Digest, name: &str) -> Option<Record> {
        let path = self.layout.record(tree, name);
        let body = self.read_entry(FaultOf::Unpacked, &path, &entry_name(tree, name))?;
        match serde_json::from_slice::<Record>(&body) {
            Ok(record) if record.version == VERSION => Some(record),
            _ => self.miss(FaultKind::Malformed, FaultOf::Unpacked, &path),
        }
    }

    fn check_unpacked(&self, tree: &Digest, name: &str) -> bool {
        let path = self.layout.unpacked(tree, name);
        let Some(record) = self.read_record(tree, name) else {
            return false;
        };
        let is_folder = fs::stat(&path).is_ok_and(|stat| stat.is_some_and(|stat| stat.is_folder()));
        if !is_folder {
            let is_there = fs::stat(&path).is_ok_and(|stat| stat.is_some());
            let kind = if is_there {
                FaultKind::Foreign
            } else {
                FaultKind::Missing
            };
            self.drop_unpacked(kind, tree, name);
            return false;
        }
        let from_before = self.is_from_before(record.boot.as_deref());
        if !from_before && is_unchanged(&path, &record.facts) {
            return true;
        }
        if hash_folder(&path).is_ok_and(|found| found.digest() == *tree) {
            let boot = if from_before { None } else { record.boot };
            drop(self.write_record(tree, name, record.bytes, boot));
            return true;
        }
        self.drop_unpacked(FaultKind::Corrupt, tree, name);
        false
    }

    fn drop_unpacked(&self, kind: FaultKind, tree: &Digest, name: &str) {
        drop(fs::remove_file(&self.layout.record(tree, name)));
        self.fault(kind, FaultOf::Unpacked, &self.layout.unpacked(tree, name));
    }

    /// The bytes that the record of an unpacked folder states; 0 if there is none.
    pub(super) fn recorded_bytes(&self, tree: &Digest, name: &str) -> u64 {
        self.read_record(tree, name).map_or(0, |record| record.bytes)
    }
}

fn entry_name(tree: &Digest, name: &str) -> String {
    format!("{tree}/{name}")
}

fn fact(path: RelPath, stat: &Stat) -> Fact {
    (path, stat.size, stat.mtime_ns, stat.ctime_ns, stat.inode)
}

fn is_unchanged(folder: &Path, facts: &[Fact]) -> bool {
    let unchanged = parallel::map(facts, |known| {
        let stat = fs::stat(&known.0.under(folder)).ok().flatten();
        stat.is_some_and(|stat| fact(known.0.clone(), &stat) == *known)
    });
    unchanged.into_iter().all(|unchanged| unchanged)
}

/// Moves the folder to `temp`, or copies it where the file systems differ.
fn take(parent: &Folder, source: &str, temp: &Path) -> Result<(), StoreError> {
    let folder = parent.child(source)?;
    // A folder that cannot be written cannot be moved.
    folder.open_up()?;
    let place = Folder::open(temp.parent().unwrap_or(temp))?;
    let name = temp.file_name().unwrap_or_default();
    match parent.rename(source, &place, name) {
        Ok(()) => Ok(()),
        Err(error) if error.source.kind() == io::ErrorKind::CrossesDevices => {
            copy_folder(&folder, &place.make_child(name)?)?;
            Ok(parent.remove(source)?)
        }
        Err(error) => Err(error.into()),
    }
}

fn copy_folder(from: &Folder, to: &Folder) -> Result<(), StoreError> {
    let found = fs::walk(from)?;
    for folder in found.iter().filter(|found| found.stat.kind == Kind::Folder) {
        to.make_path(&folder.path)?;
    }
    parallel::try_map(&found, |found| {
        let parent = found.path.parent().unwrap_or_default();
        let name = found.path.file_name().unwrap_or_default();
        match (found.stat.kind, &found.target) {
            (Kind::File, _) => copy_one(&from.descend(&parent)?, &to.descend(&parent)?, name, &found.stat),
            (Kind::Link, Some(target)) => to.descend(&parent)?.create_link(name, target),
            (Kind::Other, _) => {
                Err(io::Error::from(io::ErrorKind::Unsupported)).context("copy", from.path().join(name))
            }
            _ => Ok(()),
        }
    })?;
    Ok(())
}

fn copy_one(from: &Folder, to: &Folder, name: &str, stat: &Stat) -> Result<(), PathError> {
    let (source, target) = (from.open_file(name)?, to.create_file(name)?);
    let copied = fs::copy_hashed(&source, &target).map_err(io::Error::other);
    copied.context("copy", from.path().join(name))?;
    fs::set_open_mode(&target, stat.mode & 0o777).context("copy", from.path().join(name))
}

/// Makes a file read-only and hashes it. One that has further names gets bytes of its own first: whoever holds those
/// could change it.
fn seal_file(folder: &Path, found: &Found) -> Result<Node, StoreError> {
    let path = found.path.under(folder);
    let executable = found.stat.mode & 0o100 != 0;
    let parent = Folder::open(path.parent().unwrap_or(folder))?;
    let name = found.path.file_name().unwrap_or_default();
    if found.stat.links > 1 {
        let (copy, temp) = parent.create_temp_file()?;
        let copied = fs::copy_hashed(&parent.open_file(name)?, &copy).map_err(io::Error::other);
        copied.context("copy", &path)?;
        parent.rename(&temp, &parent, name)?;
    }
    fs::set_mode(&path, if executable { 0o555 } else { 0o444 })?;
    hash_node(&parent.open_file(name)?, executable)
        .context("read", &path)
        .map_err(StoreError::from)
}

fn hash_node(file: &fs::File, executable: bool) -> io::Result<Node> {
    let (digest, size) = fs::hash_file(file)?;
    Ok(Node::File {
        digest,
        size,
        executable,
    })
}

/// The tree that a folder holds now.
fn hash_folder(path: &Path) -> Result<Tree, StoreError> {
    let found = fs::walk(&Folder::open(path)?)?;
    gather(&found, |found| {
        let file = found.path.under(path);
        let open = fs::open_regular(&file)?;
        Ok(hash_node(&open, found.stat.mode & 0o100 != 0).context("read", &file)?)
    })
}
