//! Small modules without requirements: workspaces, folders beside the target's, every tier, no go at all.

use std::process::Command;

use super::needs_go;
use crate::support::Workspace;
use crate::{farm_snapshot, skip};

const MAIN: &str = "package main\n\nimport \"example.com/shared\"\n\nfunc main() { print(shared.Word()) }\n";
const SHARED: &str = "package shared\n\nfunc Word() string { return \"tide\" }\n";

fn farm_toml(root: &str) -> String {
    format!(
        "[workspace]\nname = \"small\"\n[targets.app]\nbuilder = \"go\"\nroot = \"{root}\"\noptions = {{ vet = false, test = false }}\n"
    )
}

/// A module that takes another one from a folder beside the target's.
fn beside() -> Workspace {
    let workspace = Workspace::with(&farm_toml("svc"));
    workspace.write("svc/go.mod", "module example.com/svc\n\ngo 1.21\n\nrequire example.com/shared v0.0.0\n\nreplace example.com/shared => ../shared\n");
    workspace.write("svc/main.go", MAIN);
    workspace.write("shared/go.mod", "module example.com/shared\n\ngo 1.21\n");
    workspace.write("shared/shared.go", SHARED);
    workspace
}

/// The same two modules, tied together by a `go.work`.
fn tied() -> Workspace {
    let workspace = beside();
    workspace.write("farm.toml", &farm_toml("."));
    workspace.write(
        "svc/go.mod",
        "module example.com/svc\n\ngo 1.21\n\nrequire example.com/shared v0.0.0\n",
    );
    workspace.write("go.work", "go 1.21\n\nuse (\n\t./shared\n\t./svc\n)\n");
    workspace
}

fn said(workspace: &Workspace) -> String {
    let output = Command::new(workspace.root().join("dist/app/svc"))
        .output()
        .expect("it was built");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_module_beside_the_targets_folder_is_a_source() {
    needs_go!();
    let workspace = beside();
    workspace.farm("build").success();
    assert_eq!(said(&workspace), "tide");
    workspace.write("shared/shared.go", &SHARED.replace("tide", "ebb"));
    workspace.farm("build").success();
    assert_eq!(said(&workspace), "ebb");
    workspace.write("shared/unused/unused.go", "package unused\n");
    let counted = workspace.build();
    assert_eq!((counted.ran, counted.cached), (1, 0), "only `list` looks at it");
}

#[test]
fn a_workspace_of_modules_is_built_together() {
    needs_go!();
    let workspace = tied();
    workspace.farm("build").success();
    assert_eq!(said(&workspace), "tide");
}

fn at_tier(tier: &str) -> Option<Workspace> {
    let workspace = beside();
    let ran = workspace.ran(&mut workspace.command_at(tier, ["build", "--json"]));
    if ran.code() == 3 && ran.problem_codes() == ["sandbox::unavailable"] {
        return None;
    }
    ran.success();
    Some(workspace)
}

#[test]
fn at_every_tier_the_same_program_comes_out() {
    needs_go!();
    let program = |workspace: &Workspace| std::fs::read(workspace.root().join("dist/app/svc")).expect("it was built");
    let outside = program(&at_tier("off").expect("L0 is everywhere"));
    for tier in ["L1", "L2"] {
        let Some(workspace) = at_tier(tier) else {
            skip!("this machine has no tier {tier}");
        };
        assert!(program(&workspace) == outside, "another program at {tier}");
    }
}

#[test]
fn c_is_compiled_in_where_it_is_asked_for() {
    needs_go!();
    if Command::new("gcc").arg("--version").output().is_err() {
        skip!("there is no gcc on the PATH; scripts/setup installs it");
    }
    let workspace = Workspace::with(&farm_toml("svc").replace("vet", "cgo = true, vet"));
    workspace.write("svc/go.mod", "module example.com/svc\n\ngo 1.21\n");
    let main = "package main\n\n// #include \"tide/tide.h\"\nimport \"C\"\n\nfunc main() { print(C.TIDE + C.ebb()) }\n";
    workspace.write("svc/main.go", main);
    workspace.write("svc/ebb.c", "#include \"tide/tide.h\"\nint ebb(void) { return 2; }\n");
    workspace.write("svc/tide/tide.h", "#define TIDE 40\nint ebb(void);\n");
    workspace.farm("build").success();
    assert_eq!(said(&workspace), "42");
}

/// Its second round of planning finds nothing to build, when nothing else is left to wait for.
#[test]
fn a_library_that_is_neither_vetted_nor_tested_is_done_when_it_is_listed() {
    needs_go!();
    let workspace = Workspace::with(&farm_toml("shared"));
    workspace.write("shared/go.mod", "module example.com/shared\n\ngo 1.21\n");
    workspace.write("shared/shared.go", SHARED);
    assert_eq!(workspace.build().ran, 1);
    assert_eq!(workspace.build().ran, 0);
}

#[test]
fn without_go_one_message_says_what_is_missing() {
    let workspace = beside().variable("PATH", "/nowhere");
    farm_snapshot!(workspace.farm("build"), @r"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    building 1 target of small for production (sandbox [TIER], [JOBS])
    error[builder::missing-tool]: the tool `go` is not on the PATH
      --> farm.toml:3:10
       |
     3 | [targets.app]
       |          ^^^
      target app
      hint: install Go 1.21 or later, and put its `bin` folder on the PATH
    ");
}

#[test]
fn without_a_c_compiler_the_race_detector_keeps_only_the_tests_from_running() {
    needs_go!();
    let config = farm_toml("svc").replace("vet = false, test = false", "vet = false, race = true");
    let workspace = Workspace::with(&config);
    workspace.write("svc/go.mod", "module example.com/svc\n\ngo 1.21\n");
    workspace.write("svc/main.go", "package main\n\nfunc main() {}\n");
    let test = "package main\n\nimport \"testing\"\n\nfunc TestMain(t *testing.T) {}\n".replace("TestMain", "TestTide");
    workspace.write("svc/main_test.go", &test);
    let path = std::env::var_os("PATH").expect("tests need a PATH");
    let place = |name: &str| {
        let mut places = std::env::split_paths(&path).map(|folder| folder.join(name));
        let tool = places.find(|file| file.exists()).expect("it is on the PATH");
        tool.canonicalize().expect("it is there")
    };
    let bin = workspace.beside("bin");
    std::fs::create_dir_all(&bin).expect("made");
    std::os::unix::fs::symlink(place("sh"), bin.join("sh")).expect("linked");
    // go finds its parts from its own folder.
    let go = place("go").parent().expect("it has one").to_owned();
    if ["gcc", "clang"].iter().any(|name| go.join(name).exists()) {
        skip!("go lies in one folder with a C compiler");
    }
    let workspace = workspace.variable("PATH", format!("{}:{}", bin.display(), go.display()));
    let ran = workspace.farm("build --json");
    assert_eq!(
        (ran.code(), ran.problem_codes()),
        (2, vec!["execute::missing-tool".to_owned()]),
        "{}",
        ran.text()
    );
    let ends = ran.events_named("action-finished");
    let outcome = |start: &str| {
        let mut ends = ends
            .iter()
            .filter(|end| end["action"].as_str().is_some_and(|id| id.starts_with(start)));
        ends.next().map(|end| end["outcome"].clone())
    };
    assert_eq!(outcome("build"), Some("ran".into()), "{}", ran.text());
    assert_ne!(outcome("compile"), Some("ran".into()), "{}", ran.text());
}
