//! What a build costs, in system calls and not in seconds: counted with `strace`, so that a machine that is busy gives
//! the same answer. Calls that wait for other threads depend on their luck and are left out.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::shapes;
use crate::skip;
use crate::support::Workspace;

/// Most system calls for each input file when nothing has changed.
const PER_INPUT: f64 = 1.4;
/// Most system calls when nothing has changed, beside those for the inputs: starting a process, and the state.
const BESIDE: f64 = 400.0;
/// More than the time for which farm distrusts the times of a file that has just been written.
const OLD_ENOUGH: Duration = Duration::from_millis(100);
/// Calls with which threads wait for each other.
const WAITING: [&str; 6] = [
    "futex",
    "epoll_wait",
    "epoll_pwait",
    "sched_yield",
    "poll",
    "restart_syscall",
];

fn has_strace() -> bool {
    let tried = Command::new("strace")
        .args(["-f", "-c", "-o", "/dev/null", "true"])
        .status();
    tried.is_ok_and(|status| status.success())
}

/// A build under strace with these options, and what strace wrote.
fn traced(workspace: &Workspace, options: &[&str]) -> String {
    let report = workspace.beside("strace.txt");
    let farm = workspace.command(["build", "--sandbox", "off"]);
    let mut command = Command::new("strace");
    command.args(["-f", "-qq"]).args(options).arg("-o").arg(&report);
    command.arg(farm.get_program()).args(farm.get_args());
    command.current_dir(workspace.root()).env_clear();
    command.envs(farm.get_envs().filter_map(|(name, value)| Some((name, value?))));
    workspace.ran(&mut command).success();
    fs::read_to_string(report).expect("strace reports")
}

/// How many system calls a build makes, all of its processes together.
fn calls(workspace: &Workspace) -> f64 {
    let report = traced(workspace, &["-c"]);
    let rows = report.lines().skip_while(|line| !line.starts_with("---")).skip(1);
    let rows = rows.take_while(|line| !line.starts_with("---"));
    let mut sum = 0.0;
    for row in rows {
        let columns: Vec<&str> = row.split_whitespace().collect();
        let name = columns.last().expect("a name");
        if !WAITING.contains(name) {
            sum += columns[3]
                .parse::<f64>()
                .unwrap_or_else(|error| panic!("{error}: {row}"));
        }
    }
    assert!(sum > 0.0, "{report}");
    sum
}

/// Paths below the workspace that a build opens, with the flags.
fn opened(workspace: &Workspace) -> Vec<(String, String)> {
    let report = traced(workspace, &["-y", "-e", "trace=open,openat,openat2"]);
    let root = format!("{}/", workspace.root().display());
    let mut found = Vec::new();
    for line in report.lines().filter(|line| line.contains("open")) {
        // With -y the folder that a name is relative to stands before it, as `5</path>`.
        let folder = line
            .split_once('<')
            .map_or("", |(_, rest)| rest.split('>').next().unwrap_or_default());
        let Some(name) = line.split('"').nth(1) else { continue };
        let path = if name.starts_with('/') {
            name.to_owned()
        } else {
            format!("{folder}/{name}")
        };
        let flags = line.split('"').nth(2).unwrap_or_default();
        found.extend(path.strip_prefix(&root).map(|path| (path.to_owned(), flags.to_owned())));
    }
    assert!(!found.is_empty(), "a build looks at the workspace: {report}");
    found
}

/// Whether an open can be followed by a read of content.
fn can_read(flags: &str) -> bool {
    !flags.contains("O_DIRECTORY") && !flags.contains("O_PATH")
}

/// Built again and again until every file is old enough for farm to trust its times.
fn built(workspace: Workspace) -> Workspace {
    workspace.farm("build --sandbox off").success();
    let written = Instant::now();
    while written.elapsed() < OLD_ENOUGH {
        workspace.farm("build --sandbox off").success();
    }
    workspace.farm("build --sandbox off").success();
    workspace
}

#[test]
fn nothing_changed_costs_few_calls_for_each_input() {
    if !has_strace() {
        skip!("strace cannot trace here");
    }
    for (targets, inputs) in [(10, 20), (100, 20), (10, 200)] {
        let workspace = built(shapes::wide(targets, inputs));
        let (calls, files) = (calls(&workspace), (targets * inputs) as f64);
        assert!(
            calls <= PER_INPUT * files + BESIDE,
            "{calls} calls for {files} inputs of {targets} targets"
        );
    }
}

#[test]
fn nothing_changed_reads_no_input_and_no_output() {
    if !has_strace() {
        skip!("strace cannot trace here");
    }
    let workspace = built(shapes::wide(5, 5));
    let read = opened(&workspace).into_iter().filter(|(_, flags)| can_read(flags));
    let of_farm = |path: &str| path.starts_with(".farm/") || path == "farm.toml" || path == "farm.lock";
    let read: Vec<_> = read.filter(|(path, _)| !of_farm(path)).collect();
    assert_eq!(read, []);
    workspace.write("t3/src/3.txt", "changed\n");
    let read: Vec<_> = opened(&workspace).into_iter().map(|(path, _)| path).collect();
    assert!(
        read.contains(&"t3/src/3.txt".to_owned()),
        "what changed is seen to be read: {read:?}"
    );
}

#[test]
fn nothing_changed_reads_nothing_but_the_state() {
    if !has_strace() {
        skip!("strace cannot trace here");
    }
    let workspace = built(shapes::wide(5, 5));
    let read = opened(&workspace).into_iter().filter(|(_, flags)| can_read(flags));
    // The command line reads the head of farm.toml, to know the workspace's folder from a member's.
    let read = read.filter(|(path, _)| path != "farm.toml");
    let read: Vec<_> = read.filter(|(path, _)| !path.starts_with(".farm/")).collect();
    assert_eq!(read, []);
}

#[test]
fn nothing_changed_asks_no_component() {
    for workspace in [shapes::wide(3, 3), shapes::chain(4), shapes::many_inputs(20)] {
        let last = built(workspace).farm("build --json --sandbox off").last();
        assert_eq!((&last["components"], &last["counts"]["ran"]), (&0.into(), &0.into()));
    }
}

/// Cold and without a change, work grows with the workspace and no faster: from one size to twice and four times that.
fn assert_linear(name: &str, make: impl Fn(usize) -> Workspace) {
    if !has_strace() {
        skip!("strace cannot trace here");
    }
    let count = |times: usize| {
        let workspace = make(times);
        // The builder is compiled by the first build with a cache, which has nothing to do with size.
        workspace.farm("build --sandbox off").success();
        workspace.remove(".farm");
        workspace.farm("cache clean").success();
        let cold = calls(&workspace);
        let workspace = built(workspace);
        [cold, calls(&workspace)]
    };
    let (one, two, four) = (count(1), count(2), count(4));
    for (at, what) in ["cold", "nothing changed"].into_iter().enumerate() {
        let (one, two, four) = (one[at], two[at], four[at]);
        let told = format!("{name}, {what}: {one}, {two}, {four} calls");
        assert!(two <= 2.2 * one && four <= 4.4 * one, "{told}");
        // What is the same at every size would hide what grows: so the growth is compared, too.
        assert!(four - two <= 2.4 * (two - one) + 100.0, "{told}");
    }
}

#[test]
fn work_grows_with_the_number_of_targets() {
    assert_linear("wide", |times| shapes::wide(20 * times, 5));
}

#[test]
fn work_grows_with_the_length_of_a_chain() {
    assert_linear("chain", |times| shapes::chain(20 * times));
}

#[test]
fn work_grows_with_the_number_of_inputs() {
    assert_linear("inputs", |times| shapes::many_inputs(250 * times));
}
