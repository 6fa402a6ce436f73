//! How a build ends when its user has had enough.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::Workspace;

/// One action that would outlast any patience.
const SLOW: &str = r#"
[workspace]
name = "slow"

[targets.nap]
builder = "command"
options = { command = "sleep 60", inputs = [], outputs = [] }
"#;

/// A build whose action runs, and its events from there on.
fn started(workspace: &Workspace) -> (Child, impl Iterator<Item = Value>) {
    let mut command = workspace.command(["build", "--json", "--sandbox", "off"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let lines = BufReader::new(child.stdout.take().expect("it is a pipe")).lines();
    let mut events = lines.map(|line| serde_json::from_str::<Value>(&line.expect("it is text")).expect("it is JSON"));
    assert!(
        events.any(|event| event["event"] == "action-started"),
        "the action never ran"
    );
    (child, events)
}

/// Sends the signal.
fn signal(child: &Child, name: &str) {
    let status = Command::new("kill")
        .args([name, &child.id().to_string()])
        .status()
        .expect("there is a kill");
    assert!(status.success());
}

#[test]
fn e03_a_second_interrupt_kills_at_once_and_the_report_is_complete() {
    let workspace = Workspace::with(SLOW);
    let start = Instant::now();
    let (mut child, events) = started(&workspace);
    signal(&child, "-INT");
    // Of another kind, since two pending signals of one kind are one.
    signal(&child, "-TERM");
    let last = events.last().expect("the report goes on to its end");
    let status = child.wait().expect("it ends");
    assert_eq!((&last["event"], &last["ok"]), (&"build-finished".into(), &false.into()));
    assert_eq!(status.code(), Some(130));
    assert!(start.elapsed() < Duration::from_secs(30), "the action was waited for");
}
