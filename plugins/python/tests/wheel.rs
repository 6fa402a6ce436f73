//! How a wheel is planned, and what stops it.

mod planned;

use farm_builder_python::Python;
use farm_sdk::testing::{Folder, plan};
use farm_sdk::{Action, Builder, Plan};
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
    insta::assert_snapshot!(
        line(&plan, "build-needs"),
        @"python3 -S farm_wheel.py --backend hatchling.build --packages farm/build-packages --from farm/sources --needs farm/needs.json"
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
    the wheel is built by `Hatchling>=1.25`, which is not pinned
    in: pyproject.toml:5
    hint: pin all that builds the wheel in the group `build` of pyproject.toml (`uv add --group build`), or in `build-requirements.txt`
    ");
    insta::assert_snapshot!(mistake(&folder("", "").without("build-requirements.txt"), &wheel()), @"
    the wheel is built by `setuptools`, which is not pinned
    in: pyproject.toml
    hint: pin all that builds the wheel in the group `build` of pyproject.toml (`uv add --group build`), or in `build-requirements.txt`
    ");
}

#[test]
fn what_builds_the_wheel_is_pinned_to_a_version_that_the_project_allows() {
    insta::assert_snapshot!(mistake(&folder(HATCHLING, "hatchling==1.3.0\n"), &wheel()), @"
    the wheel is built by `Hatchling>=1.25`, and what is pinned is 1.3.0
    in: pyproject.toml:5
    hint: pin a version that is asked for: with `uv lock`, or `uv pip compile` for `build-requirements.txt`
    ");
    planned(&folder(HATCHLING, "hatchling==1.100\n"), &wheel());
    // One of them may be right for the platform that builds.
    let two = "hatchling==1.20 ; python_version < '3.9'\nhatchling==1.27 ; python_version >= '3.9'\n";
    planned(&folder(HATCHLING, two), &wheel());
    let lock = "[[package]]\nname = \"shop\"\nsource = { virtual = \".\" }\n[package.dev-dependencies]\n\
        build = [{ name = \"hatchling\" }]\n[[package]]\nname = \"hatchling\"\nversion = \"1.3.0\"\n";
    let locked = folder(HATCHLING, "")
        .without("requirements.txt")
        .without("build-requirements.txt");
    insta::assert_snapshot!(mistake(&locked.file("uv.lock", lock).tools(["uv"]), &wheel()), @"
    the wheel is built by `Hatchling>=1.25`, and what is pinned is 1.3.0
    in: pyproject.toml:5
    hint: pin a version that is asked for: with `uv lock`, or `uv pip compile` for `build-requirements.txt`
    ");
}

#[test]
fn what_a_marker_is_about_shows_when_the_back_end_is_there() {
    let marked = HATCHLING.replace("Hatchling>=1.25", "tomli>=2; python_version < '3.11'");
    planned(&folder(&marked, ""), &wheel());
    insta::assert_snapshot!(mistake(&folder(&HATCHLING.replace(">=1.25", " => 2"), ""), &wheel()), @r#"
    `Hatchling => 2` of `[build-system]` is no requirement: no such comparison operator "=>", must be one of ~= == != <= >= < > ===
    in: pyproject.toml:5
    hint: write it as PEP 508 has it: `name`, or `name>=1.2,<2`
    "#);
}

/// What the step `build-check` says of these packages.
fn checked(requires: &[&str], asked: &[&str], packages: &[(&str, &str)]) -> Result<String, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let (input, output) = (folder.path().join("in"), folder.path().join("out"));
    for path in [&input, &output] {
        std::fs::create_dir(path).expect("made");
    }
    let environment = json!({ "python_version": "3.10", "sys_platform": "linux" });
    let needs = json!({ "asked": asked, "environment": environment });
    let packages: Vec<Value> = packages
        .iter()
        .map(|(name, version)| json!({ "name": name, "version": version }))
        .collect();
    let write = |name: &str, value: &Value| std::fs::write(input.join(name), value.to_string()).expect("written");
    write("needs.json", &needs);
    write("packages.json", &json!({ "packages": packages }));
    let parameters = json!({ "backend": "kettle.build", "requires": requires }).to_string();
    match Python::run_step("build-needs", &parameters, &input, &output) {
        Ok(()) => Ok(std::fs::read_to_string(output.join("needs.txt")).expect("written")),
        Err(problem) => Err(problem.message),
    }
}

#[test]
fn all_that_is_needed_here_is_held_to_what_is_installed() {
    let requires = [
        "hatchling >= 1.25",
        "tomli>=2; python_version < '3.11'",
        "colorama; sys_platform == 'win32'",
    ];
    let there = [("hatchling", "1.27.0"), ("tomli", "2.2.1"), ("ninja", "1.11.1.4")];
    assert_eq!(
        checked(&requires, &["ninja>=1.8.2"], &there),
        Ok("hatchling >= 1.25\ntomli>=2; python_version < '3.11'\nninja>=1.8.2\n".to_owned())
    );
    let said = |asked: &[&str], packages: &[(&str, &str)]| checked(&requires, asked, packages).expect_err("a problem");
    assert_eq!(
        said(&[], &there[..1]),
        "the wheel is built by `tomli>=2; python_version < '3.11'`, which is not pinned"
    );
    assert_eq!(
        said(&["ninja>=1.12"], &there),
        "`kettle.build` asks for `ninja>=1.12`, and what is pinned is 1.11.1.4"
    );
    assert_eq!(
        said(&["cython>=3"], &there),
        "`kettle.build` asks for `cython>=3`, which is not pinned"
    );
    assert_eq!(
        said(&["a; shoes == '43'"], &there),
        "`kettle.build` asks for `a; shoes == '43'`, which is no requirement: its marker cannot be read"
    );
}

#[test]
fn compilers_are_declared_where_something_is_compiled() {
    let tools = |folder: Folder, options: Value| {
        let plan = planned(&folder, &options);
        let of = |id| (action(&plan, id).tools.clone(), action(&plan, id).environment.clone());
        assert_eq!(
            of("wheel"),
            of("build-needs"),
            "what is asked is asked as it will be built"
        );
        let (tools, environment) = of("wheel");
        let compilers = environment
            .into_iter()
            .filter(|(name, _)| name == "CC" || name == "CXX");
        (tools, compilers.map(|(_, value)| value).collect::<Vec<_>>())
    };
    let pins = "hatchling==1.27.0\nmaturin==1.9.4\n";
    let all = || folder(HATCHLING, pins).tools(["clang", "clang++", "gcc", "g++", "nasm", "cargo", "rustc"]);
    let none: (Vec<String>, Vec<String>) = Default::default();
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(tools(all().file("tests/readme.md", ""), wheel()), none);
    let gcc = owned(&["gcc", "g++"]);
    let both = owned(&["g++", "gcc"]);
    assert_eq!(tools(all().file("src/fast.c", ""), wheel()), (both, gcc.clone()));
    assert_eq!(
        tools(all().file(".venv/lib/fast.c", ""), wheel()),
        none,
        "that is no part of it"
    );
    let named = json!({ "wheel": true, "build-tools": ["nasm", "clang"] });
    assert_eq!(
        tools(all().file("src/fast.pyx", ""), named.clone()),
        (owned(&["clang", "clang++", "nasm"]), owned(&["clang", "clang++"]))
    );
    assert_eq!(tools(all(), named).0, owned(&["clang", "nasm"]));
    let rust = HATCHLING.replace("Hatchling>=1.25", "maturin>=1,<2");
    assert_eq!(
        tools(all().file("pyproject.toml", rust), wheel()),
        (owned(&["cargo", "g++", "gcc", "rustc"]), gcc)
    );
}

#[test]
fn tools_that_are_not_there_are_named() {
    let rust = HATCHLING.replace("Hatchling>=1.25", "maturin>=1,<2");
    insta::assert_snapshot!(mistake(&folder(&rust, "maturin==1.9.4\n").tools(["rustc"]), &wheel()), @"
    `maturin` compiles Rust, and `cargo` is not on the PATH
    in: -
    hint: install Rust with rustup
    ");
    let named = json!({ "wheel": true, "build-tools": ["nasm"] });
    insta::assert_snapshot!(mistake(&folder(HATCHLING, "hatchling==1.27.0\n"), &named), @"
    option `build-tools` names `nasm`, which is not on the PATH
    in: -
    hint: install it, or leave it out
    ");
}

#[test]
fn a_version_takes_the_place_of_gits_history() {
    let scm = HATCHLING.replace("\"Hatchling>=1.25\"", "\"hatchling\", \"hatch-vcs\"");
    let folder = folder(&scm, "hatchling==1.27.0\nhatch-vcs==0.5.0\n");
    assert!(line(&planned(&folder, &wheel()), "wheel").ends_with("--history hatch-vcs"));
    insta::assert_snapshot!(folder.logs()[0].message, @"`hatch-vcs` takes the wheel's version from git's history, which a build does not see; say it with the option `version`");
    let plan = planned(&folder, &json!({ "wheel": true, "version": "v1.4-RC.1" }));
    assert!(line(&plan, "wheel").ends_with("--version 1.4rc1"));
    for id in ["build-needs", "wheel"] {
        let variable = ("SETUPTOOLS_SCM_PRETEND_VERSION".to_owned(), "1.4rc1".to_owned());
        assert!(action(&plan, id).environment.contains(&variable), "{id}");
    }
    insta::assert_snapshot!(mistake(&folder, &json!({ "wheel": true, "version": "next" })), @"
    option `version` is `next`, which is no version of a Python package
    in: -
    hint: write it as PEP 440 has it: `1.4.2`, `1.5rc1`, `1.5.dev3`
    ");
    let fixed = folder.file(
        "pyproject.toml",
        scm.replace("[project]", "[project]\nversion = \"1.0\""),
    );
    assert!(
        !line(&planned(&fixed, &wheel()), "wheel").contains("--history"),
        "its version is written down"
    );
}

#[test]
fn pdm_reads_history_only_where_the_project_says_so() {
    let pdm = "[build-system]\nrequires = [\"pdm-backend\"]\nbuild-backend = \"pdm.backend\"\n";
    let history = |more: &str| {
        let folder = folder(&format!("{pdm}{more}"), "pdm-backend==2.4.5\n");
        line(&planned(&folder, &wheel()), "wheel").contains("--history pdm-backend")
    };
    assert!(history("[tool.pdm.version]\nsource = \"scm\"\n"));
    assert!(!history("[tool.pdm.version]\nsource = \"file\"\n") && !history(""));
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
