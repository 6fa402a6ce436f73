//! The step `components`: the packages that a package needs when it runs, for its SBOM. Does not look into them.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use farm_npm::packages::{self, Manifests};
use farm_npm::{Manifest, join};
use farm_sdk::components::{Component, Components, Scope, npm};
use farm_sdk::{Action, Input, Output, Problem};
use serde::{Deserialize, Serialize};

use crate::manager::Manager;
use crate::project::Project;

/// What the action `production` has found.
const FOUND: &str = "packages.json";

/// What the step is told.
#[derive(Serialize, Deserialize)]
struct Task {
    manager: Manager,
    lock: String,
    /// The package's folder, from the lock file's.
    folder: String,
    /// The package's own manifest, and those of the packages of the workspace that it needs, by name.
    manifest: String,
    locals: BTreeMap<String, String>,
}

/// A package that was installed.
#[derive(Deserialize)]
struct Found {
    name: String,
    version: Option<String>,
    license: Option<String>,
}

/// Reads the lock file, which has digests; npm's has licences, too, and the others' come from what was installed.
pub(crate) fn action(project: &Project, (manager, lock): (Manager, String), production: &Action) -> Action {
    let manifest = |folder: &String| join(folder, "package.json");
    let locals = project.locals.iter();
    let task = Task {
        manager,
        lock: lock.clone(),
        folder: project.below_top(&project.folder).to_owned(),
        manifest: manifest(&project.folder),
        locals: locals.map(|(name, folder)| (name.clone(), manifest(folder))).collect(),
    };
    let manifests = match manager {
        Manager::Yarn | Manager::YarnBerry => std::iter::once(&task.manifest).chain(task.locals.values()).collect(),
        Manager::Npm | Manager::Pnpm => Vec::new(),
    };
    let found = (manager != Manager::Npm).then(|| Input::output(FOUND, production.out("packages")));
    Action::step("components", "components")
        .label("list the packages that it needs when it runs")
        .parameters(&serde_json::json!(task))
        .input(Input::file(lock))
        .inputs(manifests.into_iter().map(Input::file))
        .inputs(found)
        .output(Output::file("components", "components.json"))
}

/// Writes `components.json` below `output`.
pub(crate) fn run(parameters: &str, input: &Path, output: &Path) -> Result<(), Problem> {
    let task: Task = serde_json::from_str(parameters).map_err(io::Error::from)?;
    let lock = fs::read_to_string(input.join(&task.lock))?;
    let mut components = match task.manager {
        Manager::Npm => npm::read(&lock, &task.folder)?,
        Manager::Pnpm => packages::of_pnpm(&lock, &task.folder)?,
        Manager::Yarn | Manager::YarnBerry => packages::of_yarn(&lock, &task.manifests(input)?)?,
    };
    if task.manager != Manager::Npm {
        let found: Vec<Found> = serde_json::from_slice(&fs::read(input.join(FOUND))?).map_err(io::Error::from)?;
        add_found(&mut components, &found);
    }
    components.without_excluded().write(&output.join("components.json"))
}

impl Task {
    fn manifests(&self, input: &Path) -> Result<Manifests, Problem> {
        let read = |path: &String| farm_npm::parse::<Manifest>(path, &fs::read_to_string(input.join(path))?);
        let locals = self.locals.iter();
        Ok(Manifests {
            own: read(&self.manifest)?,
            locals: locals
                .map(|(name, path)| Ok((name.clone(), read(path)?)))
                .collect::<Result<_, Problem>>()?,
        })
    }
}

/// What is there is needed, whatever the lock file says of it: nothing in Yarn's tells who brings a peer. A package of the
/// workspace is an artifact of its own, and none of the lock file.
fn add_found(components: &mut Components, found: &[Found]) {
    let listed: Vec<Component> = components.iter().cloned().collect();
    for Found { name, version, license } in found {
        let is_it = |component: &&Component| component.name == *name && Some(&component.version) == version.as_ref();
        let Some(component) = listed.iter().find(is_it) else {
            continue;
        };
        let component = component.clone().scope(Scope::Required);
        components.add(match license {
            Some(license) => component.license(license),
            None => component,
        });
    }
}
