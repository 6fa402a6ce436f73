//! The step `components`: the installed packages for the SBOM. Does not know Python: the installer says what is there,
//! which is what the lock file says for this platform.

use std::fs;
use std::io;
use std::path::Path;

use farm_sdk::components::{Component, Components};
use farm_sdk::{Action, Input, Output, Problem};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::facts::{Facts, Package};
use crate::install::{Installed, Use};
use crate::requirements::Requirements;

/// What the step is told.
#[derive(Debug, Serialize, Deserialize)]
struct Parameters {
    /// Where the requirements are that were installed.
    requirements: String,
}

impl Package {
    fn component(&self) -> Component {
        let component = Component::package("pypi", &self.name, &self.version);
        match &self.license {
            Some(license) => component.license(license),
            None => component,
        }
    }
}

/// The action that lists the packages of an app with the hashes that they were pinned by, in the builder that asks for
/// it; its output is `components`.
#[must_use]
pub fn list(installed: &Installed) -> Action {
    let (path, requirements) = installed.requirements.clone();
    Action::step("components", "components")
        .label("list the installed packages")
        .parameters(&json!(Parameters { requirements: path }))
        .input(Input::output(
            Installed::facts_path(Use::Production),
            installed.facts.clone(),
        ))
        .input(requirements)
        .output(Output::file("components", "components.json"))
}

/// The step of that action: reads `farm/dependencies.json` and the requirements below `input`, and writes
/// `components.json` below `output`.
///
/// # Errors
/// What was installed cannot be read.
pub fn run(parameters: &str, input: &Path, output: &Path) -> Result<(), Problem> {
    let Parameters { requirements: path } = serde_json::from_str(parameters).map_err(io::Error::from)?;
    let installed = Facts::read(&fs::read(input.join("farm/dependencies.json"))?)?;
    let requirements = Requirements::parse(&path, &fs::read_to_string(input.join(&path))?)?;
    components(&installed.packages, &requirements).write(&output.join("components.json"))
}

/// A package has the hash of each of its files that might have been installed: which one was, nobody wrote down.
fn components(packages: &[Package], requirements: &Requirements) -> Components {
    let mut components = Components::default();
    for package in packages {
        let component = package.component();
        for needed in packages.iter().filter(|other| package.requires.contains(&other.name)) {
            components.depends(&component.purl, &needed.component().purl);
        }
        let hashes = requirements.hashes(&package.name, &package.version);
        components.add(hashes.fold(component, |component, hex| component.hash("SHA-256", hex)));
    }
    components
}
