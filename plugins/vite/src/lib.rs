//! The builder `vite`: a web app, from its lock file to a measured bundle. Does not know which framework it uses.
//!
//! Actions: `install` (once for each lock file), `types-…` (TypeScript types of each OpenAPI schema among the
//! dependencies), `check-…` (the type check of each TypeScript configuration), `test`, `bundle`, and the steps `images`,
//! `measure`, `size-limit`, `analyze` and `components` (the packages of the lock file).
//! Artifacts: `bundle` of kind `web-bundle`, `node_modules` of kind `node-modules` for other targets, and `analysis` of kind
//! `bundle-analysis`.

mod actions;
mod analysis;
mod facts;
mod frameworks;
mod images;
mod limit;
mod measure;
mod optimize;
mod options;
mod package;
mod plugins;
mod size;
mod typescript;

use std::collections::BTreeMap;
use std::path::Path;

use farm_sdk::{Action, Artifact, Builder, Dependency, Description, Host, OutputRef, Plan, Problem, Request};

use crate::actions::{Checker, Configs, Sources, Types};
use crate::limit::Limits;
pub use crate::options::Options;
use crate::options::Test;
use crate::package::Package;
use crate::typescript::Configurations;

/// The builder.
#[derive(Debug)]
pub struct Vite;

impl Builder for Vite {
    type Options = Options;

    fn describe() -> Description {
        let schema = include_str!("options.schema.json");
        Description::new("vite", env!("CARGO_PKG_VERSION"), "web apps with Vite", schema)
            .wants_tool("node")
            .wants_tool("npm")
            .wants_network("npm")
            .wants_secret("*")
            .wants_tool_cache("npm")
            .answers("analyze")
            .answers("size-limit")
    }

    fn plan(request: &Request<Options>, host: &dyn Host) -> Result<Plan, Problem> {
        let package = Package::read(host)?;
        check_tools(host)?;
        let configs = configs(&request.options, &package, host)?;
        frameworks::check(&package, &request.options, host)?;
        actions::check_chunks(&request.options, &package, host)?;
        let limits = limits(request, host)?;
        let settings = actions::settings(request, &package, &configs);
        let install = actions::install(&package, &request.options, host.is_file(".npmrc")?);
        let logins = farm_npm::settings::variables(host, &[".npmrc"])?;
        let install = logins.iter().fold(install, |install, name| install.secret(name));
        let modules = install.out("node_modules");
        let (generators, types) = generate_types(request, &package, &modules)?;
        let configurations = configurations(request, &package, host)?;
        let sources = Sources {
            request,
            modules: modules.clone(),
            types,
            configurations,
            checker: Checker::of(&package),
        };
        let bundle = sources.bundle(&settings);
        let images = request.options.images(&request.mode).then(|| actions::images(&bundle));
        let built = images.as_ref().unwrap_or(&bundle).out("bundle");
        let measure = actions::measure(&bundle, images.as_ref());
        let limit = limits.map(|limits| actions::limit(&limits, &bundle, &measure));
        let analyze = request.options.analyze || request.asked("analyze").is_some();
        let analyze = analyze.then(|| actions::analyze(&request.target, &bundle, &measure));
        let components = actions::components();
        let packages = || components.out("components");
        let artifact = Artifact::new("bundle", "web-bundle", built).placed("");
        let plan = Plan::new()
            .artifact(artifact.metadata(measure.out("metadata")).components(packages()))
            .artifact(Artifact::new("node_modules", "node-modules", modules).components(packages()))
            .action(install)
            .action(components)
            .actions(generators)
            .actions(sources.checks())
            .actions(sources.test(&package, &configs)?)
            .action(bundle)
            .actions(images)
            .action(measure)
            .actions(limit);
        Ok(match analyze {
            Some(analyze) => plan.artifact(analysis(&analyze)).action(analyze),
            None => plan,
        })
    }

    fn run_step(name: &str, parameters: &str, input: &Path, output: &Path) -> Result<(), Problem> {
        match name {
            "measure" => measure::run(input, output),
            "images" => images::run(input, output),
            "analyze" => analysis::run(parameters, input, output),
            "size-limit" => limit::run(parameters, input),
            "components" => package::write_components(input, output),
            _ => Err(Problem::new(format!("this builder has no step `{name}`"))),
        }
    }
}

farm_sdk::export!(Vite);

/// The page is no part of the site: whoever serves its folder as well shows the names of all modules.
fn analysis(analyze: &Action) -> Artifact {
    Artifact::new("analysis", "bundle-analysis", analyze.out("analysis")).placed("bundle-analysis")
}

fn check_tools(host: &dyn Host) -> Result<(), Problem> {
    for tool in ["node", "npm"] {
        if !host.has_tool(tool)? {
            let problem = Problem::new(format!("the tool `{tool}` is not on the PATH"));
            return Err(problem.hint("install Node.js 20 or later, which brings `node` and `npm`"));
        }
    }
    Ok(())
}

/// The limits of the bundle, with a baseline that is there.
fn limits(request: &Request<Options>, host: &dyn Host) -> Result<Option<Limits>, Problem> {
    let mut limits = request.options.limits();
    if let Some(asked) = request.asked("size-limit") {
        limits.get_or_insert_default().add(asked)?;
    }
    if let Some(path) = limits.as_ref().and_then(|limits| limits.baseline.as_ref())
        && !host.is_file(path)?
    {
        let problem = Problem::new(format!(
            "option `size-limit` names the baseline `{path}`, which does not exist"
        ));
        return Err(problem.hint("build once with `analyze = true`, and copy its `modules.json` there"));
    }
    Ok(limits)
}

/// The user's own configuration; Vitest's only where it runs.
fn configs(options: &Options, package: &Package, host: &dyn Host) -> Result<Configs, Problem> {
    let vitest = match options.test {
        Test::None => None,
        Test::Vitest => user_config(host, "vitest")?,
    };
    let vite = match &options.config {
        Some(path) if host.is_file(path)? => Some(path.clone()),
        Some(path) => {
            let problem = Problem::new(format!("option `config` names `{path}`, which does not exist"));
            return Err(problem.hint("correct the path, which starts at the target's folder"));
        }
        None => user_config(host, "vite")?,
    };
    let plugins = plugins::read(options.plugins.as_deref(), package, host)?;
    Ok(Configs { vite, vitest, plugins })
}

/// The user's own configuration of Vite or Vitest, in the order in which both look for it.
fn user_config(host: &dyn Host, tool: &str) -> Result<Option<String>, Problem> {
    for extension in ["js", "mjs", "ts", "cjs", "mts", "cts"] {
        let file = format!("{tool}.config.{extension}");
        if host.is_file(&file)? {
            return Ok(Some(file));
        }
    }
    Ok(None)
}

fn generate_types(
    request: &Request<Options>,
    package: &Package,
    modules: &OutputRef,
) -> Result<(Vec<Action>, Vec<Types>), Problem> {
    let schemas: Vec<&Dependency> = request.dependencies_of_kind("openapi-schema").collect();
    if schemas.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    if !package.has("openapi-typescript") {
        let from = &schemas[0].target;
        let problem = Problem::new(format!(
            "`openapi-typescript` makes the types of `{from}`, and is not installed"
        ));
        return Err(problem
            .in_file("package.json")
            .hint("run `npm install -D openapi-typescript`"));
    }
    let folder = request.options.types_dir()?;
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for schema in &schemas {
        *count.entry(&schema.target).or_default() += 1;
    }
    let name = |schema: &Dependency| match count[schema.target.as_str()] {
        1 => schema.target.replace(':', "-"),
        _ => format!("{}-{}", schema.target.replace(':', "-"), schema.name),
    };
    Ok(schemas
        .iter()
        .map(|schema| actions::types(schema, &name(schema), folder, modules))
        .unzip())
}

fn configurations(request: &Request<Options>, package: &Package, host: &dyn Host) -> Result<Configurations, Problem> {
    let mut configurations = Configurations::read(host, &request.root)?;
    if !request.options.typecheck || !package.has("typescript") {
        configurations.checked.clear();
    }
    Ok(configurations)
}
