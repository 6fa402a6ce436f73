//! Cargo's settings beside the lock file: which there are, and what of them reaches a fetch. Does not know packages.

use farm_sdk::paths::join;
use farm_sdk::{Host, Input, Problem};
use toml::{Table, Value};

/// The settings of a workspace.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    /// Each file with what it says.
    files: Vec<(String, Table)>,
    /// Whether a toolchain of the workspace's own builds.
    pub(crate) has_own_toolchain: bool,
}

/// Tables that say where crates are and how they are reached.
const OF_FETCH: [&str; 4] = ["http", "net", "registries", "registry"];

impl Settings {
    /// Reads those beside the lock file in this folder.
    pub(crate) fn read(host: &dyn Host, top: &str) -> Result<Self, Problem> {
        let mut settings = Self::default();
        for name in [".cargo/config.toml", ".cargo/config"] {
            let path = join(top, name);
            if let Some(text) = host.read_text(&path)? {
                let table = toml::from_str(&text).map_err(|error| {
                    let problem = Problem::new(format!("`{path}` cannot be read: {}", error.message()));
                    problem.in_file(&path).hint("correct the TOML there")
                })?;
                settings.files.push((path, table));
            }
        }
        let mut folder = Some(top);
        while let Some(here) = folder {
            settings.has_own_toolchain |= has_own_toolchain(host, here)?;
            folder = match here.rsplit_once('/') {
                Some((above, _)) => Some(above),
                None => (!here.is_empty()).then_some(""),
            };
        }
        Ok(settings)
    }

    /// All of it, for what builds.
    pub(crate) fn inputs(&self) -> impl Iterator<Item = Input> {
        self.files.iter().map(|(path, _)| Input::file(path))
    }

    /// What a fetch gets of it, which shares what it keeps with all workspaces: nothing that names a program to start.
    pub(crate) fn of_fetch(&self) -> impl Iterator<Item = Input> {
        self.files.iter().filter_map(|(path, table)| {
            let mut kept = table.clone();
            kept.retain(|name, _| OF_FETCH.contains(&name));
            kept.iter_mut().for_each(|(_, value)| without_programs(value));
            (!kept.is_empty()).then(|| Input::content(path, kept.to_string()))
        })
    }

    /// Whether compiler flags are set for single targets.
    pub(crate) fn has_target_flags(&self) -> bool {
        let tables = self
            .files
            .iter()
            .filter_map(|(_, table)| table.get("target")?.as_table());
        tables.flatten().any(|(_, target)| target.get("rustflags").is_some())
    }
}

/// Leaves out who is asked for credentials, and that git is started for what cargo can do itself.
fn without_programs(value: &mut Value) {
    let Some(table) = value.as_table_mut() else { return };
    table.retain(|name, _| !name.contains("credential") && name != "git-fetch-with-cli");
    table.iter_mut().for_each(|(_, value)| without_programs(value));
}

/// Whether rustup would take a toolchain from a folder that a file here names.
fn has_own_toolchain(host: &dyn Host, folder: &str) -> Result<bool, Problem> {
    for name in ["rust-toolchain.toml", "rust-toolchain"] {
        let text = host.read_text(&join(folder, name))?.unwrap_or_default();
        let table: Table = toml::from_str(&text).unwrap_or_default();
        if table
            .get("toolchain")
            .is_some_and(|toolchain| toolchain.get("path").is_some())
        {
            return Ok(true);
        }
    }
    Ok(false)
}
