//! The target's options. `options.schema.json` tells their meaning to the user.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The target's options.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Options {
    pub(crate) bins: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) clippy: bool,
    #[serde(default = "yes")]
    pub(crate) default_features: bool,
    #[serde(default)]
    pub(crate) env: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) features: Vec<String>,
    #[serde(default)]
    pub(crate) inputs: Vec<String>,
    profile: Option<String>,
    #[serde(default)]
    sccache: Sccache,
    #[serde(default)]
    pub(crate) targets: Vec<String>,
    #[serde(default)]
    pub(crate) test: bool,
}

/// Who has what sccache keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Keeper {
    /// All workspaces that share it.
    Shared,
}

/// The option `sccache`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged)]
enum Sccache {
    Switch(bool),
    By(Keeper),
}

impl Default for Sccache {
    fn default() -> Self {
        Self::Switch(false)
    }
}

impl Options {
    /// Whether the compiler runs under sccache.
    pub(crate) const fn sccache(&self) -> bool {
        !matches!(self.sccache, Sccache::Switch(false))
    }

    /// Whether what it keeps is for all workspaces that say so.
    pub(crate) const fn shares_sccache(&self) -> bool {
        matches!(self.sccache, Sccache::By(Keeper::Shared))
    }

    /// The profile, in a mode.
    pub(crate) fn profile(&self, mode: &str) -> &str {
        let default = if mode == "development" { "dev" } else { "release" };
        self.profile.as_deref().unwrap_or(default)
    }
}

const fn yes() -> bool {
    true
}
