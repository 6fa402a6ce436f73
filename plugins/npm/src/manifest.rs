//! `package.json`: what a package says of itself. Does not know what is installed.

use std::collections::BTreeMap;

use farm_sdk::{Host, Problem};
use serde::Deserialize;

use crate::json::parse;

/// A `package.json`, as far as builders need it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Its name in the registry.
    pub name: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Whether it is kept out of the registry.
    #[serde(default)]
    pub private: bool,
    /// The script that is loaded by its name.
    pub main: Option<String>,
    /// Programs that it brings.
    pub bin: Option<Bin>,
    /// What is published of it.
    pub files: Option<Vec<String>>,
    /// Commands by name.
    #[serde(default)]
    pub scripts: BTreeMap<String, String>,
    /// Packages that are installed together with it.
    pub workspaces: Option<Workspaces>,
    /// The package manager that it wants, with its version.
    pub package_manager: Option<String>,
    /// What it needs to run.
    #[serde(default)]
    pub dependencies: BTreeMap<String, String>,
    /// What only its developers need.
    #[serde(default)]
    pub dev_dependencies: BTreeMap<String, String>,
    /// What it does without, where it cannot be installed.
    #[serde(default)]
    pub optional_dependencies: BTreeMap<String, String>,
    /// What whoever uses it has to bring.
    #[serde(default)]
    pub peer_dependencies: BTreeMap<String, String>,
}

/// One program under the package's own name, or several by name.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Bin {
    /// Its path.
    One(String),
    /// Paths by name.
    Several(BTreeMap<String, String>),
}

/// The folders of packages that are installed together: patterns.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Workspaces {
    /// The patterns alone.
    Patterns(Vec<String>),
    /// Yarn's longer form.
    Table {
        /// The patterns.
        #[serde(default)]
        packages: Vec<String>,
    },
}

impl Workspaces {
    /// The patterns.
    #[must_use]
    pub fn patterns(&self) -> &[String] {
        match self {
            Self::Patterns(patterns) | Self::Table { packages: patterns } => patterns,
        }
    }
}

impl Manifest {
    /// Reads one; none where there is none.
    ///
    /// # Errors
    /// It is not JSON, or says something of another type.
    pub fn read(host: &dyn Host, path: &str) -> Result<Option<Self>, Problem> {
        host.read_text(path)?.map(|text| parse(path, &text)).transpose()
    }

    /// Whether it asks for this package, to run or to be worked on.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.asked().any(|(found, _)| found == name)
    }

    /// All that it asks for by itself, with the versions that fit.
    pub fn asked(&self) -> impl Iterator<Item = (&String, &String)> {
        let optional = &self.optional_dependencies;
        self.dependencies.iter().chain(&self.dev_dependencies).chain(optional)
    }

    /// The packages that it needs when it runs.
    pub fn needed(&self) -> impl Iterator<Item = &String> {
        let optional = self.optional_dependencies.keys();
        self.dependencies
            .keys()
            .chain(optional)
            .chain(self.peer_dependencies.keys())
    }
}
