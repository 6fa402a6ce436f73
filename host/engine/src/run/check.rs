//! Looks at what the last build left: which of the paths, tools and variables that it noted are still what they were.
//!
//! This is all that a build does in which nothing has changed, so it knows neither the configuration nor the store, and
//! it reads no file that its stats speak for. Does not know what is done with what has changed.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use crate::digest::{Digest, Hasher};
use crate::execute::base_system;
use crate::fs::{self, Folder, Kind, Stat, parallel};
use crate::inputs::{Outside, digest_of_names, is_settled, names_that_count};
use crate::path::RelPath;
use crate::run::request::Request;
use crate::run::state::{Entry, OutsideRecord, Seen, TargetRecord, View};

/// From so many entries on, opening their folder costs less than walking to each of them.
const OPEN_FROM: usize = 4;
/// Variables that decide how tools are found.
const SEARCH: [&str; 6] = [
    "PATH",
    "HOME",
    "PYENV_VERSION",
    "NODENV_VERSION",
    "RBENV_VERSION",
    "GOENV_VERSION",
];

/// What looking again has found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// By number of the entry, whether something else is there now; false for those that were not looked at.
    pub(super) changed: Vec<bool>,
    /// Entries whose content is the same under another stat, and whether that is settled now.
    pub(super) fresh: Vec<(usize, Stat, bool)>,
    /// How many files were read.
    pub(super) read: u64,
}

impl Found {
    /// Adds what was found at other entries.
    pub(super) fn add(&mut self, other: Self) {
        self.changed.resize(other.changed.len().max(self.changed.len()), false);
        other
            .changed
            .iter()
            .zip(&mut self.changed)
            .for_each(|(new, known)| *known |= new);
        self.fresh.extend(other.fresh);
        self.read += other.read;
    }
}

/// What one entry turned out to be.
#[derive(Debug, Clone, Copy)]
enum Verdict {
    Same,
    Changed,
    /// The same content under this stat.
    Fresh(Stat, bool),
}

/// Looks at the entries that are wanted, by their numbers.
pub(super) fn look_again(view: &View, output: &RelPath, root: &Path, wanted: &[bool]) -> Found {
    let is_wanted = |first: usize, count: usize| wanted[first..first + count].contains(&true);
    let folders: Vec<usize> = (0..view.folder_count())
        .filter(|number| {
            let folder = view.folder(*number);
            is_wanted(folder.first, folder.count)
        })
        .collect();
    let read = AtomicU64::new(0);
    let Ok(handle) = Folder::open(root) else {
        return Found {
            changed: wanted.to_vec(),
            ..Found::default()
        };
    };
    let look = Look {
        view,
        output,
        root: &handle,
        wanted,
        read: &read,
    };
    let found = parallel::map(&folders, |folder| look.folder(*folder));
    let mut all = Found {
        changed: vec![false; view.entry_count()],
        ..Found::default()
    };
    for (number, verdict) in found.into_iter().flatten() {
        match verdict {
            Verdict::Same => {}
            Verdict::Changed => all.changed[number] = true,
            Verdict::Fresh(stat, settled) => all.fresh.push((number, stat, settled)),
        }
    }
    all.read = read.into_inner();
    all
}

struct Look<'a> {
    view: &'a View,
    /// The folder for artifacts.
    output: &'a RelPath,
    root: &'a Folder,
    wanted: &'a [bool],
    read: &'a AtomicU64,
}

impl Look<'_> {
    /// The entries of a folder that are not simply the same.
    fn folder(&self, number: usize) -> Vec<(usize, Verdict)> {
        let folder = self.view.folder(number);
        let near = (folder.count >= OPEN_FROM && !folder.path.is_empty()).then(|| self.root.open_below(folder.path));
        let is_gone = matches!(near, Some(Err(_)));
        let near = near.and_then(Result::ok);
        let mut odd = Vec::new();
        let mut path = String::new();
        for number in (folder.first..folder.first + folder.count).filter(|number| self.wanted[*number]) {
            let name = self.view.name(number);
            if let Some(near) = &near
                && self.view.is_content(number)
                && let Ok(Some(now)) = near.stat(name)
                && self.view.is_unchanged(number, &now)
            {
                // So it is nearly always: nothing is taken out of the table for it.
                continue;
            }
            let entry = self.view.entry(number);
            let verdict = match &near {
                _ if is_gone => self.verdict(&entry, None),
                Some(near) => self.verdict(&entry, Some((near, name))),
                None => {
                    path.clear();
                    path.push_str(folder.path);
                    if !path.is_empty() && !name.is_empty() {
                        path.push('/');
                    }
                    path.push_str(name);
                    self.verdict(&entry, Some((self.root, path.as_str())))
                }
            };
            if !matches!(verdict, Verdict::Same) {
                odd.push((number, verdict));
            }
        }
        odd
    }

    /// What is at a place now, against what was there; nothing can be at no place.
    fn verdict(&self, entry: &Entry, place: Option<(&Folder, &str)>) -> Verdict {
        let same = |is_same| if is_same { Verdict::Same } else { Verdict::Changed };
        match &entry.seen {
            Seen::Unknown => Verdict::Changed,
            Seen::Kind(kind) => {
                let now = place.and_then(|(folder, name)| folder.stat_followed(name).ok().flatten());
                same(now.map(|stat| stat.kind) == *kind)
            }
            Seen::Content { stat, digest } => match place {
                Some((folder, name)) => self.content(entry.settled, (stat, digest), folder, name),
                None => Verdict::Changed,
            },
            Seen::Link { stat, real, .. } => {
                let Some((folder, name)) = place else {
                    return Verdict::Changed;
                };
                let now = folder.stat(name).ok().flatten();
                let real_now = folder.stat_followed(name).ok().flatten();
                same(entry.settled && now.is_some_and(|now| is_same(&now, stat)) && is_same_real(real_now, *real))
            }
        }
    }

    fn content(&self, settled: bool, (stat, digest): (&Stat, &Digest), folder: &Folder, name: &str) -> Verdict {
        let now = if name.is_empty() {
            folder.own_stat().map(Some)
        } else {
            folder.stat(name)
        };
        let Ok(Some(now)) = now else { return Verdict::Changed };
        if settled && is_same(&now, stat) {
            return Verdict::Same;
        }
        let read_at = SystemTime::now();
        let is_executable = |stat: &Stat| stat.mode & 0o100 != 0;
        let digest_now = match (now.kind, stat.kind) {
            (Kind::Folder, Kind::Folder) => self.names(folder, name),
            (Kind::File, Kind::File) if now.size == stat.size && is_executable(&now) == is_executable(stat) => {
                self.bytes(folder, name)
            }
            _ => None,
        };
        match digest_now {
            Some(found) if found == *digest => Verdict::Fresh(now, is_settled(&now, read_at)),
            _ => Verdict::Changed,
        }
    }

    fn names(&self, folder: &Folder, name: &str) -> Option<Digest> {
        let folder = match name {
            "" => folder.again().ok()?,
            name => folder.open_below(name).ok()?,
        };
        let path = folder.path().strip_prefix(self.root.path()).ok()?.to_str()?;
        let names = folder.list().ok()?;
        Some(digest_of_names(&names_that_count(
            &RelPath::parse(path).ok()?,
            names,
            self.output,
        )))
    }

    fn bytes(&self, folder: &Folder, name: &str) -> Option<Digest> {
        self.read.fetch_add(1, Ordering::Relaxed);
        let file = match name.rsplit_once('/') {
            Some((above, name)) => folder.open_below(above).ok()?.open_file(name).ok()?,
            None => folder.open_file(name).ok()?,
        };
        fs::hash_file(&file).ok().map(|(digest, _)| digest)
    }
}

/// Whether a file or a folder shows no trace of a change.
fn is_same(now: &Stat, then: &Stat) -> bool {
    now.is_unchanged_since(then) && now.mode == then.mode
}

/// As [`is_same`], for what a link leads to; what is in a folder behind a link is nobody's input.
fn is_same_real(now: Option<Stat>, then: Option<Stat>) -> bool {
    match (now, then) {
        (None, None) => true,
        (Some(now), Some(then)) if then.is_folder() => now.is_folder(),
        (Some(now), Some(then)) => is_same(&now, &then),
        _ => false,
    }
}

/// Whether a tool would be found as it was.
pub(super) fn is_tool_unchanged(seen: &[OutsideRecord<'_>]) -> bool {
    seen.iter().all(|seen| {
        let outside = Outside {
            path: seen.path.as_ref().into(),
            stat: seen.stat,
            real: seen.real.as_deref().map(Into::into),
            listed: seen.listed,
            settled: seen.settled,
        };
        outside.is_unchanged()
    })
}

/// Whether the variables that a target was built with have the values that they had.
pub(super) fn are_variables_unchanged(target: &TargetRecord<'_>, request: &Request) -> bool {
    let mut variables = target.variables.iter();
    variables.all(|(name, digest)| {
        let now = request
            .host
            .environment
            .get(*name)
            .map(|value| Digest::of(value.as_bytes()));
        now.map(|digest| *digest.as_bytes()) == *digest
    })
}

/// Digest of what is the same for all targets of a build and can change what comes of them: farm itself, the machine,
/// the mode, how tools are found, and the sandbox and whatever else was asked for.
pub(super) fn surroundings(request: &Request) -> Digest {
    let mut hasher = Hasher::new();
    let host = &request.host;
    hasher.field(host.helper.as_os_str().as_encoded_bytes());
    let program = fs::stat_followed(&host.helper).ok().flatten();
    hasher.field(format!("{program:?}").as_bytes());
    hasher.field(host.cache_folder.as_os_str().as_encoded_bytes());
    hasher.field(host.platform.as_bytes());
    hasher.field(base_system().as_bytes());
    hasher.field(request.mode.as_bytes());
    hasher.field(format!("{:?}", request.sandbox).as_bytes());
    hasher.field(format!("{:?}", request.asked).as_bytes());
    for name in SEARCH {
        hasher.field(host.environment.get(name).map_or("", String::as_str).as_bytes());
    }
    hasher.finish()
}

/// Marks entries as wanted.
pub(super) fn mark(wanted: &mut [bool], numbers: &[u32]) {
    for number in numbers {
        if let Some(mark) = wanted.get_mut(*number as usize) {
            *mark = true;
        }
    }
}

/// Whether one of these entries is something else now. A number that the table does not have counts as changed.
pub(super) fn any_changed(found: &Found, numbers: &[u32]) -> bool {
    numbers
        .iter()
        .any(|number| found.changed.get(*number as usize).copied().unwrap_or(true))
}
