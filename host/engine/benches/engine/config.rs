//! `farm.toml` of many targets: read, checked and put into order.

use std::fmt::Write as _;
use std::fs;

use criterion::Criterion;
use farm_engine::{config, graph};

/// Targets of the workspace.
const TARGETS: usize = 1_000;

pub(crate) fn all(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut text = "[workspace]\nname = \"big\"\n".to_owned();
    for number in 0..TARGETS {
        let deps = if number == 0 {
            String::new()
        } else {
            format!("\"t{}\"", number - 1)
        };
        write!(
            text,
            "[targets.t{number}]\nbuilder = \"command\"\nroot = \"t{number}\"\ndeps = [{deps}]\n"
        )
        .expect("a text takes all");
        writeln!(text, "options = {{ command = \"cat a > b\", outputs = [\"b\"] }}").expect("a text takes all");
        fs::create_dir(folder.path().join(format!("t{number}"))).expect("made");
    }
    fs::write(folder.path().join("farm.toml"), text).expect("written");
    criterion.bench_function("config of 1,000 targets", |bencher| {
        bencher.iter(|| config::load(folder.path(), &["command"]).expect("it is right"));
    });
    let workspace = config::load(folder.path(), &["command"]).expect("it is right");
    criterion.bench_function("graph of 1,000 targets", |bencher| {
        bencher.iter(|| graph::build(&workspace).expect("it is right"));
    });
}
