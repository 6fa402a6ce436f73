//! Steps: a step sees `/in` and `/out` and nothing else, and the same input gives the same bytes.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use farm_engine::plan::{Level, StepRun};
use farm_engine::plugin::{Builder, LimitHit, Limits, PlanFailure};

use super::support::{builder, guest, host, limit};

fn step(name: &str) -> StepRun {
    StepRun {
        name: name.to_owned(),
        parameters: "{}".to_owned(),
    }
}

/// A step's folders: `in/x`, two more files, and an empty `out`.
fn folders(names: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["in", "out"] {
        fs::create_dir(folder.path().join(name)).expect("a folder");
    }
    for name in names {
        fs::write(folder.path().join("in").join(name), "content").expect("a file");
    }
    folder
}

fn run(folder: &Path, name: &str) -> (Result<(), PlanFailure>, Vec<(Level, String)>) {
    let mut said = Vec::new();
    let mut log = |level, line: &str| said.push((level, line.to_owned()));
    let done = builder("good").run_step(&step(name), &folder.join("in"), &folder.join("out"), &mut log);
    (done, said)
}

#[test]
fn a_step_reads_its_input_and_leaves_its_output() {
    let folder = folders(&["x"]);
    let (done, said) = run(folder.path(), "copy");
    done.expect("a step");
    assert_eq!(
        fs::read_to_string(folder.path().join("out/y")).expect("the output"),
        "content"
    );
    assert_eq!(
        said,
        [
            (Level::Info, "step copy".to_owned()),
            (Level::Warn, "parameters {}".to_owned())
        ]
    );
}

#[test]
fn a_step_knows_what_is_executable_and_makes_its_own_files_so() {
    let folder = folders(&["x", "y"]);
    let set = |path: &str, mode| {
        let path = folder.path().join(path);
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
    };
    fs::create_dir(folder.path().join("in/bin")).expect("a folder");
    fs::write(folder.path().join("in/bin/run"), "content").expect("a file");
    set("in/bin/run", 0o755);
    set("in/y", 0o755);
    std::os::unix::fs::symlink("../in/x", folder.path().join("out/link")).expect("a link");
    run(folder.path(), "modes").0.expect("a step");
    let is_executable = |path: &str| {
        let data = fs::metadata(folder.path().join(path)).expect("it is there");
        data.permissions().mode() & 0o777 == 0o755
    };
    let made = ["out/bin-run", "out/y", "out/plain", "in/x"].map(is_executable);
    assert_eq!(made, [true, true, false, false]);
}

#[test]
fn a17_the_same_input_gives_the_same_bytes() {
    let varying = |names: &[&str]| {
        let folder = folders(names);
        let file = fs::File::options()
            .write(true)
            .open(folder.path().join("in/x"))
            .expect("the input");
        let now = SystemTime::now() - Duration::from_secs(names.len() as u64);
        file.set_modified(now).expect("another time");
        run(folder.path(), "copy").0.expect("a step");
        fs::read_to_string(folder.path().join("out/folder/varying")).expect("the output")
    };
    let first = varying(&["x", "b", "a", "c"]);
    assert_eq!(first, varying(&["c", "a", "b", "x"]));
    assert!(
        first.contains("[\"a\", \"b\", \"c\", \"x\"]"),
        "a folder is sorted: {first}"
    );
    assert!(
        first.contains("SystemTime { tv_sec: 0, tv_nsec: 0 }"),
        "times are fixed: {first}"
    );
    assert!(first.contains("3600."), "an hour of sleep has passed at once: {first}");
}

#[test]
fn a_step_cannot_reach_what_is_not_its_own() {
    let folder = folders(&["x"]);
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("in/link")).expect("a link");
    let (done, _) = run(folder.path(), "escape");
    done.expect("nothing was reached");
    assert_eq!(
        fs::read_to_string(folder.path().join("in/x")).expect("the input"),
        "content"
    );
}

#[test]
fn a_missing_folder_is_the_hosts_mistake() {
    let folder = tempfile::tempdir().expect("a folder");
    let Err(PlanFailure::Plugin(error)) = run(folder.path(), "copy").0 else {
        panic!("it ran")
    };
    assert!(error.to_string().contains("the step's folders"), "{error}");
}

#[test]
fn c23_a_step_that_writes_without_end_is_stopped() {
    let mut limits = Limits::default();
    limits.step.output = 8 << 20;
    let host = host(limits);
    for name in ["bytes", "hole", "files"] {
        let folder = folders(&[]);
        let filler = host.builder("fill_disk", guest("fill_disk"));
        let (input, output) = (folder.path().join("in"), folder.path().join("out"));
        let Err(PlanFailure::Plugin(error)) = filler.run_step(&step(name), &input, &output, &mut |_, _| {}) else {
            panic!("{name}: it ended");
        };
        assert!(
            matches!(limit(&error.fault), LimitHit::Output { limit: 0x80_0000, .. }),
            "{name}: {error}"
        );
    }
}

#[test]
fn f04_a_step_cannot_use_up_the_hosts_files() {
    let folder = folders(&[]);
    let filler = builder("fill_disk");
    let (input, output) = (folder.path().join("in"), folder.path().join("out"));
    let done = filler.run_step(&step("handles"), &input, &output, &mut |_, _| {});
    assert!(matches!(done, Err(PlanFailure::Plugin(_))), "{done:?}");
}

#[test]
fn a_step_may_be_run_from_inside_a_runtime() {
    let folder = folders(&["x"]);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let (done, _) = runtime.block_on(async { run(folder.path(), "copy") });
    done.expect("a step");
}
