//! L0 and L1: the tool among the other processes of the host, with its own session, and rules at L1. Does not know
//! namespaces.

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Instant;

use rustix::fs::AtFlags;
use rustix::io::Errno;
use rustix::process::DumpableBehavior;

use super::super::wire::{Mode, Reply, Request};
use super::super::{Bind, Fault, Spec};
use super::supervise::{Watch, Watched, watch};
use super::{At, files, killing, sys, tool};

/// Runs the tool and kills what is left of it.
pub(super) fn run(channel: &UnixStream, request: &Request) -> Result<Option<Reply>, Fault> {
    let spec = &request.spec;
    let signals = sys::signal_file(&[libc::SIGCHLD, libc::SIGTERM, libc::SIGHUP, libc::SIGINT, libc::SIGQUIT]);
    let signals = signals.at("signals")?;
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable).at("dumpable")?;
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).at("subreaper")?;
    if request.mode != Mode::Probe {
        furnish(spec)?;
    }
    let watched = tool::spawn(request).and_then(|tool| {
        let started = Instant::now();
        let watched = Watch {
            channel,
            parent: None,
            signals: &signals,
            tool,
            limits: &spec.limits,
        };
        let watched = watch(&watched).at("watch the tool")?;
        Ok((watched, started.elapsed()))
    });
    killing::kill_descendants();
    Ok(match watched? {
        (Watched::Ended(ending), tool) => Some(Reply::Finished {
            ending,
            usage: sys::children_usage(),
            tool,
        }),
        (Watched::Abandoned, _) => None,
    })
}

/// Makes the folders that the environment names, and the links that stand for mounts.
fn furnish(spec: &Spec) -> Result<(), Fault> {
    let scratch = files::open_folder(&spec.scratch).at("open the scratch folder")?;
    for name in [tool::HOME, tool::TEMPORARY] {
        files::make_folders(&scratch, Path::new(name)).at("home and temporary folder")?;
    }
    let tree = files::open_folder(&spec.tree).at("open the tree")?;
    spec.binds
        .iter()
        .try_for_each(|bind| link(&tree, bind).at(format!("link {}", bind.at)))
}

fn link(tree: &rustix::fd::OwnedFd, bind: &Bind) -> std::io::Result<()> {
    let parent = bind.at.parent().unwrap_or_default();
    let name = bind.at.file_name().unwrap_or_default();
    let folder = files::make_folders(tree, Path::new(parent.as_str()))?;
    match rustix::fs::unlinkat(&folder, name, AtFlags::REMOVEDIR) {
        Ok(()) | Err(Errno::NOENT) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(rustix::fs::symlinkat(&bind.source, &folder, name)?)
}
