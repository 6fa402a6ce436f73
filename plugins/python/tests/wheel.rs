//! How a wheel is planned, and what stops it.

mod planned;

use farm_builder_python::Python;
use farm_sdk::testing::{Folder, plan};
use farm_sdk::{Action, Plan};
use planned::mistake;
use serde_json::{Value, json};

const HATCHLING: &str = "[project]\nname = \"shop\"\n\n[build-system]\nrequires = [\"Hatchling>=1.25\"]\nbuild-backend = \"hatchling.build\"\n";

fn folder(pyproject: &str, pins: &str) -> Folder {
    Folder::new()
        .file("requirements.txt", "")
        .file("pyproject.toml", pyproject)
        .file("build-requirements.txt", pins)
        .tools(["python3"])
}

fn wheel() -> Value {
    json!({ "wheel": true })
}

fn planned(folder: &Folder, options: &Value) -> Plan {
    plan::<Python>(folder, options).unwrap_or_else(|problem| panic!("{}", problem.message))
}

fn action<'a>(plan: &'a Plan, id: &str) -> &'a Action {
    plan.actions
        .iter()
        .find(|action| action.id == id)
        .expect("it is planned")
}

fn line(plan: &Plan, id: &str) -> String {
    planned::line(action(plan, id))
}

#[test]
fn the_back_end_is_installed_with_the_network_and_runs_without() {
    let plan = planned(&folder(HATCHLING, "hatchling==1.27.0\npathspec==0.12.1\n"), &wheel());
    let (install, build) = (action(&plan, "build-dependencies"), action(&plan, "wheel"));
    assert!(install.network.is_some() && build.network.is_none());
    insta::assert_snapshot!(
        line(&plan, "wheel"),
        @"python3 -S farm_wheel.py --backend hatchling.build --packages farm/build-packages --from farm/sources --into farm/wheel --facts farm/wheel.json"
    );
    let made: Vec<_> = plan
        .artifacts
        .iter()
        .map(|artifact| (artifact.kind.as_str(), artifact.place.as_deref()))
        .collect();
    assert_eq!(made, [("python-app", Some("")), ("python-wheel", Some("wheels"))]);
}

#[test]
fn a_project_without_a_back_end_is_built_by_setuptools() {
    let pins = "setuptools==80.9.0\n";
    let of = |folder: Folder| line(&planned(&folder, &wheel()), "wheel");
    assert!(of(folder("[project]\nname = \"shop\"\n", pins)).contains("--backend setuptools.build_meta:__legacy__"));
    let old = folder("", pins).without("pyproject.toml").file("setup.py", "");
    assert!(of(old).contains("--backend setuptools.build_meta:__legacy__"));
}

#[test]
fn a_back_end_of_the_projects_own_needs_no_packages() {
    let own = "[build-system]\nrequires = []\nbuild-backend = \"backend:api\"\nbackend-path = [\"tools\"]\n";
    let plan = planned(&folder(own, ""), &wheel());
    assert!(plan.actions.iter().all(|action| action.network.is_none()));
    assert!(line(&plan, "wheel").contains("--backend backend:api --backend-path tools --from"));
}

#[test]
fn the_group_build_of_uv_lock_does() {
    let lock = "[[package]]\nname = \"shop\"\nsource = { virtual = \".\" }\ndependencies = [{ name = \"rich\" }]\n\
        [package.dev-dependencies]\nbuild = [{ name = \"hatchling\" }]\ndev = [{ name = \"pytest\" }]\n\
        [[package]]\nname = \"rich\"\n[[package]]\nname = \"hatchling\"\n[[package]]\nname = \"pytest\"\n";
    let folder = folder(HATCHLING, "")
        .without("requirements.txt")
        .without("build-requirements.txt");
    let plan = planned(&folder.file("uv.lock", lock).tools(["uv"]), &wheel());
    assert!(line(&plan, "build-requirements").contains("--only-group build"));
    assert!(line(&plan, "requirements").contains("--no-default-groups"));
    assert_eq!(
        action(&plan, "build-dependencies").label,
        "install 1 packages that build the wheel"
    );
}

#[test]
fn what_builds_the_wheel_is_pinned() {
    insta::assert_snapshot!(mistake(&folder(HATCHLING, "pathspec==0.12.1\n"), &wheel()), @"
    `hatchling` builds the wheel, and is not pinned
    in: pyproject.toml:5
    hint: pin all that builds the wheel in the group `build` of pyproject.toml (`uv add --group build`), or in `build-requirements.txt`
    ");
    insta::assert_snapshot!(mistake(&folder("", "").without("build-requirements.txt"), &wheel()), @"
    `setuptools` builds the wheel, and is not pinned
    in: pyproject.toml
    hint: pin all that builds the wheel in the group `build` of pyproject.toml (`uv add --group build`), or in `build-requirements.txt`
    ");
}

#[test]
fn mistakes_in_the_project() {
    insta::assert_snapshot!(mistake(&folder("", "").without("pyproject.toml"), &wheel()), @"
    option `wheel` asks for a wheel, and there is no `pyproject.toml`
    in: pyproject.toml
    hint: describe the project there, with a table `[build-system]`
    ");
    insta::assert_snapshot!(mistake(&folder("[project]\nname = \n", ""), &wheel()), @"
    `pyproject.toml` cannot be read: string values must be quoted, expected literal string
    in: pyproject.toml:2
    hint: correct the TOML there
    ");
    let outside = "[build-system]\nrequires = []\nbuild-backend = \"b\"\nbackend-path = [\"..\"]\n";
    insta::assert_snapshot!(mistake(&folder(outside, ""), &wheel()), @"
    `..` of `backend-path` leaves the project's folder
    in: pyproject.toml
    hint: name a folder below it, as PEP 517 wants it
    ");
}
