//! What the installer wrote down: the packages that are there, and those that cannot be had here. Does not install.

use std::collections::{BTreeMap, BTreeSet};

use farm_sdk::Problem;
use serde::Deserialize;

/// What the installer wrote down.
#[derive(Debug, Deserialize)]
pub struct Facts {
    pub(crate) packages: Vec<Package>,
    /// Of [`Installed::sparing`](crate::Installed::sparing): what cannot be used here, and why.
    #[serde(default)]
    lacking: BTreeMap<String, String>,
}

/// An installed package.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) license: Option<String>,
    /// Names that it always needs, installed or not.
    pub(crate) requires: BTreeSet<String>,
}

impl Facts {
    /// Reads the file that the installer writes.
    ///
    /// # Errors
    /// It is not one.
    pub fn read(content: &[u8]) -> Result<Self, Problem> {
        serde_json::from_slice(content)
            .map_err(|error| Problem::new(format!("the list of installed packages cannot be read: {error}")))
    }

    /// Whether a package is there with all that it needs, by its canonical name.
    #[must_use]
    pub fn is_usable(&self, name: &str) -> bool {
        self.packages.iter().any(|package| package.name == name) && !self.lacking.contains_key(name)
    }

    /// Why a package cannot be used here; none where it can be, or was not asked for on this platform.
    #[must_use]
    pub fn lacking(&self, name: &str) -> Option<&str> {
        self.lacking.get(name).map(String::as_str)
    }
}
