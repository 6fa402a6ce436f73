//! Answers what a plan asks, from its target's folder or from the workspace's root.
//!
//! Does not record (see [`crate::plan::Recorder`]) and does not know what the answers are for.

use std::collections::BTreeSet;

use crate::fs::{self, Kind};
use crate::inputs::files::{Files, InputError, Scope};
use crate::inputs::footprint::Footprint;
use crate::inputs::tools::Tools;
use crate::path::RelPath;
use crate::plan::{AccessError, AccessErrorKind, EntryKind, Level, Permissions, Source};

/// Largest file that a plan may read, in bytes.
const MAX_FILE: u64 = 16 << 20;
/// Most paths that one question may be answered with.
const MAX_PATHS: usize = 200_000;
/// Most bytes that all answers to one plan may hold.
const MAX_TOTAL: u64 = 128 << 20;

/// Where a plan stands in the workspace.
#[derive(Debug, Clone, Copy)]
pub struct Start<'a> {
    /// The target's folder: tools are those that it would get there.
    pub folder: &'a RelPath,
    /// Where paths start: that folder, or the workspace's root.
    pub base: &'a RelPath,
    /// What the target itself put into the user's tree in an earlier build, which no plan gets to see.
    pub without: &'a BTreeSet<RelPath>,
}

/// The files and tools that a plan may see.
#[derive(Debug)]
pub struct WorkspaceSource<'a> {
    files: &'a Files,
    tools: &'a Tools,
    start: Start<'a>,
    granted: &'a Permissions,
    left: u64,
    seen: Footprint,
}

impl<'a> WorkspaceSource<'a> {
    /// The files from there, and the tools among those granted.
    pub fn new(files: &'a Files, tools: &'a Tools, start: Start<'a>, granted: &'a Permissions) -> Self {
        Self {
            files,
            tools,
            start,
            granted,
            left: MAX_TOTAL,
            seen: Footprint::default(),
        }
    }

    /// What was looked at for all answers so far.
    pub fn into_footprint(self) -> Footprint {
        self.seen
    }

    fn place(&self, path: &str) -> Result<RelPath, AccessError> {
        let path = RelPath::parse(path).map_err(|error| refusal(AccessErrorKind::InvalidPath, error.to_string()))?;
        Ok(self.start.base.join(&path))
    }

    /// The place on disk, once no link on the way leads out of the workspace.
    fn real(&mut self, path: &RelPath) -> Result<Option<std::path::PathBuf>, AccessError> {
        if path.is_within(self.start.without) {
            return Ok(None);
        }
        match self.files.look(path, &mut self.seen) {
            Ok(None) => return Ok(None),
            Ok(Some(_)) => {}
            Err(_) => self.seen.is_incomplete = true,
        }
        let place = path.under(self.files.root());
        let Ok(real) = fs::canonicalize(&place) else {
            return Ok(None);
        };
        let root = fs::canonicalize(self.files.root()).map_err(|error| failed(&error))?;
        if real.starts_with(&root) {
            return Ok(Some(real));
        }
        self.seen.is_incomplete = true;
        let message = format!("`{path}` leads out of the workspace");
        Err(refusal(AccessErrorKind::InvalidPath, message))
    }

    /// A refusal whose cause is not in the footprint.
    fn unknown(&mut self, message: &str) -> AccessError {
        self.seen.is_incomplete = true;
        refusal(AccessErrorKind::Failed, message.to_owned())
    }

    fn spend(&mut self, bytes: u64) -> Result<(), AccessError> {
        let message = || "the plan has read more than 128 MiB".to_owned();
        self.left = self
            .left
            .checked_sub(bytes)
            .ok_or_else(|| refusal(AccessErrorKind::TooLarge, message()))?;
        Ok(())
    }
}

impl Source for WorkspaceSource<'_> {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, AccessError> {
        let path = self.place(path)?;
        let missing = || refusal(AccessErrorKind::NotFound, format!("`{path}` does not exist"));
        let real = self.real(&path)?.ok_or_else(missing)?;
        let stat = fs::stat(&real).map_err(|error| failed(&error))?.ok_or_else(missing)?;
        if stat.kind != Kind::File {
            return Err(refusal(
                AccessErrorKind::NotAFile,
                format!("`{path}` is not an ordinary file"),
            ));
        }
        if stat.size > MAX_FILE {
            self.seen.is_incomplete = true;
            return Err(refusal(
                AccessErrorKind::TooLarge,
                format!("`{path}` is larger than 16 MiB"),
            ));
        }
        self.spend(stat.size)?;
        self.files
            .read(&path, MAX_FILE, &mut self.seen)
            .map_err(|_| self.unknown("the host could not read it"))
    }

    fn look(&mut self, path: &str) -> Result<Option<EntryKind>, AccessError> {
        let path = self.place(path)?;
        let Some(real) = self.real(&path)? else { return Ok(None) };
        let stat = fs::stat(&real).map_err(|error| failed(&error))?;
        Ok(stat.map(|stat| match stat.kind {
            Kind::File => EntryKind::File,
            Kind::Folder => EntryKind::Folder,
            Kind::Link | Kind::Other => EntryKind::Other,
        }))
    }

    fn glob(&mut self, include: &[String], exclude: &[String]) -> Result<Vec<String>, AccessError> {
        let scope = Scope {
            base: self.start.base,
            include,
            exclude,
            without: self.start.without,
            without_ignored: false,
        };
        let found = match self.files.list(scope, &mut self.seen) {
            Ok(found) => found,
            Err(InputError::Missing(path)) => {
                return Err(refusal(AccessErrorKind::NotFound, format!("`{path}` does not exist")));
            }
            Err(error) => return Err(self.unknown(&error.to_string())),
        };
        if found.len() > MAX_PATHS {
            return Err(refusal(
                AccessErrorKind::TooLarge,
                "more than 200,000 files match".to_owned(),
            ));
        }
        let below = found.iter().filter_map(|path| path.below(self.start.base));
        let paths: Vec<String> = below.map(|path| path.as_str().to_owned()).collect();
        self.spend(paths.iter().map(|path| path.len() as u64).sum())?;
        Ok(paths)
    }

    fn has_tool(&mut self, name: &str) -> Result<bool, AccessError> {
        if !self.granted.allows_tool(name) {
            let message = format!("the builder did not ask for the tool `{name}`, or it was not granted");
            return Err(refusal(AccessErrorKind::Denied, message));
        }
        Ok(self.tools.find_seen(name, self.start.folder, &mut self.seen).is_some())
    }

    fn log(&mut self, _level: Level, _message: &str) {}
}

fn refusal(kind: AccessErrorKind, message: String) -> AccessError {
    AccessError { kind, message }
}

/// A fault of the system; its words are left out, since they could differ between machines.
fn failed(_error: &crate::error::PathError) -> AccessError {
    refusal(AccessErrorKind::Failed, "the host could not read it".to_owned())
}
