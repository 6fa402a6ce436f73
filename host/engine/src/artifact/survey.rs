//! What is in a folder before something is restored there.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;

use crate::error::PathError;
use crate::fs::{Folder, MAX_DEPTH, Stat, is_no_folder, is_temp_name};
use crate::path::RelPath;

/// What a folder holds.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// All that lies below it, by path.
    pub(super) found: BTreeMap<RelPath, Stat>,
    /// Names that no tree can hold, with the folder that they are in.
    pub(super) strange: Vec<(RelPath, OsString)>,
}

/// Looks at all that lies below the folder, without following links. What killed processes left of their temporary
/// files goes at once; that of living ones is left alone.
pub(super) fn survey(folder: &Folder) -> Result<Survey, PathError> {
    let mut survey = Survey::default();
    survey.enter(folder, &RelPath::root(), 0)?;
    Ok(survey)
}

impl Survey {
    fn enter(&mut self, folder: &Folder, at: &RelPath, depth: usize) -> Result<(), PathError> {
        for listed in folder.list()? {
            if is_temp_name(&listed.name) {
                folder.remove_dead_temp(&listed)?;
                continue;
            }
            let Some(stat) = folder.stat(&listed.name)? else {
                continue;
            };
            let part = listed.name.to_str().and_then(|name| RelPath::parse(name).ok());
            let path = part.and_then(|part| RelPath::parse(at.join(&part).as_str()).ok());
            let Some(path) = path.filter(|_| depth < MAX_DEPTH) else {
                self.strange.push((at.clone(), listed.name));
                continue;
            };
            if stat.is_folder() {
                match folder.child(&listed.name) {
                    Ok(child) => self.enter(&child, &path, depth + 1)?,
                    // What its own mode keeps shut is replaced as a whole.
                    Err(error) if error.source.kind() == io::ErrorKind::PermissionDenied => {
                        self.strange.push((at.clone(), listed.name));
                        continue;
                    }
                    Err(error) if is_gone(&error.source) => continue,
                    Err(error) => return Err(error),
                }
            }
            self.found.insert(path, stat);
        }
        Ok(())
    }
}

/// Whether somebody has removed or replaced the folder since it was listed.
fn is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || is_no_folder(error)
}
