//! Folders that an action sees as they are: when they are shown, what a tool can do there, and what happens when they
//! change meanwhile.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Stdio;
use std::time::Duration;

use farm_engine::path::RelPath;
use farm_engine::sandbox::{Bind, Tier};
use serde_json::Value;

use crate::sandbox::cell::{Cell, run_spec};
use crate::support::{Workspace, counted};

/// Lists the places where folders are shown.
const LIST: &str =
    "sed -n 's,^[^ ]* /workspace/\\\\([^ ]*\\\\) overlay.*,shown \\\\1,p' /proc/self/mounts | sort > out.txt";

/// A workspace of one target with this command, and ten files in `src` and in `src/deep`.
fn workspace(command: &str, inputs: &str) -> Workspace {
    let workspace = Workspace::with(&format!(
        "[workspace]\nname = \"shown\"\n[targets.a]\nbuilder = \"command\"\n\
         options = {{ command = \"{command}\", inputs = [{inputs}], outputs = [\"out.txt\"] }}\n"
    ));
    for number in 0..10 {
        workspace.write(&format!("src/{number}"), &format!("{number}\n"));
        workspace.write(&format!("src/deep/{number}"), &format!("deep {number}\n"));
    }
    workspace
}

/// Waits until what was written counts as old: until the clock of files has gone on.
fn settle(workspace: &Workspace) {
    let written = || {
        let probe = workspace.beside("clock");
        fs::write(&probe, "x").expect("written");
        let metadata = fs::metadata(&probe).expect("it is there");
        metadata.modified().expect("it has a time")
    };
    let before = written();
    while written() < before + Duration::from_millis(50) {
        std::thread::yield_now();
    }
}

/// What the action of a workspace prints of the folders that it is shown.
fn shown(workspace: &Workspace) -> String {
    settle(workspace);
    assert_eq!(
        workspace
            .ran(&mut workspace.command_at("L2", ["build", "--json"]))
            .counted(),
        counted(1, 0, 0)
    );
    workspace.read("out.txt")
}

#[test]
fn a_folder_of_nothing_but_inputs_is_shown_as_it_is() {
    assert_eq!(shown(&workspace(LIST, "\"src/**\"")), "shown src\n");
    assert_eq!(shown(&workspace(LIST, "\"src/deep/**\"")), "shown src/deep\n");
    assert_eq!(shown(&workspace(LIST, "\"src/?\"")), "", "`src/deep` is no input");
}

#[test]
fn anything_else_in_a_folder_leaves_it_to_be_copied() {
    let with = |change: fn(&Workspace)| {
        let workspace = workspace(LIST, "\"src/**\"");
        change(&workspace);
        shown(&workspace)
    };
    let mode = |path: &'static str, mode| {
        move |workspace: &Workspace| {
            let path = workspace.root().join(path);
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("changed");
        }
    };
    // The folder below is without fault each time.
    let link = |workspace: &Workspace| symlink("0", workspace.root().join("src/link")).expect("a link");
    assert_eq!(with(link), "shown src/deep\n");
    let empty = |workspace: &Workspace| fs::create_dir(workspace.root().join("src/empty")).expect("a folder");
    assert_eq!(with(empty), "shown src/deep\n");
    let unseen = |workspace: &Workspace| workspace.write("src/node_modules/x", "x");
    assert_eq!(with(unseen), "shown src/deep\n");
    let own = workspace(LIST, "\"src/**\"");
    mode("src/1", 0o600)(&own);
    assert_eq!(shown(&own), "shown src/deep\n");
    let own = workspace(LIST, "\"src/**\"");
    mode("src", 0o700)(&own);
    assert_eq!(shown(&own), "shown src/deep\n");
}

#[test]
fn an_output_in_a_folder_leaves_it_to_be_copied() {
    let workspace = Workspace::with(&format!(
        "[workspace]\nname = \"shown\"\n[targets.a]\nbuilder = \"command\"\n\
         options = {{ command = \"{LIST}; cp out.txt src/made\", inputs = [\"src/**\"], \
         outputs = [\"out.txt\", \"src/made\"] }}\n"
    ));
    for number in 0..10 {
        workspace.write(&format!("src/{number}"), "x");
    }
    assert_eq!(shown(&workspace), "");
    assert_eq!(workspace.read("src/made"), "");
}

#[test]
fn what_a_tool_does_in_a_shown_folder_vanishes() {
    let command = "echo changed > src/1; rm src/2; rm -r src/deep; mkdir src/deep; echo x > src/deep/new; \
                   mv src/3 src/moved; chmod 755 src/4; cat src/1 src/deep/* src/moved > out.txt";
    let workspace = workspace(command, "\"src/**\"");
    assert_eq!(shown(&workspace), "changed\nx\n3\n");
    for number in 0..10 {
        assert_eq!(workspace.read(&format!("src/{number}")), format!("{number}\n"));
        assert_eq!(
            workspace.read(&format!("src/deep/{number}")),
            format!("deep {number}\n")
        );
    }
    assert!(!workspace.has("src/moved") && !workspace.has("src/deep/new"));
    let mode = fs::metadata(workspace.root().join("src/4"))
        .expect("a file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o644);
    assert_eq!(workspace.build(), counted(0, 0, 1), "the build has touched no input");
}

#[test]
fn copies_look_as_shown_files_do() {
    let command = "cd src/deep; for file in *; do stat -c '%a %n' $file; done > ../../out.txt";
    let as_shown = workspace(command, "\"src/**\"");
    let copied = workspace(command, "\"src/**\"");
    for workspace in [&as_shown, &copied] {
        let path = workspace.root().join("src/deep/7");
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("changed");
    }
    symlink("0", copied.root().join("src/deep/link")).expect("a link");
    let copied = shown(&copied).replace("644 link\n", "");
    assert_eq!(shown(&as_shown), copied);
    assert!(copied.contains("755 7\n") && copied.contains("644 8\n"), "{copied}");
}

#[test]
fn an_action_whose_inputs_change_meanwhile_runs_again() {
    let command = "echo begun; until grep -q new src/1; do sleep 0.01; done; cat src/1 > out.txt";
    let workspace = workspace(command, "\"src/**\"");
    settle(&workspace);
    let mut farm = workspace.command_at("L2", ["build", "--json"]);
    let mut child = farm
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut events = lines.map(|line| serde_json::from_str::<Value>(&line.expect("text")).expect("JSON"));
    assert!(events.any(|event| event["text"] == "begun\n"), "the action never ran");
    workspace.write("src/1", "new\n");
    let told = "`src/1` changed while the action ran; it runs again\n";
    assert!(events.any(|event| event["text"] == told));
    let last = events.last().expect("the report goes on to its end");
    assert_eq!(
        (&last["ok"], &last["counts"]["ran"]),
        (&true.into(), &1.into()),
        "{last}"
    );
    assert!(child.wait().expect("it ends").success());
    assert_eq!(workspace.read("out.txt"), "new\n");
    assert_eq!(
        workspace.build(),
        counted(0, 0, 1),
        "the result is that of the new content"
    );
}

#[test]
fn a_failed_actions_kept_tree_is_complete() {
    let workspace = workspace("cat src/deep/9; exit 7", "\"src/**\"");
    settle(&workspace);
    let ran = workspace.ran(&mut workspace.command_at("L2", ["build"]));
    assert_eq!(ran.code(), 1, "{}", ran.text());
    workspace.remove("src/deep/9");
    assert_eq!(workspace.read(".farm/failed/a.run/tree/src/3"), "3\n");
    let by_hand = workspace.farm("debug .farm/failed/a.run");
    assert_eq!(by_hand.code(), 7, "{}", by_hand.text());
    assert!(by_hand.text().contains("deep 9\n"), "{}", by_hand.text());
}

#[test]
fn a_path_with_a_comma_and_a_colon_is_shown_too() {
    let mut cell = Cell::new(Tier::L2);
    let source = cell.outside("a,b:c\\d=e");
    fs::create_dir(&source).expect("a folder");
    fs::write(source.join("file"), "content\n").expect("a file");
    let at = RelPath::parse("in/here").expect("a path");
    cell.spec.shown = vec![Bind {
        source: source.clone(),
        at,
    }];
    let outcome = cell.shell("cat in/here/file; echo x > in/here/new; ls in/here");
    assert_eq!(outcome.lines(), ["content", "file", "new"]);
    assert_eq!(fs::read_dir(&source).expect("a folder").count(), 1);
    cell.spec.tier = Tier::L1;
    assert!(run_spec(&cell.spec).is_err(), "other tiers cannot show it, and say so");
}
