//! What the tool finds around it, and what is said when it cannot be started (C15, C26).

use farm_engine::error::Problem;
use farm_engine::path::RelPath;
use farm_engine::sandbox::{Ending, Helper, SandboxError, Tier, Wanted, probe, run_interactive};

use super::cell::{ALL, Cell, SHUT, helper, run_spec};

#[test]
fn the_environment_is_what_the_spec_says() {
    for tier in ALL {
        let mut cell = Cell::new(tier);
        cell.spec.program = "/usr/bin/env".into();
        cell.spec.environment = vec![("A".into(), "1".into()), ("HOME".into(), "/root".into())];
        let outcome = run_spec(&cell.spec).expect("it runs");
        let mut lines = outcome.lines();
        lines.sort_unstable();
        let scratch = cell.spec.scratch.display();
        let own = match tier {
            Tier::L2 => ["HOME=/home/build".to_owned(), "TMPDIR=/tmp".to_owned()],
            _ => [format!("HOME={scratch}/home"), format!("TMPDIR={scratch}/tmp")],
        };
        assert_eq!(lines, ["A=1", &own[0], &own[1]], "{tier}");
    }
}

#[test]
fn every_machine_looks_the_same_at_l2() {
    let mut cell = Cell::new(Tier::L2);
    std::fs::create_dir(cell.tree("app")).expect("a folder");
    cell.spec.directory = RelPath::parse("app").expect("a path");
    let outcome =
        cell.shell("pwd; uname -n; id -u; id -un; id -g; umask; touch /tmp/x /dev/shm/x; test -w / || echo ro");
    assert_eq!(
        outcome.lines(),
        ["/workspace/app", "farm", "1000", "build", "1000", "0022", "ro"]
    );
}

#[test]
fn c15_stdin_is_empty_and_there_is_no_terminal() {
    for tier in ALL {
        let outcome = Cell::new(tier).python(
            "import fcntl\n\
             print(repr(sys.stdin.read()))\n\
             attempt(lambda: open('/dev/tty'))\n\
             attempt(lambda: fcntl.ioctl(0, 0x5412, b'x'))\n\
             print(os.getsid(0) == os.getpid())",
        );
        let lines = outcome.lines();
        assert_eq!((lines[0], lines[3]), ("''", "True"), "{tier}");
        assert!(["ENXIO", "ENOENT", "EACCES"].contains(&lines[1]), "{tier} {outcome:?}");
        assert!(["EPERM", "ENOTTY"].contains(&lines[2]), "{tier} {outcome:?}");
    }
}

#[test]
fn a_program_that_cannot_be_started_is_not_a_failed_tool() {
    for tier in ALL {
        let mut cell = Cell::new(tier);
        cell.spec.program = "/usr/bin/no-such-tool".into();
        let error = run_spec(&cell.spec).expect_err("it is not there");
        assert!(
            matches!(&error, SandboxError::Program { source, .. } if source.raw_os_error() == Some(2)),
            "{error:?}"
        );
        let problem = Problem::from(error);
        assert_eq!(problem.code, "sandbox::program");
        assert_eq!(problem.hints.len(), 1);
    }
}

#[test]
fn a_file_without_a_format_is_not_handed_to_a_shell() {
    for tier in ALL {
        let mut cell = Cell::new(tier);
        let name = cell.tree("tool");
        std::fs::write(&name, "touch made\n").expect("a file");
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&name, executable).expect("a mode");
        cell.spec.program = cell.spec.tree_inside().join("tool");
        let error = run_spec(&cell.spec).expect_err("it is no program");
        assert!(
            matches!(&error, SandboxError::Program { source, .. } if source.raw_os_error() == Some(8)),
            "{error:?}"
        );
        assert!(!cell.tree("made").exists(), "{tier}");
    }
}

#[test]
fn a_step_that_fails_is_named() {
    let mut cell = Cell::new(Tier::L2);
    cell.spec.toolchains = vec![cell.outside("missing")];
    let error = run_spec(&cell.spec).expect_err("it cannot be mounted");
    let SandboxError::Setup { step, tier, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(
        (step.as_str(), *tier),
        (
            format!("mount {}", cell.outside("missing").display()).as_str(),
            Tier::L2
        )
    );
    assert_eq!(Problem::from(error).code, "sandbox::setup");
}

#[test]
fn exit_codes_and_signals_are_told_apart() {
    for tier in ALL {
        let cell = Cell::new(tier);
        assert_eq!(cell.shell("exit 3").finished.ending, Ending::Exited(3), "{tier}");
        assert_eq!(cell.shell("kill -9 $$").finished.ending, Ending::Signaled(9), "{tier}");
        assert_eq!(cell.shell("true").finished.tier, tier);
    }
}

#[test]
fn output_keeps_its_streams_and_its_bytes() {
    for tier in ALL {
        let outcome = Cell::new(tier).shell("head -c 3000000 /dev/zero; echo oops >&2");
        assert_eq!(
            (outcome.stdout.len(), outcome.stderr.as_str()),
            (3_000_000, "oops\n"),
            "{tier}"
        );
    }
}

#[test]
fn usage_covers_children() {
    for tier in ALL {
        let child = "x = bytearray(100_000_000); x[:] = bytes(range(250)) * 400_000; sum(range(10**6))";
        let outcome = Cell::new(tier).python(&format!(
            "subprocess.run([sys.executable, '-c', '{child}'], check=True)"
        ));
        let usage = outcome.finished.usage;
        assert_eq!(outcome.finished.ending, Ending::Exited(0), "{tier} {outcome:?}");
        assert!(
            usage.peak_memory > 100_000_000 && !usage.user.is_zero(),
            "{tier} {usage:?}"
        );
    }
}

#[test]
fn c26_this_system_has_all_tiers() {
    let support = probe(&Helper::new(helper().to_owned()), &std::env::temp_dir());
    assert_eq!(
        support.choose(Wanted::AtLeast(Tier::L2)).ok(),
        Some(Tier::L2),
        "{support:?}"
    );
    assert_eq!(support.choose(Wanted::Off).ok(), Some(Tier::L0));
}

#[test]
fn a_kept_run_can_be_run_again_by_hand() {
    for tier in SHUT {
        let mut cell = Cell::new(tier);
        cell.spec.arguments = vec!["-c".into(), "echo done > made; exit 4".into()];
        let text = serde_json::to_string(&cell.spec).expect("a spec is JSON");
        let spec = serde_json::from_str(&text).expect("a spec");
        let finished = run_interactive(helper(), &spec).expect("it runs");
        assert_eq!(finished.ending, Ending::Exited(4), "{tier}");
        assert!(cell.tree("made").exists(), "{tier}");
    }
}
