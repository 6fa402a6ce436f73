//! What a builder may use: sets of names, and how they are compared.
//!
//! Does not know where grants are written.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::plan::types::Want;

/// Permissions by kind; a builder has those that it wants and that the user granted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permissions {
    /// Tools by name; `*` is any.
    pub tools: BTreeSet<String>,
    /// Purposes for which a fetch action may reach the network.
    pub network: BTreeSet<String>,
    /// Environment variables by name; `*` is any.
    pub environment: BTreeSet<String>,
    /// Secrets by name.
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
        let both = |wanted: &BTreeSet<String>, granted: &BTreeSet<String>| {
            if granted.contains("*") {
                return wanted.clone();
            }
            let any = wanted.contains("*");
            granted
                .iter()
                .filter(|name| any || wanted.contains(*name))
                .cloned()
                .collect()
        };
        let exact = |wanted: &BTreeSet<String>, granted: &BTreeSet<String>| wanted & granted;
        Self {
            tools: both(&self.tools, &granted.tools),
            network: exact(&self.network, &granted.network),
            environment: both(&self.environment, &granted.environment),
            secrets: exact(&self.secrets, &granted.secrets),
            caches: exact(&self.caches, &granted.caches),
        }
    }

    /// What is in these permissions and not in the granted ones, as `tools: node`.
    pub fn missing_from(&self, granted: &Self) -> Vec<(&'static str, String)> {
        let mut missing = Vec::new();
        for ((kind, wanted), (_, granted)) in self.kinds().into_iter().zip(granted.kinds()) {
            let any = matches!(kind, "tools" | "environment") && granted.contains("*");
            let names = wanted.iter().filter(|name| !any && !granted.contains(*name));
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
        self.tools.contains("*") || self.tools.contains(name)
    }

    /// Whether this variable may be handed on.
    pub fn allows_environment(&self, name: &str) -> bool {
        self.environment.contains("*") || self.environment.contains(name)
    }
}
