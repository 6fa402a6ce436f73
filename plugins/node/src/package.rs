//! The package itself: what it is made of, and how packages of one workspace find each other. Does not compile.

use farm_sdk::{Action, Artifact, Input, Output, OutputRef, Problem, Request};

use crate::Parts;
use crate::compile::script;
use crate::install::OWN;
use crate::options::Options;
use crate::project::Project;

/// The kind of artifact that a package is.
const KIND: &str = "node-package";
/// The kind of the packages of a workspace that another one of its packages brings with it.
const BROUGHT: &str = "node-workspace";

/// The packages of the workspace that the package needs, as its dependencies built them, where Node finds them.
pub(crate) fn locals(project: &Project, request: &Request<Options>) -> Result<Vec<Input>, Problem> {
    let mut inputs = Vec::new();
    for (name, folder) in project.direct_locals() {
        let built = request
            .dependencies_of_kind(KIND)
            .find(|dependency| dependency.name == artifact_name(name))
            .ok_or_else(|| not_built(project, name, folder))?;
        let at = project.at(&format!("node_modules/{name}"));
        inputs.push(Input::artifact(at, &built.target, &built.name));
        let brought = request
            .dependencies_of_kind(BROUGHT)
            .find(|other| other.target == built.target);
        inputs
            .extend(brought.map(|brought| Input::artifact(project.at("node_modules"), &brought.target, &brought.name)));
    }
    Ok(inputs)
}

fn not_built(project: &Project, name: &str, folder: &str) -> Problem {
    let message = format!("`{name}` is a package of this workspace, and none of the `deps` builds it");
    let problem = Problem::new(message).in_file(project.at("package.json"));
    problem.hint(format!(
        "name in `deps` the target with `builder = \"node\"` and the folder `{folder}` as its root"
    ))
}

/// A package's name as the name of an artifact: `@kettle/brew` is `kettle-brew`.
pub(crate) fn artifact_name(package: &str) -> String {
    let plain = package.trim_start_matches('@').to_ascii_lowercase();
    let fine = |c: char| {
        if c.is_ascii_alphanumeric() || "._-".contains(c) {
            c
        } else {
            '-'
        }
    };
    plain.chars().map(fine).take(64).collect()
}

/// Puts the package together.
pub(crate) fn assemble(parts: &Parts<'_>, compiled: &[OutputRef]) -> Action {
    let project = parts.sources.project;
    let own = |path: &str| project.at(&format!("{OWN}/{path}"));
    Action::tool("package", "node")
        .label("put the package together")
        .in_folder(project.folder.as_str())
        .args([
            "farm-node/package.mjs",
            "farm-node/package",
            "farm-node/metadata.json",
            OWN,
        ])
        .input(script(project, "package.mjs", include_str!("scripts/package.mjs")))
        .inputs(parts.sources.published())
        .inputs(parts.setup.compiled(project, compiled))
        .output(Output::folder("package", own("package")))
        .output(Output::file("metadata", own("metadata.json")))
}

/// The package as an artifact.
pub(crate) fn artifact(project: &Project, assembled: &Action) -> Artifact {
    let name = project.manifest.name.as_deref().map(artifact_name);
    let name = name
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "package".to_owned());
    Artifact::new(name, KIND, assembled.out("package"))
        .placed("")
        .metadata(assembled.out("metadata"))
}
