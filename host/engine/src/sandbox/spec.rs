//! What is to be run and in which surroundings, and how it ended. Plain data: does not know how a sandbox is made.

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{SandboxError, Tier};
use crate::path::RelPath;

/// Where the staged tree lies inside, at [`Tier::L2`].
pub const TREE_INSIDE: &str = "/workspace";
/// `HOME` and `TMPDIR` below [`Spec::scratch`], at L0 and L1.
pub const SCRATCH_FOLDERS: [&str; 2] = ["home", "tmp"];
/// `HOME` inside, at [`Tier::L2`].
pub const HOME_INSIDE: &str = "/home/build";
/// `TMPDIR` inside, at [`Tier::L2`].
pub const TEMPORARY_INSIDE: &str = "/tmp";
/// Below it lie the caches by their names, at [`Tier::L2`].
pub const CACHE_INSIDE: &str = "/cache";

/// What no toolchain may cover.
const MADE_INSIDE: &[&str] = &[
    TREE_INSIDE,
    HOME_INSIDE,
    TEMPORARY_INSIDE,
    CACHE_INSIDE,
    "/dev/shm",
    "/etc/passwd",
    "/proc/self",
];

/// One run of one tool. Can be written down as JSON and run again (see [`super::run_interactive`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// How far the tool is shut in.
    pub tier: Tier,
    /// The executable: an absolute path of this system, which is the same inside.
    pub program: PathBuf,
    /// What it is called with, without its own name.
    pub arguments: Vec<String>,
    /// Its whole environment; the sandbox adds `HOME`, `TMPDIR`, those of [`Self::paths`] and
    /// of the caches, and they win.
    pub environment: Vec<(String, String)>,
    /// Variables that get the absolute path of something in the tree.
    #[serde(default)]
    pub paths: Vec<(String, RelPath)>,
    /// The file in the tree that gets the standard output, unless the tool runs in a terminal.
    #[serde(default)]
    pub stdout: Option<RelPath>,
    /// The staged tree, private to this run and writable for the tool: [`TREE_INSIDE`] at L2, this path before.
    pub tree: PathBuf,
    /// Where the tool starts, below the tree.
    pub directory: RelPath,
    /// Big folders that are shown in the tree and cannot be written.
    pub binds: Vec<Bind>,
    /// Folders of this system that are shown in the tree as they are, at L2 only: the tool may write there, and what it
    /// wrote is gone after the run.
    #[serde(default)]
    pub shown: Vec<Bind>,
    /// Folders that outlive the run and may be written.
    pub caches: Vec<CacheFolder>,
    /// Files and folders of this system that can be read and executed at their own paths, beside the base system.
    pub toolchains: Vec<PathBuf>,
    /// Whether the network is there: for fetches, and actions on demand.
    pub network: bool,
    /// Unix sockets of this system that the tool may reach, at their own paths. L1 cannot give them.
    #[serde(default)]
    pub sockets: Vec<PathBuf>,
    /// Variables that were left out of the environment when this was written down, since their values are secret.
    #[serde(default)]
    pub withheld: Vec<String>,
    /// A folder of this system, which must exist: at L0 and L1 it holds `HOME` and `TMPDIR`, and is private to this run; at
    /// L2 the new root is mounted there, where nobody else sees it.
    pub scratch: PathBuf,
    /// What the tool may use up.
    pub limits: Limits,
}

/// A folder or file shown in the tree: a read-only mount at L2, a link before. Its place must not exist in the tree,
/// except as an empty folder; missing parents are made, and they and the empty place remain after the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bind {
    /// On this system, absolute.
    pub source: PathBuf,
    /// Below the tree.
    pub at: RelPath,
}

/// A writable folder which the tool finds through an environment variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheFolder {
    /// One part of a path; names the folder below [`CACHE_INSIDE`] at L2.
    pub name: String,
    /// On this system, absolute.
    pub source: PathBuf,
    /// Gets the path that is valid inside.
    pub variable: String,
}

/// What a tool may use up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Wall time until the tool is told to end.
    pub timeout: Duration,
    /// Time between being told and being killed.
    pub grace: Duration,
    /// Processes and threads at once. How it is counted depends on the tier: see `host/docs/sandbox.md`.
    pub processes: u64,
    /// Bytes of one file.
    pub file_size: u64,
    /// Open files of one process; cut to what this system allows.
    pub open_files: u64,
    /// Bytes in `TMPDIR`, `HOME` and shared memory together, at L2.
    pub temporary: u64,
    /// Bytes of private memory of one process.
    pub memory: Option<u64>,
    /// Seconds of processor time of one process.
    pub cpu_seconds: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_hours(1),
            grace: Duration::from_secs(5),
            processes: 4096,
            file_size: 16 << 30,
            open_files: 65_536,
            temporary: 8 << 30,
            memory: None,
            cpu_seconds: None,
        }
    }
}

/// How the tool ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// With this exit code.
    Exited(i32),
    /// By this signal.
    Signaled(i32),
    /// It took longer than [`Limits::timeout`].
    TimedOut,
    /// farm was told to stop.
    Stopped,
}

/// What all processes of the run have used together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Processor time in the program.
    pub user: Duration,
    /// Processor time in the kernel.
    pub system: Duration,
    /// Resident bytes of the largest single process.
    pub peak_memory: u64,
}

/// A finished run: no process of it is alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finished {
    /// How the tool ended.
    pub ending: Ending,
    /// How far it was shut in.
    pub tier: Tier,
    /// What it used.
    pub usage: Usage,
    /// From the tool's start to its end: the time of the run without that of the sandbox.
    pub tool: Duration,
}

impl Spec {
    /// Refuses what no helper could carry out safely.
    pub(super) fn check(&self) -> Result<(), SandboxError> {
        let sources = self.binds.iter().chain(&self.shown).map(|bind| &bind.source);
        let caches = self.caches.iter().map(|cache| &cache.source);
        let own = [&self.program, &self.tree, &self.scratch];
        let outside = self.toolchains.iter().chain(&self.sockets);
        for path in own.into_iter().chain(sources).chain(caches).chain(outside) {
            check_path(path)?;
        }
        if let Some(path) = self
            .toolchains
            .iter()
            .find(|path| MADE_INSIDE.iter().any(|own| Path::new(own).starts_with(path)))
        {
            return Err(invalid(format!(
                "toolchain `{}` covers what the sandbox makes itself",
                path.display()
            )));
        }
        if self.tier == Tier::L1 && !self.sockets.is_empty() {
            return Err(invalid("L1 cannot give one socket without all others".to_owned()));
        }
        if self.tier != Tier::L2 && !self.shown.is_empty() {
            return Err(invalid("only L2 can show folders".to_owned()));
        }
        for bind in self.binds.iter().chain(&self.shown) {
            if bind.at.is_root() {
                return Err(invalid("a bind covers the whole tree".to_owned()));
            }
        }
        for cache in &self.caches {
            if !is_one_part(&cache.name) {
                return Err(invalid(format!(
                    "cache name `{}` is not one part of a path",
                    cache.name
                )));
            }
        }
        let made = self.caches.iter().map(|cache| &cache.variable);
        let made = made.chain(self.paths.iter().map(|(name, _)| name));
        match self
            .environment
            .iter()
            .map(|(name, _)| name)
            .chain(made)
            .find(|name| !is_variable(name))
        {
            Some(name) => Err(invalid(format!(
                "`{}` is not the name of a variable",
                name.escape_debug()
            ))),
            None => Ok(()),
        }
    }

    /// The same without these variables; those of them that were there are named instead.
    #[must_use]
    pub fn withholding(mut self, names: &[String]) -> Self {
        let is_kept = |(name, _): &(String, String)| !names.contains(name);
        let (kept, withheld) = self.environment.into_iter().partition(is_kept);
        self.environment = kept;
        self.withheld = withheld.into_iter().map(|(name, _)| name).collect();
        self
    }

    /// The folder of the tree as the tool sees it.
    pub fn tree_inside(&self) -> &Path {
        match self.tier {
            Tier::L2 => Path::new(TREE_INSIDE),
            Tier::L0 | Tier::L1 => &self.tree,
        }
    }
}

/// A path that means the same wherever it is resolved from, and not the whole file system.
fn check_path(path: &Path) -> Result<(), SandboxError> {
    let whole = path.parent().is_none();
    let climbs = path.components().any(|part| part == Component::ParentDir);
    if !path.is_absolute() || whole || climbs {
        return Err(invalid(format!(
            "path `{}` is not an absolute path below the root",
            path.display()
        )));
    }
    Ok(())
}

fn is_one_part(name: &str) -> bool {
    !name.is_empty() && RelPath::parse(name).is_ok_and(|path| path.parts().count() == 1)
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0'])
}

fn invalid(reason: String) -> SandboxError {
    SandboxError::Spec { reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> Spec {
        Spec {
            tier: Tier::L2,
            program: "/bin/true".into(),
            arguments: vec!["a b".into()],
            environment: vec![("LC_ALL".into(), "C.UTF-8".into())],
            paths: vec![("GOMODCACHE".into(), RelPath::root())],
            stdout: None,
            tree: "/x/tree".into(),
            directory: RelPath::root(),
            binds: Vec::new(),
            shown: Vec::new(),
            caches: Vec::new(),
            toolchains: Vec::new(),
            network: false,
            sockets: Vec::new(),
            withheld: Vec::new(),
            scratch: "/x/scratch".into(),
            limits: Limits::default(),
        }
    }

    #[test]
    fn a_spec_can_be_written_down_and_read_again() {
        let text = serde_json::to_string(&spec()).expect("a spec is JSON");
        assert_eq!(serde_json::from_str::<Spec>(&text).expect("a spec"), spec());
    }

    #[test]
    fn a_variable_that_is_withheld_is_not_written_down() {
        let spec = Spec {
            environment: vec![("A".into(), "1".into()), ("TOKEN".into(), "sesame".into())],
            ..spec()
        };
        let written = spec.withholding(&["TOKEN".to_owned()]);
        assert_eq!(written.environment, [("A".to_owned(), "1".to_owned())]);
        assert_eq!(written.withheld, ["TOKEN"]);
    }

    #[test]
    fn l1_gives_no_socket() {
        let spec = |tier| Spec {
            tier,
            sockets: vec!["/run/x.sock".into()],
            ..spec()
        };
        assert!(spec(Tier::L0).check().is_ok() && spec(Tier::L2).check().is_ok());
        assert!(spec(Tier::L1).check().is_err());
    }

    #[test]
    fn what_would_show_or_cover_too_much_is_refused() {
        assert!(spec().check().is_ok());
        for toolchain in ["/", "relative", "/opt/../root", "/tmp", "/home", "/proc", "/etc"] {
            let spec = Spec {
                toolchains: vec![toolchain.into()],
                ..spec()
            };
            assert!(spec.check().is_err(), "{toolchain}");
        }
        let bind = Bind {
            source: "/x/modules".into(),
            at: RelPath::root(),
        };
        assert!(
            Spec {
                binds: vec![bind],
                ..spec()
            }
            .check()
            .is_err()
        );
        for name in ["", "..", "a/b", "."] {
            let cache = CacheFolder {
                name: name.into(),
                source: "/x/c".into(),
                variable: "C".into(),
            };
            assert!(
                Spec {
                    caches: vec![cache],
                    ..spec()
                }
                .check()
                .is_err(),
                "{name:?}"
            );
        }
    }
}
