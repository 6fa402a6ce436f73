//! The sandbox: starts the native tools, and nothing else in the engine does.
//!
//! farm itself forks nothing. It executes its own binary again as a helper with one thread ([`helper_main`]), once in a
//! build ([`Helper`]). For each run the helper forks a process, which gets the [`Spec`] over a socket, shuts the tool in
//! and stays beside it until every process of the action is dead. Does not know what a builder, an action or the cache is. What each tier holds, and what it does not:
//! `host/docs/sandbox.md`.

use std::fmt;

use serde::{Deserialize, Serialize};

mod error;
mod jobserver;
mod probe;
mod run;
mod server;
mod spec;
mod wire;

#[cfg(target_os = "linux")]
mod helper;
#[cfg(not(target_os = "linux"))]
#[path = "portable.rs"]
mod helper;

pub use error::{Fault, FaultKind, SandboxError};
pub use helper::helper_main;
pub use jobserver::Jobserver;
pub use probe::{Support, Unavailable, Wanted, probe, system};
pub use run::{Stream, run, run_interactive};
pub use server::Helper;
pub use spec::{
    Bind, CACHE_INSIDE, CacheFolder, Ending, Finished, HOME_INSIDE, Limits, SCRATCH_FOLDERS, Spec, TEMPORARY_INSIDE,
    TREE_INSIDE, Usage,
};
pub use wire::HELPER_ARGUMENT;

/// How far a tool is shut in. Later tiers include the earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Tier {
    /// Staged tree, clean environment, resource limits, own process group.
    L0,
    /// And no_new_privs, Landlock and seccomp (Linux).
    L1,
    /// And namespaces with an empty root (Linux).
    L2,
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::L0 => "L0",
            Self::L1 => "L1",
            Self::L2 => "L2",
        })
    }
}
