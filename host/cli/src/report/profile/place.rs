//! The file that a profile is written to. Does not know what is in it.

use std::path::{Path, PathBuf};

use farm_engine::error::{Class, PathError, Problem};
use farm_engine::fs::{self, Sync};
use rustix::fs::{Access, access};

/// The file, from the workspace's folder, if none is named: beside what else farm keeps of a workspace.
const USUAL: &str = ".farm/profile.json";

/// Where a profile goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    path: PathBuf,
    shown: String,
}

impl Place {
    /// The usual place in this workspace.
    pub(crate) fn usual(workspace: &Path) -> Result<Self, Problem> {
        let path = workspace.join(USUAL);
        let shown = USUAL.to_owned();
        check_there(&path, &shown)?;
        Ok(Self { path, shown })
    }

    /// This file, if it can be written as far as that can be known before. What is there has to be a file, for it is
    /// replaced.
    pub(crate) fn named(file: &Path) -> Result<Self, Problem> {
        let shown = file.display().to_string();
        let wrong = || problem(&shown).hint("--profile=FILE wants a file in a folder that is there");
        check_there(file, &shown)?;
        let folder = match file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        if file.file_name().is_none() || !folder.is_dir() {
            return Err(wrong());
        }
        access(folder, Access::WRITE_OK | Access::EXEC_OK)
            .map_err(|error| wrong().because(&std::io::Error::from(error)))?;
        let path = folder.canonicalize().map_err(|error| wrong().because(&error))?;
        let path = file.file_name().map(|name| path.join(name)).ok_or_else(wrong)?;
        Ok(Self { path, shown })
    }

    /// The place as people are told of it.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// Puts these bytes there, all at once.
    pub(super) fn write(&self, bytes: &[u8]) -> Result<(), Problem> {
        self.try_write(bytes)
            .map_err(|error| problem(&self.shown).because(&error))
    }

    fn try_write(&self, bytes: &[u8]) -> Result<(), PathError> {
        if let Some(folder) = self.path.parent() {
            fs::create_dirs(folder)?;
        }
        fs::write_atomic(&self.path, bytes, Sync::Lazy)
    }
}

/// What is there will be replaced, so it has to be a file.
fn check_there(path: &Path, shown: &str) -> Result<(), Problem> {
    if path.exists() && !path.is_file() {
        return Err(problem(shown).hint("what is there is not a file"));
    }
    Ok(())
}

fn problem(shown: &str) -> Problem {
    Problem::new(
        "cli::profile",
        Class::Request,
        format!("the profile cannot be written to `{shown}`"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_file_has_to_be_one_that_can_be_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| Place::named(&folder.path().join(name));
        std::fs::write(folder.path().join("old.json"), "old").expect("written");
        for name in ["new.json", "old.json"] {
            let place = at(name).expect("it can be written");
            place.write(b"new").expect("written");
            assert_eq!(std::fs::read(folder.path().join(name)).expect("there"), b"new");
        }
        for name in ["", "nowhere/new.json", "old.json/new.json", ".."] {
            assert_eq!(at(name).expect_err("it cannot").code, "cli::profile", "{name}");
        }
        assert!(Place::named(Path::new("/dev/null")).is_err(), "it would be replaced");
    }

    #[test]
    fn a_failure_at_the_end_is_a_problem() {
        let folder = tempfile::tempdir().expect("a folder");
        let inner = folder.path().join("inner");
        std::fs::create_dir(&inner).expect("made");
        let place = Place::named(&inner.join("profile.json")).expect("fine");
        std::fs::remove_dir(&inner).expect("removed");
        std::fs::write(&inner, "no folder any more").expect("written");
        assert_eq!(place.write(b"").expect_err("it cannot").code, "cli::profile");
    }
}
