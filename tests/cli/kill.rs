//! Builds that are killed or stopped at any moment: the next one is right, and nothing stays behind.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use serde_json::Value;

use crate::support::{Workspace, counted};

/// Targets in rows: each reads the one above it and `seed.txt`, and writes two files.
const ROWS: usize = 6;
/// Targets in a row.
const WIDTH: usize = 4;
/// How often a build is killed.
const KILLS: usize = 100;

/// A workspace of many short actions.
fn many() -> Workspace {
    let mut text = "[workspace]\nname = \"many\"\n".to_owned();
    for row in 0..ROWS {
        for column in 0..WIDTH {
            let (deps, read) = match row {
                0 => (String::new(), String::new()),
                _ => (
                    format!("\"t{}-{column}\"", row - 1),
                    format!("deps/t{}-{column}/o{}-{column}/a", row - 1, row - 1),
                ),
            };
            let out = format!("o{row}-{column}");
            let command = format!("mkdir {out} && cat seed.txt {read} > {out}/a && echo {row} {column} > {out}/b");
            write!(
                text,
                "[targets.t{row}-{column}]\nbuilder = \"command\"\ndeps = [{deps}]\n"
            )
            .expect("a text takes all");
            let options = format!("command = \"{command}\", inputs = [\"seed.txt\"], outputs = [\"{out}\"]");
            writeln!(text, "options = {{ {options} }}").expect("a text takes all");
        }
    }
    Workspace::with(&text)
}

/// Every output is that of this seed.
fn assert_right(workspace: &Workspace, seed: &str) {
    for row in 0..ROWS {
        for column in 0..WIDTH {
            let folder = format!("o{row}-{column}");
            assert_eq!(workspace.read(&format!("{folder}/a")), seed.repeat(row + 1), "{folder}");
            assert_eq!(
                workspace.read(&format!("{folder}/b")),
                format!("{row} {column}\n"),
                "{folder}"
            );
            let files = fs::read_dir(workspace.root().join(&folder)).expect("a folder").count();
            assert_eq!(files, 2, "{folder} holds what was declared and nothing else");
        }
    }
}

/// Numbers that look random and are the same each time.
struct Numbers(u64);

impl Numbers {
    /// A number below the bound.
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

fn pid(child: &Child) -> Pid {
    Pid::from_child(child)
}

/// Waits for a process's end, but no longer than this. True when it ended.
fn ends_within(pid: Pid, time: Duration) -> bool {
    let Ok(handle) = pidfd_open(pid, PidfdFlags::empty()) else {
        return true;
    };
    let deadline = Instant::now() + time;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = Timespec {
            tv_sec: left.as_secs().try_into().expect("short"),
            tv_nsec: left.subsec_nanos().into(),
        };
        match poll(&mut [PollFd::new(&handle, PollFlags::IN)], Some(&left)) {
            Err(rustix::io::Errno::INTR) => {}
            ended => return ended.expect("a handle can be waited for") > 0,
        }
    }
}

/// All processes of the workspace's builds end by themselves, soon.
#[track_caller]
fn assert_no_orphans(workspace: &Workspace) {
    let deadline = Instant::now() + Duration::from_secs(20);
    for pid in workspace.process_ids() {
        let pid = Pid::from_raw(pid).expect("an id");
        assert!(
            ends_within(pid, deadline.saturating_duration_since(Instant::now())),
            "{:?}",
            workspace.processes()
        );
    }
    assert_eq!(workspace.processes(), Vec::<String>::new());
}

fn start(workspace: &Workspace) -> Child {
    let mut command = workspace.command(["build"]);
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts")
}

#[test]
fn e01_a_hundred_kills_at_random_moments() {
    let workspace = many();
    workspace.write("seed.txt", "warm\n");
    workspace.build();
    workspace.write("seed.txt", "measure\n");
    let before = Instant::now();
    workspace.build();
    let mut whole = u64::try_from(before.elapsed().as_micros()).expect("short");
    let mut numbers = Numbers(2);
    let mut killed = 0;
    for round in 0..KILLS {
        let seed = format!("{round}\n");
        workspace.write("seed.txt", &seed);
        let begun = Instant::now();
        let mut child = start(&workspace);
        if ends_within(pid(&child), Duration::from_micros(numbers.below(whole))) {
            // The machine was busy while the whole build was measured.
            whole = whole
                .min(u64::try_from(begun.elapsed().as_micros()).expect("short"))
                .max(1);
        } else {
            killed += 1;
            child.kill().expect("it runs");
        }
        child.wait().expect("it ended");
        let ran = workspace.farm("build --json");
        assert_eq!(ran.code(), 0, "round {round}: {}", ran.text());
        assert_right(&workspace, &seed);
    }
    assert!(killed > KILLS / 2, "only {killed} builds were killed before their end");
    assert_eq!(workspace.build(), counted(0, 0, (ROWS * WIDTH) as u64));
    assert_no_orphans(&workspace);
    // The next build that writes clears away what killed ones have left.
    workspace.write("seed.txt", "last\n");
    workspace.build();
    assert_no_garbage(&workspace);
}

/// Neither the workspace nor the store holds anything temporary.
#[track_caller]
fn assert_no_garbage(workspace: &Workspace) {
    for folder in [workspace.root().join(".farm/tmp"), workspace.cache().join("v1/tmp")] {
        let names = fs::read_dir(&folder)
            .into_iter()
            .flatten()
            .map(|entry| entry.expect("an entry").file_name());
        assert_eq!(
            names.collect::<Vec<_>>(),
            Vec::<std::ffi::OsString>::new(),
            "{}",
            folder.display()
        );
    }
    let quarantine = fs::read_dir(workspace.cache().join("v1/quarantine"))
        .expect("a folder")
        .count();
    assert_eq!(quarantine, 0, "a kill spoils nothing");
}

/// `quick` ends at once; `slow` blocks until it is killed, and has children that are deaf to everything polite.
fn blocking() -> Workspace {
    let workspace = Workspace::with(
        r#"
        [workspace]
        name = "blocking"
        [targets.quick]
        builder = "command"
        options = { command = "echo x > quick.txt", inputs = [], outputs = ["quick.txt"] }
        [targets.slow]
        builder = "command"
        deps = ["quick"]
        options = { command = "sh slow.sh", inputs = ["slow.sh"] }
        [targets.after]
        builder = "command"
        deps = ["slow"]
        options = { command = "true", inputs = [] }
        "#,
    );
    workspace.write(
        "slow.sh",
        "(trap '' TERM INT HUP; echo blocked; exec sleep 1000) & wait\n",
    );
    workspace
}

/// A build whose slow action runs, and its events from there on.
fn blocked(workspace: &Workspace) -> (Child, impl Iterator<Item = Value>) {
    let mut command = workspace.command(["build", "--json"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut events = lines.map(|line| serde_json::from_str::<Value>(&line.expect("text")).expect("JSON"));
    assert!(events.any(|event| event["text"] == "blocked\n"), "the action never ran");
    (child, events)
}

#[test]
fn e03_an_interrupt_ends_the_build_and_keeps_what_is_finished() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let workspace = blocking();
        let (mut child, events) = blocked(&workspace);
        kill_process(pid(&child), signal).expect("sent");
        let last = events.last().expect("the report goes on to its end");
        assert_eq!(child.wait().expect("it ends").code(), Some(130), "{signal:?}");
        assert_eq!((&last["event"], &last["ok"]), (&"build-finished".into(), &false.into()));
        let counts = serde_json::json!({ "ran": 1, "cached": 0, "up_to_date": 0, "failed": 0, "skipped": 2 });
        assert_eq!(last["counts"], counts, "{signal:?}");
        assert_eq!(workspace.processes(), Vec::<String>::new(), "{signal:?}");
        assert_eq!(
            workspace.farm("build --json -t quick").counted(),
            counted(0, 0, 1),
            "{signal:?}"
        );
        assert_no_garbage(&workspace);
    }
}

#[test]
fn e04_no_process_outlives_a_killed_farm() {
    let workspace = blocking();
    let (mut child, _events) = blocked(&workspace);
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    assert_no_orphans(&workspace);
}

#[test]
fn e01_a_killed_clearing_leaves_a_store_that_works() {
    let workspace = many();
    workspace.write("seed.txt", "x\n");
    workspace.build();
    let mut numbers = Numbers(1);
    for _ in 0..10 {
        let mut child = workspace
            .command(["cache", "clean"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("starts");
        ends_within(pid(&child), Duration::from_micros(numbers.below(20_000)));
        child.kill().unwrap_or_default();
        child.wait().expect("it ended");
        let ran = workspace.farm("build --json");
        assert_eq!(ran.code(), 0, "{}", ran.text());
        assert_right(&workspace, "x\n");
    }
}
