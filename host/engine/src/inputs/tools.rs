//! Finds tools by name on the user's PATH, and what has to be visible for them to run.
//!
//! Version managers with shims (pyenv, nodenv, rbenv, goenv, rustup) are looked through to the version that the folder
//! asks for, by the files that they document. Starts nothing and does not know versions.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use crate::fs::{self, Kind, Stat};
use crate::inputs::files::is_executable;
use crate::inputs::footprint::Footprint;
use crate::inputs::notes::is_settled;
use crate::inputs::rustup::{self, Rustup};
use crate::path::RelPath;

/// Folders of the base system; what lies there is visible to every action.
const BASE: [&str; 5] = ["/usr", "/bin", "/sbin", "/lib", "/lib64"];

/// A tool on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundTool {
    /// The name it was asked for by.
    pub name: String,
    /// What to start.
    pub program: PathBuf,
    /// The file behind all links: its content is the tool's identity.
    pub real: PathBuf,
    /// Files and folders that it needs beside the base system.
    pub visible: Vec<PathBuf>,
}

/// The tools on the user's PATH, as they are during one build.
#[derive(Debug)]
pub struct Tools {
    workspace: PathBuf,
    environment: BTreeMap<String, String>,
    folders: Vec<PathBuf>,
    /// Answers, by name and, where a shim makes it depend on that, by folder.
    found: Mutex<BTreeMap<(String, RelPath), Search>>,
}

/// Something outside the workspace that was looked at on the way to a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outside {
    /// Where, absolute.
    pub path: PathBuf,
    /// What the system said of it, links followed; none where nothing was there.
    pub stat: Option<Stat>,
    /// Where all links on the way lead to, if that was asked.
    pub real: Option<PathBuf>,
    /// Whether it is a folder whose names were looked through.
    pub listed: bool,
    /// Whether a change after that shows in the stat.
    pub settled: bool,
}

impl Outside {
    /// Looks again: whether nothing speaks for a change.
    pub fn is_unchanged(&self) -> bool {
        let now = Self::look(self.path.clone(), self.real.is_some());
        let same = |now: Stat, then: Stat| now.is_unchanged_since(&then) && now.mode == then.mode;
        let same_stat = match (now.stat, self.stat) {
            (None, None) => true,
            // Names come and go in a folder: what matters of it is that it is one.
            (Some(now), Some(then)) if then.is_folder() && !self.listed => now.is_folder(),
            (Some(now), Some(then)) => self.settled && same(now, then),
            _ => false,
        };
        same_stat && now.real == self.real
    }

    fn look(path: PathBuf, with_real: bool) -> Self {
        let read_at = SystemTime::now();
        let stat = fs::stat_followed(&path).ok().flatten();
        let real = with_real.then(|| fs::canonicalize(&path).unwrap_or_default());
        Self {
            settled: stat.is_none_or(|stat| is_settled(&stat, read_at)),
            path,
            stat,
            real,
            listed: false,
        }
    }
}

/// An answer, and all that was looked at on the way to it.
#[derive(Debug, Clone, Default)]
struct Search {
    tool: Option<FoundTool>,
    seen: Arc<Vec<Outside>>,
    /// Whether it is the same from every folder.
    anywhere: bool,
}

/// Looks outside the workspace, and notes at what.
#[derive(Debug, Default)]
pub(super) struct Looks(Vec<Outside>);

impl Looks {
    /// What is at a path, links followed.
    fn stat(&mut self, path: &Path) -> Option<Stat> {
        let seen = Outside::look(path.to_path_buf(), false);
        let stat = seen.stat;
        self.0.push(seen);
        stat
    }

    /// The file behind all links.
    pub(super) fn real(&mut self, path: &Path) -> Option<PathBuf> {
        let seen = Outside::look(path.to_path_buf(), true);
        let real = seen.real.clone().filter(|real| !real.as_os_str().is_empty());
        self.0.push(seen);
        real
    }

    /// The names in a folder that are text.
    pub(super) fn names(&mut self, path: &Path) -> Vec<String> {
        let seen = Outside::look(path.to_path_buf(), false);
        self.0.push(Outside { listed: true, ..seen });
        let listed = fs::read_dir(path).unwrap_or_default().into_iter();
        listed.filter_map(|listed| listed.name.into_string().ok()).collect()
    }

    pub(super) fn is_folder(&mut self, path: &Path) -> bool {
        self.stat(path).is_some_and(|stat| stat.is_folder())
    }

    pub(super) fn is_program(&mut self, path: &Path) -> bool {
        self.stat(path)
            .is_some_and(|stat| stat.kind == Kind::File && is_executable(&stat))
    }

    pub(super) fn text(&mut self, path: &Path) -> Option<String> {
        self.stat(path).filter(Stat::is_file)?;
        String::from_utf8(fs::read_bounded(path, 64 << 10).ok()?).ok()
    }
}

impl Tools {
    /// Tools as this environment's `PATH` names them; relative entries are passed over.
    pub fn new(workspace: PathBuf, environment: BTreeMap<String, String>) -> Self {
        let path = environment.get("PATH").map_or("", String::as_str);
        let folders = path
            .split(':')
            .filter(|entry| entry.starts_with('/'))
            .map(PathBuf::from)
            .collect();
        Self {
            workspace,
            environment,
            folders,
            found: Mutex::default(),
        }
    }

    /// The tool of this name, for an action in this folder of the workspace.
    pub fn find(&self, name: &str, root: &RelPath) -> Option<FoundTool> {
        self.search(name, root).tool
    }

    /// As [`Self::find`], and leaves the tool in a footprint.
    pub fn find_seen(&self, name: &str, root: &RelPath, seen: &mut Footprint) -> Option<FoundTool> {
        let Search { tool, anywhere, .. } = self.search(name, root);
        let root = if anywhere { RelPath::root() } else { root.clone() };
        seen.tools.insert((name.to_owned(), root));
        tool
    }

    /// All that was looked at outside the workspace to find a tool.
    pub fn looked_at(&self, name: &str, root: &RelPath) -> Arc<Vec<Outside>> {
        self.search(name, root).seen
    }

    fn search(&self, name: &str, root: &RelPath) -> Search {
        // What a shim stands for depends on the folder; anything else is the same everywhere.
        let everywhere = (name.to_owned(), RelPath::root());
        let here = (name.to_owned(), root.clone());
        let known =
            |found: MutexGuard<'_, BTreeMap<_, Search>>| found.get(&everywhere).or_else(|| found.get(&here)).cloned();
        if let Some(known) = known(self.found()) {
            return known;
        }
        let mut looks = Looks::default();
        let mut shim = false;
        let program = self.program(name, root, &mut looks, &mut shim);
        let tool = program.and_then(|program| self.describe(name, program, &mut looks));
        let search = Search {
            tool,
            seen: Arc::new(looks.0),
            anywhere: !shim,
        };
        self.found()
            .insert(if shim { here } else { everywhere }, search.clone());
        search
    }

    fn found(&self) -> MutexGuard<'_, BTreeMap<(String, RelPath), Search>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first program of this name on PATH; `shim` tells whether a version manager was asked for it.
    fn program(&self, name: &str, root: &RelPath, looks: &mut Looks, shim: &mut bool) -> Option<PathBuf> {
        self.folders.iter().find_map(|folder| {
            let candidate = folder.join(name);
            if !looks.is_program(&candidate) {
                return None;
            }
            if let Some(home) = shim_home(folder, looks) {
                *shim = true;
                return self.behind_shim(home, name, root, looks);
            }
            if rustup::is_proxy(&candidate, looks) {
                *shim = true;
                return self.rustup()?.program(name, &root.under(&self.workspace), looks);
            }
            Some(candidate)
        })
    }

    /// A found program, and what it needs to see.
    fn describe(&self, name: &str, program: PathBuf, looks: &mut Looks) -> Option<FoundTool> {
        let real = looks.real(&program)?;
        let mut visible = Vec::new();
        for place in [&program, &real] {
            visible.extend(self.visible_for(place));
        }
        visible.extend(
            environment_base(&program, looks)
                .iter()
                .flat_map(|base| self.visible_for(base)),
        );
        visible.sort();
        visible.dedup();
        Some(FoundTool {
            name: name.to_owned(),
            program,
            real,
            visible,
        })
    }

    /// The folders of `PATH` for these tools, in the user's order, and then the base system's.
    pub fn path_for(&self, tools: &[FoundTool]) -> String {
        let mut folders: Vec<&Path> = tools.iter().filter_map(|tool| tool.program.parent()).collect();
        folders.sort_by_key(|folder| self.folders.iter().position(|entry| entry == folder));
        folders.extend(["/usr/local/bin", "/usr/bin", "/bin"].map(Path::new));
        let mut names: Vec<String> = Vec::new();
        for folder in folders {
            let name = folder.to_string_lossy().into_owned();
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names.join(":")
    }

    /// What a program needs to see: the prefix it is installed in, or the one file where that prefix is more than a
    /// tool's own (a home folder, `~/.local`, a folder above the workspace).
    fn visible_for(&self, program: &Path) -> Option<PathBuf> {
        if BASE.iter().any(|base| program.starts_with(base)) {
            return None;
        }
        let folder = program.parent()?;
        let prefix = folder
            .parent()
            .filter(|_| folder.file_name().is_some_and(|name| name == "bin"));
        let own = prefix.filter(|prefix| !self.is_broad(prefix) && fs::is_folder(&prefix.join("lib")));
        Some(own.unwrap_or(program).to_path_buf())
    }

    fn is_broad(&self, prefix: &Path) -> bool {
        let home = self.environment.get("HOME").map(PathBuf::from);
        let is_home = home.is_some_and(|home| home.starts_with(prefix) || home.join(".local") == prefix);
        is_home || prefix == Path::new("/") || self.workspace.starts_with(prefix)
    }

    fn rustup(&self) -> Option<Rustup<'_>> {
        let home = self.environment.get("RUSTUP_HOME").map(PathBuf::from);
        let default = || Some(PathBuf::from(self.environment.get("HOME")?).join(".rustup"));
        Some(Rustup {
            home: home.or_else(default)?,
            named: self.environment.get("RUSTUP_TOOLCHAIN").map(String::as_str),
        })
    }

    /// The version of a tool that a shim would start: named by a variable, by a file in the folder or above it, or by
    /// the manager's own default.
    fn behind_shim(&self, home: &Path, name: &str, root: &RelPath, looks: &mut Looks) -> Option<PathBuf> {
        let (variable, file) = match home.file_name()?.to_str()?.trim_start_matches('.') {
            "pyenv" => ("PYENV_VERSION", ".python-version"),
            "nodenv" => ("NODENV_VERSION", ".node-version"),
            "rbenv" => ("RBENV_VERSION", ".ruby-version"),
            "goenv" => ("GOENV_VERSION", ".go-version"),
            _ => return Some(home.join("shims").join(name)),
        };
        let named = self.environment.get(variable).map(|value| value.replace(':', "\n"));
        let versions = named
            .or_else(|| self.version_file(file, root, looks))
            .or_else(|| looks.text(&home.join("version")))?;
        versions.split_whitespace().find_map(|version| {
            let program = installed(home, version, looks)?.join("bin").join(name);
            looks.is_program(&program).then_some(program)
        })
    }

    fn version_file(&self, file: &str, root: &RelPath, looks: &mut Looks) -> Option<String> {
        let folder = root.under(&self.workspace);
        folder.ancestors().find_map(|folder| looks.text(&folder.join(file)))
    }
}

/// The manager's folder, when this is its folder of shims.
fn shim_home<'a>(folder: &'a Path, looks: &mut Looks) -> Option<&'a Path> {
    let home = folder.parent()?;
    (folder.file_name()? == "shims" && looks.is_folder(&home.join("versions"))).then_some(home)
}

/// The folder of an installed version; `3.11` takes the newest `3.11.x`.
fn installed(home: &Path, version: &str, looks: &mut Looks) -> Option<PathBuf> {
    let versions = home.join("versions");
    let exact = versions.join(version);
    if !version.contains('/') && looks.is_folder(&exact) {
        return Some(exact);
    }
    let numbers = |name: &str| {
        name.split('.')
            .map(|part| part.parse::<u32>().unwrap_or(0))
            .collect::<Vec<_>>()
    };
    let newest = looks
        .names(&versions)
        .into_iter()
        .filter(|name| name.starts_with(&format!("{version}.")))
        .max_by_key(|name| numbers(name));
    newest.map(|name| versions.join(name))
}

/// The interpreter that a Python virtual environment is based on.
fn environment_base(program: &Path, looks: &mut Looks) -> Option<PathBuf> {
    let text = looks.text(&program.parent()?.parent()?.join("pyvenv.cfg"))?;
    let home = text.lines().find_map(|line| {
        line.strip_prefix("home")
            .map(|rest| rest.trim_start_matches([' ', '=']))
    })?;
    looks.real(&Path::new(home.trim()).join("python3"))
}
