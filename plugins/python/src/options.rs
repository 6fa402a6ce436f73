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
    pub(crate) build_requirements: Option<String>,
    #[serde(default)]
    pub(crate) build_tools: Vec<String>,
    #[serde(default = "yes")]
    pub(crate) bundle_dependencies: bool,
    #[serde(default = "yes")]
    pub(crate) bytecode: bool,
    pub(crate) dev_requirements: Option<String>,
    #[serde(default)]
    pub(crate) exclude: Vec<String>,
    #[serde(default)]
    pub(crate) lint: bool,
    pub(crate) migrations: Option<Migrations>,
    #[serde(default = "python3")]
    pub(crate) python: String,
    pub(crate) requirements: Option<String>,
    pub(crate) sources: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) test: bool,
    #[serde(default)]
    pub(crate) test_args: Vec<String>,
    pub(crate) test_workers: Option<u32>,
    pub(crate) version: Option<String>,
    #[serde(default)]
    pub(crate) wheel: bool,
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

/// How the app's database is migrated.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Migrations {
    /// Alembic's configuration.
    #[serde(default = "alembic_ini")]
    pub(crate) config: String,
    /// The secret that holds the database's address.
    #[serde(default = "database_url")]
    pub(crate) database: String,
    /// Where the database is.
    #[serde(default)]
    pub(crate) network: Vec<String>,
    #[serde(default = "head")]
    pub(crate) revision: String,
}

fn alembic_ini() -> String {
    "alembic.ini".to_owned()
}

fn database_url() -> String {
    "DATABASE_URL".to_owned()
}

fn head() -> String {
    "head".to_owned()
}

const fn yes() -> bool {
    true
}

fn python3() -> String {
    "python3".to_owned()
}
