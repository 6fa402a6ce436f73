//! A failed action by hand.

use std::time::Duration;

use farm_engine::path::RelPath;
use farm_engine::sandbox::{Limits, Spec, Tier};

use crate::farm_snapshot;
use crate::support::Workspace;

/// Keeps an action as a failed build does: `sh` with this script, without a sandbox beyond its tree.
fn keep(workspace: &Workspace, script: &str) {
    let kept = workspace.root().join("kept");
    workspace.write("kept/tree/input.txt", "the input\n");
    workspace.write("kept/temp/.keep", "");
    let spec = Spec {
        tier: Tier::L0,
        program: "/bin/sh".into(),
        arguments: vec!["-c".to_owned(), script.to_owned()],
        environment: vec![("PATH".to_owned(), "/bin".to_owned())],
        tree: kept.join("tree"),
        directory: RelPath::root(),
        binds: Vec::new(),
        shown: Vec::new(),
        caches: Vec::new(),
        toolchains: Vec::new(),
        network: false,
        sockets: Vec::new(),
        withheld: Vec::new(),
        scratch: kept.join("temp"),
        limits: Limits {
            timeout: Duration::from_secs(1),
            ..Limits::default()
        },
    };
    workspace.write("kept/spec.json", &serde_json::to_string(&spec).expect("plain data"));
}

#[test]
fn a_kept_action_runs_again_and_its_exit_code_is_passed_on() {
    let workspace = Workspace::new();
    keep(&workspace, "cat input.txt; echo wrong >&2; exit 7");
    farm_snapshot!(workspace.farm("debug kept"), @r"
    exit code: 7
    ----- stdout -----
    the input
    ----- stderr -----
    in the sandbox (L0): /bin/sh -c cat input.txt; echo wrong >&2; exit 7
    wrong
    ");
}

#[test]
fn another_command_sees_the_same_files() {
    let workspace = Workspace::new();
    keep(&workspace, "exit 7");
    farm_snapshot!(workspace.farm("debug kept -- cat input.txt"), @r"
    exit code: 0
    ----- stdout -----
    the input
    ----- stderr -----
    in the sandbox (L0): /bin/cat input.txt
    ");
    assert_eq!(workspace.farm("debug kept -- no-such-tool").code(), 2);
}

#[test]
fn a_folder_of_something_else_is_refused() {
    let workspace = Workspace::new();
    workspace.write("other/spec.json", "{}");
    farm_snapshot!(workspace.farm("debug other"), @r"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    error[cli::not-kept]: `other` is not the folder of a failed action
      because: missing field `tier` at line 1 column 2
      hint: it was kept by another version of farm, or changed: build again
    ");
    assert_eq!(workspace.farm("debug nowhere").code(), 2);
}
