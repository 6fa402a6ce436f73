//! Releases in a folder. Every file is written beside its place and renamed, so no name ever shows half of one.

use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, OpenOptions};

use crate::release::{Sum, hash};
use crate::{PublishError, Store};

/// A folder that holds releases.
#[derive(Debug)]
pub struct FolderStore {
    folder: Dir,
    place: String,
    /// Numbers temporary files.
    next: AtomicU64,
}

impl FolderStore {
    /// Opens the folder, which is made if need be; messages name it as `place`.
    ///
    /// # Errors
    /// It cannot be made or opened.
    pub fn open(folder: &Path, place: &str) -> Result<Self, PublishError> {
        let opened = Dir::create_ambient_dir_all(folder, ambient_authority())
            .and_then(|()| Dir::open_ambient_dir(folder, ambient_authority()));
        let folder = opened.map_err(|source| PublishError::Folder {
            path: place.to_owned(),
            source,
        })?;
        Ok(Self {
            folder,
            place: place.to_owned(),
            next: AtomicU64::new(0),
        })
    }

    /// Writes a file beside its place, and lets `finish` give it its name.
    fn write<T>(
        &self,
        name: &str,
        fill: impl FnOnce(&mut File) -> io::Result<()>,
        finish: impl FnOnce(&str) -> io::Result<T>,
    ) -> Result<T, PublishError> {
        let (above, _) = name.rsplit_once('/').unwrap_or((".", name));
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let temp = format!("{above}/.{}-{number}.farm-tmp", std::process::id());
        let mut options = OpenOptions::new();
        let written = self
            .folder
            .create_dir_all(above)
            .and_then(|()| {
                self.folder
                    .open_with(&temp, options.write(true).create(true).truncate(true))
            })
            .and_then(|mut file| fill(&mut file))
            .and_then(|()| finish(&temp));
        drop(self.folder.remove_file(&temp));
        written.map_err(|source| self.failed(name, source))
    }

    fn failed(&self, name: &str, source: io::Error) -> PublishError {
        PublishError::Folder {
            path: format!("{}/{name}", self.place),
            source,
        }
    }
}

impl Store for FolderStore {
    fn get(&self, name: &str) -> Result<Option<Vec<u8>>, PublishError> {
        match self.folder.read(name) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed(name, error)),
        }
    }

    fn has(&self, name: &str, sum: &Sum) -> Result<bool, PublishError> {
        match self.folder.open(name).and_then(|mut file| hash(&mut file)) {
            Ok((sha256, _)) => Ok(sha256 == sum.sha256),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(self.failed(name, error)),
        }
    }

    fn put(&self, name: &str, sum: &Sum, mut file: File) -> Result<(), PublishError> {
        let mut copied = [0; 32];
        let fill = |target: &mut File| {
            io::copy(&mut file, target)?;
            Ok(())
        };
        self.write(name, fill, |temp| {
            (copied, _) = hash(&mut self.folder.open(temp)?)?;
            if copied == sum.sha256 {
                self.folder.rename(temp, &self.folder, name)
            } else {
                Ok(())
            }
        })?;
        if copied == sum.sha256 {
            Ok(())
        } else {
            Err(PublishError::Changed(sum.path.clone()))
        }
    }

    fn put_new(&self, name: &str, bytes: &[u8]) -> Result<bool, PublishError> {
        // A second name can be given only where there is none yet.
        self.write(
            name,
            |target| target.write_all(bytes),
            |temp| match self.folder.hard_link(temp, &self.folder, name) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
                linked => linked.map(|()| true),
            },
        )
    }

    fn place(&self) -> &str {
        &self.place
    }
}
