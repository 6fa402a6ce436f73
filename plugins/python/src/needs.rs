//! Whether all that builds a wheel is there, in a version that is asked for: at first what the project names, as far as
//! that can be told from what is pinned; then, in a step, all of it, with what the back end asks for besides.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use farm_pip::Lock;
use farm_sdk::Problem;
use serde::{Deserialize, Serialize};

use crate::pyproject::{BuildSystem, PYPROJECT};
use crate::requirement::Requirement;

const PIN_IT: &str = "pin all that builds the wheel in the group `build` of pyproject.toml (`uv add --group build`), or in \
    `build-requirements.txt`";
const PIN_ANOTHER: &str =
    "pin a version that is asked for: with `uv lock`, or `uv pip compile` for `build-requirements.txt`";

/// What the step is told.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Parameters {
    pub(crate) backend: String,
    /// What the project names.
    pub(crate) requires: Vec<String>,
}

/// What the script wrote down.
#[derive(Deserialize)]
struct Needs {
    /// What the back end asks for besides.
    asked: Vec<String>,
    /// What markers are about.
    environment: BTreeMap<String, String>,
}

/// What the installer wrote down.
#[derive(Deserialize)]
struct Facts {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
}

/// Each package that the project names for building must be pinned, or it could be another one tomorrow.
pub(crate) fn check_pins(system: &BuildSystem, pinned: &Lock) -> Result<(), Problem> {
    let always = system.requires.iter().filter(|one| one.is_needed(None) == Some(true));
    for requirement in always {
        let versions = pinned.versions(&requirement.name);
        let there = pinned.has(&requirement.name).then_some(&versions[..]);
        check(requirement, there, "the wheel is built by").map_err(|problem| {
            let problem = problem.in_file(PYPROJECT);
            match system.line {
                Some(line) => problem.at_line(line),
                None => problem,
            }
        })?;
    }
    Ok(())
}

/// Whether the package is there at all, and one of its versions will do; of versions that nobody says, nothing is said.
fn check(requirement: &Requirement, there: Option<&[&str]>, who: &str) -> Result<(), Problem> {
    let text = &requirement.text;
    let (message, hint) = match there {
        None => (format!("{who} `{text}`, which is not pinned"), PIN_IT),
        Some(versions) if versions.is_empty() || versions.iter().any(|version| requirement.allows(version)) => {
            return Ok(());
        }
        Some(versions) => {
            let versions = versions.join(", ");
            (format!("{who} `{text}`, and what is pinned is {versions}"), PIN_ANOTHER)
        }
    };
    Err(Problem::new(message).hint(hint))
}

/// The step `build-needs`: reads `needs.json` and `packages.json` below `input`, and writes below `output` what is needed
/// here.
pub(crate) fn run(parameters: &str, input: &Path, output: &Path) -> Result<(), Problem> {
    let unreadable = |error| Problem::new(format!("what builds the wheel cannot be read: {error}"));
    let Parameters { backend, requires } = serde_json::from_str(parameters).map_err(unreadable)?;
    let Needs { asked, environment } =
        serde_json::from_slice(&fs::read(input.join("needs.json"))?).map_err(unreadable)?;
    let facts = match fs::read(input.join("packages.json")) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(unreadable)?,
        Err(_) => Facts { packages: Vec::new() },
    };
    let asks = format!("`{backend}` asks for");
    let named = requires.iter().map(|text| (text, "the wheel is built by"));
    let mut needed = Vec::new();
    for (text, who) in named.chain(asked.iter().map(|text| (text, asks.as_str()))) {
        let no_requirement = |reason| Problem::new(format!("{who} `{text}`, which is no requirement: {reason}"));
        let requirement = Requirement::parse(text).map_err(no_requirement)?;
        match requirement.is_needed(Some(&environment)) {
            Some(true) => {}
            Some(false) => continue,
            None => return Err(no_requirement("its marker cannot be read".to_owned())),
        }
        let found = facts.packages.iter().filter(|package| package.name == requirement.name);
        let versions: Vec<&str> = found.map(|package| package.version.as_str()).collect();
        check(&requirement, (!versions.is_empty()).then_some(&versions[..]), who)?;
        needed.push(requirement.text);
    }
    let lines = needed.into_iter().map(|line| line + "\n");
    Ok(fs::write(output.join("needs.txt"), lines.collect::<String>())?)
}
