//! Everything that the commands ask of the engine, in one place: requests, answers, and the calls.
//!
//! Knows no option of the command line and prints nothing.

#![expect(dead_code, reason = "the engine's run module, which reads all this, is not here yet")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use farm_engine::error::{Class, Problem};
use farm_engine::event::{Counts, Sink};
use farm_engine::plan::{Plan, Want};
use farm_engine::sandbox::Wanted;
use tokio::sync::watch;

/// How far a build uses what is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CacheUse {
    /// Whether results are taken from the cache.
    pub(crate) read: bool,
    /// Whether results are kept in it.
    pub(crate) write: bool,
    /// Whether tools get their persistent folders.
    pub(crate) tool_caches: bool,
}

/// What the engine may know of the machine; it reads neither the environment nor the home folder itself.
#[derive(Debug, Clone)]
pub(crate) struct HostFacts {
    /// The user's variables that are text.
    pub(crate) environment: BTreeMap<String, String>,
    /// The cache's folder.
    pub(crate) cache_folder: PathBuf,
    /// This program, which starts itself as the sandbox's helper.
    pub(crate) helper: PathBuf,
    /// Operating system and processor, as `linux-x86_64`.
    pub(crate) platform: String,
    /// The embedded builders: name and component.
    pub(crate) builtin: Vec<(String, &'static [u8])>,
}

/// What is to be built, planned or listed.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// The workspace's folder.
    pub(crate) workspace: PathBuf,
    /// Names and patterns; none means all targets.
    pub(crate) targets: Vec<String>,
    /// The mode.
    pub(crate) mode: String,
    /// The sandbox; none means what `farm.toml` says.
    pub(crate) sandbox: Option<Wanted>,
    /// How many actions may run at once.
    pub(crate) jobs: usize,
    /// Whether what does not depend on a failed action is built all the same.
    pub(crate) keep_going: bool,
    /// How far the cache is used.
    pub(crate) cache: CacheUse,
    /// Whether the cache is emptied first.
    pub(crate) clear_cache: bool,
    /// Whether `farm.lock` must stay as it is.
    pub(crate) locked: bool,
    /// The machine.
    pub(crate) host: HostFacts,
}

/// How much a running build should hurry to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stop {
    /// Not at all: go on.
    Run,
    /// Start nothing more, let the running actions end.
    Gracefully,
    /// Kill the running actions.
    AtOnce,
}

/// How a build ended.
#[derive(Debug, Clone)]
pub(crate) struct Summary {
    /// Whether everything that was asked for is there.
    pub(crate) ok: bool,
    /// The class of the worst problem, when there was one.
    pub(crate) class: Option<Class>,
    /// How many actions ended in which way.
    pub(crate) counts: Counts,
}

/// What would be done for a target.
#[derive(Debug, Clone)]
pub(crate) struct TargetPlan {
    /// Full name.
    pub(crate) target: String,
    /// Builder's name.
    pub(crate) builder: String,
    /// The target's folder, from the workspace's root.
    pub(crate) root: String,
    /// The actions and artifacts.
    pub(crate) plan: Plan,
    /// Keys by action id, as far as they are known before the build.
    pub(crate) keys: BTreeMap<String, String>,
}

/// What is known of a builder.
#[derive(Debug, Clone)]
pub(crate) struct PluginFacts {
    /// Its name in this workspace.
    pub(crate) name: String,
    /// Its own version.
    pub(crate) version: String,
    /// `built-in`, or the component's path as `farm.toml` has it.
    pub(crate) origin: String,
    /// The component's digest, in hex.
    pub(crate) digest: String,
    /// The version of `farm:builder` that it is made for.
    pub(crate) wit: String,
    /// What it asks for, and whether that was granted.
    pub(crate) wants: Vec<(Want, bool)>,
    /// Whether its digest is the one in `farm.lock`.
    pub(crate) trusted: bool,
}

/// What lies in the cache.
#[derive(Debug, Clone)]
pub(crate) struct CacheStatus {
    /// How many results of actions.
    pub(crate) results: u64,
    /// Its parts in words (`blobs`, `unpacked trees`, …), each with its bytes.
    pub(crate) parts: Vec<(&'static str, u64)>,
    /// What it may hold before the least used is dropped.
    pub(crate) max_bytes: u64,
    /// How long an unused entry stays.
    pub(crate) max_age: Duration,
}

/// What was deleted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Freed {
    /// Number of entries.
    pub(crate) entries: u64,
    /// Sum of their bytes.
    pub(crate) bytes: u64,
}

/// Builds. Problems of single actions are events; the error is for what ended the whole build, and was not emitted.
pub(crate) fn build(_: &Request, _: &mut dyn Sink, _: watch::Receiver<Stop>) -> Result<Summary, Problem> {
    Err(not_there())
}

/// Plans as far as it goes without running anything.
pub(crate) fn plan(_: &Request) -> Result<Vec<TargetPlan>, Problem> {
    Err(not_there())
}

/// All builders of the workspace, built-in ones first.
pub(crate) fn plugins(_: &Request) -> Result<Vec<PluginFacts>, Problem> {
    Err(not_there())
}

/// Writes the digest of the builder `name` into `farm.lock`, and the grants that its wants need are shown.
pub(crate) fn trust_plugin(_: &Request, _name: &str) -> Result<PluginFacts, Problem> {
    Err(not_there())
}

/// Adds the component at `path` to `farm.toml` as the builder `name`, and trusts it.
pub(crate) fn add_plugin(_: &Request, _name: &str, _path: &Path) -> Result<PluginFacts, Problem> {
    Err(not_there())
}

/// What lies in the cache.
pub(crate) fn cache_status(_folder: &Path) -> Result<CacheStatus, Problem> {
    Err(not_there())
}

/// Deletes everything in the cache.
pub(crate) fn cache_clean(_folder: &Path) -> Result<Freed, Problem> {
    Err(not_there())
}

/// The answer of everything that the engine does not have yet.
fn not_there() -> Problem {
    Problem::new(
        "cli::no-engine",
        Class::Request,
        "this part of the engine is not there yet",
    )
}
