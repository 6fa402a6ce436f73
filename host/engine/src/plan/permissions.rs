//! What a builder may use: sets of names, and how they are compared.
//!
//! Does not know where grants are written.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::plan::purpose::Purpose;
use crate::plan::types::Want;

/// Permissions by kind; a builder has those that it wants and that the user granted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permissions {
    /// Tools by name; `*` is any.
    pub tools: BTreeSet<String>,
    /// Purposes for which actions may reach the network, and sockets; `*` is any host, `unix:*` any socket with a path.
    pub network: BTreeSet<String>,
    /// Environment variables by name; `*` is any.
    pub environment: BTreeSet<String>,
    /// Secrets by name; `*` is any.
    pub secrets: BTreeSet<String>,
    /// Tool caches by name.
    pub caches: BTreeSet<String>,
}

impl Permissions {
    /// All that a description asks for.
    pub fn wanted(wants: &[Want]) -> Self {
        let mut all = Self::default();
        for want in wants {
            let (set, name) = match want {
                Want::Tool(name) => (&mut all.tools, name),
                Want::Network(name) => (&mut all.network, name),
                Want::Environment(name) => (&mut all.environment, name),
                Want::Secret(name) => (&mut all.secrets, name),
                Want::ToolCache(name) => (&mut all.caches, name),
            };
            set.insert(name.clone());
        }
        all
    }

    /// What is in both: a builder may use what it wants and was granted, and nothing that is only one of these.
    #[must_use]
    pub fn shared_with(&self, granted: &Self) -> Self {
        let both = |kind, wanted: &BTreeSet<String>, granted: &BTreeSet<String>| {
            let wanted_of_granted = granted.iter().filter(|name| allows(kind, wanted, name));
            let granted_of_wanted = wanted.iter().filter(|name| allows(kind, granted, name));
            wanted_of_granted.chain(granted_of_wanted).cloned().collect()
        };
        Self {
            tools: both("tools", &self.tools, &granted.tools),
            network: both("network", &self.network, &granted.network),
            environment: both("environment", &self.environment, &granted.environment),
            secrets: both("secrets", &self.secrets, &granted.secrets),
            caches: both("caches", &self.caches, &granted.caches),
        }
    }

    /// What is in these permissions and not in the granted ones, as `tools: node`.
    pub fn missing_from(&self, granted: &Self) -> Vec<(&'static str, String)> {
        let mut missing = Vec::new();
        for ((kind, wanted), (_, granted)) in self.kinds().into_iter().zip(granted.kinds()) {
            let names = wanted.iter().filter(|name| !allows(kind, granted, name));
            missing.extend(names.map(|name| (kind, name.clone())));
        }
        missing
    }

    /// Each kind's key in `farm.toml`, and its names.
    pub fn kinds(&self) -> [(&'static str, &BTreeSet<String>); 5] {
        [
            ("tools", &self.tools),
            ("network", &self.network),
            ("environment", &self.environment),
            ("secrets", &self.secrets),
            ("caches", &self.caches),
        ]
    }

    /// Whether this tool may be used.
    pub fn allows_tool(&self, name: &str) -> bool {
        allows("tools", &self.tools, name)
    }

    /// Whether the network may be reached for this purpose, or this socket.
    pub fn allows_network(&self, purpose: &str) -> bool {
        allows("network", &self.network, purpose)
    }

    /// Whether this variable may be handed on.
    pub fn allows_environment(&self, name: &str) -> bool {
        allows("environment", &self.environment, name)
    }

    /// Whether this secret may be handed on.
    pub fn allows_secret(&self, name: &str) -> bool {
        allows("secrets", &self.secrets, name)
    }
}

/// Whether a name is among those of a kind, or a wildcard of that kind stands for it. What reaches more than the network
/// does, the sockets of this machine, no `*` stands for.
fn allows(kind: &str, names: &BTreeSet<String>, name: &str) -> bool {
    let wildcard = match kind {
        "tools" | "environment" | "secrets" => Some("*"),
        "network" => match Purpose::of(name) {
            Purpose::Host => Some("*"),
            Purpose::Socket(_) => Some("unix:*"),
            Purpose::ContainerEngine => None,
        },
        _ => None,
    };
    names.contains(name) || wildcard.is_some_and(|wildcard| names.contains(wildcard))
}
