//! Landlock: which files the tool may read, execute and write, whatever the mounts show. Does not know seccomp.

use std::io;
use std::path::PathBuf;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetError, RulesetStatus, Scope, path_beneath_rules,
};

use super::super::spec::{CACHE_INSIDE, HOME_INSIDE, TEMPORARY_INSIDE, TREE_INSIDE};
use super::super::{Fault, Spec, Tier};
use super::{At, sys, system};

/// The rights that are asked for; a kernel that knows fewer enforces those it knows.
const VERSION: ABI = ABI::V7;

/// Shuts this process in, for good.
pub(super) fn restrict(spec: &Spec) -> Result<(), Fault> {
    sys::landlock_version().at("landlock")?;
    match enforce(spec) {
        Ok(RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced) => Ok(()),
        Ok(RulesetStatus::NotEnforced) => Err(io::Error::from_raw_os_error(libc::EOPNOTSUPP)).at("landlock"),
        Err(error) => Err(io::Error::other(error)).at("landlock"),
    }
}

fn enforce(spec: &Spec) -> Result<RulesetStatus, RulesetError> {
    let (readable, writable, devices) = match spec.tier {
        Tier::L2 => inside(spec),
        Tier::L0 | Tier::L1 => outside(spec),
    };
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(VERSION))?
        .scope(Scope::from_all(VERSION))?;
    // At L2 the network namespace holds the network, and tests may talk to themselves in it.
    if !spec.network && spec.tier != Tier::L2 {
        rules = rules.handle_access(AccessNet::from_all(VERSION))?;
    }
    let status = rules
        .create()?
        .add_rules(path_beneath_rules(readable, AccessFs::from_read(VERSION)))?
        .add_rules(path_beneath_rules(writable, written()))?
        .add_rules(path_beneath_rules(devices, AccessFs::from_file(VERSION)))?
        .restrict_self()?;
    Ok(status.ruleset)
}

/// Everything but making devices.
fn written() -> BitFlags<AccessFs> {
    AccessFs::from_all(VERSION) & !(AccessFs::MakeChar | AccessFs::MakeBlock | AccessFs::IoctlDev)
}

type Lists = (Vec<PathBuf>, Vec<PathBuf>, Vec<PathBuf>);

/// What may be read, written, and used as a device, in the empty root of L2: there only is what may be read.
fn inside(spec: &Spec) -> Lists {
    let own = [TREE_INSIDE, HOME_INSIDE, TEMPORARY_INSIDE, "/dev/shm"].map(PathBuf::from);
    let caches = spec
        .caches
        .iter()
        .map(|cache| PathBuf::from(CACHE_INSIDE).join(&cache.name));
    (
        vec!["/".into()],
        own.into_iter().chain(caches).collect(),
        paths(&[system::DEVICES]),
    )
}

/// The same among all the files of the host.
fn outside(spec: &Spec) -> Lists {
    let shown = paths(&[
        system::BASE,
        system::ETC_FOLDERS,
        system::ETC_FILES,
        system::ETC_NAMES,
        &["/proc"],
    ]);
    let network = paths(if spec.network { &[system::ETC_NETWORK] } else { &[] });
    let binds = spec.binds.iter().map(|bind| bind.source.clone());
    let readable = shown
        .into_iter()
        .chain(network)
        .chain(binds)
        .chain(spec.toolchains.iter().cloned())
        .collect();
    let caches = spec.caches.iter().map(|cache| cache.source.clone());
    let writable = [spec.tree.clone(), spec.scratch.clone()]
        .into_iter()
        .chain(caches)
        .collect();
    (readable, writable, paths(&[system::DEVICES]))
}

fn paths(lists: &[&[&str]]) -> Vec<PathBuf> {
    lists.iter().copied().flatten().map(PathBuf::from).collect()
}
