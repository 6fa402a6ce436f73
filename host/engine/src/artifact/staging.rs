//! Where files are prepared before they are moved into their places.
//!
//! In the store's own temporary folder, which is there anyway, if a rename leads from there to the destination; else in
//! a folder inside the destination, which is made for them and removed after them. Does not know what the files are.

use std::ops::Range;
use std::path::PathBuf;

use crate::cache::Store;
use crate::error::PathError;
use crate::fs::Folder;
use crate::path::RelPath;

/// A folder for prepared files, which have numbers for names. Dropping it removes those that are still there.
pub(super) struct Staging<'a> {
    destination: &'a Folder,
    folder: Folder,
    numbers: Range<u64>,
    /// The folder's name in the destination, if it was made there for these files alone.
    inside: Option<String>,
}

impl<'a> Staging<'a> {
    /// For so many files that belong into this folder.
    pub(super) fn new(store: &Store, destination: &'a Folder, files: usize) -> Result<Self, PathError> {
        match store.staging(destination, files)? {
            Some((folder, numbers)) => Ok(Self {
                destination,
                folder,
                numbers,
                inside: None,
            }),
            None => Self::inside(destination, files),
        }
    }

    /// The same, inside the destination.
    pub(super) fn inside(destination: &'a Folder, files: usize) -> Result<Self, PathError> {
        let (folder, name) = destination.create_temp_folder()?;
        Ok(Self {
            destination,
            folder,
            numbers: 0..files as u64,
            inside: Some(name),
        })
    }

    pub(super) const fn folder(&self) -> &Folder {
        &self.folder
    }

    /// The name of a file.
    pub(super) fn name(&self, number: usize) -> String {
        (self.numbers.start + number as u64).to_string()
    }

    /// Where a file will be, for messages.
    pub(super) fn shown(&self, path: &RelPath) -> PathBuf {
        path.under(self.destination.path())
    }

    /// All files have been moved away.
    pub(super) const fn emptied(&mut self) {
        self.numbers.end = self.numbers.start;
    }
}

impl Drop for Staging<'_> {
    fn drop(&mut self) {
        match &self.inside {
            Some(name) => drop(self.destination.remove(name)),
            None => self
                .numbers
                .clone()
                .for_each(|number| drop(self.folder.remove(number.to_string()))),
        }
    }
}
