//! Wheels whose back ends would ask git for a version: git's history is no part of a build, so somebody has to say it.

use serde_json::json;

use crate::shop::product::{Build, networked};
use crate::support::Workspace;

/// Back ends by name: what `[build-system]` says, and what makes them ask git.
const ASKING: [(&str, &str, &str); 3] = [
    (
        "setuptools",
        "requires = [\"setuptools>=61\", \"setuptools-scm>=8\"]\nbuild-backend = \"setuptools.build_meta\"",
        "[tool.setuptools_scm]",
    ),
    (
        "hatch",
        "requires = [\"hatchling\", \"hatch-vcs\"]\nbuild-backend = \"hatchling.build\"",
        "[tool.hatch.version]\nsource = \"vcs\"",
    ),
    (
        "pdm",
        "requires = [\"pdm-backend\"]\nbuild-backend = \"pdm.backend\"",
        "[tool.pdm.version]\nsource = \"scm\"",
    ),
];

fn target_of(name: &str, options: &str) -> String {
    format!("[targets.{name}]\nbuilder = \"python\"\nroot = \"{name}\"\noptions = {{ wheel = true{options} }}\n")
}

fn workspace(options: &str) -> Workspace {
    let workspace = networked(Workspace::new());
    let mut farm_toml = "[workspace]\nname = \"history\"\n".to_owned();
    for (name, system, tool) in ASKING {
        farm_toml += &target_of(name, options);
        let project = format!(
            "[project]\nname = \"kettle\"\nrequires-python = \">=3.10\"\ndynamic = [\"version\"]\n\n[build-system]\n{system}\n\n{tool}\n"
        );
        workspace.write(&format!("{name}/pyproject.toml"), &project);
        workspace.write(&format!("{name}/requirements.txt"), "");
        workspace.write(
            &format!("{name}/build-requirements.txt"),
            include_str!("pins/history.txt"),
        );
        workspace.write(&format!("{name}/kettle/__init__.py"), "");
    }
    workspace.write("farm.toml", &farm_toml);
    workspace
}

#[test]
fn a_version_that_is_said_is_the_wheels() {
    let workspace = workspace(", version = \"2.1rc3\"");
    let build = Build::of(&workspace.farm("build --json"));
    assert!(build.ok(), "{}", build.text());
    for (name, ..) in ASKING {
        let about = &build.artifact(name, "wheel")["metadata"];
        assert_eq!(about["version"], json!("2.1rc3"), "{name}");
        assert!(workspace.has(&format!("dist/{name}/wheels/kettle-2.1rc3-py3-none-any.whl")));
    }
}

#[test]
fn without_one_the_message_says_what_is_missing_and_how_to_say_it() {
    let workspace = workspace("");
    for (name, package) in [
        ("setuptools", "setuptools-scm"),
        ("hatch", "hatch-vcs"),
        ("pdm", "pdm-backend"),
    ] {
        let ran = workspace.farm(&format!("build --target {name}"));
        let text = ran.text();
        assert_eq!(ran.code(), 1, "{text}");
        let warned = format!("`{package}` takes the wheel's version from git's history, which a build does not see");
        let told = format!("Where the version is what is missing, which `{package}` takes from git's history");
        for expected in [warned.as_str(), told.as_str(), "the option `version`"] {
            assert!(text.contains(expected), "{name}: `{expected}` is missing: {text}");
        }
    }
}

#[test]
fn a_version_that_the_back_end_does_not_take_is_refused() {
    let workspace = workspace(", version = \"2.1\"");
    let project = workspace.read("hatch/pyproject.toml");
    let fixed = project.replace("dynamic = [\"version\"]", "version = \"1.0\"");
    workspace.write("hatch/pyproject.toml", &fixed);
    let ran = workspace.farm("build --target hatch");
    let text = ran.text();
    assert_eq!(ran.code(), 1, "{text}");
    assert!(
        text.contains("option `version` says 2.1, and the wheel has the version 1.0"),
        "{text}"
    );
}
