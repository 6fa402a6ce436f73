//! The step `components`: the crates of the lock file that the programs are made of, for their SBOMs.

use std::path::Path;
use std::{fs, io};

use farm_sdk::{Action, Input, Output, Problem};

use crate::lock::Lock;
use crate::project::Project;

/// The lock file, and the names of the target's packages.
type Parameters = (String, Vec<String>);

/// Reads the lock file.
pub(crate) fn action(project: &Project) -> Action {
    let parameters: Parameters = (project.lock(), project.names());
    Action::step("components", "components")
        .label("list the crates of the lock file")
        .parameters(&serde_json::json!(parameters))
        .input(Input::file(project.lock()))
        .output(Output::file("components", "components.json"))
}

/// Writes `components.json` below `output`.
pub(crate) fn run(parameters: &str, input: &Path, output: &Path) -> Result<(), Problem> {
    let (lock, names): Parameters = serde_json::from_str(parameters).map_err(io::Error::from)?;
    let text = fs::read_to_string(input.join(&lock))?;
    Lock::parse(&lock, &text)?
        .components(&names)
        .write(&output.join("components.json"))
}
