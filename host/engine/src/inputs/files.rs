//! The workspace's files: which ones a file set means, and the digest of each.
//!
//! A file whose size, times and inode are those of the last build is not read again, unless it was so young when it
//! was read that a later change could have left no trace (the racy-clean rule, as in git's index format). Does not know
//! what the files are for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::error::PathError;
use crate::fs::{self, Kind, Stat};
use crate::inputs::pattern::{Pattern, PatternError, PatternSet};
use crate::path::RelPath;

/// Folders that no pattern enters.
const NEVER_ENTERED: [&str; 3] = [".git", ".farm", "node_modules"];

/// Files younger than this when they are read are read again next time: more than the tick of any kernel's file clock.
const RACY: Duration = Duration::from_millis(20);

/// A file, and what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileInput {
    /// Where it is, from the workspace's root.
    pub path: RelPath,
    /// Digest of its content.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// Whether it may be executed.
    pub executable: bool,
}

/// What was known of a file when it was last read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// What the system said of it.
    pub stat: Stat,
    /// Digest of its content.
    pub digest: Digest,
}

/// Which files a file set may mean.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// Where the patterns start, from the workspace's root.
    pub base: &'a RelPath,
    /// Patterns to take.
    pub include: &'a [String],
    /// Patterns to leave out.
    pub exclude: &'a [String],
    /// Paths from the workspace's root that are never taken: what the target itself puts there.
    pub without: &'a [RelPath],
}

/// Why a file set cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// A pattern is none.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// A pattern without wildcards names nothing.
    #[error("the declared input `{0}` does not exist")]
    Missing(RelPath),
    /// A link leads out of the workspace, or to nothing.
    #[error("the input `{path}` is a link that leads out of the workspace")]
    LinkOut {
        /// The link.
        path: RelPath,
    },
    /// A socket, a device, a pipe.
    #[error("the input `{0}` is not an ordinary file")]
    NotAFile(RelPath),
    /// A name that farm cannot write down.
    #[error("in `{folder}` there is a file whose name is not usable: {reason}")]
    Name {
        /// The folder.
        folder: RelPath,
        /// What is wrong.
        reason: String,
    },
    /// The system refused.
    #[error(transparent)]
    Io(#[from] PathError),
}

/// The files of one workspace, during one build.
#[derive(Debug)]
pub struct Files {
    root: PathBuf,
    output_folder: RelPath,
    known: Mutex<BTreeMap<RelPath, Known>>,
    read: std::sync::atomic::AtomicU64,
}

impl Files {
    /// The files below `root`; `known` is what the last build knew of them.
    pub const fn new(root: PathBuf, output_folder: RelPath, known: BTreeMap<RelPath, Known>) -> Self {
        Self {
            root,
            output_folder,
            known: Mutex::new(known),
            read: std::sync::atomic::AtomicU64::new(0),
        }
    }

    /// The workspace's root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// How many files' contents were read so far.
    pub fn read_count(&self) -> u64 {
        self.read.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// What is known of the files now, for the next build.
    pub fn into_known(self) -> BTreeMap<RelPath, Known> {
        self.known
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The files of a set with their digests, sorted by path.
    pub fn resolve(&self, scope: Scope<'_>) -> Result<Vec<FileInput>, InputError> {
        let paths = self.list(scope)?;
        paths.into_iter().map(|path| self.input(path)).collect()
    }

    /// The paths of a set, from the workspace's root, sorted.
    pub fn list(&self, scope: Scope<'_>) -> Result<Vec<RelPath>, InputError> {
        let include = PatternSet::new(scope.include)?;
        let exclude = PatternSet::new(scope.exclude)?;
        let mut found = Vec::new();
        for start in starts(&include) {
            let at = scope.base.join(&start.fixed);
            if self.is_never_entered(&at) {
                continue;
            }
            match fs::stat(&at.under(&self.root))? {
                None if start.literal => return Err(InputError::Missing(at)),
                None => {}
                Some(stat) if stat.kind == Kind::Folder => self.walk(at, &mut found)?,
                Some(_) => found.push(at),
            }
        }
        found.retain(|path| {
            let taken = |path: RelPath| include.matches(&path) && !exclude.matches(&path);
            path.below(scope.base).is_some_and(taken) && !scope.without.iter().any(|own| path.below(own).is_some())
        });
        found.sort();
        found.dedup();
        Ok(found)
    }

    /// The first path that a pattern without wildcards names and that is not there.
    pub fn absent(&self, base: &RelPath, include: &[String]) -> Result<Option<RelPath>, InputError> {
        for pattern in include {
            let pattern = Pattern::parse(pattern)?;
            let path = base.join(&pattern.fixed);
            if pattern.literal && !self.is_never_entered(&path) && fs::stat(&path.under(&self.root))?.is_none() {
                return Ok(Some(path));
            }
        }
        Ok(None)
    }

    /// One file with its digest.
    pub fn input(&self, path: RelPath) -> Result<FileInput, InputError> {
        let (place, stat) = self.follow(&path)?;
        if let Some(known) = self.lookup(&path)
            && known.stat.is_unchanged_since(&stat)
            && known.stat.mode == stat.mode
        {
            return Ok(FileInput {
                path,
                digest: known.digest,
                size: stat.size,
                executable: is_executable(&stat),
            });
        }
        let read_at = SystemTime::now();
        self.read.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let digest = fs::digest(&place)?;
        let input = FileInput {
            path,
            digest,
            size: stat.size,
            executable: is_executable(&stat),
        };
        self.remember(&input, stat, read_at);
        Ok(input)
    }

    /// The file behind a path: itself, or what a link names inside the workspace.
    fn follow(&self, path: &RelPath) -> Result<(PathBuf, Stat), InputError> {
        let place = path.under(&self.root);
        let stat = fs::stat(&place)?.ok_or_else(|| InputError::Missing(path.clone()))?;
        match stat.kind {
            Kind::File => Ok((place, stat)),
            Kind::Link => {
                let link_out = || InputError::LinkOut { path: path.clone() };
                let real = fs::canonicalize(&place).map_err(|_| link_out())?;
                let root = fs::canonicalize(&self.root)?;
                let stat = fs::stat(&real)?.filter(|stat| stat.kind == Kind::File && real.starts_with(&root));
                Ok((real, stat.ok_or_else(link_out)?))
            }
            Kind::Folder | Kind::Other => Err(InputError::NotAFile(path.clone())),
        }
    }

    /// The digest of a file whose looks have not changed since it was last read; none where it has to be read.
    pub fn digest_of(&self, path: &RelPath, stat: &Stat) -> Option<Digest> {
        self.lookup(path)
            .filter(|known| known.stat.is_unchanged_since(stat))
            .map(|known| known.digest)
    }

    /// Remembers files that farm itself has just written, or found right.
    pub fn remember_written(&self, files: impl Iterator<Item = (RelPath, Stat, Digest)>) {
        let read_at = SystemTime::now();
        let Ok(mut known) = self.known.lock() else { return };
        for (path, stat, digest) in files {
            // Nobody else writes where farm puts its own: a change after this one shows in the change time, unless it
            // comes within the clock's tick.
            if is_settled(&stat, read_at) {
                known.insert(path, Known { stat, digest });
            } else {
                known.remove(&path);
            }
        }
    }

    fn lookup(&self, path: &RelPath) -> Option<Known> {
        self.known.lock().ok()?.get(path).cloned()
    }

    fn remember(&self, input: &FileInput, stat: Stat, read_at: SystemTime) {
        let Ok(mut known) = self.known.lock() else { return };
        if is_settled(&stat, read_at) {
            known.insert(
                input.path.clone(),
                Known {
                    stat,
                    digest: input.digest,
                },
            );
        } else {
            known.remove(&input.path);
        }
    }

    /// All files and links below a folder; folders behind links are not entered.
    fn walk(&self, start: RelPath, found: &mut Vec<RelPath>) -> Result<(), InputError> {
        let mut folders = vec![start];
        while let Some(folder) = folders.pop() {
            for fs::Listed { name, kind } in fs::read_dir(&folder.under(&self.root))? {
                let name = name
                    .into_string()
                    .map_err(|name| unusable(&folder, &format!("{name:?} is not UTF-8")))?;
                let path = RelPath::parse(&name).map_err(|error| unusable(&folder, &error.to_string()))?;
                let path = folder.join(&path);
                match kind {
                    Kind::Folder if self.is_never_entered(&path) => {}
                    Kind::Folder => folders.push(path),
                    Kind::Link if fs::is_folder(&path.under(&self.root)) => {}
                    Kind::File | Kind::Link => found.push(path),
                    Kind::Other => {}
                }
            }
        }
        Ok(())
    }

    fn is_never_entered(&self, path: &RelPath) -> bool {
        path.parts().any(|part| NEVER_ENTERED.contains(&part)) || path.below(&self.output_folder).is_some()
    }
}

/// Whether the owner may execute a file.
pub(super) const fn is_executable(stat: &Stat) -> bool {
    stat.mode & 0o100 != 0
}

/// Where walks have to start, those inside another one left out.
fn starts(include: &PatternSet) -> Vec<&Pattern> {
    let mut starts: Vec<_> = include.patterns().iter().collect();
    starts.sort_by(|a, b| a.fixed.cmp(&b.fixed).then(a.literal.cmp(&b.literal)));
    let mut kept: Vec<&Pattern> = Vec::new();
    for start in starts {
        if start.literal
            || !kept
                .iter()
                .any(|outer| !outer.literal && start.fixed.below(&outer.fixed).is_some())
        {
            kept.push(start);
        }
    }
    kept
}

/// Whether a file was old enough when it was read: a change after that leaves a trace in its times.
pub(crate) fn is_settled(stat: &Stat, read_at: SystemTime) -> bool {
    let now = read_at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let limit = i128::try_from(now.saturating_sub(RACY).as_nanos()).unwrap_or(i128::MAX);
    i128::from(stat.ctime_ns) < limit && i128::from(stat.mtime_ns) < limit
}

fn unusable(folder: &RelPath, reason: &str) -> InputError {
    InputError::Name {
        folder: folder.clone(),
        reason: reason.to_owned(),
    }
}
