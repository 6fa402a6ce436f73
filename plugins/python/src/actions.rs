//! The actions of an app: install, collect and compile, ask for the schema, count. Does not read any file.

use farm_sdk::{Action, Input, Output, OutputRef, Pin, Problem};

use serde_json::json;

use crate::components::Parameters;
use crate::lock::{Lock, UV_LOCK};
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

/// Makes strings hash the same in every run, and keeps Python from writing byte code by itself.
const STEADY: [(&str, &str); 2] = [("PYTHONDONTWRITEBYTECODE", "1"), ("PYTHONHASHSEED", "0")];

/// Where uv writes what `uv.lock` says, for the installer.
const EXPORTED: &str = "farm/requirements.txt";

/// Where the installer writes what is installed.
const FACTS: &str = "farm/dependencies.json";

/// The installed packages: actions, and the outputs that others read.
#[derive(Debug)]
pub(crate) struct Dependencies {
    pub(crate) actions: Vec<Action>,
    pub(crate) packages: OutputRef,
    pub(crate) facts: OutputRef,
    /// Where the requirements are that were installed: a file of the target, or what uv wrote.
    pub(crate) requirements: (String, Input),
}

/// Installs what the lock file pins, with that file as only input: a changed source never installs again.
pub(crate) fn dependencies(lock: &Lock, options: &Options) -> Option<Dependencies> {
    let (export, install, requirements) = match lock {
        Lock::Nothing => return None,
        Lock::Uv { count } => {
            let export = export(options);
            let pin = Pin::output(EXPORTED, export.out("requirements"));
            let install = install(options, pin, *count, EXPORTED).args(["--installer", "uv", "--hashes"]);
            let requirements = Input::output(EXPORTED, export.out("requirements"));
            (Some(export), with_uv(install), (EXPORTED.to_owned(), requirements))
        }
        Lock::Requirements { path, content, by_uv } => {
            let install = install(options, Pin::file(path), content.count(), path);
            let hashes = content.has_hashes().then_some("--hashes");
            let installer = if *by_uv { "uv" } else { "pip" };
            let install = install.args(["--installer", installer]).args(hashes);
            let install = if *by_uv {
                with_uv(install)
            } else {
                install.cache("pip", "PIP_CACHE_DIR")
            };
            (None, install, (path.clone(), Input::file(path)))
        }
    };
    let (packages, facts) = (install.out("site-packages"), install.out("facts"));
    Some(Dependencies {
        actions: export.into_iter().chain([install]).collect(),
        packages,
        facts,
        requirements,
    })
}

/// `uv.lock` as requirements with hashes, without the packages for development.
fn export(options: &Options) -> Action {
    Action::tool("requirements", "uv")
        .label("read uv.lock")
        .args([
            "export",
            "--quiet",
            "--frozen",
            "--offline",
            "--no-dev",
            "--no-emit-project",
            "--no-annotate",
        ])
        .args(["--no-header", "--no-python-downloads", "--no-config", "--no-cache"])
        .args(["--python", options.python.as_str(), "--output-file", EXPORTED])
        .uses_tools([options.python.as_str()])
        .inputs(["pyproject.toml", UV_LOCK].map(Input::file))
        .output(Output::file("requirements", EXPORTED))
}

fn install(options: &Options, pin: Pin, count: usize, requirements: &str) -> Action {
    let build = options.build_from_source.then_some("--build");
    let bytecode = options.bytecode.then_some("--bytecode");
    let install = Action::fetch("dependencies", options.python.as_str(), "pypi", pin)
        .label(format!("install {count} packages"))
        .args(["farm_install.py", "--requirements", requirements])
        .args(["--into", "site-packages", "--facts", FACTS])
        .args(build.into_iter().chain(bytecode))
        .input(Input::content(
            "farm_install.py",
            include_str!("scripts/farm_install.py"),
        ))
        .input(bytecode_script())
        .output(Output::unpacked("site-packages", "site-packages"))
        .output(Output::file("facts", FACTS));
    steady(install)
}

fn with_uv(install: Action) -> Action {
    install
        .uses_tools(["uv"])
        .cache("uv", "UV_CACHE_DIR")
        .env("UV_PYTHON_DOWNLOADS", "never")
}

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

/// The installed packages with the hashes that they were pinned by, read in this component.
pub(crate) fn components(dependencies: &Dependencies) -> Action {
    let (path, requirements) = dependencies.requirements.clone();
    Action::step("components", "components")
        .label("list the installed packages")
        .parameters(&json!(Parameters { requirements: path }))
        .input(Input::output(FACTS, dependencies.facts.clone()))
        .input(requirements)
        .output(Output::file("components", "components.json"))
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

fn bytecode_script() -> Input {
    Input::content("farm_bytecode.py", include_str!("scripts/farm_bytecode.py"))
}

fn steady(action: Action) -> Action {
    STEADY
        .iter()
        .fold(action, |action, (name, value)| action.env(*name, *value))
}

fn leaves(pattern: &str) -> bool {
    pattern.starts_with('/') || pattern.split('/').any(|part| part == "..")
}
