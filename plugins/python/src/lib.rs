//! The builder `python`: an app with its pinned packages, its byte code and its OpenAPI schema. Does not know what the
//! app does, nor how it is served.
//!
//! Actions: `dependencies` (once for each lock file; `requirements` before it where that is `uv.lock`), `app` (a
//! filtered and compiled copy of the sources), `schema`, and the steps `count` and `components`. Artifacts: `app` of kind `python-app`,
//! `site-packages` of kind `python-packages`, `openapi` of kind `openapi-schema`. What lands in `dist/<target>` starts
//! with `PYTHONPATH=site-packages python3 -m uvicorn src.main:app`.

mod actions;
mod count;
mod options;

use std::path::Path;

use farm_pip::{Dependencies, Lock, components};
use farm_sdk::{Action, Artifact, Builder, Description, EntryKind, Host, Plan, Problem, Request};

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
    }

    fn plan(request: &Request<Options>, host: &dyn Host) -> Result<Plan, Problem> {
        let options = &request.options;
        let settings = options.packages();
        let dependencies = farm_pip::dependencies(&Lock::read(&settings, host)?, &settings);
        let collect = actions::collect(options)?;
        let packages = dependencies.as_ref().map(|found| &found.packages);
        let schema = match &options.app {
            Some(app) => Some(actions::schema(
                options,
                app,
                module_folder(app, host)?,
                &collect,
                packages,
            )),
            None => None,
        };
        let components = dependencies.as_ref().map(components::list);
        let count = actions::count(&collect, dependencies.as_ref(), schema.as_ref());
        let [app, packages, schema_file] = artifacts(options, &collect, dependencies.as_ref(), schema.as_ref());
        let described = [app.map(|app| app.metadata(count.out("metadata"))), packages];
        let described = described.into_iter().flatten().map(|artifact| match &components {
            Some(components) => artifact.components(components.out("components")),
            None => artifact,
        });
        let plan = described.chain(schema_file).fold(Plan::new(), Plan::artifact);
        let installs = dependencies.into_iter().flat_map(|found| found.actions);
        Ok(plan
            .actions(installs)
            .actions(components)
            .action(collect)
            .actions(schema)
            .action(count))
    }

    fn run_step(name: &str, parameters: &str, input: &Path, output: &Path) -> Result<(), Problem> {
        match name {
            "count" => count::run(input, output),
            "components" => components::run(parameters, input, output),
            _ => Err(Problem::new(format!("this builder has no step `{name}`"))),
        }
    }
}

farm_sdk::export!(Python);

/// The app, its packages and its schema.
fn artifacts(
    options: &Options,
    collect: &Action,
    dependencies: Option<&Dependencies>,
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
