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
    pub(crate) sccache: bool,
    #[serde(default)]
    pub(crate) targets: Vec<String>,
    #[serde(default)]
    pub(crate) test: bool,
}

impl Options {
    /// The profile, in a mode.
    pub(crate) fn profile(&self, mode: &str) -> &str {
        let default = if mode == "development" { "dev" } else { "release" };
        self.profile.as_deref().unwrap_or(default)
    }
}

const fn yes() -> bool {
    true
}
