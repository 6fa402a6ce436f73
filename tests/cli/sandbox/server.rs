//! The servers that fork a process for each run: they can die, and nothing of one run reaches another.

use std::path::Path;
use std::process::{Command, Stdio};

use farm_engine::sandbox::{Ending, Finished, Helper, Stream, Tier, run};
use tokio::sync::watch;

use super::cell::{ALL, Cell, eventually, groups, helper, seconds};

/// A copy of farm's program under a name of its own, by which its servers are told from all others.
fn own_helper(folder: &Path) -> (Helper, String) {
    let name = format!("farm-helper-{}", seconds());
    let program = folder.join(&name);
    std::os::unix::fs::symlink(helper(), &program).expect("a link");
    (Helper::new(program), name)
}

/// The processes that were started as this server, and those that it forked.
fn servers(name: &str) -> Vec<String> {
    let found = Command::new("pgrep")
        .args(["-f", "--", &format!("{name} __sandbox server")])
        .output()
        .expect("pgrep is there");
    let ids = String::from_utf8(found.stdout).expect("numbers");
    ids.lines().map(str::to_owned).collect()
}

/// How many processes a server is while it has no run: where its runs are in a control group, so is it, and another one
/// stays outside.
fn resting(tier: Tier) -> usize {
    1 + usize::from(tier != Tier::L2 && groups().is_some())
}

/// Runs a script with this helper; how it ended and what it printed.
fn run_with(helper: &Helper, cell: &Cell, script: &str) -> (Finished, String) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let mut spec = cell.spec.clone();
    spec.arguments = vec!["-c".into(), script.into()];
    let (_sender, stop) = watch::channel(false);
    let mut said = Vec::new();
    let mut output = |_: Stream, bytes: &[u8]| said.extend_from_slice(bytes);
    let finished = runtime
        .block_on(run(helper, &spec, None, &mut output, stop))
        .expect("it runs");
    (finished, String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn one_server_serves_all_runs_and_goes_with_its_handle() {
    for tier in ALL {
        let cell = Cell::new(tier);
        let (helper, name) = own_helper(&cell.outside(""));
        assert_eq!(
            servers(&name),
            Vec::<String>::new(),
            "{tier}: none before the first run"
        );
        let mut seen = Vec::new();
        for _ in 0..3 {
            assert_eq!(run_with(&helper, &cell, "echo x").1, "x\n", "{tier}");
            // A run's own process goes just after its answer.
            eventually("the end of the run's process", || servers(&name).len() == resting(tier));
            seen.push(servers(&name));
        }
        seen.dedup();
        assert_eq!(seen.len(), 1, "{tier}: the same one for all runs");
        drop(helper);
        assert_eq!(servers(&name), Vec::<String>::new(), "{tier}");
    }
}

#[test]
fn a_killed_server_is_replaced() {
    for tier in ALL {
        let cell = Cell::new(tier);
        let (helper, name) = own_helper(&cell.outside(""));
        run_with(&helper, &cell, "true");
        eventually("the end of the run's process", || servers(&name).len() == resting(tier));
        let first = servers(&name);
        kill(&first);
        eventually("the server's death", || servers(&name).is_empty());
        let (finished, said) = run_with(&helper, &cell, "echo again");
        assert_eq!(
            (finished.ending, said.as_str()),
            (Ending::Exited(0), "again\n"),
            "{tier}"
        );
        assert_ne!(servers(&name), first, "{tier}");
    }
}

#[test]
fn a_run_goes_on_when_the_server_is_killed_beside_it() {
    for tier in ALL {
        let cell = Cell::new(tier);
        let (helper, name) = own_helper(&cell.outside(""));
        run_with(&helper, &cell, "true");
        eventually("the end of the run's process", || servers(&name).len() == resting(tier));
        let server = servers(&name);
        let fifo = cell.tree("go");
        let made = Command::new("mkfifo").arg(&fifo).status().expect("mkfifo is there");
        assert!(made.success());
        let killer = std::thread::spawn(move || {
            // Opening the pipe waits for the tool to open it.
            let open = std::fs::OpenOptions::new().write(true).open(&fifo).expect("a pipe");
            kill(&server);
            drop(open);
        });
        let (finished, said) = run_with(&helper, &cell, "cat go; echo done");
        killer.join().expect("it ends");
        assert_eq!(
            (finished.ending, said.as_str()),
            (Ending::Exited(0), "done\n"),
            "{tier}"
        );
    }
}

/// Leaves what outlives a process: shared memory, the remains of a connection, a file. Says whether there are such
/// remains.
const LEAVE: &str = "
import ctypes, socket
assert ctypes.CDLL(None).shmget(7, 4096, 0o1600) >= 0
server = socket.create_server(('127.0.0.1', 0))
client = socket.create_connection(server.getsockname())
server.accept()[0].close()
client.close()
open('/tmp/left', 'w').close()
print(len(open('/proc/net/tcp').readlines()) > 2)
";

/// Counts the same things, with the packets that were sent.
const LOOK: &str = "tail -n +2 /proc/sysvipc/shm | wc -l; tail -n +2 /proc/net/tcp | wc -l; ls /tmp | wc -l;
    awk '/lo:/ {print $3}' /proc/net/dev";

#[test]
fn what_a_run_leaves_is_gone_for_the_next_one_of_its_server() {
    let cell = Cell::new(Tier::L2);
    let (helper, name) = own_helper(&cell.outside(""));
    let nothing = "0\n0\n0\n0\n";
    assert_eq!(run_with(&helper, &cell, LOOK).1, nothing);
    eventually("the end of the run's process", || {
        servers(&name).len() == resting(Tier::L2)
    });
    let server = servers(&name);
    std::fs::write(cell.tree("leave.py"), LEAVE).expect("a script");
    for _ in 0..2 {
        assert_eq!(run_with(&helper, &cell, "python3 leave.py").1, "True\n");
        assert_eq!(run_with(&helper, &cell, LOOK).1, nothing);
    }
    eventually("the end of the run's process", || {
        servers(&name).len() == resting(Tier::L2)
    });
    assert_eq!(servers(&name), server, "one server had them all");
}

/// Prints the group in which the tool's processes are counted, below that of the test.
const GROUP: &str = "sed -n 's/.*:pids:.*\\(farm-[0-9]*\\)$/\\1/p' /proc/self/cgroup";

#[test]
fn the_runs_of_a_server_share_a_control_group_that_goes_with_it() {
    // Who can have none is bounded in another way, or not at all: see `c10_a_fork_bomb_is_bounded_and_cleared_away`.
    let Some(groups) = groups() else { return };
    let cell = Cell::new(Tier::L1);
    let (helper, name) = own_helper(&cell.outside(""));
    let group = run_with(&helper, &cell, GROUP).1;
    let folder = groups.join(group.trim());
    assert!(group.starts_with("farm-") && folder.is_dir(), "{group}");
    eventually("the end of the run's process", || {
        servers(&name).len() == resting(Tier::L1)
    });
    assert_eq!(
        run_with(&helper, &cell, GROUP).1,
        group,
        "nothing was moved for the second run"
    );
    drop(helper);
    assert!(!folder.exists());
}

fn kill(ids: &[String]) {
    let killed = Command::new("kill").arg("-KILL").args(ids).status();
    assert!(killed.expect("kill is there").success());
}

#[test]
fn a_tool_has_the_three_standard_files_and_no_other() {
    for tier in ALL {
        let cell = Cell::new(tier);
        let helper = Helper::new(helper().to_owned());
        // Beside others, so that their files are open at the same time.
        let lists: Vec<_> = std::thread::scope(|scope| {
            let list = || {
                run_with(
                    &helper,
                    &cell,
                    "cd /proc/self/fd && for file in *; do readlink $file; done",
                )
                .1
            };
            let runs: Vec<_> = (0..4).map(|_| scope.spawn(list)).collect();
            runs.into_iter().map(|run| run.join().expect("it ends")).collect()
        });
        let mut pipes = Vec::new();
        for list in &lists {
            let lines: Vec<&str> = list.lines().collect();
            assert_eq!(lines.len(), 3, "{tier}: {list}");
            assert_eq!(lines[0], "/dev/null", "{tier}");
            assert!(
                lines[1..].iter().all(|line| line.starts_with("pipe:")),
                "{tier}: {list}"
            );
            pipes.extend(lines[1..].iter().map(|line| (*line).to_owned()));
        }
        pipes.sort();
        pipes.dedup();
        assert_eq!(pipes.len(), 8, "{tier}: no two streams share a pipe: {lists:?}");
    }
}

#[test]
fn e04_a_killed_farm_leaves_no_server() {
    for tier in ALL {
        let cell = Cell::new(tier);
        let (own, name) = own_helper(&cell.outside(""));
        let word = seconds();
        std::fs::write(cell.tree("run.sh"), format!("echo started; exec sleep {word}\n")).expect("a script");
        let mut spec = cell.spec.clone();
        spec.arguments = vec!["run.sh".into()];
        let mut farm = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "sandbox::ending::victim", "--nocapture"])
            .env(
                "FARM_TEST_VICTIM",
                serde_json::to_string(&spec).expect("a spec is JSON"),
            )
            .env("FARM_TEST_HELPER", own.program())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a victim");
        let mut started = [0; 7];
        std::io::Read::read_exact(farm.stderr.as_mut().expect("a pipe"), &mut started).expect("the tool starts");
        let started_as = servers(&name);
        assert!(!started_as.is_empty(), "{tier}");
        farm.kill().expect("SIGKILL");
        farm.wait().expect("it is dead");
        eventually("the end of the server", || servers(&name).is_empty());
        eventually("the end of the tool", || !super::cell::is_alive(&word));
        if let Some(groups) = groups() {
            let left = std::fs::read_dir(groups).expect("a folder").flatten();
            let left = left.filter(|entry| started_as.iter().any(|id| *entry.file_name() == *format!("farm-{id}")));
            assert_eq!(left.count(), 0, "{tier}: a control group is left");
        }
    }
}
