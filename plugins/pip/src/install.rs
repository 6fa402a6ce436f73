//! The actions that install packages: those of the app, and apart from them those that only developers need. Does not
//! know what they are used for.

use farm_sdk::{Action, Input, Output, OutputRef, Pin};

use crate::Settings;
use crate::lock::{Lock, UV_LOCK};

/// Makes strings hash the same in every run, and keeps Python from writing byte code by itself.
const STEADY: [(&str, &str); 2] = [("PYTHONDONTWRITEBYTECODE", "1"), ("PYTHONHASHSEED", "0")];

/// What packages are installed for. Each use has a folder of its own, so that no artifact holds what another use needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// The app when it runs.
    Production,
    /// Checks and tests.
    Development,
    /// The build back end of a wheel.
    Build,
}

impl Use {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Production => "",
            Self::Development => "dev-",
            Self::Build => "build-",
        }
    }

    /// Where the packages lie in the tree of whatever reads them.
    const fn folder(self) -> &'static str {
        match self {
            Self::Production => "site-packages",
            Self::Development => "farm/dev-packages",
            Self::Build => "farm/build-packages",
        }
    }

    const fn what(self) -> &'static str {
        match self {
            Self::Production => "packages",
            Self::Development => "packages for development",
            Self::Build => "packages that build the wheel",
        }
    }
}

/// Installed packages: actions, and the outputs that others read.
#[derive(Debug)]
pub struct Installed {
    purpose: Use,
    /// What installs them.
    pub actions: Vec<Action>,
    /// The folder with the packages.
    pub packages: OutputRef,
    /// What the installer wrote down of them.
    pub facts: OutputRef,
    /// Where the requirements are that were installed: a file of the target, or what uv wrote.
    pub(crate) requirements: (String, Input),
}

impl Installed {
    /// Where the packages lie.
    #[must_use]
    pub const fn folder(&self) -> &'static str {
        self.purpose.folder()
    }

    /// The packages, at their place.
    #[must_use]
    pub fn input(&self) -> Input {
        Input::output(self.folder(), self.packages.clone())
    }

    /// Leaves out which of these packages cannot be had on this platform, and what only they need. The facts say which,
    /// and why ([`Facts::lacking`](crate::Facts::lacking)): whoever asks for this tells the user.
    #[must_use]
    pub fn sparing(mut self, names: &[&str]) -> Self {
        if let Some(install) = self.actions.pop() {
            let spare = names.iter().flat_map(|name| ["--spare", name]);
            self.actions.push(install.args(spare).input(Input::content(
                "farm_lacking.py",
                include_str!("scripts/farm_lacking.py"),
            )));
        }
        self
    }

    /// Where the installer writes what is installed.
    pub(crate) fn facts_path(purpose: Use) -> String {
        format!("farm/{}dependencies.json", purpose.prefix())
    }
}

/// Installs what is pinned, with the file that pins it as only input: a changed source never installs again. Packages
/// that are installed `beside` need not be named again.
#[must_use]
pub fn install(purpose: Use, lock: &Lock, settings: &Settings<'_>, beside: Option<&Installed>) -> Option<Installed> {
    let exported = format!("farm/{}requirements.txt", purpose.prefix());
    let (export, install, requirements) = match lock {
        Lock::Nothing => return None,
        Lock::Uv { groups, .. } => {
            let export = export(purpose, groups, &exported, settings);
            let pin = Pin::output(&exported, export.out("requirements"));
            let install = run_installer(purpose, lock, settings, (exported.as_str(), pin));
            let install = with_uv(install.args(["--installer", "uv", "--hashes"]), settings);
            let requirements = Input::output(&exported, export.out("requirements"));
            (Some(export), install, (exported, requirements))
        }
        Lock::Requirements { path, content, by_uv } => {
            let install = run_installer(purpose, lock, settings, (path.as_str(), Pin::file(path)));
            let hashes = content.has_hashes().then_some("--hashes");
            let installer = if *by_uv { "uv" } else { "pip" };
            let install = install.args(["--installer", installer]).args(hashes);
            let install = match beside {
                Some(Installed {
                    requirements: (path, input),
                    ..
                }) => install.args(["--beside", path.as_str()]).input(input.clone()),
                None => install,
            };
            let install = if *by_uv {
                with_uv(install, settings)
            } else {
                with_cache(install, settings, ("pip", "PIP_CACHE_DIR"))
            };
            (None, install, (path.clone(), Input::file(path)))
        }
    };
    Some(Installed {
        purpose,
        packages: install.out("site-packages"),
        facts: install.out("facts"),
        actions: export.into_iter().chain([install]).collect(),
        requirements,
    })
}

/// `uv.lock` as requirements with hashes: what the project needs without any group, or what the groups need.
fn export(purpose: Use, groups: &[String], exported: &str, settings: &Settings<'_>) -> Action {
    let selected = groups.iter().flat_map(|group| ["--only-group", group.as_str()]);
    let nothing_else = groups.is_empty().then_some("--no-default-groups");
    Action::tool(format!("{}requirements", purpose.prefix()), "uv")
        .label("read uv.lock")
        .args(["export", "--quiet", "--frozen", "--offline"])
        .args(selected.chain(nothing_else))
        .args(["--no-emit-project", "--no-annotate", "--no-header"])
        .args(["--no-python-downloads", "--no-config", "--no-cache"])
        .args(["--python", settings.python, "--output-file", exported])
        .uses_tools([settings.python])
        .inputs(["pyproject.toml", UV_LOCK].map(Input::file))
        .output(Output::file("requirements", exported))
}

fn run_installer(purpose: Use, lock: &Lock, settings: &Settings<'_>, (requirements, pin): (&str, Pin)) -> Action {
    let facts = Installed::facts_path(purpose);
    let build = settings.build_from_source.then_some("--build");
    let bytecode = settings.bytecode.then_some("--bytecode");
    // Start scripts name this machine's Python, and an app has no use for programs. A check may be one.
    let programs = (purpose != Use::Production).then_some("--programs");
    let id = format!("{}dependencies", purpose.prefix());
    let install = Action::fetch(id, settings.python, "pypi", pin)
        .label(format!("install {} {}", lock.count(), purpose.what()))
        .args(["farm_install.py", "--requirements", requirements])
        .args(["--into", purpose.folder(), "--facts", facts.as_str()])
        .args(build.into_iter().chain(bytecode).chain(programs))
        .input(Input::content(
            "farm_install.py",
            include_str!("scripts/farm_install.py"),
        ))
        .input(bytecode_script())
        .output(Output::unpacked("site-packages", purpose.folder()))
        .output(Output::file("facts", facts));
    steady(install)
}

fn with_uv(install: Action, settings: &Settings<'_>) -> Action {
    with_cache(install, settings, ("uv", "UV_CACHE_DIR"))
        .uses_tools(["uv"])
        .env("UV_PYTHON_DOWNLOADS", "never")
}

/// What a package runs while it is built can write to the cache, and what it writes is for this target alone.
fn with_cache(install: Action, settings: &Settings<'_>, (name, variable): (&str, &str)) -> Action {
    match settings.build_from_source {
        true => install.private_cache(name, variable),
        false => install.cache(name, variable),
    }
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
