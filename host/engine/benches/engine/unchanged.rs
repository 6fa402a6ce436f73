//! A build in which nothing has changed, as a whole process: the state is loaded, every path is looked at, all is told.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use criterion::Criterion;

/// Targets of the workspace.
const TARGETS: usize = 1_000;
/// Input files of each target.
const INPUTS: usize = 20;

pub(crate) fn all(criterion: &mut Criterion) {
    let farm = super::built("release/farm");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path();
    let mut text = "[workspace]\nname = \"big\"\n".to_owned();
    for number in 0..TARGETS {
        write!(
            text,
            "[targets.t{number}]\nbuilder = \"command\"\nroot = \"t{number}\"\n\
             options = {{ command = \"cat src/* > out\", inputs = [\"src/**\"], outputs = [\"out\"] }}\n"
        )
        .expect("a text takes all");
        fs::create_dir_all(root.join(format!("t{number}/src"))).expect("made");
        for input in 0..INPUTS {
            fs::write(root.join(format!("t{number}/src/{input}")), "x").expect("written");
        }
    }
    fs::write(root.join("farm.toml"), text).expect("written");
    // Twice: what has just been written is read once more.
    build(&farm, root);
    build(&farm, root);
    criterion.bench_function("nothing changed in 1,000 targets of 20 files", |bencher| {
        bencher.iter(|| build(&farm, root));
    });
}

fn build(farm: &Path, root: &Path) {
    let mut command = Command::new(farm);
    command.args(["build", "--sandbox", "off"]).current_dir(root);
    command.env("FARM_CACHE_DIR", root.join("cache"));
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(status.expect("farm starts").success());
}
