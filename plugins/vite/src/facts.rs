//! What farm's Vite plugin wrote down of a bundle (`scripts/farm.vite.config.mjs`). Does not know how big files are: the
//! plugin sees them before other plugins are done.

use std::fs;
use std::path::Path;

use farm_sdk::Problem;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

/// A bundle, as the bundler knows it.
#[derive(Debug, Deserialize)]
pub(crate) struct Facts {
    /// Vite's version.
    pub(crate) vite: String,
    /// The scripts.
    pub(crate) chunks: Vec<Chunk>,
    /// All other files that the bundler wrote.
    pub(crate) assets: Vec<IgnoredAny>,
}

/// One script.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Chunk {
    /// Its name, without folder and hash.
    pub(crate) name: String,
    /// Its path below the bundle.
    pub(crate) file: String,
    /// Whether a page loads it first.
    #[serde(default)]
    pub(crate) entry: bool,
    /// Whether it is loaded when an `import()` asks for it.
    #[serde(default)]
    pub(crate) dynamic: bool,
    /// The scripts that it always loads as well.
    #[serde(default)]
    pub(crate) imports: Vec<String>,
    /// What it is made of, largest first.
    pub(crate) modules: Vec<Module>,
}

/// One module of a script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Module {
    /// Its path from the target's folder, or the name that a plugin gave it.
    pub(crate) id: String,
    /// What is left of it in the script, before that is minified.
    pub(crate) bytes: u64,
}

impl Facts {
    /// Reads `facts.json` of a step.
    pub(crate) fn read(input: &Path) -> Result<Self, Problem> {
        read(&input.join("facts.json"))
    }
}

/// Reads a file that an earlier action of this target wrote.
pub(crate) fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, Problem> {
    let name = path.file_name().unwrap_or_default().display();
    serde_json::from_slice(&fs::read(path)?)
        .map_err(|error| Problem::new(format!("`{name}`, which farm wrote, cannot be read: {error}")))
}
