//! The builder `command`: any command line with declared inputs and outputs is a target. Does not understand what the
//! command does, beyond the names of the tools that it starts.
//!
//! The command runs by `sh -c` in the target's folder. What a dependency makes appears below `deps/`: the artifact
//! `dist` of the target `web` at `deps/web/dist`, that of `billing:build` at `deps/billing/build/dist`. One kind is
//! placed where tools look for it: a dependency's `node-modules` appear at `node_modules`. Where `inputs` names paths
//! below `deps/`, those artifacts alone are inputs.

mod dependencies;
mod on_demand;
mod outputs;
mod patterns;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use farm_sdk::{Action, Artifact, Builder, Description, Host, Output, Plan, Problem, Request};
use serde::Deserialize;

/// The builder.
#[derive(Debug)]
pub struct Command;

/// The target's options; `options.schema.json` tells their meaning.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Options {
    command: String,
    inputs: Option<Vec<String>>,
    #[serde(default)]
    outputs: Vec<String>,
    #[serde(default)]
    tools: Vec<String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(default)]
    pass_env: Vec<String>,
    #[serde(default)]
    secrets: Vec<String>,
    #[serde(default)]
    on_demand: bool,
    #[serde(default)]
    network: Vec<String>,
    timeout: Option<u32>,
    weight: Option<u32>,
    #[serde(default)]
    jobserver: bool,
}

impl Builder for Command {
    type Options = Options;

    fn describe() -> Description {
        let schema = include_str!("options.schema.json");
        Description::new(
            "command",
            env!("CARGO_PKG_VERSION"),
            "any command with declared inputs and outputs",
            schema,
        )
        .wants_tool("*")
        .wants_environment("*")
        .wants_secret("*")
        .wants_network("*")
        .wants_network("docker")
        .wants_network("unix:*")
    }

    fn plan(request: &Request<Options>, host: &dyn Host) -> Result<Plan, Problem> {
        let options = &request.options;
        let outputs = outputs::read(&options.outputs)?;
        check_environment(options)?;
        on_demand::check(options)?;
        let (files, artifacts) = dependencies::divide(options.inputs.as_deref(), &request.dependencies)?;
        let run = Action::tool("run", "sh")
            .label(first_line(&options.command))
            .args(["-c", options.command.as_str()])
            .uses_tools(find_tools(options, host)?)
            .inputs(patterns::read(files.as_deref(), &outputs)?)
            .inputs(artifacts)
            .pass_env(options.pass_env.iter().cloned());
        let run = options.secrets.iter().fold(run, Action::secret);
        let run = options.env.iter().fold(run, |run, (name, value)| run.env(name, value));
        let run = outputs.iter().fold(run, |run, output| {
            run.output(Output::any(&output.name, &output.path).in_place())
        });
        let run = match options.timeout {
            Some(seconds) => run.timeout(seconds),
            None => run,
        };
        let run = on_demand::take_out(share_cores(run, options)?, options);
        let artifacts = outputs
            .iter()
            .map(|output| Artifact::new(&output.name, "files", run.out(&output.name)));
        let plan = artifacts.fold(Plan::new(), Plan::artifact);
        Ok(plan.action(run))
    }
}

farm_sdk::export!(Command);

/// Says how many cores the command keeps busy, or that it takes them from the build as it needs them.
fn share_cores(run: Action, options: &Options) -> Result<Action, Problem> {
    match (options.weight, options.jobserver) {
        (Some(_), true) => {
            let problem = Problem::new("`weight` and `jobserver` are both set");
            Err(problem.hint("leave `weight` out: with a jobserver, a tool takes cores as it needs them"))
        }
        (Some(cores), false) => Ok(run.weight(cores)),
        (None, true) => Ok(run.jobserver()),
        (None, false) => Ok(run),
    }
}

/// The tools whose identity is part of the key: those the command line names, and those of the option.
fn find_tools(options: &Options, host: &dyn Host) -> Result<BTreeSet<String>, Problem> {
    let mut tools = BTreeSet::new();
    for name in &options.tools {
        if name.contains('/') {
            let problem = Problem::new(format!("option `tools` names a path: `{name}`"));
            return Err(problem.hint("write the tool's name, as it is found on the PATH"));
        }
        if !host.has_tool(name)? && !options.on_demand {
            return Err(missing(name));
        }
        tools.insert(name.clone());
    }
    let scan = words::scan(&options.command);
    for name in scan.words {
        // What a command on demand lacks, no build has to have.
        if host.has_tool(&name)? || (scan.is_certain && options.on_demand) {
            tools.extend(companions(&name).iter().map(|&tool| tool.to_owned()));
            tools.insert(name);
        } else if scan.is_certain {
            return Err(missing(&name));
        }
    }
    tools.remove("sh");
    Ok(tools)
}

fn missing(tool: &str) -> Problem {
    Problem::new(format!("the tool `{tool}` is not on the PATH")).hint(format!("install `{tool}`, or correct its name"))
}

/// Tools that a tool starts itself and that no command line shows.
fn companions(tool: &str) -> &'static [&'static str] {
    match tool {
        "npm" | "npx" | "pnpm" | "pnpx" | "yarn" | "corepack" => &["node"],
        "cargo" => &["rustc", "cc"],
        "pip" | "pip3" => &["python3"],
        _ => &[],
    }
}

fn check_environment(options: &Options) -> Result<(), Problem> {
    let is_name = |name: &str| {
        let mut chars = name.chars();
        chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
            && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let handed_on = || options.pass_env.iter().chain(&options.secrets);
    if let Some(name) = options.env.keys().chain(handed_on()).find(|name| !is_name(name)) {
        let problem = Problem::new(format!("`{name}` is no name of an environment variable"));
        return Err(problem.hint("use letters, digits and `_`, not starting with a digit"));
    }
    if let Some(name) = options.pass_env.iter().find(|name| options.env.contains_key(*name)) {
        let problem = Problem::new(format!("`{name}` is in `env` and in `pass-env`"));
        return Err(problem.hint("leave it in the one that you mean"));
    }
    let is_plain = |name: &&String| options.env.contains_key(*name) || options.pass_env.contains(name);
    if let Some(name) = options.secrets.iter().find(is_plain) {
        let problem = Problem::new(format!("`{name}` is a secret, and in `env` or `pass-env`"));
        return Err(problem.hint("leave it in `secrets` alone: the values of the others are in the key"));
    }
    Ok(())
}

fn first_line(command: &str) -> String {
    let line = command.trim().lines().next().unwrap_or_default();
    match line.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}
