//! The step `components`: the crates that the programs are made of, for their SBOMs. What cargo tells of the build says which
//! of the lock file's these are, which itself does not know what is for tests or another platform.

use std::path::Path;
use std::{fs, io};

use farm_sdk::{Action, Input, Output, Problem};

use crate::lock::Lock;
use crate::project::Project;

/// Reads the lock file, and the trees of a build.
pub(crate) fn action(project: &Project, build: &Action) -> Action {
    Action::step(build.id.replacen("build", "components", 1), "components")
        .label("list the crates of the programs")
        .parameters(&serde_json::json!(project.lock()))
        .input(Input::file(project.lock()))
        .input(Input::output("linked.txt", build.out("linked")))
        .input(Input::output("used.txt", build.out("used")))
        .output(Output::file("components", "components.json"))
}

/// Writes `components.json` below `output`.
pub(crate) fn run(parameters: &str, input: &Path, output: &Path) -> Result<(), Problem> {
    let lock: String = serde_json::from_str(parameters).map_err(io::Error::from)?;
    let read = |name: &str| fs::read_to_string(input.join(name));
    Lock::parse(&lock, &read(&lock)?)?
        .components(&read("linked.txt")?, &read("used.txt")?)
        .write(&output.join("components.json"))
}
