//! The actions of an app: collect and compile, ask for the schema, count. Does not read any file.

use farm_pip::{Dependencies, bytecode_script, steady};
use farm_sdk::{Action, Input, Output, OutputRef, Problem};

use crate::options::Options;

/// What never belongs to an app that runs.
const NEVER: &[&str] = &[
    "**/*.egg-info/**",
    "**/*.py[cod]",
    "**/.DS_Store",
    "**/.env",
    "**/.mypy_cache/**",
    "**/.nox/**",
    "**/.pytest_cache/**",
    "**/.ruff_cache/**",
    "**/.tox/**",
    "**/.venv/**",
    "**/__pycache__/**",
    "**/node_modules/**",
    "**/venv/**",
    ".coverage",
    ".farm/**",
    ".git/**",
    "build/**",
    "dist/**",
    "farm.lock",
    "farm.toml",
    "site-packages/**",
];

/// What only developers need.
const DEVELOPMENT: &[&str] = &[
    "**/*_test.py",
    "**/conftest.py",
    "**/test/**",
    "**/test_*.py",
    "**/tests/**",
    ".gitignore",
    ".python-version",
    "pyproject.toml",
    "pytest.ini",
    "requirements*.{in,txt}",
    "setup.cfg",
    "tox.ini",
    "uv.lock",
];

/// Copies the sources, without what the app does not need when it runs, and compiles them.
pub(crate) fn collect(options: &Options) -> Result<Action, Problem> {
    if let Some(pattern) = options
        .sources
        .iter()
        .chain(&options.exclude)
        .find(|pattern| leaves(pattern))
    {
        let problem = Problem::new(format!("`{pattern}` leaves the target's folder"));
        return Err(problem.hint("`sources` and `exclude` take patterns below the target's `root`"));
    }
    let exclude = options.exclude.iter().flat_map(|pattern| {
        let pattern = pattern.trim_end_matches('/');
        [pattern.to_owned(), format!("{pattern}/**")]
    });
    let sources = Input::files(options.sources.iter().map(|pattern| pattern.trim_end_matches('/')))
        .except(NEVER.iter().chain(DEVELOPMENT).copied())
        .except(exclude)
        .below("farm/sources");
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

/// Counts, in this component.
pub(crate) fn count(collect: &Action, dependencies: Option<&Dependencies>, schema: Option<&Action>) -> Action {
    Action::step("count", "count")
        .label("count endpoints and models")
        .input(Input::output("app", collect.out("app")))
        .input(Input::output("python.json", collect.out("facts")))
        .inputs(dependencies.map(|found| Input::output("dependencies.json", found.facts.clone())))
        .inputs(schema.map(|schema| Input::output("openapi.json", schema.out("schema"))))
        .output(Output::file("metadata", "metadata.json"))
}

fn leaves(pattern: &str) -> bool {
    pattern.starts_with('/') || pattern.split('/').any(|part| part == "..")
}
