//! Builders of somebody else's that are broken or mean harm, in whole builds: their own targets fail, with a message that
//! says who, where and which limit, and everything else is built.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::puppet::{self, action, plan, reading};
use crate::support::{Ran, Workspace, counted};
use crate::{farm_snapshot, guests};

/// One target of each of these guests, between two that are fine.
fn beside_good(names: &[&str]) -> Workspace {
    let workspace = Workspace::new();
    let mut text = "[workspace]\nname = \"hostile\"\n\n".to_owned();
    for good in ["a-good", "z-good"] {
        let options = format!("{{ command = \"echo x > {good}.txt\", inputs = [], outputs = [\"{good}.txt\"] }}");
        write!(text, "[targets.{good}]\nbuilder = \"command\"\noptions = {options}\n\n").expect("a text takes all");
    }
    for name in names {
        let builder = name.replace('_', "-");
        workspace.write_bytes(&format!("{name}.wasm"), &guests::bytes(name));
        write!(
            text,
            "[targets.{builder}]\nbuilder = \"{builder}\"\n\n[builders.{builder}]\ncomponent = \"{name}.wasm\"\n\n"
        )
        .expect("a text takes all");
    }
    workspace.write("farm.toml", &text);
    workspace
}

/// The message of the one problem of this target.
fn message(ran: &Ran<'_>, target: &str) -> String {
    let problems = ran.events_named("problem-found");
    let of_target: Vec<&Value> = problems
        .iter()
        .map(|event| &event["problem"])
        .filter(|problem| problem["target"] == target)
        .collect();
    assert_eq!(of_target.len(), 1, "{target}: {}", ran.text());
    of_target[0]["message"].as_str().expect("text").to_owned()
}

#[test]
fn a01_a02_a04_a07_fail_their_own_target_and_no_other() {
    let workspace = beside_good(&[
        "loop_in_plan",
        "loop_in_start",
        "grow_memory",
        "huge_answer",
        "recurse",
        "panic",
    ]);
    // The mode tells one of them how many MiB it shall answer with.
    let ran = workspace.farm("build --json --env 200");
    assert_eq!(ran.code(), 1, "{}", ran.text());
    assert!(
        workspace.has("a-good.txt") && workspace.has("z-good.txt"),
        "the others are built: {}",
        ran.text()
    );
    assert_eq!(ran.last()["counts"]["ran"], 2);
    let expected = [
        (
            "loop-in-plan",
            "builder `loop-in-plan` failed in plan: it ran longer than its limit of ",
        ),
        (
            "loop-in-start",
            "builder `loop-in-start` failed in describe: it ran longer than its limit of ",
        ),
        ("grow-memory", "builder `grow-memory` failed in plan: it asked for "),
        (
            "huge-answer",
            "builder `huge-answer` failed in plan: it handed over more than its limit of ",
        ),
        ("recurse", "builder `recurse` failed in plan: it used more than its "),
        ("panic", "builder `panic` failed in plan: "),
    ];
    for (target, start) in expected {
        let message = message(&ran, target);
        assert!(message.starts_with(start), "{message}");
    }
}

#[test]
fn a01_the_failure_is_the_same_the_next_time_and_the_rest_stays_built() {
    let workspace = beside_good(&["grow_memory"]);
    for counts in [(2, 0), (0, 2)] {
        let ran = workspace.farm("build --json");
        assert_eq!((ran.code(), ran.problem_codes()), (1, vec!["plugin::limit".to_owned()]));
        let last = ran.last();
        assert_eq!(
            (&last["counts"]["ran"], &last["counts"]["up_to_date"]),
            (&counts.0.into(), &counts.1.into())
        );
    }
}

#[test]
fn a_builder_without_a_schema_fails_its_own_target() {
    let workspace = beside_good(&["quiet"]);
    let ran = workspace.farm("build --json");
    assert_eq!(
        (ran.code(), ran.problem_codes()),
        (1, vec!["plugin::options-schema".to_owned()])
    );
    assert!(workspace.has("a-good.txt") && workspace.has("z-good.txt"));
}

#[test]
fn a09_an_ungranted_import_stops_the_build_with_a_table() {
    let workspace = beside_good(&["quiet"]);
    let component = guests::parse(
        r#"(component
            (import "wasi:sockets/tcp@0.2.3" (instance))
            (import "wasi:http/outgoing-handler@0.2.0" (instance)))"#,
    );
    workspace.write_bytes("quiet.wasm", &component);
    farm_snapshot!(workspace.farm("build"), @r#"
    exit code: 3
    ----- stdout -----
    ----- stderr -----
    error[plugin::imports]: builder `quiet` failed in load: it imports what builders are not given: `wasi:sockets/tcp@0.2.3`, `wasi:http/outgoing-handler@0.2.0`
       --> farm.toml:16:13
        |
     16 | component = "quiet.wasm"
        |             ^^^^^^^^^^^^
      because: wasi:sockets/tcp@0.2.3            not granted: builders have no network
        because: wasi:http/outgoing-handler@0.2.0  not granted: builders have no network
      hint: ask the builder's author for a build that needs none of these; a builder plans, and farm runs the tools
    "#);
    assert!(
        !workspace.has("a-good.txt") && !workspace.has("farm.lock") && !workspace.has(".farm"),
        "nothing is written"
    );
}

#[test]
fn a_good_puppet_is_built_pinned_and_cached() {
    let workspace = puppet::workspace(&[("web", plan(&[action("run", "mkdir out; echo x > out/x.txt")]))], "");
    assert_eq!(workspace.build(), counted(1, 0, 0));
    assert_eq!(workspace.read("dist/web/x.txt"), "x\n");
    assert!(workspace.read("farm.lock").contains("puppet"));
    assert_eq!(workspace.farm("build --json").last()["components"], 0);
    workspace.remove("dist");
    assert_eq!(workspace.build(), counted(0, 1, 0));
    assert_eq!(workspace.read("dist/web/x.txt"), "x\n");
}

#[test]
fn stale_files_of_an_artifact_go() {
    let workspace = puppet::workspace(
        &[("web", plan(&[action("run", "mkdir -p out; echo x > out/x.txt")]))],
        "",
    );
    assert_eq!(workspace.build(), counted(1, 0, 0));
    workspace.write("dist/web/stale.txt", "of an earlier build");
    workspace.write("dist/web/x.txt", "spoilt");
    assert_eq!(workspace.build(), counted(0, 1, 0));
    assert!(!workspace.has("dist/web/stale.txt"));
    assert_eq!(workspace.read("dist/web/x.txt"), "x\n");
}

#[test]
fn the_mode_is_the_builders_to_see() {
    let workspace = puppet::workspace(&[("web", plan(&[action("run", "mkdir out")]))], "");
    let mode = |line: &str| workspace.farm(line).events_named("build-started")[0]["mode"].clone();
    assert_eq!(mode("build --json"), "production");
    assert_eq!(mode("build --json --dev"), "development");
    assert_eq!(mode("build --json --env staging"), "staging");
    let planned = |line: &str| workspace.farm(line).events_named("target-planned")[0]["cached"].clone();
    assert_eq!(
        planned("build --json --env night"),
        false,
        "another mode is another question"
    );
    assert_eq!(planned("build --json --env night"), true);
}

/// Builds a workspace whose puppet gives this plan beside one that is fine, and returns how it was refused.
fn refused(plan: &Value) -> Value {
    let good = "[targets.a-good]\nbuilder = \"command\"\noptions = { command = \"echo x > good.txt\", inputs = [], outputs = [\"good.txt\"] }\n";
    let workspace = puppet::workspace(&[("bad", plan.clone())], good);
    let ran = workspace.farm("build --json");
    assert_eq!(ran.code(), 1, "{}", ran.text());
    assert_eq!(ran.problem_codes(), ["plan::refused"], "{}", ran.text());
    assert!(
        workspace.has("good.txt") && !workspace.has("dist/bad") && !workspace.has("out"),
        "{}",
        ran.text()
    );
    let problem = ran.events_named("problem-found").remove(0)["problem"].clone();
    assert_eq!(
        problem["message"],
        "the builder `puppet` gave a plan that cannot be carried out"
    );
    problem["causes"][0].clone()
}

#[test]
fn a13_a_tool_that_was_not_granted_stops_at_the_plan() {
    let with_tool = |tool: &str| {
        let mut action = action("run", "true");
        action["work"]["Tool"]["tool"] = tool.into();
        plan(&[action])
    };
    for tool in ["cat", "../sh", "/bin/sh", "sh/../sh"] {
        let expected = format!("action `run` uses the tool `{tool}`, which the builder may not use");
        assert_eq!(refused(&with_tool(tool)), expected);
    }
}

#[test]
fn a13_a_grant_that_the_builder_did_not_ask_for_is_none() {
    let mut run = action("run", "true");
    run["work"]["Tool"]["tool"] = "cat".into();
    let workspace = puppet::workspace(&[("bad", plan(&[run]))], "");
    workspace.write("farm.toml", &workspace.read("farm.toml").replace("[\"sh\"]", "[\"*\"]"));
    let ran = workspace.farm("build --json");
    assert_eq!(
        (ran.code(), ran.problem_codes()),
        (1, vec!["plan::refused".to_owned()]),
        "{}",
        ran.text()
    );
}

#[test]
fn a14_outputs_stay_in_their_place() {
    for path in [
        "",
        "..",
        "../../x",
        "/tmp/x",
        ".git/hooks",
        ".farm/state.json",
        "farm.toml",
        "dist/web",
    ] {
        let mut run = action("run", "true");
        run["outputs"][0]["path"] = path.into();
        run["outputs"][0]["in_place"] = true.into();
        let workspace = puppet::workspace(&[("bad", plan(&[run]))], "");
        let ran = workspace.farm("build --json");
        assert_eq!(
            (ran.code(), ran.problem_codes()),
            (2, vec!["plan::output".to_owned()]),
            "{path}: {}",
            ran.text()
        );
        assert!(
            !workspace.has(".farm") && !workspace.has("farm.lock"),
            "{path}: nothing is written"
        );
    }
}

#[test]
fn a14_two_targets_do_not_write_into_one_place() {
    let mut one = action("run", "mkdir -p out; echo x > out/x.txt");
    one["outputs"][0]["in_place"] = true.into();
    let mut two = one.clone();
    two["outputs"][0]["path"] = "out/sub".into();
    let workspace = puppet::workspace(&[("one", plan(&[one])), ("two", plan(&[two]))], "");
    let ran = workspace.farm("build --json");
    assert_eq!(
        (ran.code(), ran.problem_codes()),
        (2, vec!["plan::output-clash".to_owned()]),
        "{}",
        ran.text()
    );
    assert!(
        !workspace.has("out") && !workspace.has(".farm") && !workspace.has("farm.lock"),
        "nothing is written"
    );
}

#[test]
fn a14_two_artifacts_do_not_share_a_file() {
    let mut both = plan(&[
        action("one", "mkdir out; echo 1 > out/x.txt"),
        action("two", "mkdir out; echo 2 > out/x.txt"),
    ]);
    let second = json!({
        "name": "second", "kind": "files", "place": "", "properties": [],
        "from": { "action": "two", "output": "out" },
    });
    both["artifacts"].as_array_mut().expect("a list").push(second);
    let workspace = puppet::workspace(&[("web", both)], "");
    let ran = workspace.farm("build --json");
    assert_eq!(
        (ran.code(), ran.problem_codes()),
        (1, vec!["artifact::collision".to_owned()]),
        "{}",
        ran.text()
    );
    assert!(ran.text().contains("x.txt"), "{}", ran.text());
}

#[test]
fn a16_cycles_duplicates_and_crowds_are_refused() {
    let cycle = plan(&[reading("a", "b"), reading("b", "a")]);
    assert_eq!(refused(&cycle), "actions wait for each other: a -> b -> a");
    assert_eq!(
        refused(&plan(&[action("a", "true"), action("a", "true")])),
        "action `a` is there twice"
    );
    let name = "n".repeat(1 << 20);
    let cause = refused(&plan(&[action(&name, "true")]));
    assert!(cause.as_str().is_some_and(|cause| cause.len() < 500), "bounded");
    let crowd: Vec<Value> = (0..10_001).map(|at| json!({
        "id": format!("a{at}"), "label": "", "inputs": [], "tools": [], "environment": [], "pass_environment": [],
        "secrets": [], "caches": [], "properties": [], "outputs": [],
        "work": { "Step": { "name": "s", "parameters": "" } },
    })).collect();
    let crowd = json!({ "actions": crowd, "artifacts": [], "properties": [] });
    assert_eq!(
        refused(&crowd),
        "the plan's list of actions has 10001, the limit is 10000"
    );
}

#[test]
fn a19_a_component_that_changed_needs_a_new_yes() {
    let workspace = puppet::workspace(&[("web", plan(&[action("run", "mkdir out")]))], "");
    assert_eq!(workspace.build(), counted(1, 0, 0));
    workspace.write_bytes("puppet.wasm", &guests::bytes("panic"));
    let ran = workspace.farm("build --json");
    assert_eq!(
        (ran.code(), ran.problem_codes()),
        (3, vec!["plugin::changed".to_owned()])
    );
    workspace.farm("plugin trust puppet").success();
    let codes = workspace.farm("build --json").problem_codes();
    assert_eq!(codes, ["plugin::trap"], "the new component is asked");
}

#[test]
fn a20_a_wish_that_was_not_granted_stops_the_build() {
    let workspace = puppet::workspace(&[("web", plan(&[]))], "");
    workspace.write("farm.toml", &workspace.read("farm.toml").replace("[\"sh\"]", "[]"));
    farm_snapshot!(workspace.farm("build"), @r#"
    exit code: 3
    ----- stdout -----
    ----- stderr -----
    error[plugin::not-granted]: builder `puppet` asks for permissions that it was not granted
      --> farm.toml:8:11
       |
     8 | [builders.puppet]
       |           ^^^^^^
      because: it wants to run the tool `sh`
      hint: if you trust it with this, write `tools = ["sh"]` under [builders.puppet.permissions] in farm.toml
    "#);
    assert!(!workspace.has("farm.lock") && !workspace.has(".farm"));
}

#[test]
fn a_new_builder_is_not_pinned_by_a_build_that_was_refused() {
    let wrong = "[targets.wrong]\nbuilder = \"command\"\noptions = { command = \"true\", outputs = [\"../other\"] }\n";
    let workspace = puppet::workspace(&[("web", plan(&[action("run", "mkdir out")]))], wrong);
    assert_eq!(workspace.farm("build").code(), 2);
    assert!(
        !workspace.has("farm.lock") && !workspace.has(".farm"),
        "nothing is written"
    );
    workspace.farm("plan -t web").success();
    assert!(!workspace.has("farm.lock"), "a look pins nothing");
}

#[test]
fn a_locked_build_takes_no_new_builder() {
    let workspace = puppet::workspace(&[("web", plan(&[action("run", "mkdir out")]))], "");
    let ran = workspace.farm("build --json --locked");
    assert_eq!(ran.code(), 3, "{}", ran.text());
    assert!(!workspace.has("farm.lock"));
}
