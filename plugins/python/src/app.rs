//! The actions of an app: collect and compile, ask for the schema, count. Does not read any file.

use farm_pip::{Installed, bytecode_script, steady};
use farm_sdk::{Action, Input, Output, OutputRef, Problem};

use crate::options::Options;
use crate::sources;

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
    let collect = steady(collect);
    // What the app leaves beside its code when it runs here is no part of it, unless somebody says so.
    Ok(match options.sources {
        Some(_) => collect,
        None => collect.without_ignored(),
    })
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
