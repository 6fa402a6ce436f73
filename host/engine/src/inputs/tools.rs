//! Finds tools by name on the user's PATH, and what has to be visible for them to run.
//!
//! Version managers with shims (pyenv, nodenv, rbenv, goenv) are looked through to the version that the folder asks
//! for, by the files that they document. Starts nothing and does not know versions.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::fs::{self, Kind};
use crate::inputs::files::is_executable;
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
    /// Answers that are the same for every folder of the workspace.
    found: Mutex<BTreeMap<String, Option<FoundTool>>>,
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
        let known = self.found.lock().ok().and_then(|found| found.get(name).cloned());
        if let Some(known) = known {
            return known;
        }
        let mut seen_shim = false;
        let program = self.folders.iter().find_map(|folder| {
            let candidate = folder.join(name);
            if !is_program(&candidate) {
                return None;
            }
            match shim_home(folder) {
                Some(home) => {
                    seen_shim = true;
                    self.behind_shim(home, name, root)
                }
                None => Some(candidate),
            }
        });
        let tool = program.and_then(|program| self.describe(name, program));
        // What a shim stands for depends on the folder.
        if !seen_shim && let Ok(mut found) = self.found.lock() {
            found.insert(name.to_owned(), tool.clone());
        }
        tool
    }

    /// A found program, and what it needs to see.
    fn describe(&self, name: &str, program: PathBuf) -> Option<FoundTool> {
        let real = fs::canonicalize(&program).ok()?;
        let mut visible = Vec::new();
        for place in [&program, &real] {
            visible.extend(self.visible_for(place));
        }
        visible.extend(
            environment_base(&program)
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

    /// The version of a tool that a shim would start: named by a variable, by a file in the folder or above it, or by
    /// the manager's own default.
    fn behind_shim(&self, home: &Path, name: &str, root: &RelPath) -> Option<PathBuf> {
        let (variable, file) = match home.file_name()?.to_str()?.trim_start_matches('.') {
            "pyenv" => ("PYENV_VERSION", ".python-version"),
            "nodenv" => ("NODENV_VERSION", ".node-version"),
            "rbenv" => ("RBENV_VERSION", ".ruby-version"),
            "goenv" => ("GOENV_VERSION", ".go-version"),
            _ => return Some(home.join("shims").join(name)),
        };
        let named = self.environment.get(variable).map(|value| value.replace(':', "\n"));
        let versions = named
            .or_else(|| self.version_file(file, root))
            .or_else(|| read_text(&home.join("version")))?;
        let candidates = versions
            .split_whitespace()
            .filter_map(|version| installed(home, version));
        candidates
            .map(|folder| folder.join("bin").join(name))
            .find(|program| is_program(program))
    }

    fn version_file(&self, file: &str, root: &RelPath) -> Option<String> {
        let folder = root.under(&self.workspace);
        folder.ancestors().find_map(|folder| read_text(&folder.join(file)))
    }
}

/// The manager's folder, when this is its folder of shims.
fn shim_home(folder: &Path) -> Option<&Path> {
    let home = folder.parent()?;
    (folder.file_name()? == "shims" && fs::is_folder(&home.join("versions"))).then_some(home)
}

/// The folder of an installed version; `3.11` takes the newest `3.11.x`.
fn installed(home: &Path, version: &str) -> Option<PathBuf> {
    let versions = home.join("versions");
    let exact = versions.join(version);
    if !version.contains('/') && fs::is_folder(&exact) {
        return Some(exact);
    }
    let numbers = |name: &str| {
        name.split('.')
            .map(|part| part.parse::<u32>().unwrap_or(0))
            .collect::<Vec<_>>()
    };
    let names = fs::read_dir(&versions)
        .ok()?
        .into_iter()
        .filter_map(|listed| listed.name.into_string().ok());
    let newest = names
        .filter(|name| name.starts_with(&format!("{version}.")))
        .max_by_key(|name| numbers(name));
    newest.map(|name| versions.join(name))
}

/// The interpreter that a Python virtual environment is based on.
fn environment_base(program: &Path) -> Option<PathBuf> {
    let text = read_text(&program.parent()?.parent()?.join("pyvenv.cfg"))?;
    let home = text.lines().find_map(|line| {
        line.strip_prefix("home")
            .map(|rest| rest.trim_start_matches([' ', '=']))
    })?;
    fs::canonicalize(&Path::new(home.trim()).join("python3")).ok()
}

fn is_program(path: &Path) -> bool {
    let real = fs::canonicalize(path)
        .ok()
        .and_then(|real| fs::stat(&real).ok().flatten());
    real.is_some_and(|stat| stat.kind == Kind::File && is_executable(&stat))
}

fn read_text(path: &Path) -> Option<String> {
    String::from_utf8(fs::read_bounded(path, 64 << 10).ok()?).ok()
}
