//! The actions of an app: collect and compile, ask for the schema, list the packages, count. Does not read any file.

use farm_sdk::{Action, Input, Output, OutputRef, Problem};

use serde_json::json;

use crate::components::Parameters;
use crate::install::{Installed, Use};
use crate::options::Options;
use crate::sources;

/// Makes strings hash the same in every run, and keeps Python from writing byte code by itself.
const STEADY: [(&str, &str); 2] = [("PYTHONDONTWRITEBYTECODE", "1"), ("PYTHONHASHSEED", "0")];

/// Copies the sources, without what the app does not need when it runs, and compiles them.
pub(crate) fn collect(options: &Options) -> Result<Action, Problem> {
    let sources = sources::app(options)?.below("farm/sources");
    let collect = Action::tool("app", options.python.as_str())
        .label(if options.bytecode {
            "collect and compile the sources"
        } else {
            "collect the sources"
        })
        .args([
            "-S",
            "farm_collect.py",
            "--from",
            "farm/sources",
            "--into",
            "farm/app",
            "--facts",
            "farm/python.json",
        ])
        .args(options.bytecode.then_some("--bytecode"))
        .input(sources)
        .input(Input::content(
            "farm_collect.py",
            include_str!("scripts/farm_collect.py"),
        ))
        .input(bytecode_script())
        .output(Output::folder("app", "farm/app"))
        .output(Output::file("facts", "farm/python.json"));
    Ok(steady(collect))
}

/// The OpenAPI schema, told by the collected app itself. A change that the schema does not show ends here.
pub(crate) fn schema(
    options: &Options,
    app: &str,
    folder: &str,
    collect: &Action,
    packages: Option<&OutputRef>,
) -> Action {
    let found = if folder.is_empty() {
        ".".to_owned()
    } else {
        folder.to_owned()
    };
    let schema = Action::tool("schema", options.python.as_str())
        .label(format!("schema of {app}"))
        .in_folder("app")
        // Without `site`, packages that happen to be installed on this machine stay out of sight.
        .args([
            "-S",
            "../farm_schema.py",
            "--path",
            found.as_str(),
            "--path",
            "../site-packages",
        ])
        .args(["--into", "../farm/openapi.json", app])
        .input(Input::output("app", collect.out("app")))
        .inputs(packages.map(|packages| Input::output("site-packages", packages.clone())))
        .input(Input::content("farm_schema.py", include_str!("scripts/farm_schema.py")))
        .output(Output::file("schema", "farm/openapi.json"));
    steady(schema)
}

/// The installed packages with the hashes that they were pinned by, read in this component.
pub(crate) fn components(dependencies: &Installed) -> Action {
    let (path, requirements) = dependencies.requirements.clone();
    Action::step("components", "components")
        .label("list the installed packages")
        .parameters(&json!(Parameters { requirements: path }))
        .input(Input::output(
            Installed::facts_path(Use::Production),
            dependencies.facts.clone(),
        ))
        .input(requirements)
        .output(Output::file("components", "components.json"))
}

/// Counts, in this component.
pub(crate) fn count(collect: &Action, dependencies: Option<&Installed>, schema: Option<&Action>) -> Action {
    Action::step("count", "count")
        .label("count endpoints and models")
        .input(Input::output("app", collect.out("app")))
        .input(Input::output("python.json", collect.out("facts")))
        .inputs(dependencies.map(|found| Input::output("dependencies.json", found.facts.clone())))
        .inputs(schema.map(|schema| Input::output("openapi.json", schema.out("schema"))))
        .output(Output::file("metadata", "metadata.json"))
}

pub(crate) fn bytecode_script() -> Input {
    Input::content("farm_bytecode.py", include_str!("scripts/farm_bytecode.py"))
}

pub(crate) fn steady(action: Action) -> Action {
    STEADY
        .iter()
        .fold(action, |action, (name, value)| action.env(*name, *value))
}
