//! The target's options. `options.schema.json` tells their meaning to the user.

use farm_pip::Settings;
use serde::Deserialize;

/// The target's options.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Options {
    pub(crate) app: Option<String>,
    #[serde(default)]
    pub(crate) build_from_source: bool,
    #[serde(default = "yes")]
    pub(crate) bundle_dependencies: bool,
    #[serde(default = "yes")]
    pub(crate) bytecode: bool,
    #[serde(default)]
    pub(crate) exclude: Vec<String>,
    #[serde(default = "python3")]
    pub(crate) python: String,
    pub(crate) requirements: Option<String>,
    #[serde(default = "everything")]
    pub(crate) sources: Vec<String>,
}

impl Options {
    /// What they say of the packages.
    pub(crate) fn packages(&self) -> Settings<'_> {
        Settings {
            python: &self.python,
            requirements: self.requirements.as_deref(),
            build_from_source: self.build_from_source,
            bytecode: self.bytecode,
        }
    }
}

const fn yes() -> bool {
    true
}

fn python3() -> String {
    "python3".to_owned()
}

fn everything() -> Vec<String> {
    vec!["**".to_owned()]
}
