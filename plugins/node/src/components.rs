//! The step `components`: the packages that a package needs when it runs, for its SBOM. Does not look into them.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use farm_sdk::components::{Component, Components, npm};
use farm_sdk::{Action, Input, Output, Problem};
use serde::Deserialize;

use crate::manager::Manager;
use crate::project::Project;

/// What the step is told: npm's lock file, and the package's folder from there; none where another manager's lock file does
/// not say enough.
type Parameters = Option<(String, String)>;

/// A package that was found to be needed.
#[derive(Deserialize)]
struct Needed {
    name: String,
    version: Option<String>,
    license: Option<String>,
    place: String,
    needs: Vec<String>,
}

/// Reads npm's lock file, which holds digests; else what was found.
pub(crate) fn action(project: &Project, production: &Action) -> Action {
    let lock = project.lock().filter(|_| project.manager == Some(Manager::Npm));
    let parameters: Parameters = lock
        .clone()
        .map(|lock| (lock, project.below_top(&project.folder).to_owned()));
    let step = Action::step("components", "components")
        .label("list the packages that it needs when it runs")
        .parameters(&serde_json::json!(parameters))
        .output(Output::file("components", "components.json"));
    match lock {
        Some(lock) => step.input(Input::file(lock)),
        None => step.input(Input::output("packages.json", production.out("packages"))),
    }
}

/// Writes `components.json` below `output`.
pub(crate) fn run(parameters: &str, input: &Path, output: &Path) -> Result<(), Problem> {
    let parameters: Parameters = serde_json::from_str(parameters).map_err(io::Error::from)?;
    let components = match parameters {
        Some((lock, folder)) => npm::read(&fs::read_to_string(input.join(lock))?, &folder)?.without_excluded(),
        None => read_found(&fs::read(input.join("packages.json"))?)?,
    };
    components.write(&output.join("components.json"))
}

fn read_found(bytes: &[u8]) -> Result<Components, Problem> {
    let needed: Vec<Needed> = serde_json::from_slice(bytes).map_err(io::Error::from)?;
    let known = needed.iter().filter_map(|needed| Some((needed, component(needed)?)));
    let known: BTreeMap<&str, (&Needed, Component)> = known.map(|pair| (pair.0.place.as_str(), pair)).collect();
    let mut components = Components::default();
    for (needed, component) in known.values() {
        for on in needed.needs.iter().filter_map(|place| known.get(place.as_str())) {
            components.depends(&component.purl, &on.1.purl);
        }
        components.add(component.clone());
    }
    Ok(components)
}

fn component(needed: &Needed) -> Option<Component> {
    let component = Component::package("npm", &needed.name, needed.version.as_deref()?);
    Some(match &needed.license {
        Some(license) => component.license(license),
        None => component,
    })
}
