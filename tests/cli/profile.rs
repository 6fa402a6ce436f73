//! `farm build --profile`: the trace is one that viewers can load, and says of each action what was done for it and what
//! it waited for. No time is compared with a clock: what holds is that parts lie within what they are part of.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::puppet;
use crate::support::{Ran, Workspace, counted};

/// Two targets, one after the other, and one of its own.
const TARGETS: &str = r#"
[workspace]
name = "profiled"

[targets.first]
builder = "command"
options = { command = "sh -c 'echo 1 > one'", outputs = ["one"], inputs = ["in"] }

[targets.second]
builder = "command"
deps = ["first"]
options = { command = "sh -c 'echo 2 > two'", outputs = ["two"], inputs = ["in"] }

[targets.other]
builder = "command"
options = { command = "sh -c 'echo 3 > three'", outputs = ["three"], inputs = ["in"] }
"#;

fn profiled() -> Workspace {
    let workspace = Workspace::with(TARGETS);
    workspace.write("in", "");
    workspace
}

/// A trace that was read.
struct Trace(Vec<Value>);

impl Trace {
    fn at(workspace: &Workspace, path: &str) -> Self {
        let trace: Value = serde_json::from_str(&workspace.read(path)).expect("the trace is JSON");
        Self(trace["traceEvents"].as_array().expect("a list of events").clone())
    }

    /// The stretches of time of a kind.
    fn of_kind(&self, kind: &str) -> Vec<&Value> {
        let is_it = |event: &&Value| event["ph"] == "X" && event["cat"] == kind;
        self.0.iter().filter(is_it).collect()
    }

    /// The action of a target, which has one.
    fn action(&self, target: &str) -> &Value {
        let mut actions = self.of_kind("action").into_iter();
        let found = actions.find(|event| event["args"]["target"] == target);
        found.unwrap_or_else(|| panic!("no action of {target}: {:?}", self.0))
    }

    /// The names of an action's parts, in order, which lie in it and not in each other.
    fn parts(&self, action: &Value) -> Vec<&str> {
        let (start, end) = bounds(action);
        let own = |part: &&Value| part["tid"] == action["tid"] && bounds(part).0 >= start && bounds(part).1 <= end;
        let parts: Vec<&Value> = self.of_kind("part").into_iter().filter(own).collect();
        for pair in parts.windows(2) {
            assert!(bounds(pair[0]).1 <= bounds(pair[1]).0, "{pair:?}");
        }
        parts
            .iter()
            .map(|part| part["name"].as_str().expect("a name"))
            .collect()
    }
}

/// Start and end, in nanoseconds.
fn bounds(event: &Value) -> (u64, u64) {
    let nanoseconds = |name: &str| (event[name].as_f64().expect("a number") * 1e3).round() as u64;
    (nanoseconds("ts"), nanoseconds("ts") + nanoseconds("dur"))
}

/// What standard error says after a heading, up to the next empty line.
fn section<'a>(text: &'a str, heading: &str) -> Vec<&'a str> {
    let lines = text.lines().skip_while(|line| !line.starts_with(heading));
    lines.take_while(|line| !line.is_empty()).collect()
}

fn said(ran: &Ran<'_>) -> String {
    assert_eq!(ran.code(), 0, "{}", ran.text());
    ran.text()
}

#[test]
fn a_trace_shows_what_ran_with_its_parts_and_what_it_waited_for() {
    let workspace = profiled();
    let text = said(&workspace.farm("build --profile"));
    let trace = Trace::at(&workspace, ".farm/profile.json");
    assert_eq!(trace.of_kind("action").len(), 3);
    for target in ["first", "second", "other"] {
        let action = trace.action(target);
        assert_eq!(action["args"]["outcome"], "ran");
        assert!(action["args"]["key"].is_string() && action["args"]["tier"].is_string());
        assert_eq!(
            trace.parts(action),
            [
                "tools", "key", "lookup", "stage", "sandbox", "run", "collect", "store", "place"
            ],
            "{target}"
        );
    }
    let (first, second) = (trace.action("first"), trace.action("second"));
    assert_eq!(second["args"]["after"], "first run");
    assert!(bounds(first).1 <= bounds(second).0, "one after the other");
    assert_eq!(first["args"]["after"], Value::Null);
    assert_eq!(trace.of_kind("plan").len(), 3);
    assert_eq!(trace.of_kind("finish").len(), 3);
    assert_eq!(section(&text, "longest actions").len(), 5, "{text}");
    assert!(section(&text, "critical path").len() >= 4, "{text}");
    assert!(text.contains("\ntrace: .farm/profile.json"), "{text}");
}

#[test]
fn no_two_actions_share_a_slot() {
    let workspace = profiled();
    said(&workspace.farm("build --profile --jobs 2"));
    let trace = Trace::at(&workspace, ".farm/profile.json");
    let actions = trace.of_kind("action");
    for (at, one) in actions.iter().enumerate() {
        assert!(one["tid"] == 1 || one["tid"] == 2, "{one}");
        for other in actions[at + 1..].iter().filter(|other| other["tid"] == one["tid"]) {
            let ((start, end), (other_start, other_end)) = (bounds(one), bounds(other));
            assert!(end <= other_start || other_end <= start, "{one} {other}");
        }
    }
}

#[test]
fn what_comes_from_the_cache_is_looked_up_and_put_in_place() {
    let workspace = profiled();
    said(&workspace.farm("build"));
    for path in [".farm", "one", "two", "three"] {
        workspace.remove(path);
    }
    said(&workspace.farm("build --profile=restored.json"));
    let trace = Trace::at(&workspace, "restored.json");
    assert_eq!(trace.of_kind("action").len(), 3);
    let first = trace.action("first");
    assert_eq!(trace.parts(first), ["tools", "key", "lookup", "place"]);
    assert_eq!(first["args"]["outcome"], "cached");
    assert_eq!(first["args"]["cpu_seconds"], Value::Null, "that was another build's");
    assert!(!workspace.has(".farm/profile.json"), "only the file that was named");
}

#[test]
fn where_nothing_changed_nothing_ran() {
    let workspace = profiled();
    said(&workspace.farm("build"));
    let text = said(&workspace.farm("build --profile"));
    assert!(
        text.contains("nothing ran: the results of 3 actions were known from the last build"),
        "{text}"
    );
    assert!(Trace::at(&workspace, ".farm/profile.json").of_kind("action").is_empty());
    workspace.remove("one");
    let text = said(&workspace.farm("build --profile"));
    assert_eq!(section(&text, "beside the slots").len(), 3, "{text}");
    let trace = Trace::at(&workspace, ".farm/profile.json");
    assert_eq!(trace.of_kind("finish").len(), 1, "what was put back took time");
}

#[test]
fn a_build_that_fails_has_a_profile() {
    let workspace = profiled();
    let text = workspace.read("farm.toml").replace("echo 1 > one", "exit 3");
    workspace.write("farm.toml", &text);
    let ran = workspace.farm("build --keep-going --profile");
    assert_eq!(ran.code(), 1);
    let trace = Trace::at(&workspace, ".farm/profile.json");
    let first = trace.action("first");
    assert_eq!(first["args"]["outcome"], "failed");
    assert_eq!(
        trace.parts(first),
        ["tools", "key", "lookup", "stage", "sandbox", "run"]
    );
    assert_eq!(trace.of_kind("action").len(), 2, "what was skipped was never started");
    assert!(ran.text().contains("(failed)"), "{}", ran.text());
}

#[test]
fn a_file_that_cannot_be_written_is_told_before_anything_is_built() {
    let workspace = profiled();
    workspace.write("folder/file", "");
    for file in ["nowhere/profile.json", "folder", "in/profile.json"] {
        let ran = workspace.farm(&format!("build --profile={file}"));
        assert_eq!(ran.code(), 2, "{file}");
        assert!(ran.text().contains("error[cli::profile]"), "{}", ran.text());
        assert!(!workspace.has("one") && !workspace.has(".farm"), "{file}");
    }
    let ran = workspace.farm("build --profile other.json");
    assert_eq!(ran.code(), 2, "a file is named with an equals sign");
    workspace.write(".farm/profile.json/file", "");
    let ran = workspace.farm("build --profile");
    assert_eq!(ran.code(), 2);
    assert!(ran.text().contains("error[cli::profile]"), "{}", ran.text());
    assert!(!workspace.has("one"));
}

#[test]
fn a_profile_leaves_the_streams_to_the_other_reports() {
    let workspace = profiled();
    let ran = workspace.farm("build --json --profile");
    let ends = ran.events_named("action-finished");
    for end in &ends {
        let parts = end["timings"]["phases"].as_array().expect("a list");
        assert_eq!(parts.first().expect("one")["part"], "tools");
        assert!(end["timings"]["slots"] == 1);
    }
    assert_eq!(ran.counted(), counted(3, 0, 0));
    workspace.write("in", "new");
    let ran = workspace.farm("build --quiet --profile");
    assert_eq!(
        ran.text(),
        "exit code: 0\n----- stdout -----\n----- stderr -----\n",
        "quiet is quiet"
    );
    assert!(!Trace::at(&workspace, ".farm/profile.json").of_kind("action").is_empty());
}

#[test]
fn what_a_later_round_of_a_plan_brings_waited_for_what_the_round_waited_for() {
    let mut second = puppet::plan(&[puppet::action("late", "mkdir out")]);
    second["artifacts"] = json!([]);
    let state = serde_json::to_vec(&second).expect("a plan is plain data");
    let mut first = puppet::plan(&[puppet::action("early", "mkdir out && echo 1 > out/it")]);
    first["next"] = json!({ "needs": [{ "action": "early", "output": "out" }], "state": state });
    // Another command, or it would be the same action as `late`, and wait for that one's result.
    let user = puppet::plan(&[puppet::action("use", "mkdir -p out")]);
    let workspace = puppet::workspace(&[("maker", first), ("user", user)], "");
    let text = workspace.read("farm.toml");
    let text = text.replace("[targets.user]\n", "[targets.user]\ndeps = [\"maker\"]\n");
    workspace.write("farm.toml", &text);
    let ran = workspace.farm("build --json --profile");
    assert_eq!(ran.code(), 0, "{}", ran.text());
    let ends = ran.events_named("action-finished").into_iter();
    let after: BTreeMap<String, String> = ends
        .map(|end| (end["action"].to_string(), end["timings"]["after"]["action"].to_string()))
        .collect();
    assert_eq!(after[r#""early""#], "null");
    assert_eq!(after[r#""late""#], r#""early""#);
    assert_eq!(after[r#""use""#], r#""early""#, "its plan came after that round");
    assert!(ran.text().contains("plan on"), "{}", ran.text());
}
