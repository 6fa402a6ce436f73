//! The builder `python`: an app with its pinned packages, its byte code and its OpenAPI schema. Does not know what the
//! app does, nor how it is served.
//!
//! Actions: `dependencies` (once for each lock file; `requirements` before it where that is `uv.lock`), `app` (a
//! filtered and compiled copy of the sources), `schema`, and the steps `count` and `components`; where they are asked for,
//! `lint` and `test`, and `dev-dependencies` (with `dev-requirements`) for them; `wheel`, with `build-dependencies` (and
//! `build-requirements`), `build-needs` and the step `build-check` before it; on demand, `migrate`. Artifacts: `app` of kind
//! `python-app`, `site-packages` of kind `python-packages`, `openapi` of kind `openapi-schema`, `wheel` of kind
//! `python-wheel`. What lands in `dist/<target>` starts with
//! `PYTHONPATH=site-packages python3 -m uvicorn src.main:app`.

mod app;
mod checks;
mod compilers;
mod count;
mod marker;
mod migrations;
mod needs;
mod options;
mod pyproject;
mod requirement;
mod ruff;
mod sources;
mod wheel;

use std::path::Path;

use farm_pip::{Installed, Lock, Use, components};
use farm_sdk::{Action, Artifact, Builder, Description, EntryKind, Host, Plan, Problem, Request};
use toml::{Table, Value};

pub use crate::options::Options;

/// The builder.
#[derive(Debug)]
pub struct Python;

impl Builder for Python {
    type Options = Options;

    fn describe() -> Description {
        let schema = include_str!("options.schema.json");
        farm_pip::wants(Description::new(
            "python",
            env!("CARGO_PKG_VERSION"),
            "Python apps and their schemas",
            schema,
        ))
        .wants_tool("ruff")
        // For wheels: compilers, and what the target's options name.
        .wants_tool("*")
        // For migrations: where the target's options say that its database is, and the secret that holds its address.
        .wants_network("*")
        .wants_network("unix:*")
        .wants_secret("*")
    }

    fn plan(request: &Request<Options>, host: &dyn Host) -> Result<Plan, Problem> {
        let options = &request.options;
        let settings = options.packages();
        let pinned = Lock::read(&settings, host)?;
        let target = Target {
            options,
            packages: farm_pip::install(Use::Production, &pinned, &settings, None),
            pinned,
        };
        let installs = target.packages.iter().flat_map(|packages| packages.actions.clone());
        let plan = with_app(Plan::new().actions(installs), &target, host)?;
        let plan = plan.actions(checks::actions(&target, host)?);
        let plan = wheel::add(plan, &target, host)?;
        Ok(plan.actions(migrations::action(&target, host)?))
    }

    fn run_step(name: &str, parameters: &str, input: &Path, output: &Path) -> Result<(), Problem> {
        match name {
            "count" => count::run(input, output),
            "build-needs" => needs::run(parameters, input, output),
            "components" => components::run(parameters, input, output),
            _ => Err(Problem::new(format!("this builder has no step `{name}`"))),
        }
    }
}

farm_sdk::export!(Python);

/// The target, and what its app needs.
#[derive(Debug)]
pub(crate) struct Target<'a> {
    pub(crate) options: &'a Options,
    /// What is pinned for the app.
    pub(crate) pinned: Lock,
    /// The same, installed.
    pub(crate) packages: Option<Installed>,
}

/// Adds the app with its packages and its schema.
fn with_app(plan: Plan, target: &Target<'_>, host: &dyn Host) -> Result<Plan, Problem> {
    let (options, dependencies) = (target.options, target.packages.as_ref());
    let collect = app::collect(options)?;
    let packages = dependencies.map(|found| &found.packages);
    let schema = match &options.app {
        Some(app) => {
            let folder = module_folder(app, host)?;
            Some(app::schema(options, app, folder, &collect, packages))
        }
        None => None,
    };
    let components = dependencies.map(components::list);
    let count = app::count(&collect, dependencies, schema.as_ref());
    let [app, packages, schema_file] = artifacts(options, &collect, dependencies, schema.as_ref());
    let described = [app.map(|app| app.metadata(count.out("metadata"))), packages];
    let described = described.into_iter().flatten().map(|artifact| match &components {
        Some(components) => artifact.components(components.out("components")),
        None => artifact,
    });
    let plan = described.chain(schema_file).fold(plan, Plan::artifact);
    Ok(plan.actions(components).action(collect).actions(schema).action(count))
}

/// The app, its packages and its schema.
fn artifacts(
    options: &Options,
    collect: &Action,
    dependencies: Option<&Installed>,
    schema: Option<&Action>,
) -> [Option<Artifact>; 3] {
    let app = Artifact::new("app", "python-app", collect.out("app")).placed("");
    let packages = dependencies.map(|found| {
        let packages = Artifact::new("site-packages", "python-packages", found.packages.clone());
        if options.bundle_dependencies {
            packages.placed("site-packages")
        } else {
            packages
        }
    });
    let schema =
        schema.map(|schema| Artifact::new("openapi", "openapi-schema", schema.out("schema")).placed("openapi.json"));
    [Some(app), packages, schema]
}

/// The folder from which the app's module is imported: the target's own, or `src` where that holds the packages.
fn module_folder(app: &str, host: &dyn Host) -> Result<&'static str, Problem> {
    let module = app.split(':').next().unwrap_or(app).replace('.', "/");
    for folder in ["", "src"] {
        let path = if folder.is_empty() {
            module.clone()
        } else {
            format!("{folder}/{module}")
        };
        if host.is_file(&format!("{path}.py"))? || host.look(&path)? == Some(EntryKind::Folder) {
            return Ok(folder);
        }
    }
    let problem = Problem::new(format!("option `app` names `{app}`, and there is no `{module}.py`"));
    Err(problem
        .in_file(format!("{module}.py"))
        .hint("write `module:attribute`, as you would start uvicorn with"))
}

/// The value at this path of tables.
pub(crate) fn inside<'a>(table: &'a Table, path: &[&str]) -> Option<&'a Value> {
    let (last, tables) = path.split_last()?;
    let mut table = table;
    for name in tables {
        table = table.get(*name)?.as_table()?;
    }
    table.get(*last)
}
