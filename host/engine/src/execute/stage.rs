//! Stages an action's tree: private copies of what it may read, and nothing else.
//!
//! Every copied byte is hashed on the way, so what a tool sees is what its key says, whatever happens to the user's
//! files meanwhile. Does not know what will run there.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;

use crate::artifact::{self, RestoreError};
use crate::cache::Content;
use crate::error::{PathContext as _, PathError};
use crate::execute::failure::ExecuteError;
use crate::execute::refit::Shape;
use crate::execute::show::Shown;
use crate::execute::{Executor, Material, Prepared};
use crate::fs::{self, Folder, Kind, parallel};
use crate::inputs::FileInput;
use crate::key::InputContent;
use crate::path::RelPath;
use crate::sandbox::Bind;

/// How big unpacked folders get into the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Big {
    /// They are mounted by the sandbox.
    Bind,
    /// They are copied: for a step, which sees nothing beyond its own folder.
    Copy,
}

impl Executor {
    /// Fills `folder` with the action's tree, and returns what the sandbox has to mount into it.
    ///
    /// What lies in a folder that is shown is left out; files that are `there` get other contents.
    pub(super) fn stage(
        &self,
        prepared: &Prepared,
        folder: &Path,
        big: Big,
        (shown, there): (&Shown, &BTreeSet<String>),
    ) -> Result<Vec<Bind>, ExecuteError> {
        let (mut binds, mut files) = (Vec::new(), Vec::new());
        let mut made = Made::default();
        for (path, (content, material)) in &prepared.tree {
            if shown.covers(path) {
                continue;
            }
            check_clear(prepared, path)?;
            let place = path.under(folder);
            made.folder_of(path, folder)?;
            match (content, material) {
                (InputContent::Unpacked(_), Material::Unpacked(content)) => match (big, content) {
                    (Big::Bind, Content::Unpacked { tree, name, .. }) => {
                        let lost = || ExecuteError::Lost { path: path.clone() };
                        let source = self.store.unpacked(tree, name).ok_or_else(lost)?;
                        binds.push(Bind {
                            source,
                            at: path.clone(),
                        });
                    }
                    _ => self.copy_unpacked(content, path, folder)?,
                },
                (InputContent::Link(target), _) => fs::symlink(Path::new(target), &place)?,
                (InputContent::Folder, _) => fs::create_dirs(&place)?,
                (InputContent::File { executable, .. }, material) => files.push((path, material, *executable)),
                (InputContent::Unpacked(_), _) => return Err(ExecuteError::Lost { path: path.clone() }),
            }
        }
        parallel::try_map(&files, |file| self.stage_file(*file, (folder, there)))?;
        Ok(binds)
    }

    /// Copies a file to its place in the tree, whose folders are there.
    fn stage_file(
        &self,
        (path, material, executable): (&RelPath, &Material, bool),
        (tree, there): (&Path, &BTreeSet<String>),
    ) -> Result<(), ExecuteError> {
        let place = path.under(tree);
        let size = match material {
            Material::Workspace(input) => input.size,
            Material::Inline(bytes) => bytes.len() as u64,
            Material::Blob { size, .. } => *size,
            Material::Unpacked(_) | Material::None => 0,
        };
        let file = if there.contains(path.as_str()) {
            match fs::open_shortened(&place, size) {
                Some(file) => file,
                None => fs::remove_file(&place).and_then(|()| fs::create_new(&place, 0o600))?,
            }
        } else {
            fs::create_new(&place, 0o600)?
        };
        let lost = || ExecuteError::Lost { path: path.clone() };
        match material {
            Material::Workspace(input) => self.copy_unchanged(input, (&file, &place))?,
            Material::Inline(bytes) => (&file).write_all(bytes).context("write", &place)?,
            Material::Blob { digest, size } => {
                let filled = self.store.fill(digest, *size, &file, &place)?;
                filled.then_some(()).ok_or_else(lost)?;
            }
            Material::Unpacked(_) | Material::None => return Err(lost()),
        }
        Ok(fs::set_open_mode(&file, fs::plain_mode(executable)).context("write", place)?)
    }

    /// Copies a folder that the store keeps unpacked.
    fn copy_unpacked(&self, content: &Content, path: &RelPath, folder: &Path) -> Result<(), ExecuteError> {
        let folder = Folder::open(folder)?;
        match artifact::restore(&self.store, content, &folder, path, &artifact::nothing_known) {
            Ok(_) => Ok(()),
            Err(RestoreError::Miss(_)) => Err(ExecuteError::Lost { path: path.clone() }),
            Err(error) => Err(error.into()),
        }
    }

    /// Copies a file of the user's, and makes sure that it is the one in the key.
    fn copy_unchanged(&self, input: &FileInput, target: (&fs::File, &Path)) -> Result<(), ExecuteError> {
        let source = input.path.under(self.files.root());
        if fs::copy_into(&source, target)? == input.digest {
            return Ok(());
        }
        Err(ExecuteError::InputChanging {
            path: input.path.clone(),
        })
    }
}

/// What is in an action's tree before it runs, but for what the sandbox mounts into it and the links.
pub(super) fn wanted(prepared: &Prepared, shown: &Shown, folders: &[RelPath]) -> Shape {
    let mut shape = Shape::default();
    for (path, (content, _)) in &prepared.tree {
        match content {
            _ if shown.covers(path) => {}
            InputContent::File { .. } => shape.add(path, Kind::File),
            InputContent::Folder | InputContent::Unpacked(_) => shape.add(path, Kind::Folder),
            InputContent::Link(_) => {}
        }
    }
    let folders = folders.iter().chain(shown.folders());
    folders.for_each(|folder| shape.add(folder, Kind::Folder));
    shape
}

/// The folders of a tree that were made already.
#[derive(Default)]
struct Made<'a>(BTreeSet<&'a str>);

impl<'a> Made<'a> {
    /// Makes the folder that a path of the tree is in, and those above it.
    fn folder_of(&mut self, path: &'a RelPath, tree: &Path) -> Result<(), PathError> {
        let Some((folder, _)) = path.as_str().rsplit_once('/') else {
            return Ok(());
        };
        if !self.0.contains(folder) {
            fs::create_dirs(&tree.join(folder))?;
            let ends = folder.match_indices('/').map(|(end, _)| &folder[..end]);
            self.0.extend(ends.chain([folder]));
        }
        Ok(())
    }
}

/// Nothing may lie below a file, a link or a mounted folder.
fn check_clear(prepared: &Prepared, path: &RelPath) -> Result<(), ExecuteError> {
    let mut above = path.parent();
    while let Some(folder) = above {
        if matches!(prepared.tree.get(&folder), Some((content, _)) if *content != InputContent::Folder) {
            return Err(ExecuteError::InputClash { path: path.clone() });
        }
        above = folder.parent();
    }
    Ok(())
}
