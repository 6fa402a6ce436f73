//! The builder `model`: models exported from their frameworks to what runs them, and checked against the original. Does
//! not know what a model is good for.
//!
//! Actions: `dependencies` (the frameworks, from the target's own pinned requirements), for each model `export-<name>`
//! and `check-<name>`, and for one of a Hugging Face hub the step `revision-<name>` and `fetch-<name>`; for one of an Ollama store `copy-<name>`, or the step `pull-<name>` where the store lacks it; the
//! steps `deployment` and `components`. Artifacts: `<name>-<format>` of the kinds `onnx-model`, `torchscript-model`, `tflite-model`,
//! `gguf-model`, or `ollama-pull`; `deployment` of kind `model-deployment`; `site-packages` of kind `python-packages`.

mod actions;
mod checked;
mod deployment;
mod framework;
mod hub;
mod ollama;
mod options;
mod secrets;

use std::path::Path;

use farm_pip::{Installed, Lock, Use, components};
use farm_sdk::{Action, Artifact, Builder, Description, Host, Plan, Problem, Request};

use crate::checked::Checked;
use crate::options::Framework;
pub use crate::options::Options;

/// The builder.
#[derive(Debug)]
pub struct Models;

impl Builder for Models {
    type Options = Options;

    fn describe() -> Description {
        let schema = include_str!("options.schema.json");
        farm_pip::wants(Description::new(
            "model",
            env!("CARGO_PKG_VERSION"),
            "AI models, exported and checked",
            schema,
        ))
        .wants_network("hugging-face")
    }

    fn plan(request: &Request<Options>, host: &dyn Host) -> Result<Plan, Problem> {
        let options = &request.options;
        check_patterns(options)?;
        let models = options.models.iter();
        let models = models.map(|(name, model)| Checked::read(name, model, &request.dependencies, host));
        let models = models.collect::<Result<Vec<_>, _>>()?;
        let (copied, exported): (Vec<_>, Vec<_>) = models
            .into_iter()
            .partition(|model| model.options.framework == Framework::Ollama);
        let mut plan = plan_exports(&exported, options, host)?;
        for model in &copied {
            plan = ollama::plan(plan, model, options, host)?;
        }
        match &options.deployment {
            Some(file) => deployment::plan(plan, file, host),
            None => Ok(plan),
        }
    }

    fn run_step(name: &str, parameters: &str, input: &Path, output: &Path) -> Result<(), Problem> {
        match name {
            "components" => components::run(parameters, input, output),
            "deployment" => deployment::run(parameters, input, output),
            "revision" => hub::run(parameters, output),
            "pull" => ollama::run(parameters, output),
            _ => Err(Problem::new(format!("this builder has no step `{name}`"))),
        }
    }
}

farm_sdk::export!(Models);

/// The models that a framework exports, with one set of packages for all. A target without any model has packages for
/// other targets, unless it is about a deployment alone.
fn plan_exports(models: &[Checked<'_>], options: &Options, host: &dyn Host) -> Result<Plan, Problem> {
    let is_deployment = options.deployment.is_some() && options.requirements.is_none();
    let is_for_packages = options.models.is_empty() && !is_deployment;
    if models.is_empty() && !is_for_packages {
        return Ok(Plan::new());
    }
    let settings = options.packages();
    let lock = Lock::read(&settings, host)?;
    let models = with_framework(models, &lock, host);
    if let Some((model, tool)) = models
        .iter()
        .find_map(|model| Some((model, model.missing_tool(&lock)?)))
    {
        let problem = Problem::new(format!(
            "`{}` needs the package `{tool}`, which is not among those that are pinned",
            model.name
        ));
        return Err(problem.hint("add it to the requirements and pin it, with all that it needs (`uv pip compile`)"));
    }
    let is_needed = is_for_packages || !models.is_empty();
    let Some(packages) = farm_pip::install(Use::Production, &lock, &settings, None).filter(|_| is_needed) else {
        return Ok(Plan::new());
    };
    let plan = models
        .iter()
        .fold(Plan::new(), |plan, model| add_export(plan, model, options, &packages));
    // For other targets: those that train, and those that run what was exported.
    let components = components::list(&packages);
    let site_packages = Artifact::new("site-packages", "python-packages", packages.packages.clone())
        .components(components.out("components"));
    Ok(plan
        .actions(packages.actions)
        .action(components)
        .artifact(site_packages))
}

/// The models whose framework is pinned. Of the others is told once, and nothing is made.
fn with_framework<'a, 'b>(models: &'a [Checked<'b>], lock: &Lock, host: &dyn Host) -> Vec<&'a Checked<'b>> {
    let (there, missing): (Vec<_>, Vec<_>) = models.iter().partition(|model| model.has_framework(lock));
    let mut told = Vec::new();
    for model in &missing {
        let framework = model.options.framework;
        if told.contains(&framework) {
            continue;
        }
        told.push(framework);
        let of_it = missing.iter().filter(|other| other.options.framework == framework);
        let names: Vec<String> = of_it.map(|model| format!("`{}`", model.name)).collect();
        host.warn(&format!(
            "{} is not among the pinned requirements, so {} not exported",
            framework.title(),
            list(&names)
        ));
    }
    there
}

/// Names with their verb: `a` is, `a` and `b` are.
fn list(names: &[String]) -> String {
    match names {
        [name] => format!("{name} is"),
        [first @ .., last] => format!("{} and {last} are", first.join(", ")),
        [] => String::new(),
    }
}

fn add_export(plan: Plan, model: &Checked<'_>, options: &Options, packages: &Installed) -> Plan {
    let fetched = hub::fetch(model, options);
    let hub = fetched.as_ref().map(|[_, fetch]| fetch.out("model"));
    let export = actions::export(model, options, packages, hub);
    let check = actions::check(model, options, packages, &export);
    let artifacts = model
        .formats
        .iter()
        .map(|format| artifact(model, format.name(), &check));
    let plan = artifacts.fold(plan, Plan::artifact);
    plan.actions(fetched.into_iter().flatten()).action(export).action(check)
}

/// One format of a model.
fn artifact(model: &Checked<'_>, format: &str, check: &Action) -> Artifact {
    let name = format!("{}-{format}", model.name);
    Artifact::new(name, format!("{format}-model"), check.out(format))
        .placed(model.name)
        .metadata(check.out(format!("{format}.facts")))
}

fn check_patterns(options: &Options) -> Result<(), Problem> {
    let patterns = options.sources.iter().chain(&options.exclude);
    let leaves = |pattern: &&String| pattern.starts_with('/') || pattern.split('/').any(|part| part == "..");
    match patterns.into_iter().find(leaves) {
        Some(pattern) => {
            let problem = Problem::new(format!("`{pattern}` leaves the target's folder"));
            Err(problem.hint("`sources` and `exclude` take patterns below the target's `root`"))
        }
        None => Ok(()),
    }
}
