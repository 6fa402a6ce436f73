//! The step `inspect`: what a program says about itself becomes its metadata and the list of its modules. Does not run
//! it.

use std::path::Path;
use std::{fs, io};

use farm_sdk::Problem;
use farm_sdk::components::{Component, Components};
use serde::{Deserialize, Serialize};

use crate::buildinfo::{BuildInfo, Dependency};

/// What the plan knows and the program does not say.
#[derive(Deserialize)]
struct Parameters {
    /// As images name it.
    platform: String,
    /// The option `version`.
    version: Option<String>,
}

/// The artifact's metadata, in the order in which it is shown.
#[derive(Serialize)]
struct Metadata<'a> {
    platform: &'a str,
    go: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    bytes: usize,
    dependencies: usize,
    package: &'a str,
    module: &'a str,
    modules: Vec<Named<'a>>,
}

#[derive(Serialize)]
struct Named<'a> {
    path: &'a str,
    version: &'a str,
}

impl<'a> Named<'a> {
    fn of(module: &'a Dependency) -> Self {
        Self {
            path: &module.path,
            version: &module.version,
        }
    }
}

/// Reads `program` below `input`, and writes `metadata.json` and `components.json` below `output`.
pub(crate) fn run(parameters: &str, input: &Path, output: &Path) -> Result<(), Problem> {
    let parameters: Parameters = serde_json::from_str(parameters).map_err(io::Error::from)?;
    let program = fs::read(input.join("program"))?;
    let info = BuildInfo::find(&program).ok_or_else(|| {
        let problem = Problem::new("the program does not say what it was built from");
        problem.hint("use go 1.18 or later")
    })?;
    let metadata = Metadata {
        platform: &parameters.platform,
        go: &info.go,
        version: parameters.version.as_deref(),
        bytes: program.len(),
        dependencies: info.dependencies.len(),
        package: &info.package,
        module: &info.module,
        modules: info.dependencies.iter().map(Named::of).collect(),
    };
    let json = serde_json::to_string_pretty(&metadata).map_err(io::Error::from)?;
    fs::write(output.join("metadata.json"), json + "\n")?;
    components(&info).write(&output.join("components.json"))
}

/// The modules in the program, and go's own library, which has its own advisories.
fn components(info: &BuildInfo) -> Components {
    let mut components = Components::default();
    // What was switched on for an experiment follows the version.
    let version = info.go.split(' ').next().unwrap_or(&info.go);
    components.add(Component::package("golang", "std", version));
    for module in &info.dependencies {
        let component = Component::package("golang", &module.path, &module.version);
        // A sum of `go.sum` is a SHA-256 over the module's files.
        components.add(match module.sum.strip_prefix("h1:") {
            Some(digits) => component.hash_base64("SHA-256", digits),
            None => component,
        });
    }
    components
}
