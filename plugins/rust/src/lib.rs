//! The builder `rust`: programs of a cargo package or workspace, from its lock file to binaries. Does not know what the
//! programs do.
//!
//! Actions: `fetch` (once for each lock file), `build` or `build-<triple>`, `clippy` and `test` if asked for, and the steps
//! `measure` and `components`. Artifacts: each program under its name, of kind `rust-binary`.
//!
//! All paths are from the workspace's root, since the lock file of a cargo workspace lies above its packages.

mod actions;
mod components;
mod lock;
mod manifest;
mod measure;
mod options;
mod platform;
mod project;
mod settings;
mod tools;
mod tree;

use std::collections::BTreeMap;
use std::path::Path;

use farm_sdk::paths::join;
use farm_sdk::{Action, Artifact, Builder, Description, Host, OutputRef, Plan, Problem, Request};

use crate::actions::{Parts, output_name};
use crate::lock::Lock;
pub use crate::options::Options;
use crate::project::Project;
use crate::settings::Settings;

/// The builder.
#[derive(Debug)]
pub struct Rust;

impl Builder for Rust {
    type Options = Options;

    fn describe() -> Description {
        let schema = include_str!("options.schema.json");
        let description = Description::new(
            "rust",
            env!("CARGO_PKG_VERSION"),
            "cargo packages and workspaces",
            schema,
        )
        .paths_from_workspace()
        .wants_network("crates")
        .wants_tool_cache("cargo")
        .wants_tool_cache("sccache")
        .wants_tool_cache("targets");
        tools::TOOLS
            .iter()
            .fold(description, |description, tool| description.wants_tool(tool))
    }

    fn plan(request: &Request<Options>, host: &dyn Host) -> Result<Plan, Problem> {
        let options = &request.options;
        let found = tools::look(options, host)?;
        let project = Project::read(host, &request.root)?;
        let lock = Lock::parse(&project.lock(), &host.read_text(&project.lock())?.unwrap_or_default())?;
        let settings = Settings::read(host, &project.top)?;
        let fetch = (lock.count() > 0).then(|| actions::fetch(&project, &lock, &settings));
        let parts = Parts {
            request,
            project: &project,
            lock: &lock,
            settings: &settings,
            found,
            fetched: fetch.as_ref().map(|fetch| fetch.out("vendor")),
        };
        let programs = programs(&project, options, &request.root)?;
        check_names(&programs, options, &request.root)?;
        let plan = with_programs(Plan::new().actions(fetch), &parts, &programs);
        Ok(plan
            .actions(options.clippy.then(|| parts.clippy()))
            .actions(options.test.then(|| parts.test())))
    }

    fn run_step(name: &str, parameters: &str, input: &Path, output: &Path) -> Result<(), Problem> {
        match name {
            "components" => components::run(parameters, input, output),
            "measure" => measure::run(parameters, input, output),
            _ => Err(Problem::new(format!("this builder has no step `{name}`"))),
        }
    }
}

farm_sdk::export!(Rust);

/// Adds what builds the programs, for each target, and the programs themselves.
fn with_programs(plan: Plan, parts: &Parts<'_>, programs: &[String]) -> Plan {
    if programs.is_empty() {
        return plan;
    }
    let triples = &parts.request.options.targets;
    let triples = triples.iter().map(|triple| Some(triple.as_str()));
    let triples: Vec<Option<&str>> = if triples.len() == 0 {
        vec![None]
    } else {
        triples.collect()
    };
    let platforms: Vec<String> = triples
        .iter()
        .map(|triple| platform_of(parts.request, *triple))
        .collect();
    triples.iter().zip(&platforms).fold(plan, |plan, (triple, platform)| {
        let build = parts.build(programs, *triple);
        let measure = measure::action(parts, &build, programs, platform);
        let components = components::action(parts.project, &build);
        let folder = platform::folder(*triple, &platforms);
        let artifacts = programs.iter().map(|program| {
            let place = (folder.as_deref(), actions::file_name(program, *triple));
            artifact(&build, &measure, program, place, &components.out("components"))
        });
        let plan = artifacts.fold(plan, Plan::artifact);
        plan.actions([build, measure, components])
    })
}

/// A program; with several targets in a folder of each.
fn artifact(
    build: &Action,
    measure: &Action,
    program: &str,
    (folder, file): (Option<&str>, String),
    listed: &OutputRef,
) -> Artifact {
    let name = output_name(program);
    let (artifact, place) = match folder {
        Some(folder) => (format!("{name}-{folder}"), format!("{folder}/{file}")),
        None => (name.clone(), file),
    };
    Artifact::new(artifact, "rust-binary", build.out(&name))
        .placed(place)
        .metadata(measure.out(&name))
        .components(listed.clone())
}

/// The longest name that still fits with the platform behind it.
const MAX_NAME: usize = 64;

/// Artifacts are named after programs, in fewer letters than cargo allows.
fn check_names(programs: &[String], options: &Options, root: &str) -> Result<(), Problem> {
    let at = |problem: Problem| problem.in_file(join(root, "Cargo.toml"));
    let longest = options
        .targets
        .iter()
        .map(|triple| triple.len() + 1)
        .max()
        .filter(|_| options.targets.len() > 1);
    let mut known: BTreeMap<String, &String> = BTreeMap::new();
    for program in programs {
        let name = output_name(program);
        if name.len() + longest.unwrap_or(0) > MAX_NAME {
            let problem = Problem::new(format!("`{program}` is too long a name for a program"));
            return Err(at(problem).hint(format!(
                "at most {MAX_NAME} letters, with the name of the target where there are several"
            )));
        }
        if let Some(other) = known.insert(name, program) {
            let problem = Problem::new(format!(
                "the programs `{other}` and `{program}` have one name in lower case"
            ));
            return Err(at(problem).hint("say which one in the option `bins`; a second target can build the other"));
        }
    }
    Ok(())
}

fn platform_of(request: &Request<Options>, triple: Option<&str>) -> String {
    triple.map_or_else(|| platform::of_machine(&request.platform), platform::of_triple)
}

/// The programs to build: those named, or all of the target's packages.
fn programs(project: &Project, options: &Options, root: &str) -> Result<Vec<String>, Problem> {
    let mut found = Vec::new();
    for folder in &project.own {
        let member = &project.packages[folder];
        found.extend(
            member
                .manifest
                .programs(&member.files, &options.features, options.default_features),
        );
    }
    found.sort();
    let at = join(root, "Cargo.toml");
    if let Some(pair) = found.windows(2).find(|pair| pair[0] == pair[1]) {
        let problem = Problem::new(format!("two packages have a program `{}`", pair[0])).in_file(at);
        return Err(problem.hint("make a target of each package, with its folder as `root`"));
    }
    let Some(named) = &options.bins else {
        if found.is_empty() && !options.clippy && !options.test {
            let problem = Problem::new("there is no program to build").in_file(at);
            return Err(problem
                .hint("for a library, set `test = true` or `clippy = true`; other targets need no target for it"));
        }
        return Ok(found);
    };
    match named.iter().find(|name| !found.contains(name)) {
        None => Ok(named.clone()),
        Some(name) => {
            let problem =
                Problem::new(format!("option `bins` names `{name}`, and there is no such program")).in_file(at);
            Err(problem.hint(match found[..] {
                [] => "with the features that are on, there is none".to_owned(),
                _ => format!(
                    "there are {}",
                    found
                        .iter()
                        .map(|name| format!("`{name}`"))
                        .collect::<Vec<_>>()
                        .join(", ")
                ),
            }))
        }
    }
}
