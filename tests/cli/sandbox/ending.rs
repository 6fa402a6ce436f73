//! How a run is ended, and that nothing of it survives (C16, E03, E04).

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use farm_engine::sandbox::{Ending, Helper, Spec, Stream};
use tokio::sync::watch;

use super::cell::{ALL, Cell, eventually, helper, is_alive, run_until, seconds};

/// Ignores SIGTERM, and leaves two children that do too: one in its own session, one that lost its parent.
fn stubborn(word: &str) -> String {
    format!(
        "trap '' TERM\n\
         setsid sleep {word} &\n\
         (sleep {word} &)\n\
         echo started\n\
         sleep {word}\n\
         sleep {word}\n"
    )
}

#[test]
fn c16_a_timeout_kills_all_that_ignore_it() {
    for tier in ALL {
        let mut cell = Cell::new(tier);
        cell.spec.limits.timeout = Duration::from_millis(300);
        cell.spec.limits.grace = Duration::from_millis(200);
        let word = seconds();
        let start = Instant::now();
        let outcome = cell.shell(&stubborn(&word));
        assert_eq!(outcome.finished.ending, Ending::TimedOut, "{tier}");
        assert!(start.elapsed() >= Duration::from_millis(500), "{tier}");
        assert!(!is_alive(&word), "{tier}");
    }
}

#[test]
fn c16_a_tool_that_obeys_is_not_kept_waiting() {
    for tier in ALL {
        let mut cell = Cell::new(tier);
        cell.spec.limits.timeout = Duration::from_millis(300);
        cell.spec.limits.grace = Duration::from_secs(60);
        let start = Instant::now();
        let outcome = cell.python("import time\ntime.sleep(50)");
        assert_eq!(outcome.finished.ending, Ending::TimedOut, "{tier}");
        assert!(start.elapsed() < Duration::from_secs(30), "{tier}");
    }
}

#[test]
fn no_process_outlives_the_tool() {
    for tier in ALL {
        let word = seconds();
        let outcome = Cell::new(tier).shell(&format!("setsid sleep {word} & (setsid sleep {word} &) ; exit 0"));
        assert_eq!(outcome.finished.ending, Ending::Exited(0), "{tier}");
        assert!(!is_alive(&word), "{tier}");
    }
}

#[test]
fn e03_a_stop_ends_the_tool_and_all_its_children() {
    for tier in ALL {
        let mut cell = Cell::new(tier);
        cell.spec.limits.grace = Duration::from_millis(200);
        let word = seconds();
        std::fs::write(cell.tree("run.sh"), stubborn(&word)).expect("a script");
        cell.spec.arguments = vec!["run.sh".into()];
        let (sender, stop) = watch::channel(false);
        let mut stop_when_started = |stream, _: &[u8]| {
            assert_eq!(stream, Stream::Stdout);
            sender.send_replace(true);
        };
        let outcome = run_until(&cell.spec, stop, &mut stop_when_started).expect("it runs");
        assert_eq!(outcome.finished.ending, Ending::Stopped, "{tier}");
        assert_eq!(outcome.stdout, "started\n", "{tier}");
        assert!(!is_alive(&word), "{tier}");
    }
}

/// Not a test of its own: the process that is killed in the test below. It runs the spec that it is given, as farm does.
#[test]
fn victim() {
    let Ok(spec) = std::env::var("FARM_TEST_VICTIM") else {
        return;
    };
    let spec: Spec = serde_json::from_str(&spec).expect("a spec");
    let (_sender, stop) = watch::channel(false);
    let mut pass_on = |_, bytes: &[u8]| std::io::Write::write_all(&mut std::io::stderr(), bytes).expect("a pipe");
    run_until(&spec, stop, &mut pass_on).expect("it runs");
}

#[test]
fn e04_a_killed_farm_leaves_no_process() {
    for tier in ALL {
        let mut cell = Cell::new(tier);
        let word = seconds();
        std::fs::write(cell.tree("run.sh"), stubborn(&word)).expect("a script");
        cell.spec.arguments = vec!["run.sh".into()];
        let mut farm = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "sandbox::ending::victim", "--nocapture"])
            .env(
                "FARM_TEST_VICTIM",
                serde_json::to_string(&cell.spec).expect("a spec is JSON"),
            )
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a victim");
        let mut started = [0; 7];
        farm.stderr
            .take()
            .expect("a pipe")
            .read_exact(&mut started)
            .expect("the tool starts");
        assert_eq!(&started, b"started");
        eventually("the start of the tool's children", || is_alive(&word));
        farm.kill().expect("SIGKILL");
        farm.wait().expect("it is dead");
        eventually("the death of everything", || !is_alive(&word));
    }
}

#[test]
fn a_dropped_run_leaves_no_process() {
    for tier in ALL {
        let cell = Cell::new(tier);
        let mut spec = cell.spec.clone();
        let word = seconds();
        spec.arguments = vec!["-c".into(), stubborn(&word)];
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let started = tokio::sync::Notify::new();
        let helper = Helper::new(helper().to_owned());
        runtime.block_on(async {
            let (_sender, stop) = watch::channel(false);
            let mut output = |_, _: &[u8]| started.notify_one();
            tokio::select! {
                finished = farm_engine::sandbox::run(&helper, &spec, None, &mut output, stop) => panic!("{finished:?}"),
                () = started.notified() => {}
            }
        });
        eventually("the death of everything", || !is_alive(&word));
    }
}
