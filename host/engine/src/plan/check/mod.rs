//! The check that stands between what a builder answers and what farm does.
//!
//! Every rule is here: names, paths, permissions, references, bounds, order. Does not know the disk, so what depends on
//! files (a lock file that is not among the inputs, two artifacts with one file) is found where those are read.

mod names;
mod network;
mod on_demand;
mod order;
mod properties;

use std::collections::BTreeSet;

use crate::path::{InvalidPath, RelPath};
use crate::plan::checked::{
    CheckedAction, CheckedArtifact, CheckedInput, CheckedOutput, CheckedPlan, CheckedSource, CheckedWork,
};
use crate::plan::permissions::Permissions;
use names::{bound, check_name, clean_label, is_tool_name, no_properties, path, shown, unique, unknown};
use order::check_order;

use crate::plan::types::{
    Action, Artifact, ArtifactHandle, Input, InputSource, Output, OutputRef, OutputShape, Plan, Work,
};

/// Most actions that one target may have.
pub const MAX_ACTIONS: usize = 10_000;
/// Most inputs, outputs or arguments of one action.
pub const MAX_ITEMS: usize = 100_000;
/// Longest id, in bytes.
pub const MAX_ID_BYTES: usize = 64;
/// Longest label, in bytes.
const MAX_LABEL_BYTES: usize = 200;
/// Longest time limit, in seconds: a day.
const MAX_TIMEOUT: u32 = 86_400;

/// What a plan is checked against.
#[derive(Debug)]
pub struct Rules<'a> {
    /// What the builder wants and the user granted.
    pub granted: &'a Permissions,
    /// What the plan was told of its dependencies.
    pub dependencies: &'a [ArtifactHandle],
    /// The target's folder, from the workspace's root.
    pub folder: &'a RelPath,
    /// Where the plan's paths start: the target's folder, or the workspace's root.
    pub base: &'a RelPath,
    /// Where farm puts its own output, from the workspace's root.
    pub output_folder: &'a RelPath,
}

/// What a builder may not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A list or name is over its bound.
    #[error("{what} has {count}, the limit is {limit}")]
    TooMany {
        /// What is counted.
        what: String,
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A name has a form that names must not have.
    #[error("{what} `{}` is not a name of at most 64 lower-case letters, digits, `-`, `_` and `.`", .name.escape_debug())]
    Name {
        /// What is named.
        what: &'static str,
        /// The name, cut to a length that can be shown.
        name: String,
    },
    /// A name is used twice.
    #[error("{what} `{name}` is there twice")]
    Duplicate {
        /// What is named.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A path that is none.
    #[error("{what} of action `{action}`: {error}")]
    Path {
        /// What the path is for.
        what: &'static str,
        /// The action.
        action: String,
        /// What is wrong.
        error: InvalidPath,
    },
    /// An output where no action may write.
    #[error("action `{action}` declares the output `{path}`, which {reason}")]
    Output {
        /// The action.
        action: String,
        /// The output's path.
        path: String,
        /// Why not, as the end of a sentence.
        reason: String,
    },
    /// A permission that was not granted.
    #[error("action `{action}` uses {what}, which the builder may not use")]
    NotGranted {
        /// The action.
        action: String,
        /// `the tool `sh``.
        what: String,
    },
    /// A reference to something that is not there.
    #[error("{from} refers to {what}, which does not exist")]
    Dangling {
        /// Who refers.
        from: String,
        /// To what.
        what: String,
    },
    /// Actions that wait for each other.
    #[error("actions wait for each other: {}", order::cycle_text(.0))]
    Cycle(Vec<String>),
    /// A fetch action that names no lock file.
    #[error("action `{0}` asks for the network without a lock file that pins what it fetches")]
    Unpinned(String),
    /// A property or variable that has no meaning.
    #[error("{from} sets `{}`, which {reason}", .name.escape_debug())]
    Unknown {
        /// Who sets it.
        from: String,
        /// The name.
        name: String,
        /// Why not, as the end of a sentence.
        reason: &'static str,
    },
}

pub(super) type Result<T> = std::result::Result<T, PlanError>;

/// Checks the next round of a target's plan and adds it to the rounds before.
pub fn check(before: &CheckedPlan, plan: &Plan, rules: &Rules<'_>) -> Result<CheckedPlan> {
    bound(
        "the plan's list of actions",
        before.actions.len() + plan.actions.len(),
        MAX_ACTIONS,
    )?;
    bound(
        "the plan's list of artifacts",
        before.artifacts.len() + plan.artifacts.len(),
        MAX_ACTIONS,
    )?;
    no_properties("the plan", &plan.properties)?;
    let mut checked = before.clone();
    for action in &plan.actions {
        checked.actions.push(check_action(action, rules)?);
    }
    unique("action", checked.actions.iter().map(|action| action.id.as_str()))?;
    for artifact in &plan.artifacts {
        checked.artifacts.push(check_artifact(artifact)?);
    }
    unique(
        "artifact",
        checked.artifacts.iter().map(|artifact| artifact.name.as_str()),
    )?;
    check_references(&checked, plan, rules)?;
    check_in_place(&checked)?;
    check_order(&checked)?;
    Ok(checked)
}

fn check_action(action: &Action, rules: &Rules<'_>) -> Result<CheckedAction> {
    let id = check_name("action id", &action.id)?;
    let properties = properties::read(action)?;
    check_bounds(action)?;
    check_permissions(action, rules.granted)?;
    let outputs = action
        .outputs
        .iter()
        .map(|output| check_output(action, output, rules))
        .collect::<Result<Vec<_>>>()?;
    unique("output", outputs.iter().map(|output| output.name.as_str()))?;
    let mut environment = action.environment.clone();
    environment.sort();
    check_environment(action, &environment)?;
    let path_variables = properties.take_paths(action, &mut environment)?;
    let stdout = properties.stdout_path(action, &outputs)?;
    Ok(CheckedAction {
        label: clean_label(&action.label, &id),
        work: check_work(action)?,
        inputs: action
            .inputs
            .iter()
            .map(|input| check_input(action, input))
            .collect::<Result<_>>()?,
        outputs,
        tools: tools_of(action),
        environment,
        path_variables,
        stdout,
        pass_environment: action.pass_environment.clone(),
        secrets: action.secrets.clone(),
        fetch: network::read(action, properties.on_demand.is_some())?,
        caches: action.caches.clone(),
        timeout_seconds: action.timeout_seconds.map(|seconds| seconds.min(MAX_TIMEOUT)),
        weight: properties.weight,
        jobserver: properties.jobserver,
        untrusted: properties.untrusted,
        private_caches: properties.private_caches,
        checks_limit: properties.checks_limit,
        without_ignored: properties.without_ignored,
        on_demand: properties.on_demand,
        id,
    })
}

fn check_bounds(action: &Action) -> Result<()> {
    let of = |list: &str| format!("the list of {list} of action `{}`", action.id);
    bound(&of("inputs"), action.inputs.len(), MAX_ITEMS)?;
    bound(&of("outputs"), action.outputs.len(), MAX_ACTIONS)?;
    bound(&of("tools"), action.tools.len(), MAX_ACTIONS)?;
    if let Work::Tool(run) = &action.work {
        bound(&of("arguments"), run.arguments.len(), MAX_ITEMS)?;
    }
    Ok(())
}

fn check_work(action: &Action) -> Result<CheckedWork> {
    match &action.work {
        Work::Tool(run) => {
            if let Some(bad) = run.arguments.iter().find(|argument| argument.contains('\0')) {
                return Err(unknown(action, bad, "holds a NUL byte"));
            }
            Ok(CheckedWork::Tool {
                tool: run.tool.clone(),
                arguments: run.arguments.clone(),
                directory: path(action, "the directory", &run.directory)?,
            })
        }
        Work::Step(run) => {
            let needs_process = !action.tools.is_empty() || action.network.is_some() || !action.caches.is_empty();
            let reads_variables =
                !action.environment.is_empty() || !action.pass_environment.is_empty() || !action.secrets.is_empty();
            if needs_process || reads_variables {
                return Err(unknown(
                    action,
                    &run.name,
                    "is a step, and a step has no tools, environment, network or caches",
                ));
            }
            Ok(CheckedWork::Step(run.clone()))
        }
    }
}

fn check_permissions(action: &Action, granted: &Permissions) -> Result<()> {
    let denied = |what: String| PlanError::NotGranted {
        action: action.id.clone(),
        what,
    };
    for tool in tools_of(action) {
        if !is_tool_name(&tool) || !granted.allows_tool(&tool) {
            return Err(denied(format!("the tool `{}`", shown(&tool))));
        }
    }
    for purpose in action.network.iter().flat_map(|fetch| &fetch.from) {
        if !granted.allows_network(purpose) {
            return Err(denied(network::told(purpose)));
        }
    }
    for name in &action.pass_environment {
        if !granted.allows_environment(name) {
            return Err(denied(format!("the variable `{}`", shown(name))));
        }
    }
    for name in &action.secrets {
        if !granted.allows_secret(name) {
            return Err(denied(format!("the secret `{}`", shown(name))));
        }
    }
    for cache in &action.caches {
        if !granted.caches.contains(&cache.name) {
            return Err(denied(format!("the tool cache `{}`", shown(&cache.name))));
        }
    }
    Ok(())
}

/// Variables that farm itself sets, or that would change what a tool is.
const RESERVED_VARIABLES: [&str; 6] = ["PATH", "HOME", "TMPDIR", "LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT"];

fn check_environment(action: &Action, environment: &[(String, String)]) -> Result<()> {
    unique("variable", environment.iter().map(|(name, _)| name.as_str()))?;
    let mounted = action.caches.iter().map(|cache| cache.variable.as_str());
    let names = environment.iter().map(|(name, _)| name.as_str());
    for name in names
        .chain(mounted)
        .chain(action.pass_environment.iter().map(String::as_str))
        .chain(action.secrets.iter().map(String::as_str))
    {
        let valid = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !valid || name.len() > 255 {
            return Err(unknown(action, name, "is not the name of an environment variable"));
        }
        if RESERVED_VARIABLES.contains(&name) {
            return Err(unknown(action, name, "farm sets itself"));
        }
    }
    match environment.iter().find(|(_, value)| value.contains('\0')) {
        Some((name, _)) => Err(unknown(action, name, "holds a NUL byte")),
        None => Ok(()),
    }
}

fn check_input(action: &Action, input: &Input) -> Result<CheckedInput> {
    let at = path(action, "an input", &input.at)?;
    let source = match &input.source {
        InputSource::Files(set) => CheckedSource::Files {
            base: set.base,
            include: set.include.clone(),
            exclude: set.exclude.clone(),
        },
        InputSource::Output(output) => CheckedSource::Output(output.clone()),
        InputSource::Artifact(artifact) => CheckedSource::Artifact(artifact.clone()),
        InputSource::Content(_) if at.is_root() => {
            let error = InvalidPath {
                path: String::new(),
                reason: "is the folder itself, where a file is given",
            };
            return Err(PlanError::Path {
                what: "an input",
                action: action.id.clone(),
                error,
            });
        }
        InputSource::Content(bytes) => CheckedSource::Content(bytes.clone()),
    };
    Ok(CheckedInput { at, source })
}

/// First parts of a path that no output may have.
const PROTECTED: [&str; 3] = [".git", ".farm", "farm.toml"];

fn check_output(action: &Action, output: &Output, rules: &Rules<'_>) -> Result<CheckedOutput> {
    let name = check_name("output name", &output.name)?;
    let refused = |reason: &str| PlanError::Output {
        action: action.id.clone(),
        path: shown(&output.path),
        reason: reason.to_owned(),
    };
    let path = RelPath::parse(&output.path).map_err(|error| refused(error.reason))?;
    let step = matches!(action.work, Work::Step(_));
    if path.is_root() && !step {
        return Err(refused("is the target's whole folder"));
    }
    if path
        .parts()
        .any(|part| PROTECTED.contains(&part.to_ascii_lowercase().as_str()))
    {
        return Err(refused("is not for a build to write"));
    }
    if output.in_place && step && path.is_root() {
        return Err(refused("is the target's whole folder"));
    }
    let place = rules.base.join(&path);
    if output.in_place && place.below(rules.folder).is_none() {
        return Err(refused("lies outside of the target's folder"));
    }
    if output.in_place && place.overlaps(rules.output_folder) {
        return Err(refused(&format!(
            "lies in farm's own output folder `{}`",
            rules.output_folder
        )));
    }
    Ok(CheckedOutput {
        name,
        path,
        shape: output.shape,
        required: output.required,
        in_place: output.in_place,
    })
}

fn check_artifact(artifact: &Artifact) -> Result<CheckedArtifact> {
    let name = check_name("artifact name", &artifact.name)?;
    let kind = check_name("artifact kind", &artifact.kind)?;
    let components = properties::components(&name, &artifact.properties)?;
    let place = artifact.place.as_deref().map(RelPath::parse).transpose();
    let place = place.map_err(|error| PlanError::Path {
        what: "an artifact",
        action: name.clone(),
        error,
    })?;
    Ok(CheckedArtifact {
        name,
        kind,
        from: artifact.from.clone(),
        place,
        metadata: artifact.metadata.clone(),
        components,
    })
}

fn check_references(checked: &CheckedPlan, plan: &Plan, rules: &Rules<'_>) -> Result<()> {
    let outputs: BTreeSet<(&str, &str)> = checked.actions.iter().flat_map(output_names).collect();
    let exists = |from: &dyn Fn() -> String, output: &OutputRef| {
        if outputs.contains(&(output.action.as_str(), output.output.as_str())) {
            return Ok(());
        }
        let what = format!(
            "the output `{}` of action `{}`",
            shown(&output.output),
            shown(&output.action)
        );
        Err(PlanError::Dangling { from: from(), what })
    };
    for action in &checked.actions {
        let from = || format!("action `{}`", action.id);
        for input in &action.inputs {
            match &input.source {
                CheckedSource::Output(output) => exists(&from, output)?,
                CheckedSource::Artifact(artifact) => {
                    let known =
                        |handle: &ArtifactHandle| handle.target == artifact.target && handle.name == artifact.name;
                    if !rules.dependencies.iter().any(known) {
                        let what = format!(
                            "the artifact `{}` of `{}`",
                            shown(&artifact.name),
                            shown(&artifact.target)
                        );
                        return Err(PlanError::Dangling { from: from(), what });
                    }
                }
                CheckedSource::Files { .. } | CheckedSource::Content(_) => {}
            }
        }
    }
    for artifact in &checked.artifacts {
        let from = || format!("artifact `{}`", artifact.name);
        exists(&from, &artifact.from)?;
        let mut more = artifact.metadata.iter().chain(&artifact.components);
        more.try_for_each(|output| exists(&from, output))?;
    }
    let needs = plan.next.iter().flat_map(|next| &next.needs);
    needs
        .into_iter()
        .try_for_each(|output| exists(&|| "the plan's continuation".to_owned(), output))
}

/// No two outputs of a target may be put back at overlapping places of the user's tree.
fn check_in_place(checked: &CheckedPlan) -> Result<()> {
    let mut places: Vec<(&RelPath, &str)> = Vec::new();
    for action in &checked.actions {
        let outputs = action.outputs.iter().filter(|output| output.in_place);
        places.extend(outputs.map(|output| (&output.path, action.id.as_str())));
    }
    places.sort_by(|a, b| a.0.parts().cmp(b.0.parts()));
    match places.windows(2).find(|pair| pair[1].0.below(pair[0].0).is_some()) {
        None => Ok(()),
        Some(pair) => Err(PlanError::Output {
            action: pair[1].1.to_owned(),
            path: pair[1].0.to_string(),
            reason: format!("overlaps the output `{}` of action `{}`", pair[0].0, pair[0].1),
        }),
    }
}

fn tools_of(action: &Action) -> BTreeSet<String> {
    let main = match &action.work {
        Work::Tool(run) => Some(run.tool.clone()),
        Work::Step(_) => None,
    };
    main.into_iter().chain(action.tools.iter().cloned()).collect()
}

fn output_names(action: &CheckedAction) -> impl Iterator<Item = (&str, &str)> {
    action
        .outputs
        .iter()
        .map(|output| (action.id.as_str(), output.name.as_str()))
}
