//! What a build is asked for, and what it answers.
//!
//! The request carries all that was read outside: the engine reads neither the process's environment nor the home
//! folder.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::error::Class;
use crate::event::Counts;
use crate::sandbox::Wanted;

/// What to build, and how.
#[derive(Debug, Clone)]
pub struct Request {
    /// The folder of the root `farm.toml`.
    pub workspace: PathBuf,
    /// Names and globs of targets; none means all.
    pub targets: Vec<String>,
    /// The mode.
    pub mode: String,
    /// What is asked of builders beside their targets' options.
    pub asked: Vec<Asked>,
    /// The sandbox; none means what `farm.toml` says.
    pub sandbox: Option<Wanted>,
    /// How many actions may run at once.
    pub jobs: usize,
    /// Whether a failure leaves running what does not depend on it.
    pub keep_going: bool,
    /// How far the cache is used.
    pub cache: CacheUse,
    /// Whether the cache is emptied first.
    pub clear_cache: bool,
    /// Whether `farm.lock` must already hold every builder.
    pub locked: bool,
    /// What is run once the targets are built; none for a build alone.
    pub on_demand: Option<OnDemandRequest>,
    /// The machine.
    pub host: HostFacts,
}

/// What is asked of builders on the command line: a property of their requests, as `wit/builder.wit` names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Its name.
    pub name: &'static str,
    /// The one target that it is about; without one, it is about all whose builders know what to do.
    pub target: Option<String>,
    /// Its value.
    pub value: String,
}

/// An action on demand that is asked for. The one target of the request is the one it belongs to.
#[derive(Debug, Clone)]
pub struct OnDemandRequest {
    /// Its id; none for the only one that the target has.
    pub action: Option<String>,
    /// Its own sandbox; none means that of the build.
    pub sandbox: Option<Wanted>,
}

/// How far a build uses what is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheUse {
    /// Whether results are taken from the cache.
    pub read: bool,
    /// Whether results are put into it.
    pub write: bool,
    /// Whether tools get their persistent folders.
    pub tool_caches: bool,
}

/// What the engine may know of the machine.
#[derive(Debug, Clone)]
pub struct HostFacts {
    /// The user's variables that are text.
    pub environment: BTreeMap<String, String>,
    /// The cache's folder.
    pub cache_folder: PathBuf,
    /// The program that is the sandbox's helper when it is called with `__sandbox`.
    pub helper: PathBuf,
    /// Operating system and processor: `linux-x86_64`.
    pub platform: String,
    /// The builders that come with farm: name and component.
    pub builtin: Vec<(String, &'static [u8])>,
}

/// How much a running build should hurry to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// Not at all.
    Run,
    /// Start nothing more, ask running tools to end, keep what is finished.
    Gracefully,
    /// Kill what runs.
    AtOnce,
}

/// How a build ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// Whether everything that was asked for is there.
    pub ok: bool,
    /// The class of the gravest problem, where there was one.
    pub class: Option<Class>,
    /// How many actions ended in which way.
    pub counts: Counts,
}
