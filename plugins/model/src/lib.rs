//! The builder `model`: models exported from their frameworks to what runs them, and checked against the original. Does
//! not know what a model is good for.
//!
//! Actions: `dependencies` (the frameworks, from the target's own pinned requirements), for each model `export-<name>`
//! and `check-<name>`, and for one of a Hugging Face hub the step `revision-<name>` and `fetch-<name>`; for one of an Ollama store `copy-<name>`, or the step `pull-<name>` where the store lacks it; the
//! steps `deployment` and `components`. A plan with frameworks has two rounds: what can be had of them shows when the packages
//! are installed, and a model without is left out. Artifacts: `<name>-<format>` of the kinds `onnx-model`, `torchscript-model`, `tflite-model`,
//! `gguf-model`, or `ollama-pull`; `deployment` of kind `model-deployment`; `site-packages` of kind `python-packages`.

mod actions;
mod checked;
mod deployment;
mod framework;
mod hub;
mod left_out;
mod ollama;
mod options;
mod secrets;

use std::collections::BTreeSet;
use std::path::Path;

use farm_pip::{Facts, Installed, Lock, Use, components};
use farm_sdk::{Action, Artifact, Builder, Description, Host, Plan, Problem, Request, SeenFile};

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
        let (copied, exported) = models(request, host)?;
        let mut plan = Plan::new();
        for model in &copied {
            plan = ollama::plan(plan, model, options, host)?;
        }
        let packages = Packages::read(&exported, options, host)?;
        left_out::tell(&packages.unpinned(&exported), options, host);
        let Some(installed) = packages.installed else {
            return deployment::plan(plan, request, &BTreeSet::new(), host);
        };
        let fetched = exported.iter().filter(|model| model.has_framework(&packages.lock));
        let fetched = fetched.filter_map(|model| hub::fetch(model, options)).flatten();
        // For other targets: those that train, and those that run what was exported.
        let components = components::list(&installed);
        let site_packages = Artifact::new("site-packages", "python-packages", installed.packages.clone())
            .components(components.out("components"));
        let plan = plan
            .actions(fetched)
            .actions(installed.actions)
            .action(components)
            .artifact(site_packages);
        let made = serde_json::to_vec(&deployment::made(&plan)).map_err(std::io::Error::from)?;
        Ok(plan.continue_with([installed.facts], made))
    }

    /// Which frameworks can be had on this platform shows once the packages are installed.
    fn continue_plan(
        request: &Request<Options>,
        host: &dyn Host,
        state: &[u8],
        seen: &[SeenFile],
    ) -> Result<Plan, Problem> {
        let options = &request.options;
        let made: BTreeSet<String> = serde_json::from_slice(state).map_err(std::io::Error::from)?;
        let (_, exported) = models(request, host)?;
        let packages = Packages::read(&exported, options, host)?;
        let (Some(installed), [facts]) = (&packages.installed, seen) else {
            return Err(Problem::new("there is not one list of installed packages"));
        };
        let facts = Facts::read(&facts.content)?;
        let pinned = exported.iter().filter(|model| model.has_framework(&packages.lock));
        let (there, lacking): (Vec<_>, Vec<_>) = pinned
            .map(|model| (model, model.lacks(&packages.lock, &facts)))
            .partition(|(_, lacks)| lacks.is_none());
        let lacking = lacking.into_iter().filter_map(|(model, why)| Some((model, why?)));
        left_out::tell(&lacking.collect::<Vec<_>>(), options, host);
        if options.models.is_empty() {
            left_out::tell_of_packages(&facts, host);
        }
        let plan = there.iter().fold(Plan::new(), |plan, (model, _)| {
            add_export(plan, model, options, installed)
        });
        deployment::plan(plan, request, &made, host)
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

/// The models of the target: those that are copied out of an Ollama store, and those that a framework exports.
fn models<'a>(request: &'a Request<Options>, host: &dyn Host) -> Result<(Vec<Checked<'a>>, Vec<Checked<'a>>), Problem> {
    let models = request.options.models.iter();
    let models = models.map(|(name, model)| Checked::read(name, model, &request.dependencies, host));
    let models = models.collect::<Result<Vec<_>, _>>()?;
    let is_copied = |model: &Checked<'_>| model.options.framework == Framework::Ollama;
    Ok(models.into_iter().partition(is_copied))
}

/// The packages of all models that a framework exports.
struct Packages {
    lock: Lock,
    /// None where no model needs any.
    installed: Option<Installed>,
}

impl Packages {
    /// A target without any model has packages for other targets, unless it is about a deployment alone.
    fn read(models: &[Checked<'_>], options: &Options, host: &dyn Host) -> Result<Self, Problem> {
        let is_deployment = options.deployment.is_some() && options.requirements.is_none();
        let is_for_packages = options.models.is_empty() && !is_deployment;
        let settings = options.packages();
        let lock = match (is_for_packages, models) {
            (true, _) => Lock::read(&settings, host)?,
            (false, []) => Lock::Nothing,
            (false, _) => Lock::find(&settings, host)?.unwrap_or(Lock::Nothing),
        };
        let mut pinned = models.iter().filter(|model| model.has_framework(&lock)).peekable();
        let is_needed = is_for_packages || pinned.peek().is_some();
        if let Some((model, tool)) = pinned.find_map(|model| Some((model, model.missing_tool(&lock)?))) {
            let problem = Problem::new(format!(
                "`{}` needs the package `{tool}`, which is not among those that are pinned",
                model.name
            ));
            return Err(
                problem.hint("add it to the requirements and pin it, with all that it needs (`uv pip compile`)")
            );
        }
        let installed = farm_pip::install(Use::Production, &lock, &settings, None).filter(|_| is_needed);
        let installed = installed.map(|installed| installed.sparing(framework::PACKAGES));
        Ok(Self { lock, installed })
    }

    /// The models whose framework is not pinned, and that.
    fn unpinned<'a, 'b>(&self, models: &'a [Checked<'b>]) -> Vec<(&'a Checked<'b>, String)> {
        let unpinned = models.iter().filter(|model| !model.has_framework(&self.lock));
        let why = |model: &Checked<'_>| {
            format!(
                "{} is not among the pinned requirements",
                model.options.framework.title()
            )
        };
        unpinned.map(|model| (model, why(model))).collect()
    }
}

fn add_export(plan: Plan, model: &Checked<'_>, options: &Options, packages: &Installed) -> Plan {
    let hub = hub::fetch(model, options).map(|[_, fetch]| fetch.out("model"));
    let export = actions::export(model, options, packages, hub);
    let check = actions::check(model, options, packages, &export);
    let artifacts = model
        .formats
        .iter()
        .map(|format| artifact(model, format.name(), &check));
    let plan = artifacts.fold(plan, Plan::artifact);
    plan.action(export).action(check)
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
