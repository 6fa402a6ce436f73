//! The workspace's files: which ones a file set means, and the digest of each.
//!
//! Everything that is looked at goes into the caller's footprint, and what was seen there is noted, so that the next
//! build can tell from stats alone that nothing has changed. Does not know what the files are for.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use crate::digest::Digest;
use crate::error::PathError;
use crate::fs::{self, Kind, Stat, parallel};
use crate::inputs::footprint::{Aspect, Footprint};
use crate::inputs::hidden::Hidden;
use crate::inputs::ignored::Ignored;
use crate::inputs::notes::{Earlier, Noted, Notes, is_settled};
use crate::inputs::pattern::{Pattern, PatternError, PatternSet};
use crate::path::RelPath;

/// Folders that no pattern enters.
const NEVER_ENTERED: [&str; 3] = [".git", ".farm", "node_modules"];

/// The files that say what git ignores, and the largest that is read.
const GITIGNORE: &str = ".gitignore";
const MAX_GITIGNORE: u64 = 1 << 20;

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

/// Which files a file set may mean.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// Where the patterns start, from the workspace's root.
    pub base: &'a RelPath,
    /// Patterns to take.
    pub include: &'a [String],
    /// Patterns to leave out.
    pub exclude: &'a [String],
    /// Paths from the workspace's root that are never taken, nor what is below them: what the target itself puts there.
    pub without: &'a BTreeSet<RelPath>,
    /// Whether files that git ignores are left out, those that a pattern without wildcards names aside.
    pub without_ignored: bool,
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
    /// A link, or one on the way to the path, leads out of the workspace, or to nothing.
    #[error("the input `{path}` is behind a link that leads out of the workspace")]
    LinkOut {
        /// What was asked for.
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
    notes: Notes,
    read: AtomicU64,
    /// What is still there, and is about to be removed.
    hidden: Hidden,
}

impl Files {
    /// The files below `root`; `earlier` is what the last build knew of them.
    pub fn new(root: PathBuf, output_folder: RelPath, earlier: Box<dyn Earlier>) -> Self {
        Self {
            root,
            output_folder,
            notes: Notes::new(earlier),
            read: AtomicU64::new(0),
            hidden: Hidden::default(),
        }
    }

    /// The workspace's root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// How many files' contents were read so far.
    pub fn read_count(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// From now on nobody sees these files: they are no output of any target any more, and are about to be removed.
    pub fn hide(&self, paths: impl IntoIterator<Item = RelPath>) {
        self.hidden.add(paths);
    }

    /// A file is there for all to see: it was put there anew.
    pub fn show(&self, path: &RelPath) {
        self.hidden.remove(path);
    }

    /// What this build saw at a path; none where it looked at none of it, or found a file as the last build knew it.
    pub fn noted(&self, path: &RelPath) -> Option<Noted> {
        self.notes.get(path)
    }

    /// Notes what somebody else saw at a path.
    pub fn note(&self, path: RelPath, noted: Noted) {
        self.notes.add(path, noted);
    }

    /// The files of a set with their digests, sorted by path.
    pub fn resolve(&self, scope: Scope<'_>, seen: &mut Footprint) -> Result<Vec<FileInput>, InputError> {
        let paths = self.list(scope, seen)?;
        let inputs = parallel::try_map(&paths, |path| self.file(path))?;
        paths.into_iter().for_each(|path| seen.add(path, Aspect::Content));
        Ok(inputs)
    }

    /// The paths of a set, from the workspace's root, sorted.
    pub fn list(&self, scope: Scope<'_>, seen: &mut Footprint) -> Result<Vec<RelPath>, InputError> {
        let include = PatternSet::new(scope.include)?;
        let exclude = PatternSet::new(scope.exclude)?;
        // Nothing is looked at in a folder of which nothing can be taken: what other tools build may be big.
        let left_out = |folder: &RelPath| {
            folder
                .below(scope.base)
                .is_some_and(|path| exclude.takes_all_below(&path))
        };
        let mut found = Vec::new();
        let mut above = RelPath::root();
        let mut ignored = scope.without_ignored.then(Ignored::default);
        for start in include.starts() {
            let at = scope.base.join(&start.fixed);
            if self.is_never_entered(&at) {
                continue;
            }
            let parent = at.parent().unwrap_or_default();
            if parent != above && self.leads_out(&parent, seen)? {
                return Err(InputError::LinkOut { path: at });
            }
            above = parent;
            match self.look(&at, seen)? {
                None if start.literal => return Err(InputError::Missing(at)),
                None => {}
                Some(Kind::Folder) => {
                    if let Some(ignored) = &mut ignored {
                        self.add_ignored_above(&at, ignored, seen)?;
                    }
                    let leaving = Leaving {
                        out: &left_out,
                        ignored: ignored.as_mut(),
                    };
                    self.walk(at, leaving, &mut found, seen)?;
                }
                Some(_) => found.push(at),
            }
        }
        found.retain(|path| {
            let taken = |path: RelPath| include.matches(&path) && !exclude.matches(&path);
            path.below(scope.base).is_some_and(taken) && !path.is_within(scope.without)
        });
        found.sort();
        found.dedup();
        Ok(found)
    }

    /// Whether some folder on the way to this one, or it itself, is a link that leads out of the workspace. What is a link
    /// on the way is looked at: it may lead elsewhere the next time.
    fn leads_out(&self, folder: &RelPath, seen: &mut Footprint) -> Result<bool, InputError> {
        let Ok(real) = fs::canonicalize(&folder.under(&self.root)) else {
            return Ok(false);
        };
        let root = fs::canonicalize(&self.root)?;
        if real != folder.under(&root) {
            let mut at = Some(folder.clone());
            while let Some(above) = at.filter(|above| !above.is_root()) {
                self.look(&above, seen)?;
                at = above.parent();
            }
        }
        Ok(!real.starts_with(root))
    }

    /// The first path that a pattern without wildcards names and that is not there.
    pub fn absent(&self, base: &RelPath, include: &[String]) -> Result<Option<RelPath>, InputError> {
        for pattern in include {
            let pattern = Pattern::parse(pattern)?;
            let path = base.join(&pattern.fixed);
            if !pattern.literal || self.is_never_entered(&path) {
                continue;
            }
            if self.hidden.has(&path) || fs::stat(&path.under(&self.root))?.is_none() {
                return Ok(Some(path));
            }
        }
        Ok(None)
    }

    /// One file with its digest.
    pub fn input(&self, path: &RelPath, seen: &mut Footprint) -> Result<FileInput, InputError> {
        seen.add(path.clone(), Aspect::Content);
        self.file(path)
    }

    /// The bytes of a file, at most `limit` of them.
    pub fn read(&self, path: &RelPath, limit: u64, seen: &mut Footprint) -> Result<Vec<u8>, InputError> {
        seen.add(path.clone(), Aspect::Content);
        let Followed { place, stat, link } = self.follow(path)?;
        let read_at = SystemTime::now();
        self.read.fetch_add(1, Ordering::Relaxed);
        let bytes = fs::read_bounded(&place, limit)?;
        self.notes
            .add(path.clone(), noted(stat, link, Digest::of(&bytes), read_at));
        Ok(bytes)
    }

    /// What is at a path itself, not where a link there leads; none if nothing is.
    pub fn look(&self, path: &RelPath, seen: &mut Footprint) -> Result<Option<Kind>, InputError> {
        let place = path.under(&self.root);
        let stat = fs::stat(&place)?.filter(|_| !self.hidden.has(path));
        seen.add(path.clone(), Aspect::Kind);
        let noted = match stat {
            Some(stat) if stat.kind == Kind::Link => link(&place, stat)?,
            stat => Noted::Kind(stat.map(|stat| stat.kind)),
        };
        self.notes.add(path.clone(), noted);
        Ok(stat.map(|stat| stat.kind))
    }

    fn file(&self, path: &RelPath) -> Result<FileInput, InputError> {
        let Followed { place, stat, link } = self.follow(path)?;
        let input = |digest| FileInput {
            path: path.clone(),
            digest,
            size: stat.size,
            executable: is_executable(&stat),
        };
        let read_at = SystemTime::now();
        let digest = match self.notes.digest_of(path, &stat) {
            Some(digest) => digest,
            None => {
                self.read.fetch_add(1, Ordering::Relaxed);
                fs::digest(&place)?
            }
        };
        self.notes.add(path.clone(), noted(stat, link, digest, read_at));
        Ok(input(digest))
    }

    /// The file behind a path: itself, or what a link names inside the workspace.
    fn follow(&self, path: &RelPath) -> Result<Followed, InputError> {
        let place = path.under(&self.root);
        let stat = fs::stat(&place)?.filter(|_| !self.hidden.has(path));
        let stat = stat.ok_or_else(|| InputError::Missing(path.clone()))?;
        match stat.kind {
            Kind::File => Ok(Followed {
                place,
                stat,
                link: None,
            }),
            Kind::Link => {
                let link_out = || InputError::LinkOut { path: path.clone() };
                let place = fs::canonicalize(&place).map_err(|_| link_out())?;
                let root = fs::canonicalize(&self.root)?;
                let real = fs::stat(&place)?.filter(|real| real.kind == Kind::File && place.starts_with(&root));
                Ok(Followed {
                    place,
                    stat: real.ok_or_else(link_out)?,
                    link: Some(stat),
                })
            }
            Kind::Folder | Kind::Other => Err(InputError::NotAFile(path.clone())),
        }
    }

    /// The digest of what is at a path now, which nobody depends on; none where that is no file of the workspace.
    pub fn peek(&self, path: &RelPath) -> Option<Digest> {
        let Followed { place, stat, .. } = self.follow(path).ok()?;
        let known = self.notes.digest_of(path, &stat);
        known.or_else(|| fs::digest(&place).ok())
    }

    /// The digest of a file that looks as it did when it was last read; none where it has to be read.
    pub fn digest_of(&self, path: &RelPath, stat: &Stat) -> Option<Digest> {
        self.notes.digest_of(path, stat)
    }

    /// Remembers a file that farm itself has just written, or found right.
    pub fn remember_written(&self, path: &RelPath, stat: &Stat, digest: Digest) {
        // Nobody else writes where farm puts its own: a change after this one shows in the change time, unless it comes
        // within the clock's tick.
        self.notes
            .add(path.clone(), noted(*stat, None, digest, SystemTime::now()));
    }

    /// Notes a folder that farm has just filled, or found right, with the names that belong there.
    pub fn note_folder(&self, path: &RelPath, names: Vec<fs::Listed>) -> Result<(), InputError> {
        let read_at = SystemTime::now();
        let stat = fs::Folder::open(&path.under(&self.root))?.own_stat()?;
        let settled = is_settled(&stat, read_at);
        let names = names_that_count(path, names, &self.output_folder);
        self.notes.add(path.clone(), Noted::Folder { stat, names, settled });
        Ok(())
    }

    /// All files and links below a folder; folders behind links are not entered, nor those that are left out.
    fn walk(
        &self,
        start: RelPath,
        mut leaving: Leaving<'_>,
        found: &mut Vec<RelPath>,
        seen: &mut Footprint,
    ) -> Result<(), InputError> {
        let mut folders = vec![start];
        while let Some(folder) = folders.pop() {
            let names = self.names(&folder, seen)?;
            if let Some(ignored) = &mut leaving.ignored
                && names
                    .iter()
                    .any(|listed| listed.name == GITIGNORE && listed.kind == Kind::File)
            {
                self.add_ignored(&folder, ignored, seen)?;
            }
            for fs::Listed { name, kind } in names {
                let name = name
                    .into_string()
                    .map_err(|name| unusable(&folder, &format!("{name:?} is not UTF-8")))?;
                let path = RelPath::parse(&name).map_err(|error| unusable(&folder, &error.to_string()))?;
                let path = folder.join(&path);
                if leaving.ignores(&path, kind) {
                    continue;
                }
                match kind {
                    Kind::Folder if self.is_never_entered(&path) || (leaving.out)(&path) => {}
                    Kind::Folder => folders.push(path),
                    Kind::Link if fs::is_folder(&path.under(&self.root)) => drop(self.look(&path, seen)?),
                    Kind::File | Kind::Link => found.push(path),
                    Kind::Other => {}
                }
            }
        }
        Ok(())
    }

    /// What is ignored by the folders above this one.
    fn add_ignored_above(
        &self,
        folder: &RelPath,
        ignored: &mut Ignored,
        seen: &mut Footprint,
    ) -> Result<(), InputError> {
        let mut above = folder.parent();
        while let Some(folder) = above {
            if self.look(&gitignore(&folder)?, seen)? == Some(Kind::File) {
                self.add_ignored(&folder, ignored, seen)?;
            }
            above = folder.parent();
        }
        Ok(())
    }

    fn add_ignored(&self, folder: &RelPath, ignored: &mut Ignored, seen: &mut Footprint) -> Result<(), InputError> {
        let text = self.read(&gitignore(folder)?, MAX_GITIGNORE, seen)?;
        ignored.add(folder.clone(), &text);
        Ok(())
    }

    /// The names in a folder, sorted.
    fn names(&self, path: &RelPath, seen: &mut Footprint) -> Result<Vec<fs::Listed>, InputError> {
        let read_at = SystemTime::now();
        let folder = fs::Folder::open(&path.under(&self.root))?;
        let stat = folder.own_stat()?;
        let mut names = names_that_count(path, folder.list()?, &self.output_folder);
        self.hidden.leave_out(path, &mut names);
        let settled = is_settled(&stat, read_at);
        let noted = Noted::Folder {
            stat,
            names: names.clone(),
            settled,
        };
        self.notes.add(path.clone(), noted);
        seen.add(path.clone(), Aspect::Content);
        Ok(names)
    }

    fn is_never_entered(&self, path: &RelPath) -> bool {
        path.parts().any(|part| NEVER_ENTERED.contains(&part)) || path.below(&self.output_folder).is_some()
    }
}

/// The names in a folder of the workspace without those that no pattern enters, whose coming and going is no change.
pub fn names_that_count(folder: &RelPath, mut names: Vec<fs::Listed>, output: &RelPath) -> Vec<fs::Listed> {
    let is_output = |name: &str| output.parent().as_ref() == Some(folder) && output.file_name() == Some(name);
    names.retain(|listed| {
        let name = listed.name.to_str();
        !name.is_some_and(|name| NEVER_ENTERED.contains(&name) || is_output(name))
    });
    names
}

fn gitignore(folder: &RelPath) -> Result<RelPath, InputError> {
    let name = RelPath::parse(GITIGNORE).map_err(|error| unusable(folder, &error.to_string()))?;
    Ok(folder.join(&name))
}

/// Whether the owner may execute a file.
pub(super) const fn is_executable(stat: &Stat) -> bool {
    stat.mode & 0o100 != 0
}

/// A file, found.
struct Followed {
    place: PathBuf,
    /// Of the file.
    stat: Stat,
    /// Of the link that led to it.
    link: Option<Stat>,
}

/// A file that was read, as it is noted.
fn noted(stat: Stat, link: Option<Stat>, digest: Digest, read_at: SystemTime) -> Noted {
    let settled = is_settled(&stat, read_at);
    match link {
        None => Noted::File { stat, digest, settled },
        Some(link) => Noted::Link {
            stat: link,
            real: Some(stat),
            digest: Some(digest),
            settled: settled && is_settled(&link, read_at),
        },
    }
}

/// A link that was looked at, as it is noted.
fn link(place: &Path, stat: Stat) -> Result<Noted, InputError> {
    let read_at = SystemTime::now();
    let real = fs::stat_followed(place)?;
    Ok(Noted::Link {
        stat,
        real,
        digest: None,
        settled: is_settled(&stat, read_at) && real.is_none_or(|real| is_settled(&real, read_at)),
    })
}

fn unusable(folder: &RelPath, reason: &str) -> InputError {
    InputError::Name {
        folder: folder.clone(),
        reason: reason.to_owned(),
    }
}

/// What a walk passes by.
struct Leaving<'a> {
    /// Folders of which nothing can be taken.
    out: &'a dyn Fn(&RelPath) -> bool,
    /// What git ignores, if that is left out.
    ignored: Option<&'a mut Ignored>,
}

impl Leaving<'_> {
    fn ignores(&self, path: &RelPath, kind: Kind) -> bool {
        let ignored = self.ignored.as_ref();
        ignored.is_some_and(|ignored| ignored.has(path, kind == Kind::Folder))
    }
}
