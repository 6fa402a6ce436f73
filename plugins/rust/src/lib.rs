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
mod paths;
mod platform;
mod project;

use std::path::Path;

use farm_sdk::{Action, Artifact, Builder, Description, Host, OutputRef, Plan, Problem, Request};

use crate::actions::{Parts, output_name};
use crate::lock::Lock;
pub use crate::options::Options;
use crate::paths::join;
use crate::project::Project;

/// The builder.
#[derive(Debug)]
pub struct Rust;

/// What is started, directly or by others.
const TOOLS: [&str; 8] = [
    "sh",
    "cargo",
    "rustc",
    "rustdoc",
    "cc",
    "cargo-clippy",
    "clippy-driver",
    "sccache",
];

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
        TOOLS
            .iter()
            .fold(description, |description, tool| description.wants_tool(tool))
    }

    fn plan(request: &Request<Options>, host: &dyn Host) -> Result<Plan, Problem> {
        let options = &request.options;
        check_tools(options, host)?;
        let project = Project::read(host, &request.root)?;
        let lock = Lock::parse(&project.lock(), &host.read_text(&project.lock())?.unwrap_or_default())?;
        let settings = settings(host, &project)?;
        let fetch = (lock.count() > 0).then(|| actions::fetch(&project, &lock, &settings));
        let parts = Parts {
            request,
            project: &project,
            lock: &lock,
            has_target_flags: has_target_flags(host, &settings)?,
            settings,
            fetched: fetch.as_ref().map(|fetch| fetch.out("vendor")),
        };
        let programs = programs(&project, options, &request.root)?;
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
    let is_matrix = triples.len() > 1;
    let components = components::action(parts.project);
    let listed = components.out("components");
    triples.into_iter().fold(plan.action(components), |plan, triple| {
        let build = parts.build(programs, triple);
        let platform = platform_of(parts.request, triple);
        let measure = measure::action(parts, &build, programs, &platform);
        let artifacts = programs.iter().map(|program| {
            let place = is_matrix.then(|| platform.replace('/', "-"));
            let place = (place.as_deref(), actions::file_name(program, triple));
            artifact(&build, &measure, program, place, &listed)
        });
        let plan = artifacts.fold(plan, Plan::artifact);
        plan.actions([build, measure])
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

/// Cargo's settings beside the lock file and beside the target.
fn settings(host: &dyn Host, project: &Project) -> Result<Vec<String>, Problem> {
    let mut found = Vec::new();
    for name in [".cargo/config.toml", ".cargo/config"] {
        let path = join(&project.top, name);
        found.extend(host.is_file(&path)?.then_some(path));
    }
    Ok(found)
}

/// Whether one of these files sets compiler flags for single targets.
fn has_target_flags(host: &dyn Host, settings: &[String]) -> Result<bool, Problem> {
    for path in settings {
        let text = host.read_text(path)?.unwrap_or_default();
        let table: toml::Table = toml::from_str(&text).unwrap_or_default();
        let targets = table.get("target").and_then(toml::Value::as_table);
        if targets
            .into_iter()
            .flatten()
            .any(|(_, target)| target.get("rustflags").is_some())
        {
            return Ok(true);
        }
    }
    Ok(false)
}

fn check_tools(options: &Options, host: &dyn Host) -> Result<(), Problem> {
    let rust = "install Rust with rustup, and the toolchain that the folder asks for with `rustup toolchain install`";
    let clippy = "run `rustup component add clippy`, or set `clippy = false`";
    let sccache = "install sccache, or set `sccache = false`";
    let wanted = [
        ("cargo", true, rust),
        ("rustc", true, rust),
        (
            "cc",
            true,
            "install a C compiler, which links the programs: gcc or clang",
        ),
        ("rustdoc", options.test, rust),
        ("cargo-clippy", options.clippy, clippy),
        ("sccache", options.sccache, sccache),
    ];
    for (tool, _, hint) in wanted.into_iter().filter(|(_, is_wanted, _)| *is_wanted) {
        if !host.has_tool(tool)? {
            return Err(Problem::new(format!("the tool `{tool}` is not on the PATH")).hint(hint));
        }
    }
    Ok(())
}
