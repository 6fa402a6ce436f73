//! Sockets of this machine that an action on demand reaches: where they are, and where they may be given.
//!
//! Does not know who granted them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::execute::failure::ExecuteError;
use crate::execute::{Job, Settings};
use crate::fs::{self, Kind};
use crate::plan::{CheckedAction, Purpose};
use crate::sandbox::Tier;

/// Names the container engine's socket, to its own clients and to farm.
const ENGINE: &str = "DOCKER_HOST";
/// Where container engines listen that run for the whole machine.
const ENGINES: [&str; 2] = ["/var/run/docker.sock", "/run/podman/podman.sock"];
/// Where those listen that a user runs for himself, below his own folder for such things.
const OWN_ENGINES: [&str; 2] = ["docker.sock", "podman/podman.sock"];

/// The sockets that an action reaches; its tool is told where the container engine's is.
pub(super) fn add(
    job: &Job,
    settings: &Settings,
    environment: &mut Vec<(String, String)>,
) -> Result<Vec<PathBuf>, ExecuteError> {
    let all = find(&job.action, &settings.environment)?;
    check_tier(&all, settings.tier)?;
    for (purpose, path) in &all {
        if *purpose == Purpose::ContainerEngine {
            environment.retain(|(name, _)| name != ENGINE);
            environment.push((ENGINE.to_owned(), format!("unix://{}", path.display())));
        }
    }
    Ok(all.into_iter().map(|(_, path)| path).collect())
}

/// Whether the sockets of an action are there, and can be given to it alone.
pub(super) fn check(action: &CheckedAction, settings: &Settings) -> Result<(), ExecuteError> {
    check_tier(&find(action, &settings.environment)?, settings.tier)
}

/// At L1 all files are there, so whoever may make a Unix socket may reach every one of the user's.
fn check_tier(sockets: &[(Purpose<'_>, PathBuf)], tier: Tier) -> Result<(), ExecuteError> {
    match sockets.first() {
        Some((_, path)) if tier == Tier::L1 => Err(ExecuteError::SocketAtL1 { path: path.clone() }),
        _ => Ok(()),
    }
}

fn find<'a>(
    action: &'a CheckedAction,
    user: &BTreeMap<String, String>,
) -> Result<Vec<(Purpose<'a>, PathBuf)>, ExecuteError> {
    let purposes = action.fetch.iter().flat_map(|fetch| &fetch.from);
    let purposes = purposes
        .map(|name| Purpose::of(name))
        .filter(|purpose| purpose.is_socket());
    let place = |purpose| match purpose {
        Purpose::Socket(path) => socket(path),
        _ => engine(user),
    };
    purposes.map(|purpose| Ok((purpose, place(purpose)?))).collect()
}

/// The container engine's socket: what the user's own setting says, else the first that is there.
fn engine(user: &BTreeMap<String, String>) -> Result<PathBuf, ExecuteError> {
    if let Some(host) = user.get(ENGINE).filter(|host| !host.is_empty()) {
        let path = host.strip_prefix("unix://").filter(|path| path.starts_with('/'));
        return socket(path.ok_or_else(|| ExecuteError::EngineHost { host: host.clone() })?);
    }
    let own = user.get("XDG_RUNTIME_DIR").into_iter();
    let own = own.flat_map(|folder| OWN_ENGINES.map(|name| Path::new(folder).join(name)));
    let mut all = ENGINES.map(PathBuf::from).into_iter().chain(own);
    all.find(|path| is_socket(path)).ok_or(ExecuteError::NoEngine)
}

fn socket(path: &str) -> Result<PathBuf, ExecuteError> {
    let path = PathBuf::from(path);
    if is_socket(&path) {
        Ok(path)
    } else {
        Err(ExecuteError::NoSocket { path })
    }
}

fn is_socket(path: &Path) -> bool {
    fs::stat_followed(path).is_ok_and(|stat| stat.is_some_and(|stat| stat.kind == Kind::Other))
}
