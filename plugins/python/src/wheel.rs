//! The wheel, by whatever back end the project names. What that needs is installed by an action with the network; the
//! wheel is built without it. Does not know any back end.

use std::str::FromStr;

use farm_pip::{Installed, Lock, Use, steady};
use farm_sdk::{Action, Artifact, Host, Input, Output, Plan, Problem};
use pep440_rs::Version;
use serde_json::json;

use crate::compilers::Compilers;
use crate::needs::{self, Parameters};
use crate::options::Options;
use crate::pyproject::BuildSystem;
use crate::{Target, sources};

const INTO: &str = "farm/wheel";
const FACTS: &str = "farm/wheel.json";
const NEEDS: &str = "farm/needs.json";
/// What is needed, once that is known to be there.
const HELD: &str = "farm/needs.txt";

/// Variables that say a version to what would else ask git.
const VERSION_VARIABLES: [&str; 5] = [
    "PBR_VERSION",
    "PDM_BUILD_SCM_VERSION",
    "POETRY_DYNAMIC_VERSIONING_BYPASS",
    "SETUPTOOLS_SCM_PRETEND_VERSION",
    "UV_DYNAMIC_VERSIONING_BYPASS",
];

/// All that the wheel is made from.
#[derive(Debug)]
struct Wheel<'a> {
    options: &'a Options,
    system: BuildSystem,
    /// What the back end needs, installed.
    packages: Option<Installed>,
    compilers: Compilers,
    /// What the option `version` says, as PEP 440 writes it.
    version: Option<String>,
}

/// Adds the wheel, if it is asked for.
pub(crate) fn add(plan: Plan, target: &Target<'_>, host: &dyn Host) -> Result<Plan, Problem> {
    let options = target.options;
    if !options.wheel {
        return Ok(plan);
    }
    let system = BuildSystem::read(host)?;
    let settings = options.packages();
    let pinned = Lock::read_build(options.build_requirements.as_deref(), &settings, host)?;
    needs::check_pins(&system, &pinned)?;
    if let (Some(package), None) = (&system.history, &options.version) {
        host.warn(&format!(
            "`{package}` takes the wheel's version from git's history, which a build does not see; say it with the option \
             `version`"
        ));
    }
    let wheel = Wheel {
        options,
        compilers: Compilers::find(&system, options, host)?,
        system,
        packages: farm_pip::install(Use::Build, &pinned, &settings, None),
        version: options.version.as_deref().map(version).transpose()?,
    };
    let ask = wheel.ask();
    let held = wheel.hold(&ask);
    let build = wheel.build(&held);
    let artifact = Artifact::new("wheel", "python-wheel", build.out("wheel"))
        .placed("wheels")
        .metadata(build.out("facts"));
    let installs = wheel.packages.into_iter().flat_map(|packages| packages.actions);
    Ok(plan.actions(installs).actions([ask, held, build]).artifact(artifact))
}

fn version(text: &str) -> Result<String, Problem> {
    let version = Version::from_str(text).map_err(|_| {
        let problem = Problem::new(format!(
            "option `version` is `{text}`, which is no version of a Python package"
        ));
        problem.hint("write it as PEP 440 has it: `1.4.2`, `1.5rc1`, `1.5.dev3`")
    })?;
    Ok(version.to_string())
}

impl Wheel<'_> {
    /// Asks the back end what it needs besides what the project names.
    fn ask(&self) -> Action {
        self.script("build-needs", "ask what builds the wheel")
            .args(["--needs", NEEDS])
            .output(Output::file("needs", NEEDS))
    }

    /// Holds what is installed to what is needed, in this component.
    fn hold(&self, ask: &Action) -> Action {
        let parameters = Parameters {
            backend: self.system.backend.clone(),
            requires: self.system.requires.iter().map(|one| one.text.clone()).collect(),
        };
        let packages = self.packages.as_ref();
        Action::step("build-check", "build-needs")
            .label("check what builds the wheel")
            .parameters(&json!(parameters))
            .input(Input::output("needs.json", ask.out("needs")))
            .inputs(packages.map(|packages| Input::output("packages.json", packages.facts.clone())))
            .output(Output::file("needs", "needs.txt"))
    }

    fn build(&self, held: &Action) -> Action {
        let version = self.version.as_deref();
        let history = self.system.history.as_deref().filter(|_| version.is_none());
        self.script("wheel", "build the wheel")
            .args(["--into", INTO, "--facts", FACTS])
            .args(version.into_iter().flat_map(|version| ["--version", version]))
            .args(history.into_iter().flat_map(|package| ["--history", package]))
            // Nothing is built by what is not known to be right.
            .input(Input::output(HELD, held.out("needs")))
            .output(Output::folder("wheel", INTO))
            .output(Output::file("facts", FACTS))
    }

    /// A run of the script that calls the back end, with all that this may use.
    fn script(&self, id: &str, label: &str) -> Action {
        let (system, packages) = (&self.system, self.packages.as_ref());
        let script = Action::tool(id, self.options.python.as_str())
            .label(label)
            .args(["-S", "farm_wheel.py", "--backend", system.backend.as_str()])
            .args(system.paths.iter().flat_map(|path| ["--backend-path", path.as_str()]))
            .args(
                packages
                    .into_iter()
                    .flat_map(|packages| ["--packages", packages.folder()]),
            )
            .args(["--from", "farm/sources"])
            .input(sources::all().below("farm/sources"))
            .inputs(packages.map(Installed::input))
            .input(Input::content("farm_wheel.py", include_str!("scripts/farm_wheel.py")));
        let script = steady(self.compilers.apply(script));
        self.version.iter().fold(script, |script, version| {
            let variables = VERSION_VARIABLES.into_iter();
            variables.fold(script, |script, variable| script.env(variable, version))
        })
    }
}
