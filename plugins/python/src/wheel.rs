//! The wheel, by whatever back end the project names. What that needs is installed by an action with the network; the
//! wheel is built without it. Does not know any back end.

use farm_pip::{Installed, Lock, Use, steady};
use farm_sdk::{Action, Artifact, Host, Input, Output, Plan, Problem};

use crate::options::Options;
use crate::pyproject::{BuildSystem, PYPROJECT};
use crate::{Target, sources};

const INTO: &str = "farm/wheel";
const FACTS: &str = "farm/wheel.json";

/// Adds the wheel, if it is asked for.
pub(crate) fn add(plan: Plan, target: &Target<'_>, host: &dyn Host) -> Result<Plan, Problem> {
    let options = target.options;
    if !options.wheel {
        return Ok(plan);
    }
    let system = BuildSystem::read(host)?;
    let settings = options.packages();
    let pinned = Lock::read_build(options.build_requirements.as_deref(), &settings, host)?;
    check_pins(&system, &pinned)?;
    let packages = farm_pip::install(Use::Build, &pinned, &settings, None);
    let wheel = build(&system, packages.as_ref(), options);
    let artifact = Artifact::new("wheel", "python-wheel", wheel.out("wheel"))
        .placed("wheels")
        .metadata(wheel.out("facts"));
    let installs = packages.into_iter().flat_map(|packages| packages.actions);
    Ok(plan.actions(installs).action(wheel).artifact(artifact))
}

/// Each package that the project names for building must be pinned, or it could be another one tomorrow.
fn check_pins(system: &BuildSystem, pinned: &Lock) -> Result<(), Problem> {
    let Some(missing) = system.requires.iter().find(|name| !pinned.has(name)) else {
        return Ok(());
    };
    let problem = Problem::new(format!("`{missing}` builds the wheel, and is not pinned")).in_file(PYPROJECT);
    let problem = match system.line {
        Some(line) => problem.at_line(line),
        None => problem,
    };
    Err(problem.hint(
        "pin all that builds the wheel in the group `build` of pyproject.toml (`uv add --group build`), or in `build-requirements.txt`",
    ))
}

fn build(system: &BuildSystem, packages: Option<&Installed>, options: &Options) -> Action {
    let paths = system.paths.iter().flat_map(|path| ["--backend-path", path.as_str()]);
    let wheel = Action::tool("wheel", options.python.as_str())
        .label("build the wheel")
        .args(["-S", "farm_wheel.py", "--backend", system.backend.as_str()])
        .args(paths)
        .args(
            packages
                .into_iter()
                .flat_map(|packages| ["--packages", packages.folder()]),
        )
        .args(["--from", "farm/sources", "--into", INTO, "--facts", FACTS])
        .input(sources::all().below("farm/sources"))
        .inputs(packages.map(Installed::input))
        .input(Input::content("farm_wheel.py", include_str!("scripts/farm_wheel.py")))
        .output(Output::folder("wheel", INTO))
        .output(Output::file("facts", FACTS));
    steady(wheel)
}
