//! Blobs: the content of files, each under its digest, each once.

use std::io::{self, Write as _};
use std::path::Path;

use super::{FaultKind, FaultOf, Store, StoreError, locked};
use crate::digest::Digest;
use crate::error::{PathContext as _, PathError};
use crate::fs::{self, CopyError, File, Folder, Stat};

/// Nobody needs to write to a blob.
const BLOB_MODE: u32 = 0o444;

impl Store {
    /// Takes bytes in and returns their digest.
    pub fn insert_bytes(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::of(bytes);
        let size = bytes.len() as u64;
        self.lease(digest);
        if !self.has_sound(&digest, size) {
            let temp = self.temporary()?;
            let written = fs::create_new(&temp, 0o600).and_then(|mut file| {
                file.write_all(bytes).context("write", &temp)?;
                fs::set_open_mode(&file, BLOB_MODE).context("write", &temp)
            });
            self.publish_or_drop(written, &temp, &digest, size)?;
        }
        Ok(digest)
    }

    /// Takes in all that a file holds, hashed as it is copied, and returns digest and size.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "nobody else may move the file's position meanwhile"
    )]
    pub fn insert_file(&self, file: File) -> Result<(Digest, u64), StoreError> {
        let temp = self.temporary()?;
        let copied = fs::create_new(&temp, 0o600).and_then(|target| {
            fs::rewind(&file).context("read what goes to", &temp)?;
            let copied = fs::copy_hashed(&file, &target).map_err(|error| told(error, &temp))?;
            fs::set_open_mode(&target, BLOB_MODE).context("write", &temp)?;
            Ok(copied)
        });
        let (digest, size) = match copied {
            Ok(copied) => copied,
            Err(error) => {
                drop(fs::remove_file(&temp));
                return Err(error.into());
            }
        };
        self.lease(digest);
        if self.has_sound(&digest, size) {
            fs::remove_file(&temp)?;
        } else {
            self.publish_or_drop(Ok(()), &temp, &digest, size)?;
        }
        Ok((digest, size))
    }

    /// Takes in the file of this name, and returns digest and size. It is moved into the store instead of copied if that
    /// can be had and nobody else can hold on to it: the file has one name and is this user's, on the store's own file
    /// system. So the caller says that no process that could have opened it is alive.
    pub fn adopt_file(&self, folder: &Folder, name: &str) -> Result<(Digest, u64), StoreError> {
        let file = folder.open_file(name)?;
        let path = || folder.path().join(name);
        let before = fs::stat_open(&file).context("look at", path())?;
        if !self.may_adopt(&before) {
            return self.insert_file(file);
        }
        let (digest, size) = fs::hash_file(&file).context("read", path())?;
        let after = fs::stat_open(&file).context("look at", path())?;
        if after != before || !self.adopt(&file, (folder, name), &digest, size)? {
            return self.insert_file(file);
        }
        Ok((digest, size))
    }

    fn may_adopt(&self, stat: &Stat) -> bool {
        // Only Linux tells for sure that all processes of a tool are dead.
        let is_own = stat.links == 1 && stat.owner == fs::current_user() && stat.device == self.device;
        is_own && cfg!(target_os = "linux")
    }

    /// Moves a file whose digest is known into its place; false if it has to be copied.
    fn adopt(
        &self,
        file: &File,
        (folder, name): (&Folder, &str),
        digest: &Digest,
        size: u64,
    ) -> Result<bool, StoreError> {
        self.lease(*digest);
        if self.has_sound(digest, size) {
            return Ok(true);
        }
        fs::set_open_mode(file, BLOB_MODE).context("change the mode of", folder.path().join(name))?;
        let path = self.layout.blob(digest);
        let mut moved = folder.move_out(name, &path);
        if moved
            .as_ref()
            .is_err_and(|error| error.source.kind() == io::ErrorKind::NotFound)
        {
            make_parent(&path)?;
            moved = folder.move_out(name, &path);
        }
        // Whatever keeps it from being moved does not keep its bytes from being copied.
        let moved = moved.unwrap_or(false);
        if moved {
            self.grew(size);
        }
        Ok(moved)
    }

    /// The bytes of a blob, if they are right and no more than `limit`. Any fault is a miss.
    pub fn read_blob(&self, digest: &Digest, limit: u64) -> Option<Vec<u8>> {
        let path = self.layout.blob(digest);
        let file = self.open_stored(FaultOf::Blob, &path, None)?;
        match fs::read_open(&file, limit) {
            Ok(bytes) if Digest::of(&bytes) == *digest => Some(bytes),
            Ok(_) => self.miss(FaultKind::Corrupt, FaultOf::Blob, &path),
            // What is too large for the caller need not be at fault.
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => None,
            Err(_) => self.miss(FaultKind::Unreadable, FaultOf::Blob, &path),
        }
    }

    /// Copies a blob into an empty file. `Ok(false)` is a miss: the file may hold anything then. An error is one of
    /// the target's, which `shown` names.
    pub(crate) fn fill(&self, digest: &Digest, size: u64, target: &File, shown: &Path) -> Result<bool, PathError> {
        let path = self.layout.blob(digest);
        let Some(source) = self.open_stored(FaultOf::Blob, &path, Some(size)) else {
            return Ok(false);
        };
        let fault = match fs::copy_hashed(&source, target) {
            Ok(copied) if copied == (*digest, size) => return Ok(true),
            Ok(_) => FaultKind::Corrupt,
            Err(CopyError::Read(_)) => FaultKind::Unreadable,
            Err(CopyError::Write(error)) => return Err(error).context("write", shown),
        };
        self.fault(fault, FaultOf::Blob, &path);
        Ok(false)
    }

    /// Hands each piece of a blob on, and says whether they were the right bytes. Any fault is a miss.
    pub(crate) fn pass_blob(&self, digest: &Digest, size: u64, take: impl FnMut(&[u8])) -> bool {
        let path = self.layout.blob(digest);
        let Some(file) = self.open_stored(FaultOf::Blob, &path, Some(size)) else {
            return false;
        };
        match fs::hash_file_and(&file, take) {
            Ok((found, _)) if found == *digest => true,
            Ok(_) => self.miss::<()>(FaultKind::Corrupt, FaultOf::Blob, &path).is_some(),
            Err(_) => self.miss::<()>(FaultKind::Unreadable, FaultOf::Blob, &path).is_some(),
        }
    }

    /// Whether the blob is there, with the size if it is known; does not read it.
    pub(super) fn has_blob(&self, digest: &Digest, size: Option<u64>) -> bool {
        let path = self.layout.blob(digest);
        match fs::stat(&path) {
            Ok(Some(stat)) => match flaw(&stat, size) {
                None => true,
                Some(kind) => self.miss::<()>(kind, FaultOf::Blob, &path).is_some(),
            },
            Ok(None) => self.miss::<()>(FaultKind::Missing, FaultOf::Blob, &path).is_some(),
            Err(_) => self.miss::<()>(FaultKind::Unreadable, FaultOf::Blob, &path).is_some(),
        }
    }

    /// Whether the blob is there and its bytes are right; reads it, unless this process did so before.
    pub(super) fn verify_blob(&self, digest: &Digest, size: Option<u64>) -> bool {
        let path = self.layout.blob(digest);
        let stat = fs::stat(&path).ok().flatten();
        if stat.is_some() && locked(&self.sound).get(digest).copied() == stat {
            return true;
        }
        let Some(file) = self.open_stored(FaultOf::Blob, &path, size) else {
            return false;
        };
        match fs::hash_file(&file) {
            Ok((found, _)) if found == *digest => {
                stat.and_then(|stat| locked(&self.sound).insert(*digest, stat));
                true
            }
            Ok(_) => self.miss::<()>(FaultKind::Corrupt, FaultOf::Blob, &path).is_some(),
            Err(_) => self.miss::<()>(FaultKind::Unreadable, FaultOf::Blob, &path).is_some(),
        }
    }

    /// Whether just these bytes need not be written again. A bad blob in the way is moved aside, or it would outlive
    /// every rebuild.
    fn has_sound(&self, digest: &Digest, size: u64) -> bool {
        let path = self.layout.blob(digest);
        !matches!(fs::stat(&path), Ok(None)) && self.verify_blob(digest, Some(size))
    }

    fn publish_or_drop(
        &self,
        written: Result<(), PathError>,
        temp: &Path,
        digest: &Digest,
        size: u64,
    ) -> Result<(), StoreError> {
        let published = written
            .map_err(StoreError::from)
            .and_then(|()| self.publish(temp, digest, size));
        if published.is_err() {
            drop(fs::remove_file(temp));
        }
        published
    }

    /// Gives a finished temporary file its name. Whoever is second keeps the first one's file.
    fn publish(&self, temp: &Path, digest: &Digest, size: u64) -> Result<(), StoreError> {
        let path = self.layout.blob(digest);
        for _ in 0..3 {
            match fs::rename_new(temp, &path) {
                Ok(true) => {
                    self.grew(size);
                    return Ok(());
                }
                Ok(false) if self.has_sound(digest, size) => return Ok(fs::remove_file(temp)?),
                Ok(false) => {}
                Err(error) if error.source.kind() == io::ErrorKind::NotFound => make_parent(&path)?,
                Err(error) => return Err(error.into()),
            }
        }
        fs::rename(temp, &path).map_err(StoreError::from)
    }

    /// Opens a file of the store. What cannot be used is counted, moved aside and a miss.
    pub(super) fn open_stored(&self, what: FaultOf, path: &Path, size: Option<u64>) -> Option<File> {
        let file = match fs::open_regular(path) {
            Ok(file) => file,
            Err(error) => return self.miss(self.flaw_of_unopened(path, &error), what, path),
        };
        match fs::stat_open(&file).map(|stat| flaw(&stat, size)) {
            Ok(None) => Some(file),
            Ok(Some(kind)) => self.miss(kind, what, path),
            Err(_) => self.miss(FaultKind::Unreadable, what, path),
        }
    }

    fn flaw_of_unopened(&self, path: &Path, error: &PathError) -> FaultKind {
        match fs::stat(path) {
            Ok(Some(stat)) if !stat.is_file() => FaultKind::Foreign,
            _ if error.source.kind() == io::ErrorKind::NotFound => FaultKind::Missing,
            _ => FaultKind::Unreadable,
        }
    }

    /// Counts a fault; nothing comes of it but a miss.
    pub(super) fn miss<T>(&self, kind: FaultKind, what: FaultOf, path: &Path) -> Option<T> {
        self.fault(kind, what, path);
        None
    }

    /// Keeps a blob from this process's own eviction until a result names it.
    fn lease(&self, digest: Digest) {
        locked(&self.fresh).insert(digest);
    }
}

/// What is wrong with a file of the store, as far as can be seen from outside.
fn flaw(stat: &Stat, size: Option<u64>) -> Option<FaultKind> {
    if !stat.is_file() || stat.owner != fs::current_user() {
        return Some(FaultKind::Foreign);
    }
    size.is_some_and(|size| size != stat.size)
        .then_some(FaultKind::WrongSize)
}

/// Creates the folder that a path is in. A file in that folder's place goes.
pub(super) fn make_parent(path: &Path) -> Result<(), PathError> {
    let parent = path.parent().unwrap_or(path);
    match fs::create_dirs(parent) {
        Err(_) if fs::stat(parent).is_ok_and(|stat| stat.is_some_and(|stat| !stat.is_folder())) => {
            fs::remove_file(parent)?;
            fs::create_dirs(parent)
        }
        other => other,
    }
}

fn told(error: CopyError, path: &Path) -> PathError {
    let (doing, source) = match error {
        CopyError::Read(source) => ("read what goes to", source),
        CopyError::Write(source) => ("write", source),
    };
    PathError {
        doing,
        path: path.to_path_buf(),
        source,
    }
}
