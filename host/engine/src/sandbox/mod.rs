//! The sandbox: starts the native tools, and nothing else in the engine does.

use std::fmt;

use serde::{Deserialize, Serialize};

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
