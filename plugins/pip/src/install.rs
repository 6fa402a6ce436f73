//! The actions that install what is pinned, into a folder that is the same on every machine. Does not know what the
//! packages are for.

use farm_sdk::{Action, Input, Output, OutputRef, Pin};

use crate::Settings;
use crate::lock::{Lock, UV_LOCK};

/// Makes strings hash the same in every run, and keeps Python from writing byte code by itself.
const STEADY: [(&str, &str); 2] = [("PYTHONDONTWRITEBYTECODE", "1"), ("PYTHONHASHSEED", "0")];

/// Where uv writes what `uv.lock` says, for the installer.
const EXPORTED: &str = "farm/requirements.txt";

/// Where the installer writes what is installed.
pub(crate) const FACTS: &str = "farm/dependencies.json";

/// The installed packages: actions, and the outputs that others read.
#[derive(Debug)]
pub struct Dependencies {
    /// What installs them.
    pub actions: Vec<Action>,
    /// The folder with the packages.
    pub packages: OutputRef,
    /// What the installer wrote down of them.
    pub facts: OutputRef,
    /// Where the requirements are that were installed: a file of the target, or what uv wrote.
    pub(crate) requirements: (String, Input),
}

/// Installs what the lock file pins, with that file as only input: a changed source never installs again.
#[must_use]
pub fn dependencies(lock: &Lock, settings: &Settings<'_>) -> Option<Dependencies> {
    let (export, install, requirements) = match lock {
        Lock::Nothing => return None,
        Lock::Uv { count, .. } => {
            let export = export(settings);
            let pin = Pin::output(EXPORTED, export.out("requirements"));
            let install = install(settings, pin, *count, EXPORTED).args(["--installer", "uv", "--hashes"]);
            let requirements = Input::output(EXPORTED, export.out("requirements"));
            (Some(export), with_uv(install), (EXPORTED.to_owned(), requirements))
        }
        Lock::Requirements { path, content, by_uv } => {
            let install = install(settings, Pin::file(path), content.count(), path);
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
fn export(settings: &Settings<'_>) -> Action {
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
        .args(["--python", settings.python, "--output-file", EXPORTED])
        .uses_tools([settings.python])
        .inputs(["pyproject.toml", UV_LOCK].map(Input::file))
        .output(Output::file("requirements", EXPORTED))
}

fn install(settings: &Settings<'_>, pin: Pin, count: usize, requirements: &str) -> Action {
    let build = settings.build_from_source.then_some("--build");
    let bytecode = settings.bytecode.then_some("--bytecode");
    let install = Action::fetch("dependencies", settings.python, "pypi", pin)
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

/// The script that compiles to byte code, beside the script that uses it.
#[must_use]
pub fn bytecode_script() -> Input {
    Input::content("farm_bytecode.py", include_str!("scripts/farm_bytecode.py"))
}

/// A run of Python that comes out the same each time, as far as Python has a say in it.
#[must_use]
pub fn steady(action: Action) -> Action {
    STEADY
        .iter()
        .fold(action, |action, (name, value)| action.env(*name, *value))
}
