//! The step `measure`: how big programs are, and what made them. Does not look into them.

use std::path::Path;
use std::{fs, io};

use farm_sdk::{Action, Input, Output, Problem};
use serde::{Deserialize, Serialize};

use crate::actions::{Parts, output_name};
use crate::lock::Lock;

/// What is the same for all programs of a build.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Common {
    platform: String,
    profile: String,
    lock: String,
    programs: Vec<String>,
}

/// A program's metadata.
#[derive(Serialize)]
struct Metadata<'a> {
    platform: &'a str,
    bytes: u64,
    rustc: &'a str,
    profile: &'a str,
    crates: usize,
}

/// Measures what a build made.
pub(crate) fn action(parts: &Parts<'_>, build: &Action, programs: &[String], platform: &str) -> Action {
    let names: Vec<String> = programs.iter().map(|program| output_name(program)).collect();
    let common = Common {
        platform: platform.to_owned(),
        profile: parts.request.options.profile(&parts.request.mode).to_owned(),
        lock: parts.project.lock(),
        programs: names.clone(),
    };
    let id = build.id.replacen("build", "measure", 1);
    let measure = Action::step(id, "measure")
        .label("measure the programs")
        .parameters(&serde_json::json!(common))
        .input(Input::file(parts.project.lock()))
        .input(Input::output("linked.txt", build.out("linked")))
        .input(Input::output("rustc.txt", build.out("rustc")));
    names.iter().fold(measure, |measure, name| {
        measure
            .input(Input::output(format!("bin/{name}"), build.out(name)))
            .output(Output::file(name, format!("{name}.json")))
    })
}

/// Writes a file for each program.
pub(crate) fn run(parameters: &str, input: &Path, output: &Path) -> Result<(), Problem> {
    let common: Common = serde_json::from_str(parameters).map_err(io::Error::from)?;
    let rustc = fs::read_to_string(input.join("rustc.txt"))?;
    let rustc = rustc.split_whitespace().nth(1).unwrap_or("unknown");
    let lock = Lock::parse(&common.lock, &fs::read_to_string(input.join(&common.lock))?)?;
    let crates = lock
        .components(&fs::read_to_string(input.join("linked.txt"))?, "")
        .len();
    for program in &common.programs {
        let metadata = Metadata {
            platform: &common.platform,
            bytes: fs::metadata(input.join("bin").join(program))?.len(),
            rustc,
            profile: &common.profile,
            crates,
        };
        let json = serde_json::to_string_pretty(&metadata).map_err(io::Error::from)?;
        fs::write(output.join(format!("{program}.json")), json + "\n")?;
    }
    Ok(())
}
