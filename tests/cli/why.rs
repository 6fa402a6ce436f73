//! `farm why`: what made actions run, and what would make them run now.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};

use crate::farm_snapshot;
use crate::guests;
use crate::puppet;
use crate::support::{Workspace, counted};

/// `strip` drops comments, `use` reads what is left: a change that `strip` swallows must stop there.
const CHAIN: &str = r#"
[workspace]
name = "chain"

[targets.strip]
builder = "command"
root = "src"
options = { command = "mkdir -p out && grep -v '^#' main.txt > out/main.txt", inputs = ["*.txt"], outputs = ["out"] }

[targets.use]
builder = "command"
root = "use"
deps = ["strip"]
options = { command = "cat deps/strip/out/main.txt > result.txt", inputs = [], outputs = ["result.txt"] }
"#;

/// The chain, built once.
fn chain() -> Workspace {
    let workspace = Workspace::with(CHAIN);
    workspace.write("src/main.txt", "# comment\ncode\n");
    workspace.write("use/.keep", "");
    assert_eq!(workspace.build(), counted(2, 0, 0));
    workspace
}

/// The line of an action that would run, without its state.
fn would_run(workspace: &Workspace, target: &str) -> String {
    let text = workspace.farm(&format!("why {target}")).success();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("  run  would run   because: "));
    line.unwrap_or_else(|| panic!("nothing would run: {text}")).to_owned()
}

/// The line of an action that is up to date, without its state.
fn ran_last(workspace: &Workspace, target: &str) -> String {
    let text = workspace.farm(&format!("why {target}")).success();
    let line = text.lines().find_map(|line| line.strip_prefix("  run  up to date  "));
    line.unwrap_or_else(|| panic!("it is not up to date: {text}"))
        .to_owned()
}

/// A change is told before the build that it makes run, and after it, and after a build that has nothing to do.
fn assert_told(workspace: &Workspace, target: &str, reason: &str) {
    assert_eq!(would_run(workspace, target), reason, "before");
    workspace.build();
    assert_eq!(
        ran_last(workspace, target),
        format!("ran last because: {reason}"),
        "after"
    );
    let again = workspace.build();
    assert_eq!((again.ran, again.cached), (0, 0));
    assert_eq!(
        ran_last(workspace, target),
        format!("ran last because: {reason}"),
        "later"
    );
}

/// All paths below the workspace, with sizes and times.
fn paths(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let data = entry.metadata().expect("it is there");
        found.push(format!(
            "{} {} {:?}",
            entry.path().display(),
            data.len(),
            data.modified()
        ));
        if data.is_dir() {
            found.extend(paths(&entry.path()));
        }
    }
    found.sort();
    found
}

#[test]
fn what_was_never_built_says_so_and_nothing_is_written() {
    let workspace = Workspace::with(CHAIN);
    workspace.write("src/main.txt", "code\n");
    workspace.write("use/.keep", "");
    let before = paths(workspace.root());
    farm_snapshot!(workspace.farm("why use"), @r"
    exit code: 0
    ----- stdout -----
    use
      run  would run   because: it was never built here
    ----- stderr -----
    ");
    assert_eq!(paths(workspace.root()), before);
    workspace.build();
    assert_eq!(ran_last(&workspace, "use"), "ran last because: it was never built here");
}

#[test]
fn nothing_is_written_into_a_workspace_that_has_changed() {
    let workspace = chain();
    workspace.write("src/main.txt", "other code\n");
    workspace.remove("use/result.txt");
    let before = paths(workspace.root());
    workspace.farm("why * -v").success();
    workspace.farm("why *").success();
    assert_eq!(paths(workspace.root()), before);
}

#[test]
fn files_that_are_edited_added_removed_and_made_executable_are_named() {
    let workspace = chain();
    workspace.write("src/main.txt", "other code\n");
    assert_told(&workspace, "strip", "file src/main.txt changed");
    workspace.write("src/more.txt", "");
    assert_told(&workspace, "strip", "file src/more.txt added");
    workspace.write("src/main.txt", "third code\n");
    workspace.remove("src/more.txt");
    assert_told(
        &workspace,
        "strip",
        "file src/main.txt changed, file src/more.txt removed",
    );
    let main = workspace.root().join("src/main.txt");
    fs::set_permissions(&main, fs::Permissions::from_mode(0o755)).expect("set");
    assert_told(&workspace, "strip", "file src/main.txt made executable");
    workspace.write("src/main.txt", "fourth code\n");
    assert_told(&workspace, "strip", "file src/main.txt changed");
}

#[test]
fn a_target_behind_a_change_may_run_and_is_up_to_date_where_the_change_ends() {
    let workspace = chain();
    workspace.write("src/main.txt", "# another comment\ncode\n");
    farm_snapshot!(workspace.farm("why *"), @r"
    exit code: 0
    ----- stdout -----
    strip
      run  would run   because: file src/main.txt changed
                       ran last because: it was never built here

    use
      run  may run     after: action run of strip, if that makes something else
                       ran last because: it was never built here
    ----- stderr -----
    ");
    assert_eq!(workspace.build(), counted(1, 0, 1));
    farm_snapshot!(workspace.farm("why *"), @r"
    exit code: 0
    ----- stdout -----
    strip
      run  up to date  ran last because: file src/main.txt changed

    use
      run  up to date  ran last because: it was never built here
    ----- stderr -----
    ");
}

#[test]
fn another_artifact_of_a_dependency_is_named() {
    let workspace = chain();
    workspace.write("src/main.txt", "other code\n");
    assert_eq!(workspace.build(), counted(2, 0, 0));
    assert_eq!(
        ran_last(&workspace, "use"),
        "ran last because: dependency strip: artifact out changed"
    );
}

#[test]
fn one_file_more_in_an_artifact_is_a_change_of_it() {
    let text = "[workspace]\nname = \"w\"\n[targets.gen]\nbuilder = \"command\"\n\
                options = { command = \"mkdir out && cp *.txt out\", inputs = [\"*.txt\"], outputs = [\"out\"] }\n\
                [targets.use]\nbuilder = \"command\"\ndeps = [\"gen\"]\n\
                options = { command = \"ls deps/gen/out > names\", inputs = [], outputs = [\"names\"] }\n";
    let workspace = Workspace::with(text);
    workspace.write("a.txt", "a\n");
    assert_eq!(workspace.build(), counted(2, 0, 0));
    let expected = "ran last because: dependency gen: artifact out changed";
    workspace.write("b.txt", "b\n");
    assert_eq!(workspace.build(), counted(2, 0, 0));
    assert_eq!(ran_last(&workspace, "use"), expected);
    std::fs::remove_file(workspace.root().join("a.txt")).expect("removed");
    assert_eq!(workspace.build(), counted(2, 0, 0));
    assert_eq!(ran_last(&workspace, "use"), expected);
}

#[test]
fn options_are_told_as_what_they_make_of_the_action() {
    let workspace = chain();
    workspace.write("farm.toml", &CHAIN.replace("cat deps", "cat ./deps"));
    assert_told(&workspace, "use", "argument 2 changed");
    let with_variable = CHAIN.replace("inputs = [], ", "inputs = [], env = { STAGE = \"one\" }, ");
    workspace.write("farm.toml", &with_variable);
    assert_told(&workspace, "use", "argument 2 changed, variable STAGE added");
    workspace.write("farm.toml", &with_variable.replace("\"one\"", "\"two\""));
    assert_told(&workspace, "use", "variable STAGE changed");
    let with_output = with_variable.replace("outputs = [\"result.txt\"]", "outputs = [\"result.txt\", \"use.log\"]");
    let with_output = with_output
        .replace("\"one\"", "\"two\"")
        .replace("> result.txt", "> result.txt && touch use.log");
    workspace.write("farm.toml", &with_output);
    assert_told(
        &workspace,
        "use",
        "argument 2 changed, tool touch added, output use.log added",
    );
}

#[test]
fn a_variable_that_is_handed_on_is_named_and_its_value_is_not_kept() {
    let variable = |stage: &str| {
        Workspace::with(
            r#"
            [workspace]
            name = "variables"
            [targets.say]
            builder = "command"
            options = { command = "echo \"$STAGE\" > said.txt", inputs = [], outputs = ["said.txt"], pass-env = ["STAGE"] }
            "#,
        )
        .variable("STAGE", stage)
    };
    let workspace = variable("a-value-of-one");
    workspace.build();
    let text = "ran last because: it was never built here";
    assert_eq!(ran_last(&workspace, "say"), text);
    let ran = workspace.ran(workspace.command(["why", "say"]).env("STAGE", "another"));
    assert!(
        ran.success()
            .contains("  run  would run   because: variable STAGE changed\n")
    );
    let kept = fs::read(workspace.root().join(".farm/why")).expect("it was built");
    assert!(!String::from_utf8_lossy(&kept).contains("a-value-of-one"));
    let unset = workspace.ran(workspace.command(["why", "say"]).env_remove("STAGE"));
    assert!(unset.success().contains("because: variable STAGE changed"));
}

#[test]
fn a_tool_that_is_replaced_on_the_path_is_named() {
    let workspace = Workspace::with(
        r#"
        [workspace]
        name = "tools"
        [targets.say]
        builder = "command"
        options = { command = "my-tool > said.txt", inputs = [], outputs = ["said.txt"] }
        "#,
    );
    let folder = workspace.beside("bin");
    fs::create_dir(&folder).expect("made");
    let install = |says: &str| {
        let tool = folder.join("my-tool");
        fs::write(&tool, format!("#!/bin/sh\necho {says}\n")).expect("written");
        fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).expect("set");
    };
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").expect("a PATH"));
    let workspace = workspace.variable("PATH", path);
    install("one");
    workspace.build();
    install("two");
    assert_told(&workspace, "say", "tool my-tool changed");
}

#[test]
fn another_component_is_told_as_the_builder() {
    let plan = puppet::plan(&[puppet::action("run", "mkdir out")]);
    let workspace = puppet::workspace(&[("web", plan)], "");
    assert_eq!(workspace.build(), counted(1, 0, 0));
    // One more custom section: the component does the same, and is another.
    let mut bytes = guests::bytes("puppet");
    bytes.extend_from_slice(b"\0\x05\x04more");
    workspace.write_bytes("puppet.wasm", &bytes);
    workspace.farm("plugin trust puppet").success();
    assert_told(&workspace, "web", "builder puppet changed");
}

#[test]
fn an_output_of_another_action_of_the_target_is_named() {
    let plan = |text: &str| {
        let make = puppet::action(
            "make",
            &format!("mkdir out && echo {text} > out/a && echo {text} > out/b"),
        );
        puppet::plan(&[make, puppet::reading("run", "make")])
    };
    let workspace = puppet::workspace(&[("web", plan("one"))], "");
    assert_eq!(workspace.build(), counted(2, 0, 0));
    let changed = workspace.read("farm.toml").replace("echo one", "echo two");
    workspace.write("farm.toml", &changed);
    farm_snapshot!(workspace.farm("why web"), @r"
    exit code: 0
    ----- stdout -----
    web
      make  would run   because: argument 2 changed
                        ran last because: it was never built here
      run   may run     after: action make of web, if that makes something else
                        ran last because: it was never built here
    ----- stderr -----
    ");
    assert_eq!(workspace.build(), counted(2, 0, 0));
    let text = workspace.farm("why web").success();
    let line = "  run   up to date  ran last because: action make: output out changed\n";
    assert!(text.ends_with(line), "{text}");
}

#[test]
fn what_the_cache_holds_is_told_with_its_reason() {
    let workspace = chain();
    workspace.write("src/main.txt", "other\n");
    assert_eq!(workspace.build(), counted(2, 0, 0));
    workspace.write("src/main.txt", "# comment\ncode\n");
    farm_snapshot!(workspace.farm("why strip"), @r"
    exit code: 0
    ----- stdout -----
    strip
      run  from cache  because: file src/main.txt changed
                       ran last because: file src/main.txt changed
    ----- stderr -----
    ");
    assert_eq!(workspace.build(), counted(0, 2, 0));
    let text = "came from the cache last because: dependency strip: artifact out changed";
    assert_eq!(ran_last(&workspace, "use"), text);
}

#[test]
fn outputs_that_are_gone_come_back_and_the_reason_for_the_last_run_stays() {
    let workspace = chain();
    workspace.remove("use/result.txt");
    farm_snapshot!(workspace.farm("why use"), @r"
    exit code: 0
    ----- stdout -----
    use
      run  from cache  because: its outputs are not in place
                       ran last because: it was never built here
    ----- stderr -----
    ");
    assert_eq!(workspace.build(), counted(0, 1, 1));
    assert_eq!(ran_last(&workspace, "use"), "ran last because: it was never built here");
}

#[test]
fn a_run_with_the_same_key_says_why_there_was_no_hit() {
    let workspace = chain();
    workspace.farm("build --no-cache --json").success();
    assert_eq!(ran_last(&workspace, "use"), "ran last because: --no-cache");
    workspace.farm("build --clear-cache --json").success();
    assert_eq!(
        ran_last(&workspace, "use"),
        "ran last because: its result was not in the cache"
    );
}

#[test]
fn an_emptied_cache_changes_nothing_for_what_is_in_place() {
    let workspace = chain();
    workspace.farm("cache clean").success();
    assert_eq!(ran_last(&workspace, "use"), "ran last because: it was never built here");
    assert_eq!(workspace.build(), counted(0, 0, 2));
    // The user of a lost result needs it, so it is made again.
    workspace.write("farm.toml", &CHAIN.replace("cat deps", "cat ./deps"));
    assert_eq!(would_run(&workspace, "*"), "its result was not in the cache");
    assert_eq!(workspace.build(), counted(2, 0, 0));
}

#[test]
fn an_action_that_failed_is_still_compared_with_its_last_success() {
    let workspace = chain();
    workspace.write("src/main.txt", "# nothing is left\n");
    assert_eq!(workspace.farm("build").code(), 1);
    assert_eq!(would_run(&workspace, "strip"), "file src/main.txt changed");
}

#[test]
fn many_differences_are_counted() {
    let workspace = chain();
    for at in 0..30 {
        workspace.write(&format!("src/{at:02}.txt"), "");
    }
    let reason = "file src/00.txt added, file src/01.txt added, file src/02.txt added, and 27 more";
    assert_told(&workspace, "strip", reason);
    let text = workspace.farm("why strip -v").success();
    assert!(text.contains("file src/19.txt added, and 10 more\n"), "{text}");
}

#[test]
fn without_what_is_recorded_it_says_so() {
    let workspace = chain();
    workspace.write_bytes(".farm/why", b"damaged");
    farm_snapshot!(workspace.farm("why use"), @r"
    exit code: 0
    ----- stdout -----
    use
      run  up to date  why it ran last is not recorded
    ----- stderr -----
    ");
    workspace.write("src/main.txt", "other code\n");
    assert_told(&workspace, "strip", "what it was made from was not recorded");
    workspace.write("src/main.txt", "third code\n");
    assert_told(&workspace, "strip", "file src/main.txt changed");
}

#[test]
fn a_target_that_is_not_there_is_a_wrong_request() {
    let workspace = Workspace::with(CHAIN);
    workspace.write("src/main.txt", "");
    workspace.write("use/.keep", "");
    farm_snapshot!(workspace.farm("why usee"), @r"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    error[graph::unknown-selection]: there is no target `usee`
      hint: did you mean `use`?
      hint: targets: strip, use
    ");
}

#[test]
fn verbose_shows_all_that_is_in_the_key() {
    let workspace = chain();
    let text = workspace.farm("why use -v").success();
    for line in [
        "  run  up to date  ran last because: it was never built here\n",
        "    key      format key = 1\n",
        "    key      root folder = use\n",
        "    key      run argument = cat deps/strip/out/main.txt > result.txt\n",
        "    key      output result.txt = result.txt Any true\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
    // What a dependency made is in the key, and shown: `farm plan` cannot know it.
    assert!(
        text.contains("    key      file use/deps/strip/out/main.txt = "),
        "{text}"
    );
    assert!(!workspace.farm("why use").success().contains(" key "));
}

/// What is said of each action before a build is what the build then does; how often it was said to run, to come from
/// the cache, to be up to date, and to depend on others.
fn assert_agrees(workspace: &Workspace) -> [u64; 4] {
    let why: Value = serde_json::from_str(&workspace.farm("why * --json").success()).expect("JSON");
    let told = workspace.farm("build --json").events_named("action-finished");
    let mut counts = [0; 4];
    for target in why["targets"].as_array().expect("targets") {
        for action in target["actions"].as_array().expect("actions") {
            let is_it = |event: &&Value| event["target"] == target["target"] && event["action"] == action["id"];
            let outcome = &told.iter().find(is_it).expect("it ended")["outcome"];
            let (at, expected) = match action["now"]["outcome"].as_str().expect("text") {
                "runs" => (0, "ran"),
                "cached" => (1, "cached"),
                "up_to_date" => (2, "up_to_date"),
                _ => (3, outcome.as_str().expect("text")),
            };
            assert_eq!(outcome, expected, "{action}");
            counts[at] += 1;
        }
    }
    counts
}

#[test]
fn the_next_build_does_what_was_said() {
    let workspace = Workspace::with(CHAIN);
    workspace.write("src/main.txt", "# comment\ncode\n");
    workspace.write("use/.keep", "");
    assert_eq!(assert_agrees(&workspace), [2, 0, 0, 0], "first");
    assert_eq!(assert_agrees(&workspace), [0, 0, 2, 0], "nothing changed");
    workspace.write("src/main.txt", "# another\ncode\n");
    assert_eq!(assert_agrees(&workspace), [1, 0, 0, 1], "a change that may end");
    workspace.write("src/main.txt", "# comment\ncode\n");
    assert_eq!(assert_agrees(&workspace)[1], 1, "taken back");
    workspace.write("farm.toml", &CHAIN.replace("cat deps", "cat ./deps"));
    assert_eq!(assert_agrees(&workspace), [1, 0, 1, 0], "an option");
    workspace.write("farm.toml", &CHAIN.replace("\"chain\"", "\"renamed\""));
    assert_eq!(
        assert_agrees(&workspace),
        [0, 1, 1, 0],
        "the option as it was, and what is in no key"
    );
    workspace.remove("src/out");
    assert_eq!(assert_agrees(&workspace)[1], 1, "an output");
    workspace.remove("src/main.txt");
    assert_eq!(workspace.farm("build").code(), 1);
    workspace.write("src/main.txt", "# comment\ncode\n");
    assert_eq!(assert_agrees(&workspace), [0, 0, 2, 0], "a failure that was mended");
    workspace.farm("cache clean").success();
    assert_eq!(assert_agrees(&workspace), [0, 0, 2, 0], "an empty cache");
    workspace.remove(".farm");
    assert_eq!(assert_agrees(&workspace)[2], 0, "nothing remembered");
}

#[test]
fn who_reads_nothing_of_what_a_dependency_writes_into_the_tree_does_not_wait_for_it() {
    let workspace = chain();
    // The cache holds what comes of it, and that is what lies there already.
    workspace.write("src/main.txt", "# other words\ncode\n");
    assert_eq!(workspace.build(), counted(1, 0, 1));
    workspace.write("src/main.txt", "# comment\ncode\n");
    assert_eq!(assert_agrees(&workspace), [0, 1, 1, 0]);
}

#[test]
fn programs_get_one_document() {
    let workspace = chain();
    workspace.write("src/main.txt", "other code\n");
    let document = |line: &str| -> Value { serde_json::from_str(&workspace.farm(line).success()).expect("JSON") };
    let why = document("why * --json");
    assert_eq!(why["version"], 1);
    let differences = json!([{ "what": "file", "name": "src/main.txt", "item": null, "change": "changed" }]);
    assert_eq!(
        why["targets"][0],
        json!({
            "target": "strip", "builder": "command", "complete": true,
            "actions": [{
                "id": "run", "label": "mkdir -p out && grep -v '^#' main.txt > out/main.txt",
                "last": { "outcome": "ran", "because": { "reason": "never-built" } },
                "now": { "outcome": "runs", "because": { "reason": "changed", "differences": differences, "more": 0 } },
            }],
        })
    );
    let user = &why["targets"][1]["actions"][0];
    assert_eq!(
        user["now"],
        json!({ "outcome": "open", "after": { "target": "strip", "action": "run" } })
    );
    let verbose = document("why use --json -v");
    let action = &verbose["targets"][0]["actions"][0];
    assert_eq!(action["key"].as_str().map(str::len), Some(64));
    assert_eq!(action["key_parts"][0], json!(["format", "key", "1"]));
}

#[test]
fn the_mode_and_the_sandbox_are_those_of_the_next_build() {
    let workspace = chain();
    assert_eq!(workspace.farm("why use --env staging").code(), 0);
    let off = workspace.farm("why strip --sandbox off").success();
    assert!(off.contains("would run   because: sandbox tier changed\n"), "{off}");
    assert_eq!(workspace.farm("why use --dev --env staging").code(), 2);
    assert_eq!(workspace.farm("why").code(), 2, "a target has to be named");
}
